"""Grad-CAM, against the class activation map that it generalises."""

import numpy as np
import pytest

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training.grad_cam import grad_cam


@pytest.fixture
def images():
    keras.utils.set_random_seed(1)
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
    kernel = model.get_layer("digits").kernel
    kernel.assign(np.ones(kernel.shape))
    places = [(6, 7), (14, 13), (20, 21)]
    spots = np.zeros((3, 28, 28, 1), np.float32)
    for spot, place in zip(spots, places, strict=True):
        spot[place] = 1
    heat = grad_cam(model, "maps", spots, np.zeros(3, int))
    axes = np.mgrid[:28, :28]
    for of_spot, place in zip(heat, places, strict=True):
        centre = [(axis * of_spot).sum() / of_spot.sum() for axis in axes]
        assert centre == pytest.approx(place, abs=1.0)


def test_where_nothing_speaks_for_a_digit_it_is_0(images):
    convolution = keras.layers.Conv2D(2, 3, activation="relu", name="maps")
    model = build(convolution, keras.layers.Flatten())
    kernel = model.get_layer("digits").kernel
    kernel.assign(-np.ones(kernel.shape))
    assert (grad_cam(model, "maps", images, np.array([1, 2, 3])) == 0).all()
