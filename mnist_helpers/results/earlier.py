"""The three networks of an earlier run, and what they read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mnist_helpers.data import Dataset, FoundDigit
from mnist_helpers.environment.files import project_root
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.errors import CourseError
from mnist_helpers.evaluation.scores import format_confidence
from mnist_helpers.preprocessing import scale_images
from mnist_helpers.results.artefacts import check_files
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.schema import read_results

# Network to the notebook that trains it.
NETWORKS = {"small MLP": "02_small_mlp", "wide MLP": "03_wide_mlp", "CNN": "04_cnn"}
# Parameters that must be the same for all three: they make the validation set.
SHARED = ("SEED", "VALIDATION_FRACTION")


@dataclass(frozen=True)
class EarlierRun:
    """What a notebook left: its results, its model and its test predictions."""

    results: dict
    model: keras.Model
    probabilities: np.ndarray


def load_run(folder: str | Path, dataset: Dataset) -> dict[str, EarlierRun]:
    """Load the three networks of one run of the four notebooks, by their names.

    A model is read only if its SHA-256 is the one in the results of its notebook.

    Parameters
    ----------
    folder : str or Path
        Output folder of the run. A relative one is below the project's root.
    dataset : Dataset
        What the networks must have been trained on.

    Raises
    ------
    CourseError
        If something is missing or changed, was made with other data, or is not an
        assigned network; or if the three were trained with different seeds or splits.
    """
    root = project_root() / folder
    try:
        loaded = {
            name: _load(root, notebook, dataset) for name, notebook in NETWORKS.items()
        }
    except CourseError as error:
        raise CourseError(
            f"{error}\nRun the four notebooks first (make run), or name the folder of "
            "another run: RUN_FOLDER in a notebook, --run in a command."
        ) from None
    for name in SHARED:
        values = [run.results["parameters"][name] for run in loaded.values()]
        if len(set(values)) > 1:
            raise CourseError(
                f"{folder}: {name} is {values}, expected the same in all three"
            )
    return loaded


def _load(root: Path, notebook: str, dataset: Dataset) -> EarlierRun:
    results = read_results(root / "results" / f"{notebook}.json")
    if results["dataset"]["digest"] != dataset.digest:
        raise CourseError(
            f"{notebook} was trained on {results['dataset']['name']}, expected "
            f"{dataset.name}, which was loaded here"
        )
    layers, assigned = results["model"]["layers"], PARTS[notebook].network
    if layers != assigned:
        raise CourseError(f"the network of {notebook} is {layers}, expected {assigned}")
    model, predictions = f"models/{notebook}.keras", f"predictions/{notebook}.npz"
    check_files(results, root, model, predictions)
    with np.load(root / predictions) as arrays:
        probabilities = arrays["probabilities"]
    network = keras.models.load_model(root / model, safe_mode=True)
    return EarlierRun(results, network, probabilities)


def answer_photo(
    found: Sequence[FoundDigit], networks: Mapping[str, keras.Model]
) -> pd.DataFrame:
    """Ask networks for the digits of a photograph.

    There is a row per digit, from left to right, and a column per network, with its
    answer and confidence, such as ``7 (98 %)``.
    """
    inputs = scale_images(np.stack([digit.image for digit in found]))
    answers = {
        name: network.predict(inputs.reshape(-1, *network.input_shape[1:]), verbose=0)
        for name, network in networks.items()
    }
    return pd.DataFrame(
        {
            name: [f"{row.argmax()} ({format_confidence(row.max())})" for row in rows]
            for name, rows in answers.items()
        },
        index=pd.RangeIndex(1, len(found) + 1, name="place"),
    )
