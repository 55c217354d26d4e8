"""The grid of a sweep, as the command line gives it, and its points."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from mnist_helpers.commands.notebooks import declared_parameters, read_value
from mnist_helpers.errors import CourseError
from mnist_helpers.results.parameters import check_name

MOST_VALUES = 10_000


@dataclass
class Point:
    """One point of the grid, which is finished if its folder exists."""

    parameters: dict[str, object]
    folder: Path
    message: str = "not run"

    def __str__(self) -> str:
        values = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        reason = self.message.partition("\n")[0]
        return f"{values}: {'done' if self.folder.exists() else reason}"


def read_grid(notebook: Path, given: Iterable[str]) -> dict[str, list]:
    """Read the values of each parameter, such as ``HIDDEN_UNITS=8,16`` or ``SEED=0:3``.

    Between commas are values or, for numbers, ranges without their stop, as in Python.
    Each value is checked, and has the type that the notebook declares.
    """
    declared = declared_parameters(notebook)
    grid: dict[str, list] = {}
    for text in given:
        name, _, values = text.partition("=")
        check_name(name, declared)
        type_name = declared[name]["inferred_type_name"]
        for item in values.split(","):
            is_range = ":" in item and type_name in ("int", "float")
            grid.setdefault(name, []).extend(
                read_value(name, value, type_name)
                for value in (_expand(item) if is_range else [item])
            )
    # A value that is given twice runs once.
    return {name: list(dict.fromkeys(values)) for name, values in grid.items()}


def _expand(item: str) -> list[str]:
    first, stop, *step = item.split(":")
    try:
        # In binary, 0.1 + 0.2 is not 0.3.
        first, stop, step = map(Decimal, (first, stop, *(step or ["1"])))
        count = math.ceil((stop - first) / step)
    except (ArithmeticError, ValueError):
        count = 0
    if not 1 <= count <= MOST_VALUES:
        raise CourseError(
            f"--grid: got {item}, expected FIRST:STOP or FIRST:STOP:STEP with 1 to "
            f"{MOST_VALUES:,} values"
        )
    return [f"{first + index * step}" for index in range(count)]
