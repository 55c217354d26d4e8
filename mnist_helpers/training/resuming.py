"""The state of a training after its last finished epoch, to go on after a kill."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.files import write_whole


def training_fingerprint(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, **settings: int
) -> str:
    """Say what a training starts from, so that its state is not taken for another's.

    Parameters
    ----------
    model : keras.Model
        Compiled, with a built optimizer, before the training: its layers, its loss
        and the values of its weights count.
    inputs, labels : ndarray
        The training data.
    **settings : int
        What else the training depends on, such as its seed.

    Returns
    -------
    str
        The same for the same model, data and settings.
    """
    values = [variable.value.numpy() for variable in _variables(model)]
    return json.dumps(
        {
            "layers": [_configuration(layer) for layer in model.layers],
            "optimizer": _configuration(model.optimizer),
            "loss": keras.losses.serialize(keras.losses.get(model.loss)),
            "arrays": [
                zlib.crc32(np.ascontiguousarray(array))
                for array in (*values, inputs, labels)
            ],
        }
        | settings,
        default=str,
    )


def save_state(
    path: Path,
    fingerprint: str,
    epochs: int,
    model: keras.Model,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Write a training's state after an epoch, whole or not at all.

    Parameters
    ----------
    path : Path
        The file, ending in ``.npz``.
    fingerprint : str
        Of `training_fingerprint`.
    epochs : int
        How many are finished.
    model : keras.Model
        In training: its variables, its optimizer's and its history are kept.
    callbacks : sequence of keras.callbacks.Callback
        Of ``ModelCheckpoint``, the best value so far is kept.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    state = {
        "fingerprint": fingerprint,
        "epochs": epochs,
        "history": json.dumps(model.history.history, default=float),
        "best": json.dumps([c.best for c in _checkpoints(callbacks)], default=float),
    }
    variables = [variable.value.numpy() for variable in _variables(model)]
    write_whole(path, lambda temporary: np.savez(temporary, *variables, **state))


def restore_state(
    path: Path,
    fingerprint: str,
    model: keras.Model,
    callbacks: Sequence[keras.callbacks.Callback],
) -> int:
    """Take up a training's state, if there is one and it is of this training.

    Parameters
    ----------
    path, fingerprint, model, callbacks
        As of `save_state`; the training has begun, but no epoch of it.

    Returns
    -------
    int
        How many epochs are finished; 0 if the training starts anew.
    """
    checkpoints = _checkpoints(callbacks)
    try:
        with np.load(path, allow_pickle=False) as stored:
            state = dict(stored)
        bests = json.loads(str(state["best"]))
        same = str(state["fingerprint"]) == fingerprint
        same &= len(bests) == len(checkpoints)
    except FileNotFoundError:
        return 0
    except Exception:  # a damaged file can fail in any of zipfile's and NumPy's ways
        same = False
    if not same:
        print(f"{path.name} is of no use to this training, which starts anew")
        return 0
    for index, variable in enumerate(_variables(model)):
        variable.assign(state[f"arr_{index}"])
    for checkpoint, best in zip(checkpoints, bests, strict=True):
        checkpoint.best = best
    model.history.history = json.loads(str(state["history"]))
    model.history.epoch = list(range(len(model.history.history["loss"])))
    epochs = int(state["epochs"])
    print(f"the training goes on after epoch {epochs}")
    return epochs


def _configuration(part: keras.layers.Layer | keras.optimizers.Optimizer) -> dict:
    # Keras counts the names up: "adam_1" is the second of a process.
    return part.get_config() | {"name": type(part).__name__}


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def _checkpoints(
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[keras.callbacks.ModelCheckpoint]:
    kind = keras.callbacks.ModelCheckpoint
    return [callback for callback in callbacks if isinstance(callback, kind)]
