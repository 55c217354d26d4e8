"""Turn a photograph or a scan of handwritten digits into images in MNIST's form."""

import warnings
from dataclasses import dataclass
from os import PathLike
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.preprocessing import centre_by_mass, fit_to_box

# A photograph is shrunk until its longer side has so many pixels.
LONGEST_SIDE = 600
MOST_PIXELS = 30_000_000
# A row of digits has fewer marks, a page of text has more.
MOST_MARKS = 40
# What has less than this share of the largest mark's pixels is dirt.
SMALLEST_MARK = 0.05
# Ink is further from its paper, of the 441 between black and white.
FAINTEST_INK = 20
# Ink covers less of a picture; what covers more is a sheet that lies on something.
SMALLEST_SHEET = 0.5
# A frame spans at least this share of the width and of the height.
SMALLEST_FRAME = 0.8
# A line on the paper is thinner, in its lengths.
THICKEST_LINE = 0.03
# Pieces of a digit are closer side by side, in heights of the tallest piece.
NARROWEST_GAP = 0.06


@dataclass(frozen=True, eq=False)
class FoundDigit:
    """A digit of a photograph.

    ``image`` is in MNIST's form: uint8 of shape (28, 28), 255 for ink. ``box`` is where
    it was: left, top, right and bottom, in pixels of the upright photograph.
    """

    image: np.ndarray
    box: tuple[int, int, int, int]


def read_photo(photo: str | PathLike[str] | BinaryIO) -> list[FoundDigit]:
    """Find the digits of one row in a photograph or scan, from left to right.

    Ink may be darker or lighter than its paper, and coloured; paper may be tinted,
    lined or squared, unevenly lit, and lie on a table.

    Parameters
    ----------
    photo : path, or file open for reading bytes
        Any format of Pillow's. Of several pictures in it, the first is read.

    Raises
    ------
    CourseError
        If it is no image, is too large, or shows no digit; the message says why.
    """
    pixels, scale = open_photo(photo)
    ink = measure_ink(pixels)
    found = []
    for mask in _find_digits(ink):
        [(rows, columns)] = ndimage.find_objects(mask.astype(int))
        drawn = np.where(ndimage.binary_dilation(mask), ink, 0)[rows, columns]
        # A pen's ink is uneven, and MNIST's white nearly throughout.
        full = np.percentile(ink[mask], 60)
        strokes = np.rint(255 * np.clip(drawn / full, 0, 1)).astype(np.uint8)
        corners = (columns.start, rows.start, columns.stop, rows.stop)
        box = tuple(round(place * scale) for place in corners)
        found.append(FoundDigit(centre_by_mass(fit_to_box(strokes)), box))
    return found


def open_photo(photo: str | PathLike[str] | BinaryIO) -> tuple[np.ndarray, float]:
    """Read a photograph upright, in red, green and blue, and shrink it.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), dtype float64
        From 0 to 255, the longer side of at most 600 pixels.
    scale : float
        How many pixels of the photograph are one of these.
    """
    try:
        # Pillow's warning of large pictures; those beyond it are refused below.
        with warnings.catch_warnings(action="ignore"), Image.open(photo) as image:
            # A JPEG can be read smaller than it is.
            longest = max(image.size)
            image.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"more than the {MOST_PIXELS:,} pixels allowed")
            image = _flatten(ImageOps.exif_transpose(image))
    # Pillow raises a dozen types.
    except Exception as error:
        is_other = isinstance(error, UnidentifiedImageError)
        reason = "no image" if is_other else getattr(error, "strerror", 0) or error
        raise CourseError(
            f"{reason}; expected a photograph, as PNG or JPEG or in another format "
            "of Pillow's",
            ExitCode.DATA_UNUSABLE,
        ) from None
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return np.asarray(image, np.float64), longest / max(image.size)


def _flatten(image: Image.Image) -> Image.Image:
    """Make any picture one of red, green and blue, without transparency."""
    if image.mode[0] in "IF":
        # Of 16 bits or more, whose range no convention fixes.
        values = np.asarray(image, np.float64)
        values = 255 * (values - values.min()) / max(np.ptp(values), 1)
        image = Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        values, opaque = np.asarray(image.convert("L")), np.asarray(image)[..., 3] > 127
        is_light = opaque.any() and values[opaque].mean() > 127
        paper = Image.new("RGBA", image.size, "black" if is_light else "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


def measure_ink(pixels: np.ndarray) -> np.ndarray:
    """Measure how far each pixel is from the paper around it.

    Ink is narrower than a third of the picture; paper changes more slowly.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), dtype float64

    Returns
    -------
    ndarray of shape (height, width), dtype float64
        From 0, paper, up to 441, black on white.
    """
    smooth = _cover_table(ndimage.gaussian_filter(pixels, (0.7, 0.7, 0)))
    apart = smooth - _fit_paper(smooth, _border(smooth))
    distance = np.linalg.norm(apart, axis=2)
    most_apart = distance >= np.percentile(distance, 97)
    side = max(3, min(distance.shape) // 3)
    paper = np.empty_like(smooth)
    for channel in range(3):
        is_dark = np.median(apart[most_apart, channel]) < 0
        fill = ndimage.grey_closing if is_dark else ndimage.grey_opening
        paper[..., channel] = fill(smooth[..., channel], (side, side))
    return np.linalg.norm(smooth - paper, axis=2)


def _border(pixels: np.ndarray) -> np.ndarray:
    """Mark the margin of a picture, a twelfth of its shorter side."""
    margin = max(2, min(pixels.shape[:2]) // 12)
    inside = np.zeros(pixels.shape[:2], bool)
    inside[margin:-margin, margin:-margin] = True
    return ~inside


def _fit_paper(pixels: np.ndarray, is_paper: np.ndarray) -> np.ndarray:
    """Fit a quadratic surface to the pixels of a colour, in each channel.

    Beginning with the marked pixels, those that turn out to be of the same surface
    join, and those that are not leave.
    """
    height, width, _ = pixels.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].reshape(2, -1)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)
    values = pixels.reshape(-1, 3)
    surface = np.median(values[is_paper.ravel()], axis=0)
    for _ in range(5):
        distance = np.linalg.norm(values - surface, axis=1)
        near = distance <= max(_otsu(distance), 1)
        surface = terms @ np.linalg.lstsq(terms[near], values[near], rcond=None)[0]
    return surface.reshape(pixels.shape)


def _otsu(values: np.ndarray) -> float:
    """Return the threshold that parts values best into two groups (Otsu, 1979)."""
    counts, edges = np.histogram(values, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    below, total = counts.cumsum()[:-1], counts.sum()
    sums = (counts * centres).cumsum()
    spread = np.maximum(below * (total - below), 1)
    between = (sums[-1] * below / total - sums[:-1]) ** 2 / spread
    return centres[between.argmax()]


def _cover_table(pixels: np.ndarray) -> np.ndarray:
    """Let the paper of a sheet that lies on something else go on to the border."""
    apart = np.linalg.norm(pixels - _fit_paper(pixels, _border(pixels)), axis=2)
    marks, sizes = _label(apart > _otsu(apart))
    sheet = marks == sizes.argmax()
    if sheet.mean() < SMALLEST_SHEET or sheet[[0, -1]].any() or sheet[:, [0, -1]].any():
        return pixels
    sheet = ndimage.binary_fill_holes(sheet)
    inside = ndimage.binary_erosion(sheet, iterations=max(2, min(sheet.shape) // 50))
    return np.where(inside[..., np.newaxis], pixels, _fit_paper(pixels, inside))


def _label(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give connected marks numbers from 1, and count the pixels of each."""
    marks, _ = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(marks.ravel())
    sizes[0] = 0
    return marks, sizes


def _find_digits(ink: np.ndarray) -> list[np.ndarray]:
    """Find the pixels of each digit, from left to right, as masks."""
    mask = ink > _otsu(ink)
    is_blank = np.ptp(ink) < FAINTEST_INK
    if is_blank or ink[mask].mean() - ink[~mask].mean() < FAINTEST_INK:
        raise _none_found("nothing stands out from the paper as ink does")
    marks, sizes = _label(mask)
    places = dict(enumerate(ndimage.find_objects(marks), start=1))
    large = np.flatnonzero(sizes >= SMALLEST_MARK * sizes.max())
    if len(large) > MOST_MARKS:
        raise _none_found(f"{len(large)} separate marks, expected one row of digits")
    if len(large) > 1:
        shapes = {each: marks[places[each]] == each for each in large}
        large = [each for each in large if not _is_frame(shapes[each], ink.shape)]
    if len(large) == 0:
        raise _none_found("there are lines only")
    tallest = max(places[each][0].stop - places[each][0].start for each in large)
    digits: list[list[int]] = []
    right = -np.inf
    for each in sorted(large, key=lambda mark: places[mark][1].start):
        columns = places[each][1]
        if columns.start < right + NARROWEST_GAP * tallest:
            digits[-1].append(each)
        else:
            digits.append([each])
        right = max(right, columns.stop)
    return [np.isin(marks, pieces) for pieces in digits]


def _is_frame(mark: np.ndarray, shape: tuple[int, int]) -> bool:
    """Tell whether a mark goes round a picture of this shape, or straight across it."""
    height, width = mark.shape
    spans = np.array(mark.shape) >= SMALLEST_FRAME * np.array(shape)
    middle = mark[height // 4 : -height // 4, width // 4 : -width // 4]
    is_line = min(mark.shape) < THICKEST_LINE * max(mark.shape)
    return (spans.all() and not middle.any()) or (spans.any() and is_line)


def _none_found(reason: str) -> CourseError:
    return CourseError(f"no digit was found: {reason}", ExitCode.DATA_UNUSABLE)
