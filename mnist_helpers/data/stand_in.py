"""Real handwritten digits in MNIST's form, for a machine without MNIST."""

import numpy as np
from sklearn.datasets import load_digits

from mnist_helpers.data.formats import Arrays
from mnist_helpers.preprocessing import BOX_SIDE, centre_by_mass


def make_stand_in() -> Arrays:
    """Bring scikit-learn's 1,797 digits (UCI, 8x8) to MNIST's form.

    As for MNIST, each digit is scaled to a box of 20x20 pixels with anti-aliasing, and
    its centre of mass is placed on pixel (14, 14) of 28x28; in integers, so that every
    machine makes the same bytes. Every seventh image of each digit is for testing,
    which is MNIST's share: 1,545 training and 252 test images.
    """
    digits = load_digits()
    boxes = _enlarge(digits.images.astype(int))
    images = np.stack([centre_by_mass(box) for box in boxes])
    labels = digits.target.astype(np.uint8)
    test = _every_seventh_of_each_class(labels)
    return Arrays(images[~test], labels[~test], images[test], labels[test])


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Interpolate 8x8 images of 0 to 16 linearly to 20x20 images of 0 to 255.

    Row i of 20 is centred on row (4i - 3) / 10 of 8; in tenths, every weight is an
    integer. Beyond the edge there is background, so that strokes fade out there.
    """
    positions = 4 * np.arange(BOX_SIDE)[:, np.newaxis] - 3
    weights = np.maximum(0, 10 - np.abs(positions - 10 * np.arange(8)))
    full_ink = 16 * 10 * 10
    enlarged = weights @ images @ weights.T
    return ((enlarged * 255 + full_ink // 2) // full_ink).astype(np.uint8)


def _every_seventh_of_each_class(labels: np.ndarray) -> np.ndarray:
    """Mark the rows for testing without a random generator, whose draws may change."""
    marked = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        marked[np.flatnonzero(labels == label)[6::7]] = True
    return marked
