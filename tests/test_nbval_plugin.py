"""The tolerance of nbval: of two texts, and of real notebooks with a real kernel."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from mnist_helpers.nbval_plugin import (
    OUTPUT_TIMEOUT_SECONDS,
    find_differences,
    read_tolerances,
)

pytestmark = pytest.mark.slow

BOTH = {"nbval-tolerance": Decimal("0.01"), "nbval-count-tolerance": Decimal(25)}
DECIMALS_ONLY = {"nbval-tolerance": Decimal("0.01")}
COUNTS_ONLY = {"nbval-count-tolerance": Decimal(25)}

TABLE = """<table border="1" class="dataframe">
  <thead>
    <tr style="text-align: right;">
      <th></th>
      <th>precision</th>
      <th>images</th>
    </tr>
  </thead>
  <tbody>
    <tr>
      <th>3</th>
      <td>0.93</td>
      <td>980</td>
    </tr>
  </tbody>
</table>"""


# Tags


def test_tags_are_read_by_name():
    tags = ["parameters", "nbval-tolerance=0.01", "nbval-count-tolerance=25"]
    assert read_tolerances(tags) == BOTH
    assert read_tolerances(["nbval-skip", "toleranz"]) == {}


@pytest.mark.parametrize(
    "tag",
    [
        "nbval-tolerance",
        "nbval-tolerance=",
        "nbval-tolerance=abc",
        "nbval-tolerance=-0.01",
        "nbval-tolerance=nan",
        "nbval-tolerance=inf",
        "nbval-tolerance=1 %",
        "nbval-tolerance: 0.01",
        "nbval-tolerances=0.01",
        "nbval-count-tolerance=many",
    ],
)
def test_a_malformed_tag_is_named(tag):
    with pytest.raises(ValueError, match=f'tag "{tag}": expected nbval-tolerance=0.01'):
        read_tolerances([tag])


def test_a_second_tolerance_is_refused():
    with pytest.raises(ValueError, match="two of this name"):
        read_tolerances(["nbval-tolerance=0.01", "nbval-tolerance=0.1"])


# Two texts


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("accuracy: 0.9300", "accuracy: 0.9400"),  # the edge, which binary would miss
        ("accuracy: 0.93", "accuracy: 0.92"),
        ("difference: -0.004", "difference: 0.004"),
        ("loss 1.2e-05", "loss 9.8e-06"),
        ("accuracy: 92.7 %", "accuracy: 93.7 %"),
        ("accuracy: 92.7% (±0.5 %)", "accuracy: 91.8% (±0.4 %)"),
        ("100 %", "99 %"),
        ("60,000 images", "60,025 images"),
        ("999 wrong", "1,001 wrong"),
        ("[[999   3]\n [ 10  87]]", "[[1001    1]\n [   5   92]]"),
        ("[[1001    1]\n [   5   92]]", "[[999   3]\n [ 10  87]]"),
        ("[[ 90  99]]", "[[ 90 100]]"),
        ("[[ 90 100]]", "[[100 100]]"),
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
        ("accuracy: 0.930", "accuracy: 0.941", "0.011 apart, tolerance 0.01"),
        (
            "accuracy: 92.7 %",
            "accuracy: 93.8 %",
            "stored 92.7 %, new 93.8 %, 1.1 apart",
        ),
        ("accuracy: 92.7 %", "accuracy: 93.8 %", "tolerance 1.00 (nbval-tolerance"),
        ("accuracy: 92.7 %", "accuracy: 92.7", "written in another form"),
        ("accuracy: 0.93", "accuracy: 1", "written in another form"),
        ("loss: 0.00010", "loss: 1e-05", "written in another form"),
        ("loss: 0.24", "loss: nan", "loss: stored 0.24, new nan"),
        ("loss: inf", "loss: -inf", "loss: stored inf, new -inf"),
        (
            "wrong: 730",
            "wrong: 756",
            "26 apart, tolerance 25 (nbval-count-tolerance=25",
        ),
        ("60,000 images", "60,026 images", "images: stored 60,000, new 60,026"),
        ("0.24\n", "0.34\n", "a number on its own: stored 0.24"),
        (
            "macro avg  0.93  0.94",
            "macro avg  0.93  0.99",
            "macro avg 0.93: stored 0.94",
        ),
        ("accuracy: 0.93", "precision: 0.93", "new ['precision: 0.93']"),
        ("a 1\nb 2", "a 1", "stored ['b 2']"),
        ("a 1", "a 1\nb 2", "new ['b 2']"),
        ("a 1\n\nb 2", "a 1\nb 2", "stored ['']"),
        ("1 2", "12", "stored ['1 2'], new ['12']"),
        ("dense_1", "dense_2", "stored ['dense_1']"),
        ("Conv2D 3x3", "Conv2D 5x5", "text"),
        ("TensorFlow 2.21.0", "TensorFlow 2.20.0", "text"),
        ("SHA-256", "SHA-255", "text"),
        (
            "<Figure size 640x480 with 1 Axes>",
            "<Figure size 640x480 with 2 Axes>",
            "text",
        ),
        (TABLE, TABLE.replace(">3<", ">4<"), "stored ['      <th>3</th>']"),
        (TABLE, TABLE.replace('="1"', '="2"'), "text"),
        ("<style>td {top: 1}</style>", "<style>td {top: 2}</style>", "text"),
        (TABLE, TABLE.replace("0.93", "0.95"), "row 3, column precision: stored 0.93"),
        (TABLE, TABLE.replace("980", "80"), "row 3, column images: stored 980, new 80"),
        (f"{TABLE}<p>loss 0.2</p>", f"{TABLE}<p>loss 0.3</p>", "loss: stored 0.2"),
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


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.text())
def test_any_text_agrees_with_itself(text):
    assert find_differences(text, text, BOTH) == []


@settings(deadline=None)
@given(st.text("ab1.,-e% \n<th>/#"), st.text("ab1.,-e% \n<th>/#"))
def test_without_tolerance_only_blanks_may_differ(stored, new):
    differ = "".join(stored.split()) != "".join(new.split())
    assert not differ or find_differences(stored, new, {})


def test_numbers_too_large_to_subtract_differ():
    assert find_differences("1e9999999", "2e9999999", BOTH)


# Notebooks


@dataclass
class Cell:
    """A cell, what is then altered in its stored outputs, and what nbval must say."""

    name: str
    source: str
    tags: list[str] = field(default_factory=list)
    alter: tuple[str, str] = ("", "")
    message: str | None = None  # None: the cell passes


ACCURACY = ["nbval-tolerance=0.01"]
COUNTS = ["nbval-count-tolerance=25"]
FRAME = """\
import pandas
pandas.DataFrame(
    {"precision": [0.93, 0.9712], "images": [980, 1135]}, index=["zero", "one"]
)"""
CELLS = [
    Cell("untouched", "print('accuracy: 0.93')"),
    Cell(
        "untagged cells are exact",
        "print('accuracy: 0.93')",
        alter=("0.93", "0.94"),
        message="accuracy: 0.94",
    ),
    Cell("moved within", "print('accuracy: 0.93')", ACCURACY, ("0.93", "0.94")),
    Cell(
        "moved beyond",
        "print('accuracy: 0.93')",
        ACCURACY,
        ("0.93", "0.95"),
        "accuracy: stored 0.95, new 0.93, 0.02 apart, tolerance 0.01",
    ),
    Cell("a result's text", "0.9312", ACCURACY, ("0.9312", "0.9388")),
    Cell(
        "a result's text beyond",
        "0.9312",
        ACCURACY,
        ("0.9312", "0.9488"),
        "stored 0.9488, new 0.9312",
    ),
    Cell(
        "fewer decimals",
        "print('accuracy: 0.93')",
        ACCURACY,
        ("0.93", "0.9312"),
        "stored 0.9312, new 0.93, written in another form",
    ),
    Cell(
        "a label",
        "print('accuracy: 0.93')",
        ACCURACY,
        ("accuracy", "precision"),
        "precision: 0.93",
    ),
    Cell(
        "parameter count",
        "print('Total params: 6,370 (loss 2.31)')",
        ACCURACY,
        ("6,370", "6,371"),
        "Total params: stored 6,371, new 6,370, 1 apart, tolerance 0",
    ),
    Cell(
        "an extra line",
        "print('accuracy: 0.93')",
        ACCURACY,
        ("0.93", "0.93\\nloss: 0.24"),
        "loss: 0.24",
    ),
    Cell(
        "a missing line",
        "print('accuracy: 0.93\\nloss: 0.24')",
        ACCURACY,
        ("\\nloss: 0.24", ""),
        "loss: 0.24",
    ),
    Cell("a count within", "print('wrong: 990')", COUNTS, ("990", "1010")),
    Cell(
        "a count beyond",
        "print('wrong: 990')",
        COUNTS,
        ("990", "1016"),
        "wrong: stored 1016, new 990, 26 apart, tolerance 25",
    ),
    Cell("a table within", FRAME, ACCURACY, ("0.9712", "0.9634")),
    Cell(
        "a table cell beyond",
        FRAME,
        ACCURACY,
        ("0.9712", "0.9534"),
        "row one, column precision: stored 0.9534, new 0.9712",
    ),
    Cell(
        "a table's count",
        FRAME,
        ACCURACY,
        ("1135", "1134"),
        "row one, column images: stored 1134, new 1135, 1 apart, tolerance 0",
    ),
    Cell("a table's count within", FRAME, ACCURACY + COUNTS, ("1135", "1134")),
    Cell("a table's row", FRAME, ACCURACY, ("zero", "null"), "<th>null</th>"),
    Cell(
        "stderr", "import sys, time\nprint(time.time_ns(), file=sys.stderr)", ACCURACY
    ),
    Cell("stderr alone", "import os\nprint(os.getpid(), file=sys.stderr)"),
    Cell(
        "an image",
        "display({'image/png': 'iVBORw0K', 'text/plain': '<Figure>'}, raw=True)",
        alter=("iVBORw0K", "aVBORw0K"),
    ),
    Cell(
        "another kind of output",
        "print('accuracy: 0.93')",
        ACCURACY,
        ('"stdout"', '"stderr"'),
        "Unexpected output fields",
    ),
    Cell(
        "other data",
        "display({'application/json': {'a': 0.93}}, raw=True)",
        ACCURACY,
        ("0.93", "0.94"),
        "mismatch 'application/json'",
    ),
    Cell(
        "not a number",
        "after_it = 0.5\nprint(after_it)",
        ["nbval-tolerance=abc"],
        message='tag "nbval-tolerance=abc": expected',
    ),
    Cell(
        "malformed and ignored",
        "print(0.5)",
        ["nbval-tolerance=-1", "nbval-ignore-output"],
        message='tag "nbval-tolerance=-1": expected',
    ),
    Cell("after a malformed one", "print(after_it)"),
]


NAMES = [cell.name for cell in CELLS]


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run pytest on a folder of its own, untouched by this repository's settings."""
    options = "-p mnist_helpers.nbval_plugin -c /dev/null --color=no"
    options += " -p no:cacheprovider -p no:hypothesispytest"
    command = [sys.executable, "-m", "pytest", *options.split(), *arguments]
    command += [f"--rootdir={folder}", str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=folder, check=False
    )


def failures(folder: Path, *arguments: str) -> dict[str, str | None]:
    """Run nbval; return what it says of each cell, None of a cell that passes."""
    report = folder / "report.xml"
    run = run_pytest(folder, f"--junitxml={report}", *arguments)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    cases = ElementTree.parse(report).iter("testcase")
    return {case.get("name"): case.findtext("failure") for case in cases}


@pytest.fixture(scope="module")
def altered(tmp_path_factory) -> Path:
    """Return the folder of a notebook, executed and then altered."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(cell.source, metadata={"tags": cell.tags})
        for cell in CELLS
    ]
    NotebookClient(notebook, kernel_name="python3").execute()
    for cell, executed in zip(CELLS, notebook.cells, strict=True):
        stored = json.dumps(executed.outputs)
        old, new = cell.alter
        assert old in stored, f"nothing to alter in {cell.name}: {stored}"
        if old:
            stored = stored.replace(old, new)
        executed.outputs = [nbformat.from_dict(out) for out in json.loads(stored)]
    folder = tmp_path_factory.mktemp("altered")
    nbformat.write(notebook, folder / "notebook.ipynb")
    (folder / "conftest.py").write_text(
        "import json, pathlib\n"
        "def pytest_collection_finish(session):\n"
        "    timeouts = [item.output_timeout for item in session.items]\n"
        "    pathlib.Path('timeouts.json').write_text(json.dumps(timeouts))\n"
        "def pytest_assertrepr_compare(left):\n"
        "    return ['another plugin explains it'] if '0.95' in left else None\n"
    )
    return folder


@pytest.fixture(scope="module")
def verdicts(altered) -> dict[str, str | None]:
    return failures(altered, "--nbval")


@pytest.mark.parametrize("number", range(len(CELLS)), ids=NAMES)
def test_nbval_on_a_real_notebook(verdicts, number):
    failure = verdicts[f"Cell {number}"]
    if CELLS[number].message is None:
        assert failure is None
    else:
        assert f"Cell {number}: " in failure
        assert CELLS[number].message in failure


def test_lax_nbval_ignores_tolerances_but_not_malformed_ones(altered, tmp_path):
    notebook = nbformat.read(altered / "notebook.ipynb", as_version=4)
    names = ("moved beyond", "not a number")
    notebook.cells = [notebook.cells[NAMES.index(name)] for name in names]
    nbformat.write(notebook, tmp_path / "notebook.ipynb")
    beyond, malformed = failures(tmp_path, "--nbval-lax").values()
    assert beyond is None
    assert malformed is not None


def test_the_output_timeout_is_raised(altered, verdicts):
    assert json.loads((altered / "timeouts.json").read_text()) == (
        [OUTPUT_TIMEOUT_SECONDS] * len(verdicts)
    )


@pytest.mark.parametrize("arguments", [("--nbval",), ("-p", "no:nbval")])
def test_a_run_without_notebooks_is_untouched(tmp_path, arguments):
    heavy = "{'tensorflow', 'keras', 'numpy', 'pandas'}"
    unloaded = " | {'nbval', 'nbformat'}" if "no:nbval" in arguments else ""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_nothing_heavy_is_loaded():\n"
        f"    assert not ({heavy}{unloaded}) & sys.modules.keys()\n"
        "def test_strings_are_explained_as_ever():\n"
        "    assert 'accuracy 0.93' == 'accuracy 0.94'\n"
    )
    run = run_pytest(tmp_path, *arguments)
    assert "1 failed, 1 passed" in run.stdout
    assert "- accuracy 0.94" in run.stdout
