"""Resume a run: keep the notebooks whose earlier results are made from the same."""

import ast
from pathlib import Path

import nbformat
from rich.console import Console

from mnist_helpers.commands.execution import Outcome, run_notebooks
from mnist_helpers.commands.notebooks import declared_parameters
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.environment.variables import kernel_environment, settings
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.artefacts import check_complete

# Papermill's tag of the cell that it adds for the parameters that it is given.
INJECTED = "injected-parameters"


def resume_notebooks(
    assigned: dict[Path, dict[str, object]],
    dataset_digest: str,
    output: Path,
    jobs: int,
    cell_timeout: int,
    console: Console,
) -> list[Outcome]:
    """Execute the notebooks that have no complete results in `output`.

    Results are kept if they were made from the same code, parameters, data, package,
    versions and settings. See `run_notebooks`.
    """
    outcomes, left = {}, {}
    for path, parameters in assigned.items():
        made_from = provenance(path, parameters) | {"dataset": dataset_digest}
        try:
            outcomes[path] = _earlier_outcome(path.stem, output, made_from)
        except (CourseError, OSError) as error:
            console.print(f"{path.stem} runs: {error}")
            left[path] = parameters
    ran = run_notebooks(left, output, jobs, cell_timeout, console)
    outcomes.update(zip(left, ran, strict=True))
    return [outcomes[path] for path in assigned]


def _earlier_outcome(name: str, output: Path, made_from: dict[str, object]) -> Outcome:
    results = check_complete(name, output)
    executed = output / "notebooks" / f"{name}.ipynb"
    changed = differences(provenance_of(executed, results), made_from)
    if changed:
        raise CourseError(f"its earlier run differs in {', '.join(changed)}")
    return Outcome(name, 0.0, ExitCode.COMPLETED, "", results, earlier=True)


def provenance(path: Path, given: dict[str, object]) -> dict[str, object]:
    """Collect what a run's results depend on, apart from the data and the machine.

    ``given`` are the parameters that the notebook gets in place of its defaults.
    """
    declared = declared_parameters(path)
    defaults = {name: _value(each["default"]) for name, each in declared.items()}
    environment = describe_environment() | {"settings": settings(kernel_environment())}
    return _ingredients(path, defaults | given, environment)


def provenance_of(executed: Path, results: dict) -> dict[str, object]:
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
    machine = ("package", "versions", "settings")
    of_machine = {name: environment.get(name) for name in machine}
    return {"code": code, "parameters": parameters} | of_machine


def _value(source: str) -> object:
    """Read a default; of a computed one, the source equals no recorded value."""
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source


def differences(earlier: dict[str, object], now: dict[str, object]) -> list[str]:
    """Name the ingredients that are not the same in two runs."""
    return [name for name in now if earlier.get(name) != now[name]]
