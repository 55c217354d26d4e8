"""The work on one notebook: its files as handed in, and what is wrong with them."""

import hashlib
import io
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from mnist_helpers.commands.archives import check_json, unpack
from mnist_helpers.data.mnist import MNIST, Dataset
from mnist_helpers.errors import CourseError
from mnist_helpers.evaluation.scores import Scores, evaluate
from mnist_helpers.results.artefacts import find_disorder
from mnist_helpers.results.assignment import PARTS, describe_network
from mnist_helpers.results.schema import LONGEST_MESSAGE, parse_results

# Another version of NumPy may sum in another order.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Work:
    """The work on one notebook.

    Attributes
    ----------
    name : str
        Such as ``02_small_mlp``.
    results : dict
        What the results file says; the network, optimizer and loss are those of the
        model file.
    probabilities : ndarray of shape (10000, 10)
        The stored predictions of the test images.
    scores : Scores
        Of these, by MNIST's own labels.
    """

    name: str
    notebook: NotebookNode
    results: dict
    probabilities: np.ndarray
    scores: Scores

    @property
    def number(self) -> str:
        """The number that the name begins with, such as ``02``."""
        return self.name.partition("_")[0]

    def outputs(self) -> list[NotebookNode]:
        """List the outputs of all code cells."""
        return [
            each for cell in self.notebook.cells for each in cell.get("outputs", [])
        ]

    def shows(self, item: str) -> bool:
        """Tell whether a cell with outputs has the tag of an item."""
        return any(
            f"item-{item}" in cell.metadata.get("tags", [])
            for cell in self.notebook.cells
            if cell.get("outputs")
        )


def read_work(
    files: Mapping[str, bytes], dataset: Dataset
) -> tuple[dict[str, Work], list[str]]:
    """Read and check the work on all notebooks; nothing in it is executed.

    Parameters
    ----------
    files : mapping
        Name to content of the files handed in, which may be a stranger's.
    dataset : Dataset
        MNIST, whose test labels judge.

    Returns
    -------
    dict
        Name of a notebook to its work, where it can be read.
    list of str
        One line per fault.
    """
    work, faults = {}, []
    for name in PARTS:
        try:
            one = _read(name, files, dataset)
            found = _find_faults(one, files)
            work[name] = one
        except CourseError as error:
            found = [str(error)]
        # The metadata of a notebook can be anything.
        except Exception as error:
            found = [f"cannot be checked: {error!r}"[:LONGEST_MESSAGE]]
        faults += [f"{name}: {fault}" for fault in found]
    return work, faults


def _read(name: str, files: Mapping[str, bytes], dataset: Dataset) -> Work:
    def read(path: str, parse: Callable[[bytes], Any]) -> Any:
        if path not in files:
            raise CourseError(f"{path} is missing")
        # Malformed content makes each parser raise errors of many types.
        try:
            return parse(files[path])
        except Exception as error:
            said = str(error) or type(error).__name__
            raise CourseError(f"{path}: {said[:LONGEST_MESSAGE]}") from None

    notebook = read(f"notebooks/{name}.ipynb", _parse_notebook)
    results = read(
        f"results/{name}.json", lambda content: parse_results(check_json(content))
    )
    if results["notebook"] != name or "metrics" not in results:
        raise CourseError(f"results/{name}.json: not of a training in {name}")
    recorded = results["dataset"]
    if (recorded["digest"], recorded["is_mnist"]) != (dataset.digest, True):
        raise CourseError(f"it was run on {recorded['name']}, not on {MNIST}")
    model = read(f"models/{name}.keras", _parse_model)
    results["model"]["layers"] = model.pop("layers")
    results["training"] |= model
    predictions = f"predictions/{name}.npz"
    probabilities = read(predictions, _parse_predictions)
    scores = read(predictions, lambda _: evaluate(dataset.test_labels, probabilities))
    return Work(name, notebook, results, probabilities, scores)


def _parse_notebook(content: bytes) -> NotebookNode:
    # Such as of two cells with one id.
    with warnings.catch_warnings(action="ignore"):
        notebook = nbformat.reads(check_json(content).decode(), as_version=4)
        nbformat.validate(notebook)
    return notebook


def _parse_model(content: bytes) -> dict:
    """Read how a model is built and was trained from its file."""
    model = json.loads(check_json(unpack(content)["config.json"]))
    compiled = model["compile_config"]
    return {
        "layers": describe_network(model["config"]),
        "optimizer": {"class_name": str(compiled["optimizer"]["class_name"])},
        "loss": str(compiled["loss"]),
    }


def _parse_predictions(content: bytes) -> np.ndarray:
    stored = unpack(content)["probabilities.npy"]
    return np.lib.format.read_array(io.BytesIO(stored), allow_pickle=False)


def _find_faults(work: Work, files: Mapping[str, bytes]) -> list[str]:
    changed = [
        path
        for path, digest in work.results["files"].items()
        if hashlib.sha256(files.get(path, b"")).hexdigest() != digest
    ]
    return [
        *(f"{path} is missing, or not as the results say" for path in changed),
        *_execution_faults(work),
        *_score_faults(work),
    ]


def _execution_faults(work: Work) -> list[str]:
    cells = [cell for cell in work.notebook.cells if cell.cell_type == "code"]
    disorder = find_disorder(work.notebook)
    errors = [
        f"cell {cell.id!r} ended in {output.ename}"
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error"
    ]
    return [disorder, *errors] if disorder else errors


def _score_faults(work: Work) -> list[str]:
    stored, scores = work.results, work.scores
    said = dict(stored["metrics"])
    computed = {
        name: getattr(scores, name) for name in ("accuracy", "macro_f1", "loss")
    }
    computed["best_validation_accuracy"] = max(stored["history"]["val_accuracy"])
    for digit, f1 in scores.per_class["f1"].items():
        said[f"F1 of {digit}"] = stored["per_class"][str(digit)]["f1"]
        computed[f"F1 of {digit}"] = f1
    faults = [
        f"its results give {name} as {said[name]:.6f}, but its files give {value:.6f}"
        for name, value in computed.items()
        if not abs(said[name] - value) <= ROUNDING
    ]
    shown = [
        output.metadata["scores"]
        for output in work.outputs()
        if "scores" in output.get("metadata", {})
    ]
    if shown != ([stored["metrics"]] if PARTS[work.name].network else []):
        faults.append("its check does not show the scores of its results")
    return faults
