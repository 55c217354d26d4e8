"""Exercises: each is asked and solved, and only right answers are called right."""

import contextlib
import io
import re
import tomllib
from itertools import pairwise

import nbformat
import numpy as np
import pytest
from notebook_runs import NOTEBOOKS, SOLUTIONS

from mnist_helpers.data import load_mnist
from mnist_helpers.errors import CourseError
from mnist_helpers.exercises import EXERCISES, check, hint

EXERCISE = tomllib.loads(EXERCISES.read_text(encoding="utf-8"))


def off_diagonal(confusion):
    return confusion - np.diag(np.diag(confusion))


def place(counts):
    return np.unravel_index(counts.argmax(), counts.shape)


def slide(picture, weights, combine):
    patches = np.lib.stride_tricks.sliding_window_view(picture, weights.shape)
    return combine(patches, weights)


# Wrong answers: first those of each exercise's "nearly", in order, then others.
WRONG = {
    "01-1": [32 * 32 * 3 * 10, 10 * (32 * 32 + 1), 32 * 32 * 3 + 1, 7850],
    "01-2": [1 - 0.8087977, 80.88, 38_045_844, 0.82],
    "01-3": [
        lambda s: np.exp(s) / np.exp(s).sum(),
        np.exp,
        lambda s: s / s.sum(),
        lambda s: np.exp(s - s.max()),
    ],
    "02-1": [54_000 // 32, 54_000 / 32, 10 * 1688, 60_000 / 32, 32],
    "02-2": [-np.log(0.3), -np.log(0.05), -np.log10(0.05) / 2, np.log(0.05) / 2, 0.3],
    "02-3": [
        lambda weight, gradient, rate: weight + rate * gradient,
        lambda weight, gradient, rate: weight - gradient,
        lambda weight, gradient, rate: rate * gradient,
    ],
    "02-4": [
        lambda sums: (sums <= 0).any(axis=0).sum(),
        lambda sums: (sums <= 0).all(axis=1).sum(),
        lambda sums: (sums < 0).all(axis=0).sum(),
        lambda sums: (sums == 0).all(axis=0).sum(),
        lambda sums: (sums <= 0).sum(),
    ],
    "02-5": [
        lambda counts: place(off_diagonal(counts))[::-1],
        lambda counts: place(off_diagonal(counts / counts.sum(axis=1)[:, None])),
        place,
        lambda counts: off_diagonal(counts).argmax(),
    ],
    "03-1": [784 * 64 + 64 * 64 + 640, 785 * 64 + 650, 101_770, 55_049],
    "03-2": [0.9825 - 0.9999, 1.74, 0.9999],
    "03-3": ["A ", "c", "d"],
    "03-4": [
        lambda widths: sum(one * two for one, two in pairwise(widths)),
        lambda widths: (widths[0] + 1) * widths[1],
        lambda widths: sum(one * two + 1 for one, two in pairwise(widths)),
    ],
    "04-1": [28 - 5 + 1, (28 - 3 + 1) / 2, 28 / 2, 11],
    "04-2": [5 * 5 * 32 * 16, (5 * 5 + 1) * 16, (5 * 5 * 16 + 1) * 32, 12_815],
    "04-3": [18_432, 18_496 * 121, 18_432 * 169, 121 * 64 * 9, 204_800],
    "04-4": [
        lambda size, width, stride, padding: (size + 2 * padding - width) / stride + 1,
        lambda size, width, stride, padding: (size + 2 * padding - width) // stride,
        lambda size, width, stride, padding: (size + padding - width) // stride + 1,
    ],
    "04-5": [
        lambda *given: slide(*given, lambda p, w: (p * w[::-1, ::-1]).sum((2, 3))),
        lambda *given: slide(*given, lambda p, w: p.sum((2, 3))),
        lambda *given: slide(*given, lambda p, w: (p * w).max((2, 3))),
    ],
}


def said(name, answer) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), np.errstate(all="ignore"):
        check(name, answer)
    return text.getvalue()


def code_cells(path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def checked(path) -> list[str]:
    sources = "\n".join(cell.source for cell in code_cells(path))
    return re.findall(r'^check\("(.+?)"', sources, re.MULTILINE)


@pytest.fixture(scope="module")
def solved() -> dict[str, str]:
    """Run the notebook of solutions, and map each exercise to what `check` says."""
    if not load_mnist().is_mnist:
        pytest.skip("no MNIST to be had, which one exercise counts pixels of")
    namespace, answers = {}, {}
    for cell in code_cells(SOLUTIONS):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            exec(cell.source, namespace)
        answers[cell.id.removeprefix("solution-")] = text.getvalue()
    return answers


def test_every_exercise_is_asked_in_its_notebook_and_solved_in_order():
    for path in NOTEBOOKS:
        of_this = [name for name in EXERCISE if name[:2] == path.stem[:2]]
        assert checked(path) == of_this
        outputs = [cell.outputs for cell in code_cells(path) if "check(" in cell.source]
        texts = "".join(output.get("text", "") for each in outputs for output in each)
        assert texts.count("Not answered yet.\n") == len(of_this)
    assert checked(SOLUTIONS) == list(EXERCISE) == list(WRONG)


@pytest.mark.parametrize("name", EXERCISE)
def test_solutions_are_right_and_mistakes_are_not(name, solved):
    assert solved[name].startswith("Right. ")
    mistakes = [f"Nearly: {mistake['say']}\n" for mistake in EXERCISE[name]["nearly"]]
    answers = [said(name, answer) for answer in WRONG[name]]
    assert len(answers) >= 3
    assert answers[: len(mistakes)] == mistakes
    assert all(text.startswith("Not yet: ") for text in answers[len(mistakes) :])


@pytest.mark.parametrize("name", EXERCISE)
def test_an_answer_of_another_kind_gets_a_line(name, capsys):
    assert said(name, ...) == "Not answered yet.\n"
    for answer in ("many", None, [[1], [2, 3]], np.nan, True, lambda *_: 1 / 0):
        text = said(name, answer)
        assert text.startswith("Not yet: ")
        assert text.count("\n") == 1
    hint(name)
    assert len(capsys.readouterr().out) > 20


def test_a_function_may_be_unfinished_or_fail():
    assert said("04-4", lambda *_: ...) == "Not answered yet.\n"
    assert "returns None" in said("04-4", lambda *_: None)
    assert "ZeroDivisionError" in said("04-4", lambda *_: 1 / 0)
    assert "expected a function, got int" in said("04-4", 26)
    assert "shape (2,)" in said("02-5", lambda counts: 3)


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(
        CourseError, match=r"no exercise '05-1'; there are 01-1, .*04-5"
    ):
        check("05-1", ...)
