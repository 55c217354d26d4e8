"""Preprocessing against plain numpy, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.environment.tensorflow import keras

uint8_images = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 4), st.just(28), st.just(28))
)


@given(uint8_images)
def test_scaling_is_division_by_255(images):
    scaled = preprocessing.scale_images(images)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, images / 255.0, rtol=1e-6)
    assert scaled.min() >= 0
    assert scaled.max() <= 1


def test_scaling_reaches_both_ends_exactly():
    images = np.zeros((2, 28, 28), np.uint8)
    images[1] = 255
    scaled = preprocessing.scale_images(images)
    assert scaled[0].max() == 0.0
    assert scaled[1].min() == 1.0


def test_scaling_twice_is_refused():
    scaled = preprocessing.scale_images(np.full((1, 28, 28), 7, np.uint8))
    with pytest.raises(ValueError, match="have been scaled already"):
        preprocessing.scale_images(scaled)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([[0]], "got list"),
        (np.zeros((0, 28, 28), np.uint8), r"shape \(0, 28, 28\)"),
        (np.zeros((28, 28), np.uint8), r"shape \(28, 28\)"),
        (np.zeros((2, 784), np.uint8), r"shape \(2, 784\)"),
        (np.zeros((2, 28, 28, 1), np.uint8), r"shape \(2, 28, 28, 1\)"),
        (np.zeros((2, 28, 28), np.int64), "dtype int64"),
    ],
)
def test_scaling_refuses_what_is_no_image(images, message):
    with pytest.raises(ValueError, match=message):
        preprocessing.scale_images(images)


@given(uint8_images)
def test_reshaping_keeps_every_pixel_in_its_place(images):
    scaled = preprocessing.scale_images(images)
    flat = preprocessing.flatten_images(scaled)
    assert flat.shape == (len(images), 784)
    assert flat[0, 28 * 3 + 5] == scaled[0, 3, 5]
    with_channel = preprocessing.add_channel(scaled)
    assert with_channel.shape == (len(images), 28, 28, 1)
    np.testing.assert_array_equal(with_channel[..., 0], scaled)


@pytest.mark.parametrize(
    "reshape", [preprocessing.flatten_images, preprocessing.add_channel]
)
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 28, 28), np.uint8), "got uint8.*scale them first"),
        (np.full((1, 28, 28), 255, np.float32), "values from 255"),
        (np.full((1, 28, 28), -0.1, np.float32), "values from -0.1"),
        (np.full((1, 28, 28), np.nan, np.float32), "values from nan"),
        (np.zeros((1, 784), np.float32), r"shape \(1, 784\)"),
        (np.zeros((0, 28, 28), np.float32), r"shape \(0, 28, 28\)"),
    ],
)
def test_reshaping_refuses_what_is_not_scaled(reshape, images, message):
    with pytest.raises(ValueError, match=message):
        reshape(images)


def numbered_images(count: int) -> np.ndarray:
    """Return images that can be told apart by their first four pixels."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(count) % 256
    images[:, 0, 1] = np.arange(count) // 256
    return images


def numbers(images: np.ndarray) -> np.ndarray:
    return images[:, 0, 0].astype(int) + 256 * images[:, 0, 1].astype(int)


def test_split_is_a_stratified_partition_that_keeps_labels_with_their_images():
    labels = np.repeat(np.arange(10), [50, 60, 70, 80, 90, 100, 110, 120, 130, 190])
    labels = np.random.default_rng(0).permutation(labels)
    images = numbered_images(1000)
    train, train_labels, validation, validation_labels = preprocessing.split_validation(
        images, labels, 0.1, seed=1
    )
    both = np.concatenate([numbers(train), numbers(validation)])
    np.testing.assert_array_equal(np.sort(both), np.arange(1000))
    np.testing.assert_array_equal(labels[numbers(train)], train_labels)
    np.testing.assert_array_equal(labels[numbers(validation)], validation_labels)
    np.testing.assert_array_equal(
        np.bincount(validation_labels), np.bincount(labels) / 10
    )


def test_split_depends_on_the_seed_alone():
    images, labels = numbered_images(200), np.tile(np.arange(10), 20)
    first, again, other = (
        numbers(preprocessing.split_validation(images, labels, 0.2, seed)[2])
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_fraction_outside_0_to_1(fraction):
    with pytest.raises(ValueError, match="validation_fraction: got"):
        preprocessing.split_validation(
            numbered_images(100), np.tile(np.arange(10), 10), fraction, 1
        )


def test_split_refuses_a_share_without_room_for_every_digit():
    labels = np.array([0] * 50 + [1] * 48 + [2] * 2)
    with pytest.raises(ValueError, match=r"validation_fraction: got 0.1 .*the digit 2"):
        preprocessing.split_validation(numbered_images(100), labels, 0.1, 1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (list(range(10)), "got list"),
        (np.zeros(9, int), r"shape \(9,\)"),
        (np.zeros((10, 1), int), r"shape \(10, 1\)"),
        (np.zeros(10), "dtype float64"),
        (np.full(10, 10), "values from 10 to 10"),
        (np.full(10, -1), "values from -1"),
    ],
)
def test_labels_are_checked(labels, message):
    with pytest.raises(ValueError, match=message):
        preprocessing.check_labels(labels, 10)


# From a drawing to MNIST's form.

drawings = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    elements=st.sampled_from([0, 0, 0, 128, 255]),
).filter(np.any)


def bring_into_form(drawing):
    return preprocessing.centre_by_mass(preprocessing.fit_to_box(drawing))


@settings(deadline=None)
@given(drawings)
def test_a_drawing_fills_a_box_of_twenty_in_its_proportions(drawing):
    rows, columns = np.nonzero(drawing)
    sides = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    box = preprocessing.fit_to_box(drawing)
    assert box.dtype == np.uint8
    assert max(box.shape) == 20
    expected = np.maximum(sides * 20 / sides.max(), 1)
    np.testing.assert_allclose(box.shape, expected, atol=0.5)


@settings(deadline=None)
@given(drawings)
def test_a_drawing_is_centred_by_its_mass(drawing):
    """By SciPy's centre of mass; off by more only where it reaches the edge."""
    box = preprocessing.fit_to_box(drawing)
    image = preprocessing.centre_by_mass(box)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    # Nothing is cut off.
    assert image.sum() == box.sum()
    centre = np.array(ndimage.center_of_mass(image.astype(float)))
    ink = np.nonzero(image)
    for axis, distance in enumerate(centre - 14):
        reaches = {0: ink[axis].min(), 27: ink[axis].max()}
        padded = 20 - box.shape[axis]
        at_edge = reaches[0] <= padded or reaches[27] >= 27 - padded
        assert abs(distance) <= 0.5 + 1e-9 or at_edge


@settings(deadline=None)
@given(drawings, st.integers(0, 30), st.integers(0, 30), st.data())
def test_it_does_not_matter_where_a_digit_is_drawn(drawing, down, right, data):
    after = data.draw(st.tuples(st.integers(0, 30), st.integers(0, 30)))
    moved = np.pad(drawing, [(down, after[0]), (right, after[1])])
    np.testing.assert_array_equal(bring_into_form(moved), bring_into_form(drawing))


@settings(deadline=None)
@given(drawings, st.integers(2, 4))
def test_it_hardly_matters_how_large_a_digit_is_drawn(drawing, times):
    larger = np.kron(drawing, np.ones((times, times), np.uint8))
    small, large = (preprocessing.fit_to_box(d) for d in (drawing, larger))
    assert small.shape == large.shape
    # The same ink, up to how the pixels of the smaller drawing are told apart.
    assert abs(small.mean() - large.mean()) <= 0.12 * 255


def test_anti_aliasing_weights_what_is_near_by_a_triangle():
    """Two pixels of the box wide, as numpy multiplies it out."""
    drawing = np.random.default_rng(0).integers(1, 256, (200, 100), dtype=np.uint8)
    weights = []
    for side, target in zip(drawing.shape, (20, 10), strict=True):
        middles = (np.arange(target) + 0.5) * 10
        distances = np.abs(np.arange(side) + 0.5 - middles[:, np.newaxis])
        triangle = np.maximum(0, 1 - distances / 10)
        weights.append(triangle / triangle.sum(axis=1, keepdims=True))
    expected = weights[0] @ drawing @ weights[1].T
    assert np.abs(preprocessing.fit_to_box(drawing) - expected).max() <= 1


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (np.zeros((280, 280), np.uint8), "got one without ink"),
        (np.zeros((0, 0), np.uint8), "got one without ink"),
        (np.full((9, 9), 0.5), "got float64"),
        ([[255]], "got list"),
        (np.full((1, 28, 28), 255, np.uint8), r"got shape \(1, 28, 28\)"),
        (np.eye(2000, dtype=np.uint8), "ink so faint"),
    ],
)
def test_what_is_no_drawing_is_refused(drawing, message):
    with pytest.raises(ValueError, match=message):
        preprocessing.fit_to_box(drawing)


@pytest.mark.parametrize("shape", [(20, 20), (21, 5), (3, 28), (4,)])
def test_what_is_no_box_with_ink_is_refused(shape):
    box = np.full(shape, 0 if shape == (20, 20) else 255, np.uint8)
    with pytest.raises(ValueError, match="expected a uint8 array of up to 20x20"):
        preprocessing.centre_by_mass(box)


@pytest.fixture(scope="module")
def mnist():
    dataset = load_mnist()
    if not dataset.is_mnist:
        pytest.skip("no MNIST on this machine")
    return dataset


@pytest.mark.slow
def test_mnist_is_in_mnists_form_already(mnist):
    """So that bringing it there once more changes next to nothing."""
    again = np.stack([bring_into_form(image) for image in mnist.test_images])
    same = (again == mnist.test_images).all(axis=(1, 2))
    assert same.mean() >= 0.99
    # And no prediction, of a network trained for a moment.
    network = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    inputs = preprocessing.flatten_images(
        preprocessing.scale_images(mnist.train_images)
    )
    network.fit(inputs, mnist.train_labels, batch_size=500, epochs=1, verbose=0)
    before, after = (
        network.predict(
            preprocessing.flatten_images(preprocessing.scale_images(images)),
            batch_size=1000,
            verbose=0,
        ).argmax(axis=1)
        for images in (mnist.test_images, again)
    )
    assert (before == mnist.test_labels).mean() > 0.8
    assert (before == after).mean() >= 0.99
