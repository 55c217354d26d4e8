"""A run that is resumed runs what an earlier one has not left, and no more."""

import json

import nbformat
import pytest
from made_up_results import UNTRAINED
from nbformat.v4 import new_code_cell
from tiny_notebooks import SAVE, contents, resume, run, write_notebook

from mnist_helpers.__main__ import summary_table
from mnist_helpers.commands import execution
from mnist_helpers.commands.exit_codes import Ending
from mnist_helpers.errors import CourseError
from mnist_helpers.results import artefacts, recipes

pytestmark = pytest.mark.slow


@pytest.fixture
def earlier(tmp_path):
    """Two notebooks, the second of which failed in the run that has left `output`."""
    good = write_notebook(tmp_path / "01_good.ipynb", SAVE)
    bad = write_notebook(tmp_path / "02_bad.ipynb", "1 / 0", SAVE)
    assigned = {good: {"SEED": 5}, bad: {}}
    output = tmp_path / "output"
    assert [o.ending.name for o in run(assigned, output)] == [
        "COMPLETED",
        "CELL_FAILED",
    ]
    return assigned, output


def test_only_what_is_missing_runs(earlier):
    assigned, output = earlier
    _good, bad = assigned
    before = contents(output)
    write_notebook(bad, "1 / 1", SAVE)
    outcomes, said = resume(assigned, output)
    assert [outcome.earlier for outcome in outcomes] == [True, False]
    assert [outcome.ending for outcome in outcomes] == [Ending.COMPLETED] * 2
    assert outcomes[0].results["parameters"]["SEED"] == 5
    assert "02_bad runs: there is no executed 02_bad.ipynb" in said
    assert "01_good" not in said
    after = contents(output)
    assert {name: after[name] for name in before} == before
    assert len(after) == 6
    assert [path.name for path in (output / "notebooks").iterdir()].count(
        "02_bad.failed.ipynb"
    ) == 0

    outcomes, said = resume(assigned, output)
    assert [outcome.earlier for outcome in outcomes] == [True, True]
    assert said == ""
    seconds = list(summary_table(outcomes).columns[-1].cells)
    assert seconds == ["earlier run", "earlier run"]


@pytest.fixture
def complete(tmp_path):
    """Make a complete run without a kernel: its notebook, output folder and recipe."""
    path = write_notebook(tmp_path / "01_a.ipynb", "'the code'")
    output = tmp_path / "output"
    notebook = nbformat.read(path, as_version=4)
    injected = new_code_cell("SEED = 5", metadata={"tags": ["injected-parameters"]})
    notebook.cells.insert(1, injected)
    for count, cell in enumerate(notebook.cells, start=1):
        cell.execution_count = count
    for folder in ("notebooks", "results", "figures"):
        (output / folder).mkdir(parents=True)
    nbformat.write(notebook, output / "notebooks" / "01_a.ipynb")
    (output / "figures" / "01.png").write_bytes(b"png")
    made_from = recipes.recipe(path, {"SEED": 5})
    results = UNTRAINED | {
        "notebook": "01_a",
        "files": {
            "figures/01.png": artefacts.file_digest(output / "figures" / "01.png")
        },
        "parameters": {"SEED": 5, "RATE": 0.5, "LABEL": "a", "SLOW": False},
        "dataset": UNTRAINED["dataset"] | {"digest": "digest"},
        "environment": UNTRAINED["environment"]
        | {"package": made_from["package"], "versions": made_from["versions"]},
    }
    (output / "results" / "01_a.json").write_text(json.dumps(results))
    return path, output


def reason_to_run(path, output, parameters, dataset_digest="digest") -> str:
    made_from = recipes.recipe(path, parameters) | {"dataset": dataset_digest}
    try:
        assert execution._earlier_outcome(path.stem, output, made_from).earlier
    except CourseError as error:
        return str(error)
    return ""


def edit_results(output, *keys, value) -> None:
    path = output / "results" / "01_a.json"
    results = part = json.loads(path.read_text())
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    path.write_text(json.dumps(results))


def test_a_complete_run_that_was_made_from_the_same_holds(complete):
    assert reason_to_run(*complete, {"SEED": 5}) == ""


def test_defaults_that_are_given_are_still_the_same_parameters(complete):
    assert reason_to_run(*complete, {"SEED": 5, "RATE": 0.5, "LABEL": "a"}) == ""


@pytest.mark.parametrize(
    ("parameters", "dataset_digest", "changed"),
    [
        ({"SEED": 6}, "digest", "parameters"),
        ({}, "digest", "parameters"),
        ({"SEED": 5, "RATE": 0.25}, "digest", "parameters"),
        ({"SEED": 5}, "other", "dataset"),
        ({}, "other", "parameters, dataset"),
    ],
)
def test_other_ingredients_make_it_run(complete, parameters, dataset_digest, changed):
    reason = reason_to_run(*complete, parameters, dataset_digest)
    assert reason == f"its earlier run differs in {changed}"


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (["environment", "package"], "0", "differs in package"),
        (["environment"], {}, "$.environment: 'versions' is a required property"),
        (["environment", "versions", "keras"], "0", "differs in versions"),
        (["files", "figures/01.png"], "0", "names figures/01.png, which"),
        (["files"], None, "$.files: None is not of type 'object'"),
    ],
)
def test_other_results_make_it_run(complete, keys, value, reason):
    edit_results(complete[1], *keys, value=value)
    assert reason in reason_to_run(*complete, {"SEED": 5})


def test_other_code_makes_it_run(complete):
    path, output = complete
    write_notebook(path, "'other code'")
    assert reason_to_run(path, output, {"SEED": 5}).endswith("differs in code")


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"cells": 1}', "\0"])
def test_an_executed_notebook_that_is_none_makes_it_run(complete, text):
    path, output = complete
    (output / "notebooks" / "01_a.ipynb").write_text(text)
    assert reason_to_run(path, output, {"SEED": 5})
