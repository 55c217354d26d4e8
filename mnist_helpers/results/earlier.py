"""The models that earlier runs left, for a notebook that has not trained them."""

from collections.abc import Callable
from pathlib import Path

from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.files import file_digest, output_folder, project_root
from mnist_helpers.results.recipes import default_parameters
from mnist_helpers.results.schema import ResultsError, read_run

# Parameters with which the network and its recipe stay what they are.
FREE = {"SEED", "EXTENDED", "SPEEDRUN"}


def load_or_train(
    notebook: str, dataset: Dataset, train: Callable[[], keras.Model]
) -> keras.Model:
    """Load the model that a notebook saved in an earlier run, or train one.

    It is looked for where runs write: in the folder of this run, in ``build/run`` and
    in ``build/interactive``. A file is read only if the results of its run record its
    digest, and that run was on the same data, at the defaults of the notebook in
    ``notebooks`` (any seed will do), and trained for all its epochs.

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

    Raises
    ------
    OSError
        If there is no such notebook.
    """
    root = project_root()
    defaults = default_parameters(root / "notebooks" / f"{notebook}.ipynb")
    writes = (output_folder(), root / "build" / "run", root / "build" / "interactive")
    for folder in dict.fromkeys(path.resolve() for path in writes):
        path = folder / "models" / f"{notebook}.keras"
        if _is_recorded(path, notebook, dataset, defaults):
            print(f"{notebook}: from the earlier run in {folder}")
            return keras.models.load_model(path, safe_mode=True)
    print(f"{notebook}: no earlier run at its defaults left it, training")
    return train()


def _is_recorded(
    model: Path, notebook: str, dataset: Dataset, defaults: dict[str, object]
) -> bool:
    """Tell whether a model is the one that its run's results speak of."""
    folder = model.parents[1]
    try:
        results = read_run(folder / "results" / f"{notebook}.json")[notebook]
        parameters = results["parameters"]
        # An interrupted training has fewer epochs than it was to have.
        is_whole = len(results["history"]["val_accuracy"]) >= parameters["EPOCHS"]
        recorded = results["files"][f"models/{model.name}"]
        digest = file_digest(model)
    except (ResultsError, OSError, KeyError, TypeError):
        return False
    return (
        is_whole
        and recorded == digest
        and results["dataset"].get("digest") == dataset.digest
        and _fixed(parameters) == _fixed(defaults)
    )


def _fixed(parameters: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if name not in FREE}
