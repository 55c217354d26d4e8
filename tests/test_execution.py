"""Running notebooks from the command line: names, parameters, outcomes."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tiny_notebooks import SAVE, run, write_notebook

from mnist_helpers.commands import execution
from mnist_helpers.commands.exit_codes import Ending
from mnist_helpers.errors import CourseError

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def test_finds_notebooks_by_number_name_and_path():
    names = ["03", "02_small_mlp", str(NOTEBOOKS / "04_cnn.ipynb")]
    found = execution.find_notebooks(NOTEBOOKS, names)
    assert [path.stem for path in found] == ["02_small_mlp", "03_wide_mlp", "04_cnn"]
    assert len(execution.find_notebooks(NOTEBOOKS, [])) == 4


def test_finds_further_notebooks_by_name_and_all_together(tmp_path):
    names = ("01_a", "02_b", "further/how_sure", "further/better")
    paths = {name: write_notebook(tmp_path / f"{name}.ipynb") for name in names}

    def found(*wanted: str) -> list[str]:
        return [path.stem for path in execution.find_notebooks(tmp_path, wanted)]

    assert found() == ["01_a", "02_b"]
    assert found("further") == ["better", "how_sure"]
    assert found("how_sure", "02") == ["02_b", "how_sure"]
    assert found(str(paths["further/better"])) == ["better"]
    with pytest.raises(execution.ArgumentError, match=r"'how'; .* 02_b, better, how_s"):
        found("how")


def test_an_unknown_notebook_is_named_with_those_there_are():
    with pytest.raises(execution.ArgumentError, match=r"'05'.*04_cnn"):
        execution.find_notebooks(NOTEBOOKS, ["05"])


def test_a_notebook_of_the_same_name_elsewhere_is_not_taken_for_the_courses():
    with pytest.raises(execution.ArgumentError, match="no notebook 'elsewhere/03"):
        execution.find_notebooks(NOTEBOOKS, ["elsewhere/03_wide_mlp.ipynb"])


def test_parameters_get_their_declared_type(tmp_path):
    path = write_notebook(tmp_path / "{LABEL} of all" / "01_a.ipynb")
    given = {"SEED": "7", "RATE": "1", "LABEL": "1", "SLOW": "false"}
    assigned = execution.assign_parameters([path], given)[path]
    assert assigned == {"SEED": 7, "RATE": 1.0, "LABEL": "1", "SLOW": False}
    assert isinstance(assigned["RATE"], float)


def test_a_parameter_goes_to_the_notebooks_that_have_it():
    notebooks = execution.find_notebooks(NOTEBOOKS, ["01", "03"])
    assigned = execution.assign_parameters(
        notebooks, {"SEED": "3", "HIDDEN_UNITS": "32"}
    )
    assert list(assigned.values()) == [{"SEED": 3}, {"SEED": 3, "HIDDEN_UNITS": 32}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SEEDS": "1"}, "SEEDS. Did you mean SEED.* There are LABEL, RATE, SEED"),
        ({"SEED": "1.5"}, "SEED: got '1.5', expected a whole number"),
        ({"RATE": "fast"}, "RATE: got 'fast', expected a finite number"),
        ({"SLOW": "maybe"}, "SLOW: got 'maybe', expected True or False"),
    ],
)
def test_wrong_parameters_are_refused(tmp_path, given, message):
    path = write_notebook(tmp_path / "01_a.ipynb")
    with pytest.raises(CourseError, match=message):
        execution.assign_parameters([path], given)


def test_a_run_executes_with_its_parameters_and_a_failure_is_kept_apart(tmp_path):
    folder = tmp_path / "with {braces} and spaces"
    folder.mkdir()
    good = write_notebook(folder / "01_good.ipynb", SAVE)
    bad = write_notebook(folder / "02_bad.ipynb", "raise RuntimeError('on purpose')")
    silent = write_notebook(folder / "03_silent.ipynb", "'saves nothing'")
    source = good.read_bytes()
    output = folder / "output"
    outcomes = run({good: {"SEED": 3}, bad: {}, silent: {}}, output, jobs=2)

    assert outcomes[0].ending is Ending.COMPLETED
    assert outcomes[0].results["parameters"]["SEED"] == 3
    assert outcomes[0].results["parameters"]["RATE"] == 0.5
    executed = nbformat.read(output / "notebooks" / "01_good.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells] == [1, 2, 3]
    assert outcomes[1].ending is Ending.CELL_FAILED
    assert outcomes[1].message.startswith("cell 2 (")
    assert "RuntimeError: on purpose" in outcomes[1].message
    assert outcomes[1].results is None
    assert outcomes[2].ending is Ending.ARTEFACT_MISSING
    assert "saved no 03_silent.json" in outcomes[2].message
    written = sorted(path.name for path in (output / "notebooks").iterdir())
    assert written == [
        "01_good.ipynb",
        "02_bad.failed.ipynb",
        "03_silent.failed.ipynb",
    ]
    assert good.read_bytes() == source


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mnist_helpers", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "05"], "no notebook '05'"),
        (["run", "-p", "EPOCH", "3"], "unknown parameter EPOCH"),
        (
            ["run", "03", "-p", "EPOCHS", "many"],
            "EPOCHS: got 'many', expected a whole number",
        ),
        (["run", "--jobs", "0"], "--jobs: got 0"),
    ],
)
def test_wrong_arguments_end_at_once_with_exit_code_2(arguments, message, tmp_path):
    ended = command(*arguments, "--output", str(tmp_path / "output"))
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not (tmp_path / "output").exists()


def test_progress_of_a_displayed_output_is_passed_on(tmp_path, monkeypatch):
    source = (
        "from IPython.display import DisplayHandle\n"
        "handle = DisplayHandle()\n"
        "handle.display({'text/plain': 'training'}, raw=True)\n"
        "handle.update({'text/plain': 'done\\nepoch 2/3 of many'}, raw=True)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, SAVE)
    seen = []
    displayed = execution._Report.displayed

    def record(report, text):
        seen.append((report.executed, text))
        displayed(report, text)

    monkeypatch.setattr(execution._Report, "displayed", record)
    [outcome] = run({path: {}}, tmp_path)
    assert outcome.ending is Ending.COMPLETED
    assert (1, "done\nepoch 2/3 of many") in seen
    assert seen[0] == (0, "starting")
    assert seen[-1][0] == 3
