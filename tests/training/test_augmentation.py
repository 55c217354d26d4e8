"""Random distortions and averaged shifts, against scipy and plain loops."""

import numpy as np
import pytest
from scipy import ndimage

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training.augmentation import SHIFTS, RandomAffine, average_shifts

NOTHING = {"rotation": 0, "scaling": 0, "shearing": 0, "shifting": 0}


@pytest.fixture(scope="module")
def images():
    """Smooth blobs within a margin, so that nothing leaves the image."""
    noise = np.random.default_rng(0).random((200, 28, 28))
    blobs = np.stack([ndimage.gaussian_filter(image, 2) for image in noise])
    blobs[:, :7] = blobs[:, -7:] = 0
    blobs[:, :, :7] = blobs[:, :, -7:] = 0
    return blobs[..., np.newaxis].astype(np.float32)


def distort(images, seed=1, **amounts):
    layer = RandomAffine(**NOTHING | amounts, seed=seed)
    return layer(images, training=True).numpy()


def centres(images):
    """Centre of mass of each image: (n, 2), rows and columns."""
    return np.array([ndimage.center_of_mass(image[..., 0]) for image in images])


def test_without_training_and_without_amounts_nothing_changes(images):
    layer = RandomAffine(rotation=30, scaling=0.2, shearing=0.2, shifting=2, seed=1)
    np.testing.assert_array_equal(layer(images, training=False), images)
    np.testing.assert_allclose(distort(images), images, atol=1e-6)


def test_shifts_move_the_centre_by_no_more_than_they_may(images):
    moved = centres(distort(images, shifting=2)) - centres(images)
    assert np.abs(moved).max() <= 2.001
    # Evenly drawn from -2 to 2: standard deviation 4 / sqrt(12).
    assert moved.std(axis=0) == pytest.approx([1.155, 1.155], abs=0.15)
    flat = distort(images.reshape(-1, 784), shifting=2)
    np.testing.assert_array_equal(flat, distort(images, shifting=2).reshape(-1, 784))


def test_a_rotation_keeps_the_middle_and_the_mass(images):
    spot = np.zeros((500, 28, 28, 1), np.float32)
    spot[:, 13:15, 20:22] = 1
    rows, columns = (centres(distort(spot, rotation=20)) - 13.5).T
    assert np.hypot(rows, columns) == pytest.approx(np.full(500, 7.02), abs=0.2)
    angles = np.rad2deg(np.arctan2(rows, columns))
    assert np.abs(angles).max() <= 20.5
    assert angles.std() == pytest.approx(40 / np.sqrt(12), abs=1)


def test_scales_and_shears_are_those_of_an_affine_map():
    corners = np.zeros((300, 28, 28, 1), np.float32)
    corners[:, 5:7, 5:7] = 1
    rows, columns = (centres(distort(corners, scaling=0.2)) - 13.5).T
    # From new to old a place is stretched by 0.8 to 1.2, so a spot moves to 8 / that.
    assert np.abs([rows, columns]).min() == pytest.approx(8 / 1.2, abs=0.2)
    assert np.abs([rows, columns]).max() == pytest.approx(8 / 0.8, abs=0.3)
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2
    rows, columns = (centres(distort(corners, shearing=0.25)) - 13.5).T
    assert rows == pytest.approx(np.full(300, -8), abs=0.1)
    assert np.ptp(columns) == pytest.approx(2 * 0.25 * 8, abs=0.3)


def test_a_seed_gives_the_same_distortions_and_every_batch_others(images):
    layers = [
        RandomAffine(**NOTHING | {"rotation": 10}, seed=seed) for seed in (3, 3, 4)
    ]
    first, same, other = (layer(images, training=True).numpy() for layer in layers)
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.01
    again = layers[0](images, training=True).numpy()
    assert np.abs(first - again).max() > 0.01


def test_it_is_saved_with_a_model(tmp_path, images):
    layer = RandomAffine(rotation=1, scaling=0.2, shearing=0.3, shifting=4, seed=5)
    model = keras.Sequential([keras.Input((28, 28, 1)), layer, keras.layers.Flatten()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.parametrize("flat", [False, True])
def test_shifts_are_averaged(images, flat):
    shape = (784,) if flat else (28, 28, 1)
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input(shape), *layers])
    inputs = images[:20]
    expected = np.zeros((20, 10))
    for shift in SHIFTS:
        shifted = ndimage.shift(inputs, (0, *shift, 0), order=0)
        expected += model(shifted.reshape(-1, *shape)).numpy() / 9
    found = average_shifts(model, inputs.reshape(-1, *shape))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    assert len(set(SHIFTS)) == 9
    assert np.abs(found - model(inputs.reshape(-1, *shape))).max() > 1e-4
