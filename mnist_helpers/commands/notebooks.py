"""Which notebooks a command is about, and the parameters that they declare."""

from collections.abc import Iterable
from pathlib import Path

import papermill

from mnist_helpers.errors import CourseError
from mnist_helpers.results.parameters import check_name, check_value


def find_notebooks(folder: Path, names: Iterable[str]) -> list[Path]:
    """Find notebooks by number, name or path; by default, the four of the course.

    ``further`` stands for every notebook in the folder of that name.
    """
    course = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not course:
        raise CourseError(f"no notebooks in {folder}")
    known = [*course, *sorted((folder / "further").glob("*.ipynb"))]
    found = set()
    for name in names:
        matches = {path for path in known if _goes_by(path, name)}
        if not matches:
            stems = ", ".join(path.stem for path in known)
            raise CourseError(f"no notebook {name!r}; expected one of {stems}")
        found |= matches
    return [path for path in known if path in found] or course


def find_notebook(folder: Path, name: str) -> Path:
    """Find one notebook of the course, or any other by its path."""
    path = Path(name).resolve()
    if path.suffix == ".ipynb" and path.is_file():
        return path
    found = find_notebooks(folder, [name])
    if len(found) > 1:
        raise CourseError(f"got {len(found)} notebooks for {name!r}, expected one")
    return found[0]


def _goes_by(path: Path, name: str) -> bool:
    if name.endswith(".ipynb"):
        return path == Path(name).resolve()
    number = path.stem.partition("_")[0]
    return name in (path.stem, number if number.isdigit() else path.parent.name)


def assign_parameters(
    notebooks: Iterable[Path], given: dict[str, str]
) -> dict[Path, dict[str, object]]:
    """Give each notebook the parameters that it declares, checked and typed.

    Raises `CourseError` for a name that no notebook declares, and for a value of
    another type or outside its range.
    """
    declared = {path: declared_parameters(path) for path in notebooks}
    known = {name for parameters in declared.values() for name in parameters}
    for name in given:
        check_name(name, known)
    return {
        path: {
            name: read_value(name, text, parameters[name]["inferred_type_name"])
            for name, text in given.items()
            if name in parameters
        }
        for path, parameters in declared.items()
    }


def read_value(name: str, text: str, type_name: str) -> object:
    """Read a parameter's value from text, and check it."""
    truths = {"true": True, "false": False}
    kinds = {"int": int, "float": float, "bool": lambda text: truths[text.lower()]}
    try:
        value = kinds[type_name](text)
    except (LookupError, ValueError):
        value = text  # which the check allows or refuses
    check_value(name, value, type_name)
    return value


def declared_parameters(path: Path) -> dict[str, dict]:
    """Read what a notebook's parameters cell declares, as papermill infers it."""
    try:
        return papermill.inspect_notebook(literal(path))
    # Papermill raises whatever it stumbles over.
    except Exception as error:
        raise CourseError(
            f"{path} cannot be read: {error}; git restore notebooks brings the "
            "published ones back"
        ) from None


def literal(path: Path) -> str:
    """Double the braces, which papermill would take for places to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")
