"""Corrupted test images, to see how robust a network is.

Translation, rotation and impulse noise are corruptions of MNIST-C (Mu and Gilmer,
"MNIST-C: A Robustness Benchmark for Computer Vision", 2019); blur, occlusion and
contrast stand for its others. All are generated here, each in five severities.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng
from scipy import ndimage

# What each of the five severities means.
PIXELS_MOVED = (1, 2, 3, 4, 5)
DEGREES = (10, 20, 30, 45, 60)
SHARE_OF_PIXELS = (0.05, 0.1, 0.2, 0.3, 0.4)
BLUR_PIXELS = (0.5, 1.0, 1.5, 2.0, 2.5)
SIDE_OF_SQUARE = (6, 8, 10, 12, 14)
SHARE_OF_CONTRAST = (0.7, 0.5, 0.3, 0.2, 0.1)
SEVERITIES = range(1, 6)


def _translate(images: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    """Move each image up, down, left or right; nothing comes in from the other side."""
    distance = PIXELS_MOVED[severity - 1]
    directions = generator.integers(0, 4, len(images))
    moved = np.empty_like(images)
    for number, shift in enumerate([(1, 0), (-1, 0), (0, 1), (0, -1)]):
        rows = directions == number
        by = (0, *(distance * step for step in shift))
        moved[rows] = ndimage.shift(images[rows], by, order=0)
    return moved


def _rotate(images: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    """Turn each image about its centre, to the left or to the right."""
    turned = np.empty_like(images)
    to_the_left = generator.random(len(images)) < 0.5
    for rows, sign in ((to_the_left, 1), (~to_the_left, -1)):
        angle = sign * DEGREES[severity - 1]
        turned[rows] = ndimage.rotate(
            images[rows], angle, (2, 1), reshape=False, order=1
        )
    return turned


def _impulse_noise(
    images: np.ndarray, severity: int, generator: Generator
) -> np.ndarray:
    """Make a share of the pixels black or white."""
    hit = generator.random(images.shape) < SHARE_OF_PIXELS[severity - 1]
    extremes = generator.choice(np.array([0, 255], np.uint8), images.shape)
    return np.where(hit, extremes, images)


def _blur(images: np.ndarray, severity: int, _generator: Generator) -> np.ndarray:
    """Spread each pixel as a Gaussian."""
    sigma = BLUR_PIXELS[severity - 1]
    return ndimage.gaussian_filter(images, (0, sigma, sigma))


def _occlude(images: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    """Cover a square, anywhere over the middle 20 by 20 pixels, by the background."""
    side = SIDE_OF_SQUARE[severity - 1]
    occluded = images.copy()
    corners = generator.integers(4, 24 - side, (len(images), 2), endpoint=True)
    for image, (top, left) in zip(occluded, corners, strict=True):
        image[top : top + side, left : left + side] = 0
    return occluded


def _lose_contrast(
    images: np.ndarray, severity: int, _generator: Generator
) -> np.ndarray:
    """Bring all pixels closer to middle grey."""
    share = SHARE_OF_CONTRAST[severity - 1]
    return np.round(127.5 + share * (images - 127.5)).astype(np.uint8)


CORRUPTIONS: dict[str, Callable[[np.ndarray, int, Generator], np.ndarray]] = {
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
    """Corrupt images by one of `CORRUPTIONS`, from severity 1, slight, to 5, severe.

    Both images and result are uint8 of shape (n, 28, 28). The seed decides directions,
    places and noise.
    """
    return CORRUPTIONS[corruption](images, severity, default_rng(seed))


def robustness_table(
    images: np.ndarray,
    labels: np.ndarray,
    predict: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    seed: int,
) -> pd.DataFrame:
    """Measure the accuracy of networks on images as they are, and corrupted.

    ``predict`` has for each network what turns stored images into probabilities. Every
    network sees the same corrupted images.

    Returns
    -------
    DataFrame
        One row per corruption, severity and network: ``corruption``, ``severity`` (0
        for the images as they are), ``network``, ``accuracy``, and of how many
        ``images``.
    """
    rows = []
    for corruption in CORRUPTIONS:
        for severity in (0, *SEVERITIES):
            seen = corrupt(images, corruption, severity, seed) if severity else images
            for network, probabilities in predict.items():
                is_right = probabilities(seen).argmax(axis=1) == labels
                rows.append((corruption, severity, network, float(is_right.mean())))
    columns = ["corruption", "severity", "network", "accuracy"]
    return pd.DataFrame(rows, columns=columns).assign(images=len(images))
