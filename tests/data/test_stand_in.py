"""The stand-in: real digits in MNIST's form, the same bytes on every machine."""

import numpy as np
import pytest
from mnist_files import digest_of
from scipy import ndimage
from sklearn.datasets import load_digits

from mnist_helpers.data.stand_in import make_stand_in

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


def test_it_is_the_same_to_the_bit_everywhere(stand_in):
    assert digest_of(stand_in) == DIGEST
    assert len(stand_in.train_images) == 1545
    assert len(stand_in.test_images) == 252


def test_its_labels_are_scikit_learns_split_in_proportion(stand_in):
    np.testing.assert_array_equal(rebuild(stand_in, "labels"), load_digits().target)
    shares = np.bincount(load_digits().target) / 1797
    for labels in (stand_in.train_labels, stand_in.test_labels):
        assert np.abs(np.bincount(labels) - shares * len(labels)).max() < 1


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
