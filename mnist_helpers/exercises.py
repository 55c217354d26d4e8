"""Exercises that answer back: `check` an answer, or ask for a `hint`.

The exercises are in ``exercises.toml``, a table for each name, such as ``02-1``:

expected  the right answer: a number, text or a list; with ``cases``, one per case
cases     for an answer that is a function: the arguments of each call
absolute  how far numbers may be off, beside the relative tolerance of one in a million
right     why the answer is right
look      where to look if it is not
hint      what `hint` prints
nearly    typical mistakes: the answer that each gives, as ``expected``, and what to
          ``say`` to it; ``absolute`` may differ
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from mnist_helpers.errors import CourseError

EXERCISES = Path(__file__).with_suffix(".toml")
TOLERANCE = 1e-6


class _UnusableAnswerError(Exception):
    """An answer that cannot be compared; the message says what was expected."""


def check(name: str, answer: object) -> None:
    """Print whether an answer is right, nearly right or not yet right, and why.

    An answer of ``...``, or a function that returns it, is not answered yet.

    Raises
    ------
    CourseError
        If there is no such exercise.
    """
    exercise = _find(name)
    try:
        _say(_judge(exercise, answer))
    except _UnusableAnswerError as error:
        _say(f"Not yet: {error}.")


def hint(name: str) -> None:
    """Print a hint.

    Raises
    ------
    CourseError
        If there is no such exercise.
    """
    _say(_find(name)["hint"])


def _say(text: str) -> None:
    # print writes the end of the line by itself, at times as a second output.
    sys.stdout.write(f"{text}\n")


def _find(name: str) -> dict[str, Any]:
    exercises = tomllib.loads(EXERCISES.read_text(encoding="utf-8"))
    if name not in exercises:
        raise CourseError(f"no exercise {name!r}; there are {', '.join(exercises)}")
    return exercises[name]


def _judge(exercise: dict[str, Any], answer: object) -> str:
    results = [answer]
    if "cases" in exercise and answer is not ...:
        results = [_call(answer, case) for case in exercise["cases"]]
    if any(result is ... for result in results):
        return "Not answered yet."
    expected = _expected(exercise)
    given = [_read(*pair) for pair in zip(results, expected, strict=True)]
    if _agree(given, exercise):
        return f"Right. {exercise['right']}"
    for mistake in exercise["nearly"]:
        if _agree(given, exercise | mistake):
            return f"Nearly: {mistake['say']}"
    return f"Not yet: {exercise['look']}"


def _call(function: object, case: list) -> object:
    """Call a student's function, with arrays in the place of lists."""
    if not callable(function):
        raise _UnusableAnswerError(f"expected a function, got {_kind(function)}")
    arguments = [np.array(each) if isinstance(each, list) else each for each in case]
    called = f"with {', '.join(map(str, case))}, your function"
    try:
        result = function(*arguments)
    except Exception as error:  # whatever a student's function may raise
        raise _UnusableAnswerError(f"{called} raises {error!r}") from None
    if result is None:
        raise _UnusableAnswerError(f"{called} returns None: its return is missing")
    return result


def _kind(answer: object) -> str:
    return type(answer).__name__


def _expected(exercise: dict[str, Any]) -> list:
    """Return one expected result per case, or the only one."""
    expected = exercise["expected"]
    return expected if "cases" in exercise else [expected]


def _read(answer: object, expected: object) -> np.ndarray:
    """Return text in small letters, or numbers, as an array like the expected one."""
    if isinstance(expected, str):
        if not isinstance(answer, str):
            raise _UnusableAnswerError(
                f'expected text such as "a", got {_kind(answer)}'
            )
        return np.array(answer.strip().casefold())
    shape = np.shape(expected)
    wanted = f"an array of shape {shape}" if shape else "a number"
    try:
        numbers = np.asarray(answer)
    except ValueError:  # lists of different lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "iuf":
        raise _UnusableAnswerError(f"expected {wanted}, got {_kind(answer)}")
    if numbers.shape != shape:
        raise _UnusableAnswerError(f"expected {wanted}, got shape {numbers.shape}")
    return numbers


def _agree(given: list[np.ndarray], exercise: dict[str, Any]) -> bool:
    absolute = exercise.get("absolute", TOLERANCE)
    return all(
        str(one) == other
        if isinstance(other, str)
        else np.allclose(one, other, TOLERANCE, absolute, equal_nan=True)
        for one, other in zip(given, _expected(exercise), strict=True)
    )
