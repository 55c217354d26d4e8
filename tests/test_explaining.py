"""Grad-CAM, against the class activation map that it generalises."""

import numpy as np
import pytest

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training.grad_cam import grad_cam


@pytest.fixture(autouse=True)
def _first_weights():
    keras.utils.set_random_seed(1)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, 28, 28, 1)).astype(np.float32)


def build(*layers: keras.layers.Layer) -> keras.Model:
    digits = keras.layers.Dense(10, activation="softmax", name="digits")
    return keras.Sequential([keras.Input((28, 28, 1)), *layers, digits])


def test_over_an_average_it_is_the_class_activation_map(images):
    # Zhou et al., "Learning Deep Features for Discriminative Localization" (2016).
    convolution = keras.layers.Conv2D(5, 3, padding="same", name="maps")
    model = build(convolution, keras.layers.GlobalAveragePooling2D())
    digits = np.array([3, 0, 9])
    heat = grad_cam(model, "maps", images, digits)
    weights = model.get_layer("digits").kernel.numpy()[:, digits].T
    maps = convolution(images).numpy()
    expected = np.maximum((maps * weights[:, np.newaxis, np.newaxis]).sum(axis=3), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(heat, expected, atol=1e-4)


def test_a_map_lies_where_its_image_is():
    model = build(
        keras.layers.Conv2D(1, 3, kernel_initializer="ones"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(1, 3, kernel_initializer="ones", name="maps"),
        keras.layers.Flatten(),
    )
    weights = model.get_layer("digits")
    weights.kernel.assign(np.ones(weights.kernel.shape))
    places = [(6, 7), (14, 13), (20, 21)]
    spots = np.zeros((3, 28, 28, 1), np.float32)
    for spot, place in zip(spots, places, strict=True):
        spot[place] = 1
    heat = grad_cam(model, "maps", spots, np.zeros(3, int))
    rows, columns = np.mgrid[:28, :28]
    for of_spot, (row, column) in zip(heat, places, strict=True):
        centre = [(axis * of_spot).sum() / of_spot.sum() for axis in (rows, columns)]
        assert centre == pytest.approx((row, column), abs=1.0)
    assert heat.shape == (3, 28, 28)
    assert heat.max(axis=(1, 2)) == pytest.approx(np.ones(3), abs=0.3)


def test_a_model_that_was_saved_gives_the_same_map(tmp_path, images):
    convolution = keras.layers.Conv2D(5, 3, activation="relu", name="maps")
    model = build(convolution, keras.layers.MaxPooling2D(2), keras.layers.Flatten())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    digits = np.array([3, 0, 9])
    heat = grad_cam(model, "maps", images, digits)
    assert heat.max() > 0.5
    np.testing.assert_array_equal(grad_cam(loaded, "maps", images, digits), heat)


def test_where_nothing_speaks_for_a_digit_it_is_0(images):
    convolution = keras.layers.Conv2D(2, 3, activation="relu", name="maps")
    model = build(convolution, keras.layers.Flatten())
    weights = model.get_layer("digits")
    weights.kernel.assign(-np.ones(weights.kernel.shape))
    assert (grad_cam(model, "maps", images, np.array([1, 2, 3])) == 0).all()


def test_wrong_arguments_are_refused(images):
    convolution = keras.layers.Conv2D(2, 3, name="maps")
    model = build(convolution, keras.layers.Flatten())
    with pytest.raises(ValueError, match="got 2, expected one for each of 3"):
        grad_cam(model, "maps", images, np.array([1, 2]))
    with pytest.raises(ValueError, match="strokes"):
        grad_cam(model, "strokes", images, np.array([1, 2, 3]))
