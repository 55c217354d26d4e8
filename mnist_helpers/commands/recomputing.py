"""Recompute the predictions of the networks that were handed in.

Of a model's file only arrays of the expected shapes are read: no configuration and no
code, and nothing that HDF5 would fetch from elsewhere. The arithmetic is NumPy's.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import h5py
import numpy as np
from scipy.special import softmax

from mnist_helpers.commands.archives import unpack
from mnist_helpers.commands.work import Work
from mnist_helpers.data import Dataset
from mnist_helpers.errors import CourseError
from mnist_helpers.evaluation.scores import evaluate
from mnist_helpers.results.assignment import PARTS

# How far roundings may move a probability: 1e-5 on processors, more on graphics cards,
# which multiply with fewer digits.
TOLERANCE = 0.01
BATCH_SIZE = 500
Layer = tuple[np.ndarray, np.ndarray]


def recompute(
    work: Mapping[str, Work], files: Mapping[str, bytes], dataset: Dataset
) -> tuple[dict[str, Work], list[str]]:
    """Score the assigned networks by predictions of their own.

    A network that is not the assigned one cannot be asked.

    Returns
    -------
    dict
        The work, with these scores.
    list of str
        One line per network that does not give the stored predictions.
    """
    scored, faults = dict(work), []
    for name, one in work.items():
        part = PARTS[name]
        if not part.network or one.results["model"]["layers"] != part.network:
            continue
        try:
            layers = read_layers(files[f"models/{name}.keras"], part.kernels)
            predicted = predict(layers, dataset.test_images)
            scores = evaluate(dataset.test_labels, predicted)
        # HDF5 raises errors of many types.
        except Exception as error:
            faults.append(f"{name}: its network cannot predict: {error}")
            continue
        scored[name] = replace(one, scores=scores)
        if np.abs(predicted - one.probabilities).max() > TOLERANCE:
            faults.append(
                f"{name}: its network gives other predictions: accuracy "
                f"{scores.accuracy:.4f}, but {one.scores.accuracy:.4f} by the stored"
            )
    return scored, faults


def read_layers(content: bytes, kernels: Sequence[tuple[int, ...]]) -> list[Layer]:
    """Read kernels of these shapes, and their biases, from a Keras file."""
    layers, count = [], {"conv2d": 0, "dense": 0}
    with h5py.File(io.BytesIO(unpack(content)["model.weights.h5"]), "r") as file:
        for shape in kernels:
            kind = "dense" if len(shape) == 2 else "conv2d"
            name = f"{kind}_{count[kind]}" if count[kind] else kind
            count[kind] += 1
            kernel = _read_array(file, f"layers/{name}/vars/0", shape)
            layers.append(
                (kernel, _read_array(file, f"layers/{name}/vars/1", shape[-1:]))
            )
    return layers


def _read_array(file: h5py.File, path: str, shape: tuple[int, ...]) -> np.ndarray:
    node = file
    for name in path.split("/"):
        # Other links lead to other places, or other files.
        if not isinstance(node.get(name, getlink=True), h5py.HardLink):
            raise CourseError(f"its file has no {path}")
        node = node[name]
    # Neither composed of other files nor packed; so its size is that of its shape.
    is_plain = isinstance(node, h5py.Dataset) and not (
        node.external or node.is_virtual or node.chunks
    )
    if not is_plain or node.shape != shape or node.dtype != np.float32:
        raise CourseError(f"{path} is not a plain array of float32, shape {shape}")
    values = node[()]
    if not np.isfinite(values).all():
        raise CourseError(f"{path} has numbers that are not finite")
    return values


def predict(layers: Sequence[Layer], images: np.ndarray) -> np.ndarray:
    """Predict images, (n, 28, 28), uint8: probabilities of shape (n, 10).

    After each kernel comes a ReLU, after that of a convolution max pooling by 2x2 too,
    and after the last one softmax.
    """
    batches = range(0, len(images), BATCH_SIZE)
    return np.concatenate(
        [_predict(layers, images[first : first + BATCH_SIZE]) for first in batches]
    )


def _predict(layers: Sequence[Layer], images: np.ndarray) -> np.ndarray:
    values = images[..., np.newaxis] / np.float32(255)
    *hidden, (kernel, bias) = layers
    for each in hidden:
        values = np.maximum(_apply(*each, values), 0)
        if values.ndim == 4:
            values = _pool(values)
    return softmax(_apply(kernel, bias, values), axis=1)


def _apply(kernel: np.ndarray, bias: np.ndarray, values: np.ndarray) -> np.ndarray:
    if kernel.ndim == 2:
        return values.reshape(len(values), -1) @ kernel + bias
    windows = np.lib.stride_tricks.sliding_window_view(values, kernel.shape[:2], (1, 2))
    return np.tensordot(windows, kernel, ((4, 5, 3), (0, 1, 2))) + bias


def _pool(values: np.ndarray) -> np.ndarray:
    count, rows, columns, channels = values.shape
    even = values[:, : rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(count, rows // 2, 2, columns // 2, 2, channels).max(axis=(2, 4))
