"""Parameters: what is taken, and what is refused."""

import math

import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebook_runs import NOTEBOOKS

from mnist_helpers.errors import CourseError
from mnist_helpers.results.parameters import (
    RANGES,
    check_name,
    check_parameters,
    check_value,
)


def fits(name: str, value: object, type_name: str) -> bool:
    try:
        check_value(name, value, type_name)
    except CourseError:
        return False
    return True


def test_every_parameter_has_a_range_and_its_default_lies_within():
    names = set()
    for path in NOTEBOOKS:
        for name, parameter in papermill.inspect_notebook(str(path)).items():
            names.add(name)
            kind = parameter["inferred_type_name"]
            default = {"int": int, "float": float}[kind](parameter["default"])
            assert fits(name, default, kind)
            assert fits(name, RANGES[name].example, kind)
    assert names == set(RANGES)


@given(st.integers() | st.integers(-3, 3) | st.integers(0, 6).map((2**32 - 3).__add__))
def test_seeds_are_those_that_numpy_takes(seed):
    assert fits("SEED", seed, "int") == (0 <= seed < 2**32)


@given(st.floats(-2, 2) | st.floats())
def test_a_learning_rate_is_from_a_millionth_to_1(rate):
    assert fits("LEARNING_RATE", rate, "float") == (1e-6 <= rate <= 1)


@given(st.floats())
def test_any_number_without_a_range_is_finite(number):
    assert fits("MOMENTUM", number, "float") == math.isfinite(number)


@given(st.booleans() | st.text() | st.none() | st.lists(st.floats()))
def test_only_numbers_are_numbers(value):
    assert not fits("LEARNING_RATE", value, "float")
    assert not fits("EPOCHS", value, "int")


@pytest.mark.parametrize("value", ["false", "False", "", 0, 1, 1.5, math.nan, None])
def test_only_true_and_false_are_true_or_false(value):
    assert not fits("EXTENDED", value, "bool")
    assert fits("EXTENDED", True, "bool")
    assert not fits("EPOCHS", value, "int") or value == 1


def test_messages_say_what_was_given_what_is_allowed_and_an_example():
    message = "EPOCHS: got 0, expected a whole number from 1 to 1,000, such as 10"
    with pytest.raises(CourseError, match=message):
        check_value("EPOCHS", 0, "int")
    with pytest.raises(CourseError, match=r"parameter epoch\. Did you mean EPOCHS\?"):
        check_name("epoch", RANGES)


def test_a_notebooks_parameters_are_those_that_it_declares():
    namespace = {"DEBUG": 1, "__annotations__": {}}
    exec("SEED: int = 1\nEPOCHS: int = 10\nrows: int = 7\nSIZES = [1]", namespace)
    exec("EPOCHS = 3", namespace)
    assert check_parameters(namespace) == {"SEED": 1, "EPOCHS": 3}
    for value in (2.0, None, -1):
        with pytest.raises(CourseError, match=f"EPOCHS: got {value}"):
            check_parameters(namespace | {"EPOCHS": value})


def test_a_number_that_yaml_takes_for_text_becomes_a_number():
    declared = {"LEARNING_RATE": float, "LABEL": str}
    namespace = {"LEARNING_RATE": "1e-3", "LABEL": "1e-3", "__annotations__": declared}
    expected = {"LEARNING_RATE": 0.001, "LABEL": "1e-3"}
    assert check_parameters(namespace) == expected
    assert namespace["LEARNING_RATE"] == 0.001
    with pytest.raises(CourseError, match="LEARNING_RATE: got 'fast'"):
        check_parameters(namespace | {"LEARNING_RATE": "fast"})
