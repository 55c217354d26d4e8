"""What a run of a notebook is made from, to tell whether an earlier one still holds."""

import ast
from pathlib import Path

import nbformat
import papermill

from mnist_helpers.environment.description import describe_environment

# Papermill's tag of the cell that it adds for the parameters that it is given.
INJECTED = "injected-parameters"


def recipe(path: Path, parameters: dict[str, object]) -> dict[str, object]:
    """Collect what a run's results depend on, apart from the data and the machine.

    Parameters
    ----------
    path : Path
        The notebook.
    parameters : dict
        Those that it is given in place of its defaults.

    Returns
    -------
    dict
        ``code``, ``parameters``, ``package`` (a digest) and ``versions``.
    """
    environment = describe_environment()
    return {
        "code": _code(path),
        "parameters": default_parameters(path) | parameters,
        "package": environment["package"],
        "versions": environment["versions"],
    }


def recipe_of(executed: Path, results: dict) -> dict[str, object]:
    """Collect the same of an executed notebook, and the ``dataset``'s digest."""
    return {
        "code": _code(executed),
        "parameters": results["parameters"],
        "dataset": results["dataset"]["digest"],
        "package": results["environment"]["package"],
        "versions": results["environment"]["versions"],
    }


def default_parameters(path: Path) -> dict[str, object]:
    """Read a notebook's defaults; of a computed one, its source."""
    declared = papermill.inspect_notebook(literal(path))
    return {name: _value(parameter["default"]) for name, parameter in declared.items()}


def differences(earlier: dict[str, object], now: dict[str, object]) -> list[str]:
    """Name the ingredients that are not the same in two recipes."""
    return [name for name in now if earlier.get(name) != now[name]]


def literal(path: Path) -> str:
    """Double the braces, which papermill would take for places to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _code(path: Path) -> list[str]:
    return [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", [])
    ]


def _value(source: str) -> object:
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source
