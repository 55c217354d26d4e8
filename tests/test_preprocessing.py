"""Preprocessing against plain numpy, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnist_helpers import preprocessing

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
