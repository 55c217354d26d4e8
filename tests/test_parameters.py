"""Parameters: what is refused, on the command line and in a notebook."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebook_runs import NOTEBOOKS, finish

from mnist_helpers.commands.notebooks import assign_parameters
from mnist_helpers.data.mnist import STAND_IN
from mnist_helpers.results.parameters import (
    RANGES,
    ParameterError,
    check_parameters,
    check_value,
)

pytestmark = pytest.mark.slow

BEYOND_NUMPY = 4_294_967_296


def fits(name: str, value: object, type_name: str) -> bool:
    try:
        check_value(name, value, type_name)
    except ParameterError:
        return False
    return True


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_parameter_has_a_range_and_its_default_lies_within(path):
    declared = papermill.inspect_notebook(str(path))
    assert declared
    for name, parameter in declared.items():
        if parameter["inferred_type_name"] == "bool":
            assert parameter["default"] in ("True", "False")
            continue
        default = float(parameter["default"])
        assert RANGES[name].lowest <= default <= RANGES[name].highest
        assert fits(name, RANGES[name].example, parameter["inferred_type_name"])


def test_every_range_is_that_of_a_parameter():
    names = {
        name
        for path in NOTEBOOKS
        for name, parameter in papermill.inspect_notebook(path).items()
        if parameter["inferred_type_name"] != "bool"
    }
    assert names == set(RANGES)


@given(st.integers())
def test_seeds_are_those_that_numpy_takes(seed):
    assert fits("SEED", seed, "int") == (0 <= seed < BEYOND_NUMPY)


@given(st.integers(-3, 3).map(lambda step: 1000 + step) | st.integers(-3, 3))
def test_epochs_are_from_1_to_1000(epochs):
    assert fits("EPOCHS", epochs, "int") == (epochs in range(1, 1001))


@given(st.floats(-2, 2) | st.floats())
def test_a_learning_rate_is_from_a_millionth_to_1(rate):
    assert fits("LEARNING_RATE", rate, "float") == (1e-6 <= rate <= 1)


def test_a_whole_number_will_do_for_a_float():
    assert fits("LEARNING_RATE", 1, "float")


@given(st.booleans() | st.floats() | st.text() | st.none() | st.binary())
def test_only_whole_numbers_are_whole_numbers(value):
    assert not fits("EPOCHS", value, "int")


@given(st.booleans() | st.text() | st.none() | st.lists(st.floats()))
def test_only_numbers_are_numbers(value):
    assert not fits("LEARNING_RATE", value, "float")


@pytest.mark.parametrize("value", ["false", "true", "False", "", 0, 1, None])
def test_only_true_and_false_are_true_or_false(value):
    assert not fits("AUGMENT", value, "bool")
    assert fits("AUGMENT", True, "bool")
    assert fits("AUGMENT", False, "bool")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_without_a_range_is_finite(value):
    assert not fits("DROPOUT", value, "float")
    assert fits("DROPOUT", -5.0, "float")


def test_messages_say_what_was_given_what_is_allowed_and_an_example():
    with pytest.raises(ParameterError) as raised:
        check_value("EPOCHS", 0, "int")
    assert str(raised.value) == (
        "EPOCHS: got 0, expected a whole number from 1 to 1,000, such as 10"
    )


def test_a_type_that_no_parameter_can_have_is_named():
    with pytest.raises(ParameterError, match="SIZES: declared as list, expected one"):
        check_value("SIZES", [1], "list")


def notebook_namespace(*cells: str) -> dict[str, object]:
    namespace = {"In": ["", *cells]}
    for cell in cells:
        exec(cell, namespace)
    return namespace


DECLARED = "SEED: int = 1\nEPOCHS: int = 10\nLABEL: str = 'a'"


def test_collects_what_is_declared():
    namespace = notebook_namespace(
        DECLARED, "# Parameters\nEPOCHS = 3\n", "rows: int = 7\nX = [1]\nmodel = 'm'"
    )
    assert check_parameters(namespace) == {"SEED": 1, "EPOCHS": 3, "LABEL": "a"}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("# Parameters\nEPOCH = 3\n", r"EPOCH\. Did you mean EPOCHS\?"),
        ("# Parameters\nepochs = 3\n", r"epochs\. Did you mean EPOCHS\?"),
        ("# Parameters\nRATES = [1]\n", r"RATES\. There are EPOCHS, LABEL, SEED;"),
        ("EPOCH = 3", r"EPOCH\. Did you mean EPOCHS\?"),
        ("# Parameters\nEPOCHS = 2.0\n", r"EPOCHS: got 2\.0, expected a whole number"),
        ("# Parameters\nEPOCHS = None\n", "EPOCHS: got None"),
        ("EPOCHS: int = -1", "EPOCHS: got -1"),
        ("SIZE: int", "SIZE: got None"),
    ],
)
def test_a_notebook_refuses_what_it_does_not_declare(cell, message):
    with pytest.raises(ParameterError, match=message):
        check_parameters(notebook_namespace(DECLARED, cell))


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mnist_helpers", *arguments],
        env=os.environ | {"MNIST_HELPERS_DATA": STAND_IN, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


REFUSED = [
    ("EPOCH", "3", r"unknown parameter EPOCH\. Did you mean EPOCHS\?"),
    ("HIDDEN_UNITS", "3", r"unknown parameter HIDDEN_UNITS\. There are BATCH_SIZE, "),
    ("EPOCHS", "1.5", r"got '1\.5', expected a whole number from 1 to 1,000"),
    ("EPOCHS", "false", "got 'false', expected a whole number"),
    ("BATCH_SIZE", "0", "got 0, expected a whole number from 1 to 10,000"),
    ("BATCH_SIZE", "1000000000", "got 1000000000, expected .* to 10,000"),
    ("SEED", "-1", "got -1, expected a whole number from 0 to 4,294,967,295"),
    ("LEARNING_RATE", "nan", "got nan, expected a finite number from 1e-06 to 1"),
    ("LEARNING_RATE", "inf", "got inf, expected a finite number"),
    ("LEARNING_RATE", "-0.1", "got -0.1, expected a finite number"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_text_that_fits_no_parameter_is_refused(name, value, message):
    with pytest.raises(ParameterError, match=message):
        assign_parameters(NOTEBOOKS[-1:], {"SEED": "1", name: value})


@pytest.mark.parametrize(("name", "value", "message"), REFUSED[::3])
def test_the_command_line_refuses_before_anything_runs(name, value, message, tmp_path):
    output = tmp_path / "output"
    ended = command("run", "04", "-p", name, value, "--output", str(output))
    assert ended.returncode == 2
    assert re.search(message, ended.stderr)
    assert ended.stdout == ""
    assert not list(tmp_path.iterdir())


def test_the_command_line_needs_no_tensorflow_to_refuse():
    source = "import sys, mnist_helpers.__main__; print('tensorflow' in sys.modules)"
    ended = finish(sys.executable, "-c", source)
    assert ended.stdout == "False\n"


def test_parameters_are_listed_with_their_ranges():
    ended = command("parameters", "02", "04")
    assert ended.returncode == 0
    assert "02_small_mlp" in ended.stdout
    assert "03_wide_mlp" not in ended.stdout
    (row,) = [line for line in ended.stdout.splitlines() if "HIDDEN_UNITS" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[:4] == ["HIDDEN_UNITS", "int", "8", "1 to 10,000"]
    assert cells[4] == "units of the hidden layer"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_checks_its_parameters_before_it_loads_the_data(path):
    cells = nbformat.read(path, as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    declared, checked, loaded = map(
        source.index, ("SEED: int", "check_parameters(globals())", "load_mnist()")
    )
    assert declared < checked < loaded


def run_papermill(notebook: Path, folder: Path, name: str, value: str):
    return finish(
        *(sys.executable, "-m", "papermill", notebook, folder / "out.ipynb"),
        *("-p", name, value),
        MNIST_HELPERS_DATA=str(folder / "no-data"),
        MNIST_HELPERS_OUTPUT=str(folder / "output"),
    )


def test_papermill_with_an_unknown_parameter_ends_before_the_data(tmp_path):
    ended = run_papermill(NOTEBOOKS[1], tmp_path, "epochs", "3")
    assert ended.returncode != 0
    assert "unknown parameter epochs. Did you mean EPOCHS?" in ended.stderr
    assert not (tmp_path / "output").exists()


def test_papermill_with_false_as_text_is_refused(tmp_path):
    notebook = nbformat.read(NOTEBOOKS[1], as_version=4)
    (cell,) = [cell for cell in notebook.cells if cell.id == "parameters"]
    cell.source += "\nAUGMENT: bool = False  # or not"
    nbformat.write(notebook, tmp_path / "in.ipynb")
    ended = run_papermill(tmp_path / "in.ipynb", tmp_path, "AUGMENT", "false")
    assert ended.returncode != 0
    assert "AUGMENT: got 'false', expected True or False" in ended.stderr
    assert not (tmp_path / "output").exists()
