"""What a run of a notebook is made from, to tell whether an earlier one still holds."""

import ast
from pathlib import Path

import nbformat
import papermill

from mnist_helpers.environment.description import describe_environment

# Papermill's tag of the cell that it adds for the parameters that it is given.
INJECTED = "injected-parameters"


def recipe(path: Path, given: dict[str, object]) -> dict[str, object]:
    """Collect what a run's results depend on, apart from the data and the machine.

    ``given`` are the parameters that the notebook gets in place of its defaults.
    """
    declared = papermill.inspect_notebook(literal(path))
    defaults = {name: _value(each["default"]) for name, each in declared.items()}
    return _ingredients(path, defaults | given, describe_environment())


def recipe_of(executed: Path, results: dict) -> dict[str, object]:
    """Collect the same of an executed notebook, and the ``dataset``'s digest."""
    dataset = {"dataset": results["dataset"]["digest"]}
    parameters, environment = results["parameters"], results["environment"]
    return _ingredients(executed, parameters, environment) | dataset


def _ingredients(
    path: Path, parameters: dict[str, object], environment: dict[str, object]
) -> dict[str, object]:
    code = [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", [])
    ]
    machine = {name: environment[name] for name in ("package", "versions")}
    return {"code": code, "parameters": parameters} | machine


def _value(source: str) -> object:
    """Read a default; of a computed one, the source equals no recorded value."""
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source


def differences(earlier: dict[str, object], now: dict[str, object]) -> list[str]:
    """Name the ingredients that are not the same in two recipes."""
    return [name for name in now if earlier.get(name) != now[name]]


def literal(path: Path) -> str:
    """Double the braces, which papermill would take for places to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")
