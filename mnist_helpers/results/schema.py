"""The results file of a run: its schema, and how it is read back."""

import json
import sys
from pathlib import Path

SCHEMA = 2

SECTIONS = ("dataset", "parameters", "model", "environment")
METRICS = ("accuracy", "macro_f1", "loss", "best_validation_accuracy")
DIGITS = tuple(map(str, range(10)))


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
    if problem := _find_problem(results):
        raise ResultsError(f"{path}: {problem}; run the notebook again")
    return results


def _find_problem(results: dict) -> str | None:
    """Say what keeps results from being compared, if anything does."""
    if not isinstance(results.get("notebook"), str):
        return "no notebook, expected its name"
    for name in (*SECTIONS, "metrics", "per_class"):
        if not isinstance(results.get(name), dict):
            return f"no {name}, expected an object"
    numbers = {f"metrics {name}": results["metrics"].get(name) for name in METRICS}
    for digit in DIGITS:
        of_digit = results["per_class"].get(digit)
        is_object = isinstance(of_digit, dict)
        numbers[f"per_class {digit} f1"] = of_digit.get("f1") if is_object else None
    for name, value in numbers.items():
        # JSON as Python reads it has NaN, infinity, and whole numbers beyond any float.
        if not (isinstance(value, (int, float)) and abs(value) <= sys.float_info.max):
            return f"{name}: got {value!r}, expected a finite number"
    return None
