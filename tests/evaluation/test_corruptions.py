"""Corrupted images are what they say, and so is the table of accuracies."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mnist_helpers.evaluation import robustness
from mnist_helpers.evaluation.robustness import CORRUPTIONS, SEVERITIES, corrupt


@pytest.fixture(scope="module")
def images():
    """A bright bar, off the centre, in each of 40 images."""
    images = np.zeros((40, 28, 28), np.uint8)
    images[:, 8:20, 9:13] = 200
    return images


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_corruption_gives_such_images_again(images, corruption, severity):
    before = images.copy()
    worse = corrupt(images, corruption, severity, seed=1)
    assert worse.shape == images.shape
    assert worse.dtype == np.uint8
    assert (worse != images).any()
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(corrupt(images, corruption, severity, 1), worse)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_stronger_corruption_changes_more(images, corruption):
    changes = [
        np.abs(corrupt(images, corruption, severity, 1).astype(float) - images).mean()
        for severity in SEVERITIES
    ]
    assert changes == sorted(changes)
    assert changes[0] < changes[-1]


def test_a_translation_moves_by_its_pixels(images):
    moved = corrupt(images, "translation", 3, 1)
    expected = {
        np.roll(images[0], shift, axis).tobytes()
        for shift in (-3, 3)
        for axis in (0, 1)
    }
    assert {image.tobytes() for image in moved} == expected


def test_a_rotation_turns_as_pillow_does(images):
    turned = corrupt(images, "rotation", 4, 1).astype(float)
    original = Image.fromarray(images[0])
    expected = [
        np.asarray(original.rotate(degrees, Image.Resampling.BILINEAR), float)
        for degrees in (45, -45)
    ]
    differences = [
        [np.abs(image - other).mean() for other in expected] for image in turned
    ]
    assert np.min(differences, axis=1).max() < 3
    assert set(np.argmin(differences, axis=1)) == {0, 1}


def test_noise_hits_its_share_of_the_pixels():
    grey = np.full((200, 28, 28), 100, np.uint8)
    noisy = corrupt(grey, "impulse noise", 3, 1)
    assert set(np.unique(noisy)) == {0, 100, 255}
    assert (noisy == 0).mean() == pytest.approx(0.1, abs=0.005)
    assert (noisy == 255).mean() == pytest.approx(0.1, abs=0.005)


def test_a_blur_is_pillows():
    # A smooth picture: rounding apart, a Gaussian is a Gaussian.
    rows, columns = np.mgrid[:28, :28]
    image = (127 * (1 + np.sin(rows / 4) * np.cos(columns / 5))).astype(np.uint8)
    blurred = corrupt(image[np.newaxis], "blur", 4, 1)[0].astype(float)
    expected = Image.fromarray(image).filter(ImageFilter.GaussianBlur(2.0))
    middle = np.s_[8:-8, 8:-8]
    difference = np.abs(blurred - np.asarray(expected, float))[middle]
    assert difference.max() <= 4


def test_an_occlusion_is_one_square_over_the_middle():
    white = np.full((300, 28, 28), 255, np.uint8)
    for image in corrupt(white, "occlusion", 2, 1):
        rows, columns = np.nonzero(image == 0)
        assert len(rows) == 8 * 8
        for places in (rows, columns):
            assert np.ptp(places) == 7
            assert 4 <= places.min() <= places.max() < 24


def test_low_contrast_keeps_the_middle_and_a_tenth_of_the_range():
    image = np.linspace(0, 255, 28 * 28).round().astype(np.uint8).reshape(1, 28, 28)
    expected = 127.5 + (image - 127.5) / 10
    pale = corrupt(image, "low contrast", 5, 1)
    np.testing.assert_allclose(pale, expected, atol=0.5)


def test_the_table_has_every_accuracy():
    images = np.zeros((20, 28, 28), np.uint8)
    images[:10, 5:23, 5:23] = 255
    labels = np.repeat([1, 0], 10)

    def by_ink(seen):
        return np.eye(10)[(seen.mean(axis=(1, 2)) > 60).astype(int)]

    def always_0(seen):
        return np.eye(10)[np.zeros(len(seen), int)]

    table = robustness.robustness_table(
        images, labels, {"ink": by_ink, "zero": always_0}, seed=1
    )
    assert len(table) == len(CORRUPTIONS) * 6 * 2
    assert list(table["corruption"].unique()) == list(CORRUPTIONS)
    assert (table[table.network == "zero"].accuracy == 0.5).all()
    ink = table[table.network == "ink"].set_index(["corruption", "severity"]).accuracy
    assert (ink[:, 0] == 1).all()
    assert ink["translation", 5] == 1
    assert ink["low contrast", 5] == 0.5
