"""The committed notebooks as they are, and run again."""

import ast
import base64
import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import papermill
import pytest
from notebook_runs import FURTHER, NOTEBOOKS, ROOT, SOLUTIONS, finish, validate

from mnist_helpers.data.mnist import STAND_IN, load_mnist
from mnist_helpers.results.assignment import NETWORK_ITEMS, PARTS

COMMITTED = (*NOTEBOOKS, *FURTHER, SOLUTIONS)
NETWORKS = [path for path in NOTEBOOKS if PARTS[path.stem].network]
LONGEST_CELL = 25


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook) -> list:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def headings(notebook) -> list[tuple[int, str]]:
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for marks, text in re.findall(r"^(#+) (.+)$", cell.source, re.MULTILINE):
                found.append((len(marks), text))
    return found


def parameters_cell(notebook):
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    return tagged[0]


def each_notebook(paths=(*NOTEBOOKS, *FURTHER)):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@each_notebook(COMMITTED)
def test_is_valid_and_names_the_ordinary_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info.name == "python"
    assert "papermill" not in notebook.metadata


@each_notebook(COMMITTED)
def test_was_executed_from_top_to_bottom_without_error(path):
    notebook = read(path)
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"


@each_notebook()
def test_every_figure_is_described_and_is_in_figures(path):
    number = path.stem.partition("_")[0]
    prefix = number if number.isdigit() else path.stem
    published = {
        figure.stem: figure.read_bytes()
        for figure in (ROOT / "figures").glob(f"{prefix}_*.png")
    }
    shown, described = {}, set()
    for output in outputs(read(path)):
        if "image/png" in output.get("data", {}):
            metadata = output.metadata["image/png"]
            assert len(metadata["alt"]) > 40
            shown[metadata["name"]] = base64.b64decode(output.data["image/png"])
        described.add(output.get("metadata", {}).get("describes"))
    assert shown == published
    assert described - {None} == shown.keys()


@each_notebook(NOTEBOOKS)
def test_every_item_is_shown_under_its_heading(path):
    notebook = read(path)
    place, shown = "", {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)
            place = found[-1] if found else place
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("item-"):
                assert cell.outputs, cell.id
                shown[tag.removeprefix("item-")] = place
    assert shown == PARTS[path.stem].items


@each_notebook(COMMITTED)
def test_every_link_leads_somewhere(path):
    notebook = read(path)
    # As JupyterLab names them.
    anchors = {text.replace(" ", "-") for _level, text in headings(notebook)}
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _hash, place = target.partition("#")
        if file:
            assert "://" in file or (path.parent / file).exists(), target
        else:
            assert place in anchors, target


@each_notebook(COMMITTED)
def test_holds_mnist_and_no_path_of_the_machine(path):
    notebook = read(path)
    text = "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for output in outputs(notebook)
    )
    assert "Genuine MNIST" in text
    assert "NOT MNIST" not in text
    assert str(ROOT) not in text
    assert not re.search(r"/(home|Users|root|tmp)/", text)


@each_notebook()
def test_stores_no_widget(path):
    """One would show as "model not found", as its kernel is gone."""
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    for output in outputs(notebook):
        assert not [kind for kind in output.get("data", {}) if "widget" in kind]


@each_notebook(COMMITTED)
def test_cells_are_short_and_headings_in_order(path):
    notebook = read(path)
    for cell in code_cells(notebook):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LONGEST_CELL, cell.id
    levels = [level for level, _text in headings(notebook)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_networks_share_the_order_of_their_headings():
    found = [
        [text for level, text in headings(read(path)) if level == 2]
        for path in NETWORKS
    ]
    shared = set.intersection(*map(set, found))
    assert shared > set(NETWORK_ITEMS.values())
    first, *others = ([text for text in each if text in shared] for each in found)
    assert all(other == first for other in others)


@each_notebook()
def test_papermill_sees_every_parameter_with_its_help(path):
    cell = parameters_cell(read(path))
    declared = {
        node.target.id: (ast.unparse(node.annotation), ast.literal_eval(node.value))
        for node in ast.parse(cell.source).body
    }
    seen = papermill.inspect_notebook(str(path))
    assert set(seen) == set(declared)
    for name, (type_name, default) in declared.items():
        assert seen[name]["inferred_type_name"] == type_name
        assert type(default).__name__ == type_name
        assert len(seen[name]["help"]) > 10


@each_notebook(NETWORKS)
def test_its_check_finds_everything_met(path):
    (check,) = [cell for cell in read(path).cells if cell.id == "check"]
    text = check.outputs[0].data["text/plain"]
    assert "met" in text
    assert "NOT MET" not in text
    assert "not checked" not in text


def test_the_small_network_is_the_same_in_notebooks_02_and_03():
    small, wide = (
        next(cell for cell in read(path).cells if cell.id == cell_id)
        for path, cell_id in zip(NETWORKS, ("evaluate", "table"), strict=False)
    )
    accuracy = re.search(r"test accuracy +(\S+)", small.outputs[0].text)[1]
    assert accuracy in wide.outputs[0].data["text/html"]


# What follows runs whole notebooks.


@pytest.fixture(scope="module")
def mnist():
    # A path that is set but cannot be used fails here: it must not pass unnoticed.
    if not load_mnist().is_mnist:
        pytest.skip("no MNIST to be had, which the committed notebooks are run on")


@pytest.mark.notebooks
@pytest.mark.usefixtures("mnist")
def test_committed_notebooks_pass_nbval():
    ended = validate(*NOTEBOOKS)
    assert ended.returncode == 0, ended.stdout[-5000:]


@pytest.mark.long
@pytest.mark.usefixtures("mnist")
def test_committed_further_notebooks_pass_nbval():
    # They read an earlier run of the four.
    finish(sys.executable, "-m", "mnist_helpers", "run", "--resume")
    ended = validate(*FURTHER)
    assert ended.returncode == 0, ended.stdout[-5000:]


@pytest.mark.long
@pytest.mark.usefixtures("mnist")
def test_another_instruction_set_gives_the_same_within_tolerance():
    ended = validate(
        *NOTEBOOKS,
        ONEDNN_MAX_CPU_ISA="SSE41",
        XLA_FLAGS="--xla_cpu_max_isa=SSE4_2",
    )
    assert ended.returncode == 0, ended.stdout[-5000:]


@pytest.mark.notebooks
def test_plain_papermill_works_from_any_folder(tmp_path):
    ended = finish(
        *(sys.executable, "-m", "papermill", ROOT / "notebooks" / "02_small_mlp.ipynb"),
        *("out.ipynb", "-p", "HIDDEN_UNITS", "32", "-p", "EPOCHS", "2"),
        cwd=tmp_path,
        MNIST_HELPERS_DATA=STAND_IN,
        MNIST_HELPERS_OUTPUT=str(tmp_path),
    )
    assert ended.returncode == 0, ended.stderr[-5000:]
    results = json.loads((tmp_path / "results" / "02_small_mlp.json").read_text())
    assert results["parameters"]["HIDDEN_UNITS"] == 32
    assert results["model"]["parameters"] == 785 * 32 + 33 * 10
    assert len(results["history"]["loss"]) == 2


@pytest.mark.notebooks
def test_nbconvert_executes(tmp_path):
    path = NETWORKS[0]
    ended = finish(
        *(sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"),
        *(path, "--output-dir", tmp_path),
        MNIST_HELPERS_DATA=STAND_IN,
        MNIST_HELPERS_OUTPUT=str(tmp_path),
    )
    assert ended.returncode == 0, ended.stderr[-5000:]
    assert (tmp_path / "results" / f"{path.stem}.json").exists()
