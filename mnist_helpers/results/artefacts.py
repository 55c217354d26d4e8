"""What the run of a notebook leaves: whether all of it is there, and where it goes."""

from pathlib import Path

import nbformat

from mnist_helpers.environment.files import file_digest
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.schema import read_results


def check_complete(name: str, folder: Path) -> dict:
    """Read the results of a notebook that ran to its end.

    Papermill's own word is not enough: its status of a cell is "completed" even if
    the kernel died in it.

    Raises
    ------
    CourseError
        If a cell was not executed in its turn, or a file is missing or is not the one
        that the results describe.
    """
    executed = folder / "notebooks" / f"{name}.ipynb"
    try:
        notebook = nbformat.read(executed, as_version=4)
    except Exception as error:  # nbformat raises whatever it stumbles over
        raise _incomplete(f"no executed {executed.name}: {error}") from None
    if disorder := find_disorder(notebook):
        raise _incomplete(disorder)
    path = folder / "results" / f"{name}.json"
    if not path.exists():
        raise _incomplete(f"it ran to the end but saved no {path.name}")
    results = read_results(path)
    check_files(results, folder, *results["files"])
    return results


def find_disorder(notebook: nbformat.NotebookNode) -> str:
    """Say in which order cells were executed, or nothing if from top to bottom."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # A cell without source, as JupyterLab appends them, is never executed.
    counts = [cell.execution_count for cell in code if cell.source.strip()]
    if counts == list(range(1, len(counts) + 1)):
        return ""
    return f"its cells were executed in the order {counts}, not 1, 2, 3"


def check_files(results: dict, folder: Path, *names: str) -> None:
    """Raise `CourseError` if a file of a run is missing, or has changed since."""
    for name in names:
        file = folder / name
        inside = file.resolve().is_relative_to(folder.resolve())
        if not inside or not file.is_file():
            raise _incomplete(f"{folder} has no {name}; run {results['notebook']}")
        if file_digest(file) != results["files"].get(name):
            raise _incomplete(
                f"{folder}: {name} is not the file that the results describe; run "
                f"{results['notebook']} again"
            )


def _incomplete(message: str) -> CourseError:
    return CourseError(message, ExitCode.NOTEBOOK_FAILED)


def move_into_place(name: str, staging: Path, output: Path) -> None:
    """Move a complete run's files from one folder to another on the same disk.

    Results go last: at any moment, all that they name is there too.
    """
    results = f"results/{name}.json"
    files = read_results(staging / results)["files"]
    moves = [*files, f"notebooks/{name}.ipynb", results]
    for moved in moves:
        (output / moved).parent.mkdir(parents=True, exist_ok=True)
    (output / results).unlink(missing_ok=True)
    for moved in moves:
        (staging / moved).replace(output / moved)
