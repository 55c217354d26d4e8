"""From drawings to MNIST's form, and from its images to what a network takes."""

import numpy as np
from PIL import Image

IMAGE_SHAPE = (28, 28)
CLASSES = 10

# MNIST's digits were scaled to this many pixels, and their centre of mass was put on
# this row and column.
BOX_SIDE = 20
CENTRE = 14


def check_images(images: np.ndarray, name: str = "images") -> None:
    """Refuse anything but a non-empty uint8 array of 28x28 images.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored, 0 (background) to 255 (ink).
    name : str
        How the error message calls the argument.

    Raises
    ------
    ValueError
        If the type, the dtype or the shape is another, or n is 0.
    """
    expected = "a uint8 array of shape (n, 28, 28) with n of at least 1"
    if not isinstance(images, np.ndarray):
        raise ValueError(f"{name}: got {type(images).__name__}, expected {expected}")
    if images.dtype != np.uint8:
        hint = (
            "; floating-point images have been scaled already"
            if np.issubdtype(images.dtype, np.floating)
            else ""
        )
        raise ValueError(f"{name}: got dtype {images.dtype}, expected {expected}{hint}")
    if images.shape[1:] != IMAGE_SHAPE or len(images) == 0:
        raise ValueError(f"{name}: got shape {images.shape}, expected {expected}")


def check_labels(
    labels: np.ndarray, count: int, name: str = "labels", classes: int = CLASSES
) -> None:
    """Refuse anything but ``count`` integer labels from 0 to ``classes`` - 1.

    Parameters
    ----------
    labels : ndarray of shape (count,), any integer dtype
        The digit of each image.
    count : int
        How many labels there must be: one an image.
    name : str
        How the error message calls the argument.
    classes : int
        How many classes there are: ten digits.

    Raises
    ------
    ValueError
        If the type, the dtype, the shape or a value is another.
    """
    expected = f"{count} integer labels from 0 to {classes - 1}, one an image"
    if not isinstance(labels, np.ndarray):
        raise ValueError(f"{name}: got {type(labels).__name__}, expected {expected}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{name}: got dtype {labels.dtype}, expected {expected}")
    if labels.shape != (count,):
        raise ValueError(f"{name}: got shape {labels.shape}, expected {expected}")
    if count and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"{name}: got values from {labels.min()} to {labels.max()}, "
            f"expected {expected}"
        )


def scale_images(images: np.ndarray) -> np.ndarray:
    """Convert stored images to float32 in [0, 1].

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.

    Returns
    -------
    ndarray of shape (n, 28, 28), dtype float32
        The same images, 0.0 (background) to 1.0 (ink).

    Raises
    ------
    ValueError
        If the images are not uint8, as they are not once they have been scaled.
    """
    check_images(images)
    return images.astype(np.float32) / np.float32(255)


def _check_scaled(images: np.ndarray) -> None:
    expected = "a float32 array of shape (n, 28, 28) with values in [0, 1]"
    if not isinstance(images, np.ndarray) or images.dtype != np.float32:
        got = getattr(images, "dtype", type(images).__name__)
        raise ValueError(f"images: got {got}, expected {expected}; scale them first")
    if images.shape[1:] != IMAGE_SHAPE or len(images) == 0:
        raise ValueError(f"images: got shape {images.shape}, expected {expected}")
    # NaN fails both comparisons, so it is refused here too.
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"images: got values from {images.min()} to {images.max()}, "
            f"expected {expected}"
        )


def flatten_images(images: np.ndarray) -> np.ndarray:
    """Lay the 28 rows of each image end to end, as a dense network takes them.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype float32
        Scaled images.

    Returns
    -------
    ndarray of shape (n, 784), dtype float32

    Raises
    ------
    ValueError
        If the images are not scaled images.
    """
    _check_scaled(images)
    return images.reshape(len(images), -1)


def add_channel(images: np.ndarray) -> np.ndarray:
    """Give each image its one grey channel, as a convolution takes it.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype float32
        Scaled images.

    Returns
    -------
    ndarray of shape (n, 28, 28, 1), dtype float32

    Raises
    ------
    ValueError
        If the images are not scaled images.
    """
    _check_scaled(images)
    return images[..., np.newaxis]


def fit_to_box(drawing: np.ndarray) -> np.ndarray:
    """Scale what is drawn to a box of 20x20 pixels, as MNIST's digits were.

    The empty margin is cut off, the proportions are kept, and the grey levels come
    from anti-aliasing.

    Parameters
    ----------
    drawing : ndarray of shape (height, width), dtype uint8
        0 (background) to 255 (ink), with ink anywhere.

    Returns
    -------
    ndarray of shape (height, width), dtype uint8
        The longer side is 20, the shorter at least 1.

    Raises
    ------
    ValueError
        If the drawing is no uint8 array of two dimensions, or is empty, or its ink
        is so faint that none is left.
    """
    expected = "a uint8 array of shape (height, width) with ink in it"
    if not isinstance(drawing, np.ndarray) or drawing.dtype != np.uint8:
        got = getattr(drawing, "dtype", type(drawing).__name__)
        raise ValueError(f"drawing: got {got}, expected {expected}")
    if drawing.ndim != 2:
        raise ValueError(f"drawing: got shape {drawing.shape}, expected {expected}")
    if not drawing.any():
        raise ValueError(f"drawing: got one without ink, expected {expected}")
    rows, columns = (np.flatnonzero(drawing.any(axis=axis)) for axis in (1, 0))
    cut = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (
        max(1, round(BOX_SIDE * side / max(cut.shape))) for side in cut.shape
    )
    scaled = Image.fromarray(cut).resize((width, height), Image.Resampling.BILINEAR)
    box = np.asarray(scaled)
    if not box.any():
        raise ValueError(
            f"drawing: got ink so faint that none is left in {BOX_SIDE}x{BOX_SIDE} "
            "pixels, expected 255 where there is ink"
        )
    return box


def centre_by_mass(box: np.ndarray) -> np.ndarray:
    """Place a digit on 28x28 pixels with its centre of mass in the middle, as MNIST's.

    Parameters
    ----------
    box : ndarray of shape (height, width), dtype uint8
        The digit: at most 20x20 pixels, not all 0.

    Returns
    -------
    ndarray of shape (28, 28), dtype uint8
        The same pixels, the centre of mass within half a pixel of row and column 14;
        further off only where the digit would otherwise stick out of the image.

    Raises
    ------
    ValueError
        If the box is too large or empty.
    """
    expected = f"a uint8 array of up to {BOX_SIDE}x{BOX_SIDE} with ink in it"
    if box.ndim != 2 or max(box.shape) > BOX_SIDE or not box.any():
        raise ValueError(
            f"box: got shape {box.shape} and {np.count_nonzero(box)} pixels of ink, "
            f"expected {expected}"
        )
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

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The whole training set.
    labels : ndarray of shape (n,), any integer dtype
        Its labels.
    validation_fraction : float
        The share to hold out, between 0 and 1.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    train_images, train_labels, validation_images, validation_labels : ndarray
        Two disjoint parts that together are the whole.

    Raises
    ------
    ValueError
        If images or labels are not what they should be, or the fraction leaves one
        of the parts without a digit that the labels have.
    """
    check_images(images)
    check_labels(labels, len(images))
    if not 0 < validation_fraction < 1:
        raise ValueError(
            f"validation_fraction: got {validation_fraction}, "
            "expected a number between 0 and 1, such as 0.1"
        )
    # It takes a second to import, which loading MNIST does without.
    from sklearn.model_selection import train_test_split

    train_rows, validation_rows = train_test_split(
        np.arange(len(images)),
        test_size=validation_fraction,
        stratify=labels,
        random_state=seed,
    )
    digits = np.unique(labels)
    for part, rows in (("training", train_rows), ("validation", validation_rows)):
        missing = np.setdiff1d(digits, labels[rows])
        if len(missing):
            raise ValueError(
                f"validation_fraction: got {validation_fraction} of {len(images)} "
                f"images, which leaves the {part} part without the digit {missing[0]}; "
                "expected a share that has room for every digit"
            )
    return (
        images[train_rows],
        labels[train_rows],
        images[validation_rows],
        labels[validation_rows],
    )
