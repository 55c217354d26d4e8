"""What the run of a notebook leaves: whether all of it is there, and where it goes."""

from pathlib import Path

import nbformat

from mnist_helpers.errors import CourseError
from mnist_helpers.files import file_digest
from mnist_helpers.results.schema import ResultsError, read_results


class ArtefactError(CourseError):
    """A notebook ran to its end, but something that it should leave is not there."""


def check_complete(name: str, folder: Path) -> dict:
    """Read the results of a notebook that ran to its end; all they name must be there.

    Papermill's own word is not enough: its status of a cell is "completed" even if
    the kernel died in it.

    Parameters
    ----------
    name : str
        The notebook's file name without its ending.
    folder : Path
        What the run has written, the executed notebook included.

    Returns
    -------
    dict
        The content of the results file.

    Raises
    ------
    ArtefactError
        If there is no executed notebook, or a cell was not executed in its turn, or
        there are no results, or a file that they name is not there with the digest
        that they give.
    OSError
        If a file cannot be read.
    """
    executed = folder / "notebooks" / f"{name}.ipynb"
    if not executed.exists():
        raise ArtefactError(f"there is no executed {executed.name}")
    try:
        notebook = nbformat.read(executed, as_version=4)
    except Exception as error:  # nbformat raises whatever it stumbles over
        raise ArtefactError(f"{executed.name} is not a notebook: {error}") from None
    counts = [cell.execution_count for cell in notebook.cells if "outputs" in cell]
    if counts != list(range(1, len(counts) + 1)):
        raise ArtefactError(f"its cells were executed in the order {counts}")
    path = folder / "results" / f"{name}.json"
    if not path.exists():
        raise ArtefactError(f"it ran to the end but saved no {path.name}")
    try:
        results = read_results(path)
    except ResultsError as error:
        raise ArtefactError(str(error)) from None
    for named, digest in results["files"].items():
        file = folder / named
        if not file.resolve().is_relative_to(folder.resolve()):
            raise ArtefactError(f"{path.name} names {named}, outside of its folder")
        if not file.is_file() or file_digest(file) != digest:
            raise ArtefactError(f"{path.name} names {named}, which is not as it says")
    return results


def move_into_place(name: str, staging: Path, output: Path) -> None:
    """Move a complete run's files from one folder to another on the same disk.

    At any moment, where there are results all that they name is there too.

    Parameters
    ----------
    name : str
        The notebook's file name without its ending.
    staging, output : Path
        Where the files are, and where they go.

    Raises
    ------
    OSError
        If a folder cannot be written; if it cannot be made, nothing has been moved.
    """
    results = f"results/{name}.json"
    files = read_results(staging / results)["files"]
    moves = [*files, f"notebooks/{name}.ipynb", results]
    for moved in moves:
        (output / moved).parent.mkdir(parents=True, exist_ok=True)
    (output / results).unlink(missing_ok=True)
    for moved in moves:
        (staging / moved).replace(output / moved)
