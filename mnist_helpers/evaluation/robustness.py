"""Test images made worse, to see how far a network follows.

Translation, rotation and impulse noise are corruptions of MNIST-C (Mu and Gilmer,
"MNIST-C: A Robustness Benchmark for Computer Vision", 2019); blur, occlusion and
contrast stand for its others. All are generated here, each in five severities.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy import ndimage

from mnist_helpers.preprocessing import check_images, check_labels

# What each of the five severities means.
PIXELS_MOVED = (1, 2, 3, 4, 5)
DEGREES = (10, 20, 30, 45, 60)
SHARE_OF_PIXELS = (0.05, 0.1, 0.2, 0.3, 0.4)
BLUR_PIXELS = (0.5, 1.0, 1.5, 2.0, 2.5)
SIDE_OF_SQUARE = (6, 8, 10, 12, 14)
SHARE_OF_CONTRAST = (0.7, 0.5, 0.3, 0.2, 0.1)
SEVERITIES = range(1, 6)


def _translate(
    images: np.ndarray, severity: int, generator: np.random.Generator
) -> np.ndarray:
    """Move each image up, down, left or right; nothing comes in from the other side."""
    distance = PIXELS_MOVED[severity - 1]
    directions = generator.integers(0, 4, len(images))
    moved = np.empty_like(images)
    for number, shift in enumerate([(1, 0), (-1, 0), (0, 1), (0, -1)]):
        rows = directions == number
        by = (0, *(distance * step for step in shift))
        moved[rows] = ndimage.shift(images[rows], by, order=0)
    return moved


def _rotate(
    images: np.ndarray, severity: int, generator: np.random.Generator
) -> np.ndarray:
    """Turn each image about its centre, to the left or to the right."""
    turned = np.empty_like(images)
    to_the_left = generator.random(len(images)) < 0.5
    for rows, sign in ((to_the_left, 1), (~to_the_left, -1)):
        turned[rows] = ndimage.rotate(
            images[rows],
            sign * DEGREES[severity - 1],
            axes=(2, 1),
            reshape=False,
            order=1,
        )
    return turned


def _impulse_noise(
    images: np.ndarray, severity: int, generator: np.random.Generator
) -> np.ndarray:
    """Make a share of the pixels black or white."""
    hit = generator.random(images.shape) < SHARE_OF_PIXELS[severity - 1]
    extremes = generator.choice(np.array([0, 255], np.uint8), images.shape)
    return np.where(hit, extremes, images)


def _blur(
    images: np.ndarray, severity: int, _generator: np.random.Generator
) -> np.ndarray:
    """Spread each pixel as a Gaussian."""
    sigma = BLUR_PIXELS[severity - 1]
    return ndimage.gaussian_filter(images, (0, sigma, sigma))


def _occlude(
    images: np.ndarray, severity: int, generator: np.random.Generator
) -> np.ndarray:
    """Cover a square, anywhere over the middle 20 by 20 pixels, by the background."""
    side = SIDE_OF_SQUARE[severity - 1]
    occluded = images.copy()
    corners = generator.integers(4, 24 - side, (len(images), 2), endpoint=True)
    for image, (top, left) in zip(occluded, corners, strict=True):
        image[top : top + side, left : left + side] = 0
    return occluded


def _lose_contrast(
    images: np.ndarray, severity: int, _generator: np.random.Generator
) -> np.ndarray:
    """Bring all pixels closer to middle grey."""
    share = SHARE_OF_CONTRAST[severity - 1]
    return np.round(127.5 + share * (images - 127.5)).astype(np.uint8)


CORRUPTIONS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "translation": _translate,
    "rotation": _rotate,
    "impulse noise": _impulse_noise,
    "blur": _blur,
    "occlusion": _occlude,
    "low contrast": _lose_contrast,
}


def corrupt(
    images: np.ndarray, corruption: str, severity: int, seed: int
) -> np.ndarray:
    """Make images worse.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored; they stay as they are.
    corruption : str
        One of `CORRUPTIONS`.
    severity : int
        From 1, slight, to 5, severe.
    seed : int
        Decides directions, places and noise; the same seed gives the same images.

    Returns
    -------
    ndarray of shape (n, 28, 28), dtype uint8

    Raises
    ------
    ValueError
        If an argument is not as described.
    """
    check_images(images)
    if corruption not in CORRUPTIONS:
        raise ValueError(
            f"corruption: got {corruption!r}, expected one of {', '.join(CORRUPTIONS)}"
        )
    if severity not in SEVERITIES:
        raise ValueError(f"severity: got {severity}, expected 1 to {len(SEVERITIES)}")
    return CORRUPTIONS[corruption](images, severity, np.random.default_rng(seed))


def robustness_table(
    images: np.ndarray,
    labels: np.ndarray,
    predict: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    seed: int,
) -> pd.DataFrame:
    """Measure the accuracy of networks on images as they are, and made worse.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    predict : dict of str to callable
        Network to what turns such images into probabilities of shape (n, 10).
    seed : int
        Of the corruptions; every network sees the same images.

    Returns
    -------
    DataFrame
        One row a corruption, severity and network: ``corruption``, ``severity`` (0
        for the images as they are), ``network``, ``accuracy``.

    Raises
    ------
    ValueError
        If images or labels are not as described, or there are none.
    """
    check_images(images)
    check_labels(labels, len(images))

    def accuracies(seen: np.ndarray) -> dict[str, float]:
        return {
            network: float((probabilities(seen).argmax(axis=1) == labels).mean())
            for network, probabilities in predict.items()
        }

    clean = accuracies(images)
    rows = []
    for corruption in CORRUPTIONS:
        for severity in (0, *SEVERITIES):
            measured = (
                accuracies(corrupt(images, corruption, severity, seed))
                if severity
                else clean
            )
            rows += [
                (corruption, severity, network, accuracy)
                for network, accuracy in measured.items()
            ]
    return pd.DataFrame(rows, columns=["corruption", "severity", "network", "accuracy"])
