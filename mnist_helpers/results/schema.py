"""The results file of a run: its schema, and how it is written and read back."""

import json
from pathlib import Path

import fastjsonschema

from mnist_helpers.environment.files import write_whole
from mnist_helpers.errors import CourseError

METRICS = ("accuracy", "macro_f1", "loss", "best_validation_accuracy")
DIGITS = tuple(map(str, range(10)))
# Messages may quote a stranger's file.
LONGEST_MESSAGE = 300

# A training is recorded whole, or not at all.
RESULTS_SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
SCHEMA = RESULTS_SCHEMA["properties"]["schema"]["const"]
_validate = fastjsonschema.compile(RESULTS_SCHEMA, use_default=False)


def write_results(path: Path, results: dict[str, object]) -> None:
    """Write results that fit the schema, whole or not at all."""
    text = json.dumps(results, indent=1) + "\n"
    parse_results(text)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


def parse_results(text: str | bytes) -> dict:
    """Parse a results file, which may be a stranger's.

    Raises
    ------
    CourseError
        If it does not fit the schema; the message says where, in one short line.
    """
    try:
        results = json.loads(text, parse_constant=_refuse)
    # Bytes that are not UTF-8, text that is not JSON, or brackets without end.
    except (ValueError, RecursionError) as error:
        raise CourseError(f"not JSON: {error}") from None
    if not isinstance(results, dict) or "schema" not in results:
        raise CourseError("not a results file: expected a JSON object with a schema")
    if results["schema"] != SCHEMA:
        raise CourseError(
            f"got schema {_shorten(str(results['schema']))}, expected {SCHEMA}; "
            "run the notebook again with this version"
        )
    try:
        return _validate(results)
    except fastjsonschema.JsonSchemaValueException as error:
        raise CourseError(_shorten(error.message)) from None


def _refuse(constant: str) -> None:
    raise CourseError(f"got {constant}, expected finite numbers")


def _shorten(text: str) -> str:
    return " ".join(text.split())[:LONGEST_MESSAGE]


def read_results(path: Path) -> dict:
    """Read a results file; see `parse_results`."""
    try:
        return parse_results(path.read_bytes())
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from None
    except CourseError as error:
        raise CourseError(f"{path}: {error}") from None


def read_run(path: Path) -> dict[str, dict]:
    """Read the results of a run, or of one notebook of it.

    Parameters
    ----------
    path : Path
        The output folder of a run, or one of the files in its ``results``.

    Returns
    -------
    dict
        Notebook to its results, in the order of the notebooks.
    """
    # Hidden files are those that a run has not finished writing.
    files = sorted((path / "results").glob("[!.]*.json")) if path.is_dir() else [path]
    if not any(file.exists() for file in files):
        raise CourseError(
            f"{path}: no results there, expected the output folder of a run, such as "
            "build/run, or one file in its folder results"
        )
    read = [read_results(file) for file in files]
    return {results["notebook"]: results for results in read}
