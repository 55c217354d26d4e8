"""The results file of a run: its schema, and how it is written and read back."""

import json
from pathlib import Path

import jsonschema

from mnist_helpers.errors import CourseError
from mnist_helpers.files import write_whole

SCHEMA = 3

METRICS = ("accuracy", "macro_f1", "loss", "best_validation_accuracy")
DIGITS = tuple(map(str, range(10)))
# Messages may quote a stranger's file.
LONGEST_MESSAGE = 300

_NUMBER = {"type": "number", "minimum": -1e300, "maximum": 1e300}
_NUMBERS = {"type": "array", "items": _NUMBER, "minItems": 1}
_INTEGER = {"type": "integer"}
_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_OBJECT = {"type": "object"}


def _object(**properties: dict) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


# What `TrainingRun.save` writes besides.
_TRAINED = {
    "seed": {"type": "integer", "minimum": 0, "maximum": 2**32},
    "model": _object(name=_TEXT, layers=_TEXT, parameters=_INTEGER),
    "training": _object(
        optimizer=_object(class_name=_TEXT),
        loss={},
        batch_size={"type": ["integer", "null"]},
        seconds={"type": ["number", "null"]},
        kept_by={"type": ["string", "null"]},
    ),
    "metrics": _object(**dict.fromkeys(METRICS, _NUMBER)),
    "per_class": _object(**dict.fromkeys(DIGITS, _object(f1=_NUMBER))),
    "history": _object(loss=_NUMBERS, val_accuracy=_NUMBERS),
    "claims": {
        "type": "array",
        "items": _object(
            metric=_TEXT,
            asked=_TEXT,
            minimum=_NUMBER,
            measured=_NUMBER,
            met={"type": ["boolean", "null"]},
        ),
    },
}
RESULTS_SCHEMA = _object(
    schema={"const": SCHEMA},
    notebook=_TEXT,
    dataset=_object(name=_TEXT, digest=_TEXT, is_mnist={"type": "boolean"}),
    parameters=_OBJECT,
    findings=_OBJECT,
    notebook_seconds=_NUMBER,
    environment=_object(
        versions=_TEXTS | {"minProperties": 1},
        python=_TEXT,
        system=_TEXT,
        processor=_TEXT,
        cores=_INTEGER,
        commit=_TEXT,
        package=_TEXT,
    ),
    files=_TEXTS,
)
RESULTS_SCHEMA["properties"] |= _TRAINED
# All of a training is recorded, or nothing.
RESULTS_SCHEMA["dependentRequired"] = {name: [*_TRAINED] for name in _TRAINED}


class ResultsError(CourseError):
    """Results that are not there, cannot be read, or are not those of a run."""


def write_results(path: Path, results: dict[str, object]) -> None:
    """Write a results file, whole or not at all.

    Raises
    ------
    ResultsError
        If the results do not fit the schema.
    """
    text = json.dumps(results, indent=1) + "\n"
    parse_results(text)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


def parse_results(text: str | bytes) -> dict:
    """Read the content of a results file.

    Raises
    ------
    ResultsError
        If a run does not write such results; the message says where they differ.
    """
    try:
        results = json.loads(text, parse_constant=_refuse)
    except ResultsError:
        raise
    # Bytes that are no UTF-8, text that is no JSON, or brackets without end.
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"not JSON: {error}") from None
    if not isinstance(results, dict) or "schema" not in results:
        raise ResultsError("not a results file, which is a JSON object with a schema")
    if results["schema"] != SCHEMA:
        raise ResultsError(
            f"got schema {_shorten(repr(results['schema']))}, expected {SCHEMA}; "
            "run the notebook again with this version"
        )
    validator = jsonschema.Draft202012Validator(RESULTS_SCHEMA)
    if error := jsonschema.exceptions.best_match(validator.iter_errors(results)):
        raise ResultsError(f"{error.json_path}: {_shorten(error.message)}")
    return results


def _refuse(constant: str) -> None:
    raise ResultsError(f"got {constant}, expected finite numbers")


def _shorten(text: str) -> str:
    return " ".join(text.split())[:LONGEST_MESSAGE]


def read_results(path: Path) -> dict:
    """Read a results file.

    Raises
    ------
    ResultsError
        If it cannot be read, or a run does not write such a file.
    """
    try:
        return parse_results(path.read_bytes())
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from None


def read_run(path: Path) -> dict[str, dict]:
    """Read the results of a run, or of one notebook of it.

    Parameters
    ----------
    path : Path
        A folder that a run wrote, such as ``build/run``, or one of the files in its
        ``results``.

    Returns
    -------
    dict
        Notebook to its results, in the order of the notebooks.

    Raises
    ------
    ResultsError
        If there is nothing, or something that a run does not write.
    """
    files = [path]
    if path.is_dir():
        # Hidden files are those that a run has not finished writing.
        files = sorted((path / "results").glob("[!.]*.json"))
    if not any(file.exists() for file in files):
        raise ResultsError(
            f"{path}: no results there, expected the output folder of a run, such as "
            "build/run, or one file in its folder results"
        )
    run: dict[str, dict] = {}
    for file in files:
        results = read_results(file)
        if results["notebook"] in run:
            raise ResultsError(f"{file}: a second file of {results['notebook']}")
        run[results["notebook"]] = results
    return run
