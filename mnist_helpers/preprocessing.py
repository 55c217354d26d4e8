"""From drawings to MNIST's form, and from its images to what a network takes."""

import numpy as np
from PIL import Image

IMAGE_SHAPE = (28, 28)
CLASSES = 10

# MNIST's digits were scaled to this many pixels, and their centre of mass was put on
# this row and column.
BOX_SIDE = 20
CENTRE = 14
# The mean grey value of an image's margin; in MNIST it is 8 at most.
LIGHTEST_MARGIN = 32
PHOTOGRAPHS = "mnist_helpers.data.read_photo brings photographs to MNIST's form"


def check_images(images: np.ndarray) -> None:
    """Raise ValueError unless these are images as stored: uint8, (n, 28, 28)."""
    expected = "a uint8 array of shape (n, 28, 28) with n of at least 1"
    if images.dtype != np.uint8:
        is_scaled = np.issubdtype(images.dtype, np.floating)
        hint = "; floating-point images have been scaled already" if is_scaled else ""
        raise ValueError(f"images: got dtype {images.dtype}, expected {expected}{hint}")
    if images.shape[1:] != IMAGE_SHAPE or len(images) == 0:
        got = f"images: got shape {images.shape}"
        raise ValueError(f"{got}, expected {expected}; {PHOTOGRAPHS}")


def check_background(images: np.ndarray) -> None:
    """Raise ValueError if the margin of an image, (n, height, width), is not dark."""
    rows = images[:, [0, -1]].mean(axis=(1, 2))
    columns = images[:, :, [0, -1]].mean(axis=(1, 2))
    margin = max(rows.max(), columns.max())
    if margin > LIGHTEST_MARGIN:
        raise ValueError(
            f"images: got a background of {margin:.0f}, expected 0, and digits of 255; "
            f"{PHOTOGRAPHS}"
        )


def check_labels(labels: np.ndarray) -> None:
    """Raise ValueError unless these are digits: integers of shape (n,), 0 to 9."""
    expected = f"integers of shape (n,) from 0 to {CLASSES - 1}"
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        got = f"shape {labels.shape} of {labels.dtype}"
        raise ValueError(f"labels: got {got}, expected {expected}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < CLASSES:
        got = f"values from {labels.min()} to {labels.max()}"
        raise ValueError(f"labels: got {got}, expected {expected}")


def scale_images(images: np.ndarray) -> np.ndarray:
    """Convert stored images, uint8 of shape (n, 28, 28), to float32 in [0, 1].

    Raises
    ------
    ValueError
        If the images are not uint8, as they are not once they have been scaled, or lie
        on a light background.
    """
    check_images(images)
    check_background(images)
    return images.astype(np.float32) / np.float32(255)


def flatten_images(images: np.ndarray) -> np.ndarray:
    """Lay the 28 rows of each scaled image end to end: (n, 784), for dense networks."""
    _check_scaled(images)
    return images.reshape(len(images), -1)


def add_channel(images: np.ndarray) -> np.ndarray:
    """Give each scaled image its one grey channel: (n, 28, 28, 1), for convolutions."""
    _check_scaled(images)
    return images[..., np.newaxis]


def _check_scaled(images: np.ndarray) -> None:
    if images.dtype != np.float32 or images.shape[1:] != IMAGE_SHAPE:
        raise ValueError(
            f"images: got {images.dtype} of shape {images.shape}, expected float32 of "
            "shape (n, 28, 28); scale them first"
        )


def fit_to_box(drawing: np.ndarray) -> np.ndarray:
    """Scale what is drawn to a box of 20x20 pixels, as MNIST's digits were.

    The empty margin of the drawing, uint8 with 255 for ink, is cut off. The longer side
    becomes 20 pixels and the proportions stay; grey levels come from anti-aliasing.

    Raises
    ------
    ValueError
        If the drawing is not of uint8, or no ink is left in the box.
    """
    if drawing.dtype != np.uint8 or not drawing.any():
        raise ValueError(
            f"drawing: got {drawing.dtype} with {np.count_nonzero(drawing)} pixels of "
            "ink, expected uint8 with at least one"
        )
    rows, columns = (np.flatnonzero(drawing.any(axis=axis)) for axis in (1, 0))
    cut = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (
        max(1, round(BOX_SIDE * side / max(cut.shape))) for side in cut.shape
    )
    scaled = Image.fromarray(cut).resize((width, height), Image.Resampling.BILINEAR)
    box = np.asarray(scaled)
    if not box.any():
        raise ValueError(f"drawing: too faint to leave ink in {BOX_SIDE}x{BOX_SIDE}")
    return box


def centre_by_mass(box: np.ndarray) -> np.ndarray:
    """Place a digit of up to 20x20 pixels on 28x28, as MNIST's: by its centre of mass.

    The centre of mass of the uint8 result lies within half a pixel of row and column
    14, further off only where the digit would otherwise stick out of the image.
    """
    # In integers, so that every machine makes the same bytes.
    ink = box.astype(int)
    mass = int(ink.sum())
    top, left = (
        _round_ratio(CENTRE * mass - int(np.arange(len(profile)) @ profile), mass)
        for profile in (ink.sum(axis=1), ink.sum(axis=0))
    )
    height, width = box.shape
    top = min(max(top, 0), IMAGE_SHAPE[0] - height)
    left = min(max(left, 0), IMAGE_SHAPE[1] - width)
    image = np.zeros(IMAGE_SHAPE, np.uint8)
    image[top : top + height, left : left + width] = box
    return image


def _round_ratio(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def split_validation(
    images: np.ndarray, labels: np.ndarray, validation_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Hold out a part of the training set, with the same share of every digit.

    The rows of MNIST's training set are not exchangeable (they come by writer), so
    the split is random rather than a block.

    Returns
    -------
    train_images, train_labels, validation_images, validation_labels : ndarray
        Two disjoint parts that together are the whole.
    """
    # It takes a second to import, which loading MNIST does without.
    from sklearn.model_selection import train_test_split

    train_images, validation_images, train_labels, validation_labels = train_test_split(
        images,
        labels,
        test_size=validation_fraction,
        stratify=labels,
        random_state=seed,
    )
    return train_images, train_labels, validation_images, validation_labels
