"""The grids of a sweep: what they stand for, and what is refused before it starts."""

import ast
import string
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_notebooks import write_notebook

from mnist_helpers.__main__ import main
from mnist_helpers.commands.sweeping import grids, points
from mnist_helpers.errors import CourseError

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return write_notebook(tmp_path_factory.mktemp("grids") / "01_a.ipynb")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SEED=3", [3]),
        ("SEED=8,1,16", [8, 1, 16]),
        ("SEED=0:4", [0, 1, 2, 3]),
        ("SEED=0:10:4,30", [0, 4, 8, 30]),
        ("RATE=1e-3,0.01,1", [0.001, 0.01, 1.0]),
        ("RATE=0.1:0.4:0.1", [0.1, 0.2, 0.3]),
        ("RATE=1:3", [1.0, 2.0]),
        ("SLOW=true,False", [True, False]),
        ("LABEL=a,b c,../d:1:2", ["a", "b c", "../d:1:2"]),
        ("LABEL=x=y", ["x=y"]),
    ],
)
def test_a_grid_is_of_the_type_that_the_notebook_declares(notebook, text, values):
    [(name, read)] = grids.read_grids(notebook, [text]).items()
    assert name == text.partition("=")[0]
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["SEED"], "expected NAME=A,B"),
        (["SEED="], "expected NAME=A,B"),
        (["=1"], "expected NAME=A,B"),
        (["SEEDS=1"], "unknown parameter SEEDS. Did you mean SEED"),
        (["SEED=1,2,1"], "SEED=1,2,1: 1 twice"),
        (["SEED=0:3,2"], "2 twice"),
        (["RATE=1,1.0"], "1.0 twice"),
        (["SEED=1", "SEED=2"], "a second grid of SEED"),
        (["SEED=1,,2"], "SEED: got '', expected a whole number"),
        (["SEED=3:3"], "3:3 has no values"),
        (["SEED=0:3:0"], "got 0:3:0"),
        (["SEED=3:0:-1"], "has no values"),
        (["SEED=0:x"], "got 0:x, expected NAME"),
        (["SEED=0:1:2:3"], "got 0:1:2:3, expected NAME"),
        (["SEED=0:inf"], "got 0:inf, expected NAME"),
        (["SEED=nan:1"], "got nan:1, expected NAME"),
        (["SEED=0:1e30"], "expected at most 100,000"),
        (["SEED=0.5:2"], "SEED: got '0.5', expected a whole number"),
        (["SEED=-1"], "SEED: got -1, expected a whole number from 0"),
        (["SEED=0:1000", "RATE=0:1000"], "got 1,000,000 points"),
        (["RATE=fast"], "RATE: got 'fast', expected a finite number"),
        (["SLOW=maybe"], "SLOW: got 'maybe', expected True or False"),
    ],
)
def test_a_wrong_grid_is_refused_with_what_is_expected(notebook, given, message):
    with pytest.raises(CourseError) as error:
        grids.read_grids(notebook, given)
    assert message in str(error.value)


def test_a_wrong_grid_ends_before_anything_starts(notebook, tmp_path, capsys):
    output = tmp_path / "output"
    arguments = ["sweep", str(notebook), "--grid", "SEEDS=1", "--output", str(output)]
    assert main(arguments) == 2
    assert "Did you mean SEED" in capsys.readouterr().err
    assert not output.exists()
    assert main([*arguments[:3], "SEED=1", "--workers", "0"]) == 2


@given(values=st.lists(st.integers(0, 2**32 - 1), min_size=1, unique=True))
def test_every_list_of_whole_numbers_is_read_as_it_is_written(notebook, values):
    text = f"SEED={','.join(map(str, values))}"
    assert grids.read_grids(notebook, [text]) == {"SEED": values}


@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=1, unique=True
    )
)
def test_every_list_of_floats_is_read_as_it_is_written(notebook, values):
    text = f"RATE={','.join(map(repr, values))}"
    assert grids.read_grids(notebook, [text]) == {"RATE": values}


@given(first=st.integers(0, 1000), stop=st.integers(0, 1000), step=st.integers(1, 1000))
def test_a_range_is_that_of_python(notebook, first, stop, step):
    expected = list(range(first, stop, step))
    text = f"SEED={first}:{stop}:{step}"
    if expected:
        assert grids.read_grids(notebook, [text]) == {"SEED": expected}
    else:
        with pytest.raises(CourseError, match="no values"):
            grids.read_grids(notebook, [text])


@given(
    first=st.decimals(0, 10, places=3),
    step=st.decimals("0.001", 1, places=3),
    count=st.integers(1, 50),
)
def test_a_range_of_floats_has_no_roundings(notebook, first, step, count):
    text = f"RATE={first}:{first + count * step}:{step}"
    expected = [float(Decimal(first) + index * step) for index in range(count)]
    assert grids.read_grids(notebook, [text]) == {"RATE": expected}


@given(text=st.text(max_size=40))
def test_whatever_is_given_is_read_or_refused(notebook, text):
    for given_text in (text, f"SEED={text}", f"RATE={text}", f"LABEL={text}"):
        try:
            read = grids.read_grids(notebook, [given_text])
        except CourseError:
            continue
        assert all(values for values in read.values())


@given(
    point=st.dictionaries(
        st.sampled_from(["SEED", "LABEL"]), st.integers() | st.text(), min_size=1
    )
)
def test_a_points_folder_is_a_plain_name_whatever_its_parameters_hold(point):
    name = grids.point_name("02", point)
    assert len(name) == 16
    assert set(name) <= set(string.hexdigits)
    assert grids.point_name("02", dict(reversed(point.items()))) == name
    assert grids.point_name("02", point | {"RATE": 0.5}) != name
    assert grids.point_name("03", point) != name


def test_the_points_are_the_product_of_the_grids():
    assert grids.points_of({"A": [1, 2], "B": ["x", "y"]}) == [
        {"A": 1, "B": "x"},
        {"A": 1, "B": "y"},
        {"A": 2, "B": "x"},
        {"A": 2, "B": "y"},
    ]


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
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kept = [
        cell
        for cell in points.without_left_out(notebook).cells
        if cell.cell_type == "code"
    ]
    left_out = [cell for cell in code if cell.id not in {each.id for each in kept}]
    made, used = names(kept)
    made_elsewhere, _used = names(left_out)
    assert not (used - made) & made_elsewhere
    assert {"parameters", "fit", "save"} <= {cell.id for cell in kept}
