"""The grids of a sweep: what they stand for, and what is refused before it starts."""

import ast
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_notebooks import write_notebook

from mnist_helpers.__main__ import main
from mnist_helpers.commands.sweep import LEFT_OUT
from mnist_helpers.commands.sweep_grid import read_grid

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return write_notebook(tmp_path_factory.mktemp("grids") / "01_a.ipynb")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SEED=8,1,16", [8, 1, 16]),
        ("SEED=0:10:4,30", [0, 4, 8, 30]),
        ("RATE=1e-3,1", [0.001, 1.0]),
        ("RATE=0.1,0.10,0.2", [0.1, 0.2]),
        ("SLOW=True,False", [True, False]),
        ("LABEL=a,b c,../d:1:2,x=y", ["a", "b c", "../d:1:2", "x=y"]),
    ],
)
def test_values_have_the_type_that_the_notebook_declares(notebook, text, values):
    [(name, read)] = read_grid(notebook, [text]).items()
    assert name == text.partition("=")[0]
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@given(first=st.integers(0, 1000), stop=st.integers(0, 1000), step=st.integers(1, 1000))
def test_a_range_of_whole_numbers_is_that_of_python(notebook, first, stop, step):
    stop += first + 1
    text = f"SEED={first}:{stop}:{step}"
    assert read_grid(notebook, [text]) == {"SEED": [*range(first, stop, step)]}


@given(
    first=st.decimals(0, 10, places=3),
    step=st.decimals("0.001", 1, places=3),
    count=st.integers(1, 50),
)
def test_a_range_of_floats_has_no_roundings(notebook, first, step, count):
    text = f"RATE={first}:{first + count * step}:{step}"
    expected = [float(Decimal(first) + index * step) for index in range(count)]
    assert read_grid(notebook, [text]) == {"RATE": expected}


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("SEEDS=1", "Did you mean SEED"),
        ("SEED", "SEED: got '', expected a whole number"),
        ("SEED=-1", "SEED: got -1, expected a whole number from 0"),
        ("SLOW=maybe", "SLOW: got 'maybe', expected True or False"),
        ("SEED=0:0.5:0.25", "expected a whole number"),
        *(
            (f"SEED={text}", f"got {text}, expected FIRST:STOP")
            for text in ("3:3", "0:3:0", "0:x", "0:1:2:3", "0:inf", "nan:1", "0:1e30")
        ),
    ],
)
def test_a_wrong_grid_ends_before_anything_starts(
    notebook, tmp_path, capsys, grid, message
):
    output = tmp_path / "output"
    arguments = ["sweep", str(notebook), "--grid", grid, "--output", str(output)]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def names(cells) -> tuple[set[str], set[str]]:
    """Find the names that cells make, and those that they use."""
    made, used = set(), set()
    for cell in cells:
        for node in ast.walk(ast.parse(cell.source)):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    made.add(name)
                case ast.Name(id=name):
                    used.add(name)
                case ast.FunctionDef(name=name) | ast.arg(arg=name):
                    made.add(name)
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    made |= {alias.asname or alias.name for alias in aliases}
    return made, used


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_of_a_sweep_needs_one_that_is_left_out(path):
    code = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    kept = [cell for cell in code if LEFT_OUT not in cell.metadata.get("tags", [])]
    made, used = names(kept)
    made_elsewhere, _used = names(cell for cell in code if cell not in kept)
    assert not (used - made) & made_elsewhere
    assert {"parameters", "fit", "save"} <= {cell.id for cell in kept}
