"""Predictions recomputed from a model's file are Keras's, and a file is only data."""

import io

import h5py
import numpy as np
import pytest

from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.commands.recomputing import predict, read_layers
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.errors import CourseError
from mnist_helpers.results.assignment import PARTS

KERNELS = PARTS["02_small_mlp"].kernels
DENSE = keras.layers.Dense


def convolutional() -> list[keras.Layer]:
    return [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(64, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        DENSE(128, "relu"),
        DENSE(10, "softmax"),
    ]


def build(name: str) -> keras.Model:
    flat = keras.Input((784,))
    layers = {
        "02_small_mlp": [flat, DENSE(8, "relu", name="hidden"), DENSE(10, "softmax")],
        "03_wide_mlp": [flat, DENSE(128, "relu"), DENSE(10, "softmax")],
        "04_cnn": convolutional(),
    }
    keras.utils.set_random_seed(3)
    model = keras.Sequential(layers[name])
    # Biases that are not all 0.
    generator = np.random.default_rng(3)
    noise = [generator.normal(0, 0.1, each.shape) for each in model.get_weights()]
    model.set_weights(
        [one + other for one, other in zip(model.get_weights(), noise, strict=True)]
    )
    return model


def save(model: keras.Model, path) -> bytes:
    model.save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> bytes:
    return save(build("02_small_mlp"), tmp_path_factory.mktemp("a") / "model.keras")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PARTS if PARTS[name].network])
def test_the_predictions_are_those_of_keras(tmp_path, name):
    model = build(name)
    images = np.random.default_rng(0).integers(0, 256, (700, 28, 28)).astype(np.uint8)
    inputs = images.reshape(-1, *model.input_shape[1:]) / np.float32(255)
    content = save(model, tmp_path / "model.keras")
    recomputed = predict(read_layers(content, PARTS[name].kernels), images)
    expected = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(recomputed, expected, atol=1e-5)
    assert expected.max() > 0.5
    count = sum(map(np.size, model.get_weights()))
    assert PARTS[name].parameters == count


def spoil(content: bytes, change) -> bytes:
    members = unpack(content)
    stream = io.BytesIO(members["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        change(file)
    return pack(members | {"model.weights.h5": stream.getvalue()})


def replace(make):
    def change(file):
        del file["layers/dense/vars/0"]
        make(file["layers/dense/vars"])

    return change


def virtual(group):
    layout = h5py.VirtualLayout((784, 8), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (784, 8))
    group.create_virtual_dataset("0", layout)


ZEROS = np.zeros((784, 8), np.float32)
EXTERNAL = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
HOSTILE = {
    "missing": lambda group: None,
    "a group": lambda group: group.create_group("0"),
    "an external link": lambda group: group.__setitem__(
        "0", h5py.ExternalLink("/etc/passwd", "x")
    ),
    "a soft link": lambda group: group.__setitem__("0", h5py.SoftLink("/layers")),
    "external storage": lambda group: group.create_dataset(
        "0", (784, 8), np.float32, external=EXTERNAL
    ),
    "composed of other files": virtual,
    "packed": lambda group: group.create_dataset("0", data=ZEROS, compression="gzip"),
    "another shape": lambda group: group.create_dataset("0", data=ZEROS[:-1]),
    "another type": lambda group: group.create_dataset("0", data=ZEROS.astype(int)),
    "not finite": lambda group: group.create_dataset("0", data=ZEROS * np.nan),
    "huge": lambda group: group.create_dataset("0", (2**40,), np.float32),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_only_plain_arrays_of_the_right_shape_are_read(stored, make):
    assert len(read_layers(spoil(stored, lambda file: None), KERNELS)) == 2
    with pytest.raises(CourseError, match="layers/dense/vars/0"):
        read_layers(spoil(stored, replace(make)), KERNELS)


def test_a_file_of_another_network_is_refused(stored):
    with pytest.raises(CourseError, match="not a plain array"):
        read_layers(stored, PARTS["03_wide_mlp"].kernels)
