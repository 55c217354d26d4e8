"""A notebook's parameters: what each may be, and the check of what is given."""

import difflib
import math
import reprlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from mnist_helpers.errors import CourseError


@dataclass(frozen=True)
class Range:
    """The values that a parameter may have, both ends included, and one of them."""

    lowest: float
    highest: float
    example: float

    def __str__(self) -> str:
        return f"{self.lowest:,} to {self.highest:,}"


# Wide enough for whatever can be learned from a parameter. Beyond, a run would take
# days, or more memory than a laptop has, or end in a loss that is no number.
RANGES = {
    "SEED": Range(0, 2**32 - 1, example=1),  # NumPy's seeds end there
    "EPOCHS": Range(1, 1000, example=10),
    "BATCH_SIZE": Range(1, 10_000, example=32),
    "HIDDEN_UNITS": Range(1, 10_000, example=128),
    "LEARNING_RATE": Range(1e-6, 1, example=0.001),
    "VALIDATION_FRACTION": Range(0.001, 0.9, example=0.1),
}

KINDS = {
    "bool": (bool, "True or False"),
    "int": (int, "a whole number"),
    "float": ((int, float), "a finite number"),
    "str": (str, "text"),
}


def check_name(name: str, known: Iterable[str]) -> None:
    """Raise `CourseError` for an unknown parameter, and propose the nearest one."""
    names = sorted(known)
    if name in names:
        return
    nearest = difflib.get_close_matches(name.upper(), names, n=1)
    question = f" Did you mean {nearest[0]}?" if nearest else ""
    raise CourseError(
        f"unknown parameter {name}.{question} There are {', '.join(names)}. A new one "
        "needs its type in the parameters cell, as in NAME: int = 1"
    )


def check_value(name: str, value: object, type_name: str) -> None:
    """Raise `CourseError` for a value of the wrong type, or outside the range.

    ``type_name`` is the type that the notebook declares, one of `KINDS`.
    """
    if type_name not in KINDS:
        raise CourseError(f"{name}: declared as {type_name}, expected {list(KINDS)}")
    kind, expected = KINDS[type_name]
    # Python counts True and False among the whole numbers.
    fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
    if fits and type_name == "float":
        fits = math.isfinite(value)
    allowed = RANGES.get(name)
    if allowed and fits:
        fits = allowed.lowest <= value <= allowed.highest
    if not fits:
        hint = f" from {allowed}, such as {allowed.example}" if allowed else ""
        raise CourseError(
            f"{name}: got {reprlib.repr(value)}, expected {expected}{hint}"
        )


def check_parameters(namespace: dict[str, object]) -> dict[str, object]:
    """Pick a notebook's parameters out of its variables, and check them.

    A number that papermill has read as text becomes a number.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``. Its parameters are the variables in UPPER_CASE
        that are declared with their types, such as ``EPOCHS: int = 10``.

    Returns
    -------
    dict
        Name to value, in the order of the declarations.
    """
    declared = {
        name: getattr(annotation, "__name__", str(annotation))
        for name, annotation in namespace.get("__annotations__", {}).items()
        if name.isupper()
    }
    for name, type_name in declared.items():
        given = namespace.get(name)
        if type_name == "float" and isinstance(given, str):
            # To YAML, 1e-3 is text.
            with suppress(ValueError):
                given = namespace[name] = float(given)
        check_value(name, given, type_name)
    return {name: namespace[name] for name in declared}
