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
        Name of an ingredient to its value, which JSON can hold.

    Raises
    ------
    OSError
        If the notebook cannot be read.
    """
    environment = describe_environment()
    return {
        "code": _code(path),
        "parameters": default_parameters(path) | parameters,
        "package": environment["package"],
        "versions": environment["versions"],
    }


def recipe_of(executed: Path, results: dict) -> dict[str, object]:
    """Collect what the results of an earlier run were made from, as far as they say.

    Parameters
    ----------
    executed : Path
        The executed notebook.
    results : dict
        The content of its results file.

    Returns
    -------
    dict
        As of `recipe`, and the ``dataset``'s digest; what the results do not say is
        None.

    Raises
    ------
    OSError
        If the notebook cannot be read.
    """
    environment = results.get("environment", {})
    return {
        "code": _code(executed),
        "parameters": results.get("parameters"),
        "dataset": results.get("dataset", {}).get("digest"),
        "package": environment.get("package"),
        "versions": environment.get("versions"),
    }


def default_parameters(path: Path) -> dict[str, object]:
    """Read the parameters that a notebook runs with where it is given none.

    Parameters
    ----------
    path : Path
        The notebook.

    Returns
    -------
    dict
        Name to value; of a value that is computed when the notebook runs, its source.

    Raises
    ------
    OSError
        If the notebook cannot be read.
    """
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
        # Computed when the notebook runs: equal to no value of an earlier run.
        return source
