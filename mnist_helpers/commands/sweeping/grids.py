"""The grids of a sweep: what is given on the command line, checked, and its points."""

import hashlib
import itertools
import json
import math
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import papermill

from mnist_helpers.commands.notebooks import read_value
from mnist_helpers.errors import CourseError
from mnist_helpers.results.parameters import check_name
from mnist_helpers.results.recipes import literal

MOST_POINTS = 100_000
EXPECTED = "expected NAME=A,B,... or NAME=FIRST:STOP or NAME=FIRST:STOP:STEP"


def read_grids(path: Path, given: Iterable[str]) -> dict[str, list]:
    """Read the grids of a sweep over a notebook's parameters.

    A grid is a name, ``=``, and values with commas between them. Among numbers, a
    range stands for all its values, without its stop, as in Python: ``0:3`` is 0, 1
    and 2; ``0.1:0.4:0.1`` is 0.1, 0.2 and 0.3.

    Parameters
    ----------
    path : Path
        The notebook, which declares the parameters' types.
    given : iterable of str
        Such as ``HIDDEN_UNITS=8,16,32`` and ``SEED=0:10``.

    Returns
    -------
    dict
        Parameter to its values, each of the declared type, in the order given.

    Raises
    ------
    CourseError
        If a grid is not written so, is empty, or has a value twice; if there is no
        such parameter, a value is not of its type or not in its range; or if there
        are more than 100,000 points.
    """
    declared = papermill.inspect_notebook(literal(path))
    grids: dict[str, list] = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise CourseError(f"--grid {text}: {EXPECTED}")
        check_name(name, declared)
        if name in grids:
            raise CourseError(f"--grid {text}: a second grid of {name}")
        type_name = declared[name]["inferred_type_name"]
        grids[name] = [
            read_value(name, value, type_name)
            for item in values.split(",")
            for value in _expand(item, text, type_name)
        ]
        seen = set()
        for value in grids[name]:
            if value in seen:
                raise CourseError(f"--grid {text}: {value!r} twice")
            seen.add(value)
    count = math.prod(map(len, grids.values()))
    if count > MOST_POINTS:
        raise CourseError(
            f"--grid: got {count:,} points, expected at most {MOST_POINTS:,}"
        )
    return grids


def _expand(item: str, text: str, type_name: str) -> list[str]:
    """Write out a range; whatever else there is stays as it is."""
    if ":" not in item or type_name not in ("int", "float"):
        return [item]
    parts = item.split(":")
    try:
        # Not in binary, where 0.1 + 0.2 is 0.30000000000000004.
        first, stop, step = map(Decimal, parts if len(parts) == 3 else [*parts, "1"])
        count = math.ceil((stop - first) / step)
    except (ArithmeticError, ValueError):
        raise CourseError(f"--grid {text}: got {item}, {EXPECTED}") from None
    if step <= 0 or count < 1:
        raise CourseError(f"--grid {text}: {item} has no values")
    if count > MOST_POINTS:
        raise CourseError(
            f"--grid {text}: {item} has {count:,} values, expected at most "
            f"{MOST_POINTS:,}"
        )
    return [f"{first + index * step}" for index in range(count)]


def points_of(grids: dict[str, list]) -> list[dict[str, object]]:
    """Multiply grids out.

    Parameters
    ----------
    grids : dict
        Parameter to its values.

    Returns
    -------
    list of dict
        A point each: parameter to value. The last parameter changes fastest.
    """
    return [
        dict(zip(grids, values, strict=True))
        for values in itertools.product(*grids.values())
    ]


def point_name(notebook: str, parameters: dict[str, object]) -> str:
    """Name a point's folder, whatever its parameters hold.

    Parameters
    ----------
    notebook : str
        Its file name without its ending.
    parameters : dict
        All of the notebook's, those too that are not swept, to their values.

    Returns
    -------
    str
        Sixteen hexadecimal digits, the same for the same notebook and values.
    """
    text = json.dumps([notebook, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def describe_point(point: dict[str, object]) -> str:
    """Write a point for a reader, such as ``HIDDEN_UNITS=8 SEED=0``."""
    return " ".join(f"{name}={value}" for name, value in point.items())
