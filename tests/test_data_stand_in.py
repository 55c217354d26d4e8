"""The stand-in: real digits in MNIST's form, the same bytes on every machine."""

import hashlib

import numpy as np
import pytest
from mnist_server import digest_of, to_idx
from scipy import ndimage
from sklearn.datasets import load_digits

from mnist_helpers.data.stand_in import make_stand_in
from mnist_helpers.preprocessing import split_validation

# Of the four arrays as IDX files. Another value means other pictures: results on the
# stand-in that were published with the old ones no longer hold.
DIGEST = "417b2571808d5c12ff5fe27b22f4558e21cb30e730da65b9259f5ce4c03dd7fc"


@pytest.fixture(scope="module")
def stand_in():
    return make_stand_in()


def rebuild(arrays, field):
    """Put training and test rows back in scikit-learn's order."""
    train, test = getattr(arrays, f"train_{field}"), getattr(arrays, f"test_{field}")
    labels = load_digits().target
    rows = np.concatenate([np.flatnonzero(labels == d)[6::7] for d in range(10)])
    whole = np.empty((len(labels), *train.shape[1:]), np.uint8)
    is_test = np.isin(np.arange(len(labels)), rows)
    whole[is_test], whole[~is_test] = test, train
    return whole


def test_it_has_mnists_form(stand_in):
    train, test = 1545, 252
    assert [array.shape for array in stand_in] == [
        (train, 28, 28),
        (train,),
        (test, 28, 28),
        (test,),
    ]
    assert {array.dtype for array in stand_in} == {np.dtype(np.uint8)}


def test_it_is_the_same_to_the_bit_everywhere(stand_in):
    assert digest_of(stand_in) == DIGEST
    assert digest_of(make_stand_in()) == DIGEST


def test_it_is_scikit_learns_digits_each_once(stand_in):
    np.testing.assert_array_equal(rebuild(stand_in, "labels"), load_digits().target)
    everything = np.concatenate([stand_in.train_images, stand_in.test_images])
    digests = {hashlib.sha256(to_idx(image)).digest() for image in everything}
    originals = {image.tobytes() for image in load_digits().images}
    assert len(digests) == len(originals)


def test_its_three_splits_are_stratified(stand_in):
    _, train_labels, _, validation_labels = split_validation(
        stand_in.train_images, stand_in.train_labels, 0.1, seed=0
    )
    assert len(train_labels) + len(validation_labels) == len(stand_in.train_labels)
    shares = np.bincount(load_digits().target) / 1797
    for labels in (train_labels, validation_labels, stand_in.test_labels):
        assert np.abs(np.bincount(labels) - shares * len(labels)).max() < 1


def test_each_image_fills_the_box_of_twenty(stand_in):
    for images in (stand_in.train_images, stand_in.test_images):
        heights = (images.max(axis=2) > 0).sum(axis=1)
        widths = (images.max(axis=1) > 0).sum(axis=1)
        assert max(heights.max(), widths.max()) <= 20
        # UCI's digits fill the height of their frame.
        assert heights.min() >= 19


def test_each_centre_of_mass_is_on_mnists(stand_in):
    """SciPy's, an independent computation; MNIST's lie within half a pixel of 14."""
    for image in stand_in.test_images:
        centre = ndimage.center_of_mass(image.astype(float))
        np.testing.assert_allclose(centre, (14, 14), atol=0.5 + 1e-9)


def test_each_image_is_scipys_linear_interpolation(stand_in):
    """Up to rounding, and to where the box is placed."""
    originals = load_digits().images
    images = rebuild(stand_in, "images")
    positions = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    grid = np.meshgrid(positions, positions, indexing="ij")
    for image, original in zip(images[::10], originals[::10], strict=True):
        expected = ndimage.map_coordinates(
            np.pad(original, 1), [axis + 1 for axis in grid], order=1
        )
        expected = expected * 255 / 16
        offset = np.round(14 - np.array(ndimage.center_of_mass(expected))).astype(int)
        placed = np.zeros((28, 28))
        top, left = offset
        placed[top : top + 20, left : left + 20] = expected
        assert np.abs(image - placed).max() <= 0.5 + 1e-9


def test_the_mean_of_a_digit_recognises_it(stand_in):
    train, test = (
        images.reshape(-1, 784).astype(float)
        for images in (stand_in.train_images, stand_in.test_images)
    )
    means = [train[stand_in.train_labels == digit].mean(axis=0) for digit in range(10)]
    distances = [((test - mean) ** 2).sum(axis=1) for mean in means]
    assert np.mean(np.argmin(distances, axis=0) == stand_in.test_labels) > 0.85
