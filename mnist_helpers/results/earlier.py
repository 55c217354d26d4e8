"""The three networks of an earlier run, for notebooks that do not train them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_helpers.data import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.files import file_digest, project_root
from mnist_helpers.results.assignment import PARTS

# Network to the notebook that trains it.
NETWORKS = {"small MLP": "02_small_mlp", "wide MLP": "03_wide_mlp", "CNN": "04_cnn"}
# Parameters that must be the same for all three: they make the validation set.
SHARED = ("SEED", "VALIDATION_FRACTION")


class EarlierRunError(ValueError):
    """An earlier run that is incomplete, or not the one that is needed."""


@dataclass(frozen=True)
class EarlierRun:
    """What a notebook left: its results, its model and its test predictions."""

    results: dict
    model: keras.Model
    probabilities: np.ndarray


def load_run(folder: str | Path, dataset: Dataset) -> dict[str, EarlierRun]:
    """Load the three networks of one run of the four notebooks.

    A model is read only if its SHA-256 is the one in the results of its notebook.

    Parameters
    ----------
    folder : str or Path
        Output folder of the run. A relative one is below the project's root.
    dataset : Dataset
        What the networks must have been trained on.

    Returns
    -------
    dict
        A run each for ``small MLP``, ``wide MLP`` and ``CNN``, in this order.

    Raises
    ------
    EarlierRunError
        If something is missing or changed, was made with other data, or is not an
        assigned network; or if the three were trained with different seeds or splits.
    """
    root = project_root() / folder
    results = {
        notebook: _read_results(root, folder, notebook)
        for notebook in NETWORKS.values()
    }
    for notebook, of_notebook in results.items():
        _require_assigned(folder, notebook, of_notebook, dataset)
    _require_same_split(folder, results)
    return {
        network: _load(root, folder, results[notebook])
        for network, notebook in NETWORKS.items()
    }


def _read_results(root: Path, folder: str | Path, notebook: str) -> dict:
    path = root / "results" / f"{notebook}.json"
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EarlierRunError(_missing(folder, f"results of {notebook}")) from None
    except ValueError as error:
        raise EarlierRunError(f"{path}: not a results file, {error}") from error
    if not isinstance(results, dict) or results.get("notebook") != notebook:
        raise EarlierRunError(f"{path}: expected the results of {notebook}")
    return results


def _missing(folder: str | Path, what: str) -> str:
    return (
        f"{folder} has no {what}: run the four notebooks first (make run), or set "
        "RUN_FOLDER to another run's folder"
    )


def _require_assigned(
    folder: str | Path, notebook: str, results: Mapping, dataset: Dataset
) -> None:
    made_from = results.get("dataset", {})
    if made_from.get("digest") != dataset.digest:
        raise EarlierRunError(
            f"{folder}: {notebook} was trained on {made_from.get('name')}, expected "
            f"{dataset.name}, which was loaded here (digest {dataset.digest[:8]}…)"
        )
    layers, assigned = results.get("model", {}).get("layers"), PARTS[notebook].network
    if layers != assigned:
        raise EarlierRunError(
            f"{folder}: the network of {notebook} is {layers}, expected {assigned}"
        )


def _require_same_split(folder: str | Path, results: Mapping[str, Mapping]) -> None:
    for name in SHARED:
        values = {
            notebook: of_notebook.get("parameters", {}).get(name)
            for notebook, of_notebook in results.items()
        }
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{value} in {key}" for key, value in values.items())
            raise EarlierRunError(
                f"{folder}: {name} is {listed}; expected the same in all three"
            )


def _load(root: Path, folder: str | Path, results: Mapping) -> EarlierRun:
    notebook = results["notebook"]
    model, predictions = f"models/{notebook}.keras", f"predictions/{notebook}.npz"
    for name in (model, predictions):
        if not (root / name).is_file():
            raise EarlierRunError(_missing(folder, name))
        if file_digest(root / name) != results.get("files", {}).get(name):
            raise EarlierRunError(
                f"{folder}: {name} is not the file that results/{notebook}.json "
                f"describes; run {notebook} again"
            )
    with np.load(root / predictions) as arrays:
        probabilities = arrays["probabilities"]
    return EarlierRun(
        dict(results),
        keras.models.load_model(root / model, safe_mode=True),
        probabilities,
    )
