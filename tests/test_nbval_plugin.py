"""The tolerance of nbval: of two texts, and of a real notebook with a real kernel."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from mnist_helpers.nbval_plugin import find_differences, read_tolerances

BOTH = {"nbval-tolerance": Decimal("0.01"), "nbval-count-tolerance": Decimal(25)}
DECIMALS_ONLY = {"nbval-tolerance": Decimal("0.01")}
COUNTS_ONLY = {"nbval-count-tolerance": Decimal(25)}

TABLE = """<table border="1" class="dataframe">
  <thead><tr><th></th><th>in 2.5 s</th><th>images</th></tr></thead>
  <tbody><tr><th>3</th>
      <td>0.93</td>
      <td>980</td>
  </tr></tbody>
</table>"""


# Tags


def test_tags_are_read_by_name():
    tags = ["parameters", "nbval-tolerance=0.01", "nbval-count-tolerance=25"]
    assert read_tolerances(tags) == BOTH
    assert read_tolerances(["nbval-skip", "tolerance"]) == {}


@pytest.mark.parametrize(
    "tag",
    [
        "nbval-tolerance",
        "nbval-tolerance=",
        "nbval-tolerance=-0.01",
        "nbval-tolerance=nan",
        "nbval-tolerance: 0.01",
        "nbval-tolerances=0.01",
        "nbval-count-tolerance=many",
    ],
)
def test_a_malformed_tag_is_named(tag):
    with pytest.raises(ValueError, match=f'tag "{tag}": expected nbval-tolerance=0.01'):
        read_tolerances([tag])


# Two texts


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("accuracy: 0.93", "accuracy: 0.92"),  # the edge, which binary would miss
        ("difference: -0.004", "difference: 0.004"),
        ("loss 1.2e-05", "loss 9.8e-06"),
        ("accuracy: 92.7% (±0.5 %)", "accuracy: 91.8% (±0.4 %)"),
        ("60,000 images", "60,025 images"),
        ("999 wrong", "1,001 wrong"),
        ("[[999   3]\n [ 10  87]]", "[[1001    1]\n [   5   92]]"),
        ("[[ 90  99]]", "[[ 90 100]]"),
        ("between 0.91-0.95", "between 0.92-0.94"),
        ("nan and -inf", "nan and -inf"),
        ("It is 0.93.", "It is 0.94."),
        (TABLE, TABLE.replace("0.93", "0.94").replace("980", "1000")),
    ],
)
def test_numbers_within_tolerance_agree(stored, new):
    assert find_differences(stored, new, BOTH) == []


@pytest.mark.parametrize(
    ("stored", "new", "expected"),
    [
        ("accuracy: 0.93", "accuracy: 0.9401", "written in another form"),
        ("accuracy: 0.930", "accuracy: 0.941", "accuracy: stored 0.930, new 0.941"),
        ("92.7 %", "93.8 %", "1.1 apart, tolerance 1.00 (nbval-tolerance=0.01)"),
        ("accuracy: 92.7 %", "accuracy: 92.7", "written in another form"),
        ("loss: 0.00010", "loss: 1e-05", "written in another form"),
        ("loss: 0.24", "loss: nan", "stored 0.24, new nan"),
        ("loss: inf", "loss: -inf", "stored inf, new -inf"),
        ("730", "756", "a number: stored 730, new 756, 26 apart, tolerance 25 ("),
        ("60,000 images", "60,026 images", "stored 60,000, new 60,026"),
        ("accuracy: 0.93", "precision: 0.93", "+precision: 0.93"),
        ("a 1\nb 2", "a 1", "-b 2"),
        ("a 1\n\nb 2", "a 1\nb 2", "@@ -2"),
        ("1 2", "12", "+12"),
        ("dense_1", "dense_2", "+dense_2"),
        ("Conv2D 3x3", "Conv2D 5x5", "+Conv2D 5x5"),
        ("TensorFlow 2.21.0", "TensorFlow 2.20.0", "2.20.0"),
        ("SHA-256", "SHA-255", "+SHA-255"),
        (TABLE, TABLE.replace(">3<", ">4<"), "<th>4</th>"),
        (TABLE, TABLE.replace("2.5", "2.4"), "2.4 s"),
        (TABLE, TABLE.replace('="1"', '="2"'), 'border="2"'),
        ("<style>td {top: 1}</style>", "<style>td {top: 2}</style>", "top: 2"),
        (TABLE, TABLE.replace("0.93", "0.95"), "3: stored 0.93, new 0.95"),
        ("<p>loss <b>0.2</b>", "<p>loss <b>0.3</b>", "loss: stored 0.2"),
        ("1e9999999", "2e9999999", "apart"),  # too large to subtract
    ],
)
def test_a_real_difference_is_named(stored, new, expected):
    assert expected in "\n".join(find_differences(stored, new, BOTH))


def test_each_kind_of_number_is_exact_without_its_own_tolerance():
    assert find_differences("0.93 of 980", "0.94 of 980", DECIMALS_ONLY) == []
    assert find_differences("0.93 of 980", "0.93 of 981", DECIMALS_ONLY)
    assert find_differences("93 % of 980", "94 % of 980", DECIMALS_ONLY) == []
    assert find_differences("0.93 of 980", "0.93 of 981", COUNTS_ONLY) == []
    assert find_differences("0.93 of 980", "0.94 of 980", COUNTS_ONLY)
    assert find_differences("60,000", "60000", DECIMALS_ONLY)


def test_every_difference_is_reported():
    differences = find_differences("a 0.1 b 0.2 c 0.3", "a 0.5 b 0.2 c 0.7", BOTH)
    assert [line.partition(":")[0] for line in differences] == ["a", "a 0.1 b 0.2 c"]


@given(
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**6),
    st.integers(0, 4),
)
def test_exactly_what_is_within_tolerance_agrees(old, new, tolerance, decimals):
    stored_value, new_value, limit = (
        Decimal(value).scaleb(-decimals) for value in (old, new, tolerance)
    )
    tag = "nbval-tolerance" if decimals else "nbval-count-tolerance"
    differences = find_differences(
        f"score {stored_value:,f} of all", f"score {new_value:,f} of all", {tag: limit}
    )
    assert (differences == []) == (abs(stored_value - new_value) <= limit)


@given(st.text("ab1.,-e% \n<th>/#\0"), st.text("ab1.,-e% \n<th>/#\0"))
def test_without_tolerance_only_blanks_may_differ(stored, new):
    assert find_differences(stored, stored, BOTH) == []
    differ = "".join(stored.split()) != "".join(new.split())
    assert not differ or find_differences(stored, new, {})


# A notebook


class Cell(NamedTuple):
    """A cell, what is then altered in its stored outputs, and what nbval must say."""

    source: str
    tags: list[str]
    alter: tuple[str, str]
    message: str | None = None  # None: the cell passes


ACCURACY = ["nbval-tolerance=0.01"]
COUNTS = ["nbval-count-tolerance=25"]
PRINT = "print('accuracy: 0.93')"
FRAME = "import pandas\npandas.DataFrame({'f1': [0.9712], 'n': [980]}, index=['one'])"
JSON = "display({'application/json': {'a': 0.93}}, raw=True)"
STDERR = "import os, sys\nprint(os.getpid(), file=sys.stderr)"
CELLS = {
    "untagged": Cell(PRINT, [], ("0.93", "0.94"), "accuracy: 0.94"),
    "within": Cell(PRINT, ACCURACY, ("0.93", "0.94")),
    "beyond": Cell(PRINT, ACCURACY, ("0.93", "0.95"), "0.02 apart, tolerance 0.01"),
    "a result": Cell("0.9312", ACCURACY, ("0.9312", "0.9388")),
    "a result beyond": Cell("0.9312", ACCURACY, ("0.9312", "0.9488"), "new 0.9312"),
    "an extra line": Cell(PRINT, ACCURACY, ("0.93", "0.93\\nloss: 0.24"), "loss: 0.24"),
    "parameters": Cell("print('6,370 in all, 0.1')", ACCURACY, ("70", "71"), "1 apart"),
    "a count": Cell("print('wrong: 990')", COUNTS, ("990", "1010")),
    "a count beyond": Cell("print('wrong: 990')", COUNTS, ("990", "1016"), "26 apart"),
    "a table": Cell(FRAME, ACCURACY, ("0.9712", "0.9634")),
    "a table beyond": Cell(FRAME, ACCURACY, ("0.9712", "0.9534"), "one: stored 0.9534"),
    "a table's count": Cell(FRAME, ACCURACY, ("980", "981"), "1 apart, tolerance 0"),
    "a table's row": Cell(FRAME, ACCURACY, ("one", "two"), "<th>two</th>"),
    "stderr": Cell(STDERR, [], ("", "")),
    "another field": Cell(PRINT, ACCURACY, ('"stdout"', '"stderr"'), "Unexpected"),
    "other data": Cell(JSON, ACCURACY, ("0.93", "0.94"), "mismatch 'application/json'"),
}


def write_notebook(path: Path, cells: list[Cell]) -> None:
    """Execute cells, then alter their outputs."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [
        nbformat.v4.new_code_cell(cell.source, metadata={"tags": cell.tags})
        for cell in cells
    ]
    NotebookClient(notebook, kernel_name="python3").execute()
    for cell, executed in zip(cells, notebook.cells, strict=True):
        stored = json.dumps(executed.outputs)
        assert cell.alter[0] in stored, f"nothing to alter in {stored}"
        if cell.alter[0]:
            stored = stored.replace(*cell.alter)
        executed.outputs = [nbformat.from_dict(out) for out in json.loads(stored)]
    nbformat.write(notebook, path)


def run_pytest(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess:
    """Run pytest on a folder of its own, untouched by this repository's settings."""
    options = "-p mnist_helpers.nbval_plugin -c /dev/null --color=no"
    options += " -p no:cacheprovider -p no:hypothesispytest"
    command = [sys.executable, "-m", "pytest", *options.split(), *arguments]
    command += [f"--rootdir={folder}", str(folder)]
    return subprocess.run(
        command,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        check=False,
    )


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, str | None]:
    """Return what nbval says of each cell, None of a cell that passes."""
    folder = tmp_path_factory.mktemp("altered")
    write_notebook(folder / "notebook.ipynb", list(CELLS.values()))
    (folder / "conftest.py").write_text(
        "def pytest_assertrepr_compare(left):\n"
        "    return ['another plugin explains it'] if '0.95' in left else None\n"
    )
    report = folder / "report.xml"
    run = run_pytest(folder, f"--junitxml={report}", "--nbval")
    assert run.returncode == 1, run.stdout + run.stderr
    cases = ElementTree.parse(report).iter("testcase")
    return dict(zip(CELLS, (case.findtext("failure") for case in cases), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_nbval_on_a_real_notebook(verdicts, name):
    if CELLS[name].message is None:
        assert verdicts[name] is None
    else:
        assert CELLS[name].message in verdicts[name]


@pytest.mark.slow
def test_workers_keep_the_cells_of_a_notebook_together(tmp_path):
    cells = [
        Cell("value = 1", [], ("", "")),
        *[Cell("value += 1\nprint(value)", [], ("", ""))] * 5,
    ]
    write_notebook(tmp_path / "notebook.ipynb", cells)
    run = run_pytest(tmp_path, "--nbval", "-n", "2")
    assert "6 passed" in run.stdout, run.stdout


@pytest.mark.slow
def test_the_kernel_is_this_python_whatever_else_is_called_so(tmp_path):
    cell = Cell(f"import sys\nprint(sys.prefix == {sys.prefix!r})", [], ("", ""))
    write_notebook(tmp_path / "notebook.ipynb", [cell])
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    other = {"argv": ["false"], "display_name": "of another project", "language": ""}
    (kernel / "kernel.json").write_text(json.dumps(other))
    run = run_pytest(tmp_path, "--nbval", JUPYTER_PATH=str(tmp_path / "jupyter"))
    assert "1 passed" in run.stdout, run.stdout


@pytest.mark.slow
def test_a_malformed_tag_ends_the_run_with_one_line(tmp_path):
    cell = Cell(PRINT, ["nbval-tolerance=abc"], ("", ""))
    write_notebook(tmp_path / "notebook.ipynb", [cell])
    run = run_pytest(tmp_path, "--nbval-lax")
    assert 'notebook.ipynb::Cell 0: tag "nbval-tolerance=abc"' in run.stderr
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
