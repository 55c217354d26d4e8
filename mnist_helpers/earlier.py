"""The models that earlier runs left, for a notebook that has not trained them."""

from collections.abc import Callable
from pathlib import Path

from mnist_helpers.data import Dataset
from mnist_helpers.files import file_digest
from mnist_helpers.folders import output_folder, project_root
from mnist_helpers.quiet import keras
from mnist_helpers.results import ResultsError, read_run


def load_or_train(
    notebook: str, dataset: Dataset, train: Callable[[], keras.Model]
) -> keras.Model:
    """Load the model that a notebook saved in an earlier run, or train one.

    It is looked for where runs write: in the folder of this run, in ``build/run`` and
    in ``build/interactive``. A file is read only if the results of its run record its
    digest, and that run was on the same data.

    Parameters
    ----------
    notebook : str
        Its file name without its ending, such as ``04_cnn``.
    dataset : Dataset
        What the model must have been trained on.
    train : callable
        Called if there is no such model; gives a trained one.

    Returns
    -------
    keras.Model
    """
    builds = project_root() / "build"
    for folder in (output_folder(), builds / "run", builds / "interactive"):
        path = folder / "models" / f"{notebook}.keras"
        if _is_recorded(path, notebook, dataset):
            print(f"{notebook}: from an earlier run")
            return keras.models.load_model(path, safe_mode=True)
    print(f"{notebook}: no earlier run left it, training")
    return train()


def _is_recorded(model: Path, notebook: str, dataset: Dataset) -> bool:
    """Tell whether a model is the one that its run's results speak of."""
    folder = model.parents[1]
    try:
        results = read_run(folder / "results" / f"{notebook}.json")
        digest = file_digest(model)
    except (ResultsError, OSError):
        return False
    if notebook not in results:
        return False
    files = results[notebook].get("files")
    return (
        isinstance(files, dict)
        and files.get(f"models/{model.name}") == digest
        and results[notebook]["dataset"].get("digest") == dataset.digest
    )
