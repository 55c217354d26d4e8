"""The results file of a run: its schema, and how it is read back."""

import json
import textwrap
from pathlib import Path

import jsonschema

SCHEMA = 3

SECTIONS = ("dataset", "parameters", "model", "environment")
METRICS = ("accuracy", "macro_f1", "loss", "best_validation_accuracy")
DIGITS = tuple(map(str, range(10)))
# Messages may quote a stranger's file.
LONGEST_MESSAGE = 300

_NUMBER = {"type": "number", "minimum": -1e300, "maximum": 1e300}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_ENVIRONMENT = {
    "versions": _TEXTS | {"minProperties": 1},
    "python": {"type": "string"},
    "system": {"type": "string"},
    "processor": {"type": "string"},
    "cores": {"type": "integer"},
    "commit": {"type": "string"},
    "package": {"type": "string"},
}


def _object(**properties: dict) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


# As much of a results file as is read again; `TrainingRun.save` writes it.
RESULTS_SCHEMA = _object(
    schema={"const": SCHEMA},
    notebook={"type": "string"},
    dataset=_object(name={"type": "string"}, digest={"type": "string"}),
    parameters={"type": "object"},
    seed={"type": "integer", "minimum": 0, "maximum": 2**32},
    model=_object(parameters={"type": "integer"}, layers={"type": "string"}),
    training=_object(
        optimizer=_object(class_name={"type": "string"}),
        loss={"type": "string"},
        batch_size={"type": ["integer", "null"]},
        kept_by={"type": ["string", "null"]},
    ),
    findings={"type": "object"},
    metrics=_object(**dict.fromkeys(METRICS, _NUMBER)),
    per_class=_object(**dict.fromkeys(DIGITS, _object(f1=_NUMBER))),
    history=_object(
        loss={"type": "array", "items": _NUMBER, "minItems": 1},
        val_accuracy={"type": "array", "items": _NUMBER, "minItems": 1},
    ),
    claims={
        "type": "array",
        "items": _object(
            metric={"type": "string"},
            asked={"type": "string"},
            minimum=_NUMBER,
            measured=_NUMBER,
            met={"type": ["boolean", "null"]},
        ),
    },
    environment=_object(**_ENVIRONMENT),
    files=_TEXTS,
)


class ResultsError(ValueError):
    """Results that are not there, cannot be read, or are not those of a run."""


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
        If there is nothing, or something that `Run.save` does not write.
    """
    if not path.is_dir():
        files = [path]
    # Hidden files are those that a run has not finished writing.
    elif not (files := sorted((path / "results").glob("[!.]*.json"))):
        raise ResultsError(
            f"{path}: no results/*.json in it, expected the output folder of a run, "
            "such as build/run, or one results file"
        )
    run: dict[str, dict] = {}
    for file in files:
        results = _read_file(file)
        if results["notebook"] in run:
            raise ResultsError(f"{file}: a second file of {results['notebook']}")
        run[results["notebook"]] = results
    return run


def _read_file(path: Path) -> dict:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(
            f"{path}: {error.strerror}; expected the output folder of a run, such as "
            "build/run, or one results file"
        ) from None
    # Bytes that are no UTF-8, text that is no JSON, or brackets without end.
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: not JSON: {error}") from None
    if not isinstance(results, dict) or "schema" not in results:
        raise ResultsError(
            f"{path}: not a results file, which is a JSON object with a schema"
        )
    if results["schema"] != SCHEMA:
        raise ResultsError(
            f"{path}: got schema {results['schema']!r}, expected {SCHEMA}; "
            "run the notebook again with this version"
        )
    try:
        check_results(results)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}; run the notebook again") from None
    return results


def check_results(results: object) -> None:
    """Hold results to the schema.

    Parameters
    ----------
    results : object
        What a results file holds.

    Raises
    ------
    ResultsError
        If they are not what `TrainingRun.save` writes; the message says where.
    """
    try:
        jsonschema.validate(results, RESULTS_SCHEMA)
    except jsonschema.ValidationError as error:
        said = textwrap.shorten(error.message, LONGEST_MESSAGE)
        raise ResultsError(f"{error.json_path}: {said}") from None
