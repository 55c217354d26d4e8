"""Preprocessing against plain NumPy and SciPy, and the common mistakes it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mnist_helpers import preprocessing
from mnist_helpers.data import load_mnist

# On a dark background, as MNIST's are.
uint8_images = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 4), st.just(26), st.just(26))
).map(lambda pixels: np.pad(pixels, [(0, 0), (1, 1), (1, 1)]))
SCALED = np.full((2, 28, 28), 0.5, np.float32)


@given(uint8_images)
def test_scaling_is_division_by_255_in_float32(images):
    scaled = preprocessing.scale_images(images)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, images / 255.0, rtol=1e-6)
    images[:, 14, 14] = 255
    assert preprocessing.scale_images(images).max() == 1.0


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (SCALED, "float32, expected .* have been scaled already"),
        (np.zeros((0, 28, 28), np.uint8), r"shape \(0, 28, 28\)"),
        (np.zeros((28, 28), np.uint8), r"shape \(28, 28\)"),
        (np.zeros((2, 784), np.uint8), r"shape \(2, 784\)"),
        (np.zeros((300, 200, 3), np.uint8), "data.read_photo"),
        (np.repeat([[[0]], [[90]]], 28, 1).repeat(28, 2).astype(np.uint8), "of 90, .*"),
        (255 - np.eye(28, dtype=np.uint8)[None], "read_photo brings photographs"),
    ],
)
def test_scaling_refuses_what_is_no_stored_image(images, message):
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
@pytest.mark.parametrize("images", [np.zeros((1, 28, 28), np.uint8), SCALED[..., None]])
def test_reshaping_refuses_what_is_not_scaled_or_reshaped_already(reshape, images):
    with pytest.raises(ValueError, match="scale them first"):
        reshape(images)


def numbered_images(count: int) -> np.ndarray:
    """Return images that can be told apart by their first pixels."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(count) % 256, np.arange(count) // 256
    return images


def numbers(images: np.ndarray) -> np.ndarray:
    return images[:, 0, 0].astype(int) + 256 * images[:, 0, 1].astype(int)


def test_split_is_a_stratified_partition_that_keeps_labels_with_their_images():
    labels = np.repeat(np.arange(10), [50, 60, 70, 80, 90, 100, 110, 120, 130, 190])
    labels = np.random.default_rng(0).permutation(labels)
    train, train_labels, validation, validation_labels = preprocessing.split_validation(
        numbered_images(1000), labels, 0.1, seed=1
    )
    both = np.concatenate([numbers(train), numbers(validation)])
    np.testing.assert_array_equal(np.sort(both), np.arange(1000))
    np.testing.assert_array_equal(labels[numbers(train)], train_labels)
    np.testing.assert_array_equal(labels[numbers(validation)], validation_labels)
    shares = np.bincount(validation_labels)
    np.testing.assert_array_equal(shares, np.bincount(labels) / 10)


def test_split_depends_on_the_seed_alone():
    images, labels = numbered_images(200), np.tile(np.arange(10), 20)
    first, again, other = (
        numbers(preprocessing.split_validation(images, labels, 0.2, seed)[2]).tolist()
        for seed in (1, 1, 2)
    )
    assert first == again
    assert sorted(first) != sorted(other)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((10, 1), int), r"shape \(10, 1\)"),
        (np.zeros(10), "float64"),
        (np.full(10, 10), "values from 10 to 10"),
        (np.full(10, -1), "values from -1"),
    ],
)
def test_labels_are_checked(labels, message):
    with pytest.raises(ValueError, match=message):
        preprocessing.check_labels(labels)


# From a drawing to MNIST's form.

drawings = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    elements=st.sampled_from([0, 0, 0, 128, 255]),
).filter(np.any)


def bring_into_form(drawing: np.ndarray) -> np.ndarray:
    return preprocessing.centre_by_mass(preprocessing.fit_to_box(drawing))


@given(drawings)
def test_a_drawing_fills_a_box_of_twenty_in_its_proportions(drawing):
    rows, columns = np.nonzero(drawing)
    sides = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    box = preprocessing.fit_to_box(drawing)
    assert max(box.shape) == 20
    expected = np.maximum(sides * 20 / sides.max(), 1)
    np.testing.assert_allclose(box.shape, expected, atol=0.5)


@given(drawings)
def test_a_drawing_is_centred_by_its_mass(drawing):
    """By SciPy's centre of mass; off by more only where it reaches the edge."""
    box = preprocessing.fit_to_box(drawing)
    image = preprocessing.centre_by_mass(box)
    assert (image.shape, image.dtype) == ((28, 28), np.uint8)
    assert image.sum() == box.sum()
    centre = ndimage.center_of_mass(image.astype(float))
    for distance, ink, side in zip(
        np.array(centre) - 14, np.nonzero(image), box.shape, strict=True
    ):
        at_edge = ink.min() <= 20 - side or ink.max() >= 7 + side
        assert abs(distance) <= 0.5 + 1e-9 or at_edge


@given(drawings, st.tuples(*[st.integers(0, 30)] * 4))
def test_it_does_not_matter_where_a_digit_is_drawn(drawing, margins):
    moved = np.pad(drawing, [margins[:2], margins[2:]])
    np.testing.assert_array_equal(bring_into_form(moved), bring_into_form(drawing))


def test_anti_aliasing_weights_what_is_near_by_a_triangle():
    """Two pixels of the box wide, as NumPy multiplies it out."""
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
        (np.zeros((280, 280), np.uint8), "with 0 pixels of ink"),
        (np.full((9, 9), 0.5), "got float64"),
        (np.eye(2000, dtype=np.uint8), "too faint"),
    ],
)
def test_what_is_no_drawing_is_refused(drawing, message):
    with pytest.raises(ValueError, match=message):
        preprocessing.fit_to_box(drawing)


@pytest.mark.slow
def test_mnist_is_in_mnists_form_already():
    """So that bringing it there once more changes next to nothing."""
    dataset = load_mnist()
    if not dataset.is_mnist:
        pytest.skip("no MNIST on this machine")
    again = np.stack([bring_into_form(image) for image in dataset.test_images])
    assert (again == dataset.test_images).all(axis=(1, 2)).mean() >= 0.99
