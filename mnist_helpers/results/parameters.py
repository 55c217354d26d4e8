"""A notebook's parameters: what each may be, and the check of what is given."""

import ast
import difflib
import math
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass

from mnist_helpers.errors import CourseError


class ParameterError(CourseError):
    """A parameter that there is not, or a value that it cannot have."""


@dataclass(frozen=True)
class Range:
    """The values that a parameter may have, both ends among them.

    Attributes
    ----------
    lowest, highest : float
        The ends.
    example : float
        A value for an error message to propose.
    """

    lowest: float
    highest: float
    example: float

    def __contains__(self, value: float) -> bool:
        """Tell whether a value is in the range, which NaN never is."""
        return self.lowest <= value <= self.highest

    def __str__(self) -> str:
        """Say both ends."""
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
    "bool": "True or False",
    "int": "a whole number",
    "float": "a finite number",
    "str": "text",
}


def check_name(name: str, known: Iterable[str]) -> None:
    """Refuse a parameter that there is not.

    Parameters
    ----------
    name : str
        As it was given.
    known : iterable of str
        The names that there are.

    Raises
    ------
    ParameterError
        If the name is not among them; the message proposes the nearest.
    """
    names = sorted(known)
    if name in names:
        return
    nearest = difflib.get_close_matches(name.upper(), names, n=1)
    question = f" Did you mean {nearest[0]}?" if nearest else ""
    raise ParameterError(
        f"unknown parameter {name}.{question} There are {', '.join(names)}; "
        "python -m mnist_helpers parameters says what each may be. A new one needs "
        "its type in the parameters cell, as in NAME: int = 1"
    )


def check_value(name: str, value: object, type_name: str) -> None:
    """Refuse a value of the wrong type, or outside the parameter's range.

    Parameters
    ----------
    name : str
        The parameter, known to `RANGES` or not.
    value : object
        What it was given.
    type_name : str
        The type that the notebook declares: ``bool``, ``int``, ``float``, for which
        a whole number will do, or ``str``.

    Raises
    ------
    ParameterError
        If the value does not fit; the message says which values do.
    """
    if type_name not in KINDS:
        raise ParameterError(
            f"{name}: declared as {type_name}, expected one of {', '.join(KINDS)}, "
            f"such as {name}: int = 1"
        )
    allowed = RANGES.get(name)
    if _has_type(value, type_name) and (allowed is None or value in allowed):
        return
    hint = f" from {allowed}, such as {allowed.example}" if allowed else ""
    raise ParameterError(
        f"{name}: got {reprlib.repr(value)}, expected {KINDS[type_name]}{hint}"
    )


def _has_type(value: object, type_name: str) -> bool:
    # Python counts True and False among the whole numbers.
    if type_name == "bool" or isinstance(value, bool):
        return type_name == "bool" and isinstance(value, bool)
    if type_name == "float":
        return isinstance(value, (int, float)) and -math.inf < value < math.inf
    return isinstance(value, int if type_name == "int" else str)


def check_parameters(namespace: dict[str, object]) -> dict[str, object]:
    """Pick a notebook's parameters out of its variables, and check them.

    A parameter is a variable in UPPER_CASE that is declared with its type, such as
    ``EPOCHS: int = 10``. What papermill assigns has no type of its own, so that a
    name which is not declared as well is a mistake.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``.

    Returns
    -------
    dict
        Name to value, in the order of the declarations.

    Raises
    ------
    ParameterError
        If a name is not declared, or a value is not of its type or not in its range.
    """
    declared = {
        name: getattr(annotation, "__name__", str(annotation))
        for name, annotation in namespace.get("__annotations__", {}).items()
        if name.isupper()
    }
    by_hand = {
        name
        for name, value in namespace.items()
        if name.isupper() and isinstance(value, (bool, int, float, str))
    }
    for name in sorted(by_hand | _injected(namespace.get("In", []))):
        check_name(name, declared)
    for name, type_name in declared.items():
        check_value(name, namespace.get(name), type_name)
    return {name: namespace[name] for name in declared}


def _injected(cells: Iterable[str]) -> set[str]:
    """Names that papermill assigns, in a cell that it begins with this comment."""
    statements = [
        statement
        for source in cells
        if source.startswith("# Parameters\n")
        for statement in ast.parse(source).body
    ]
    return {
        target.id
        for statement in statements
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
