"""What a network has learned: its weights, and what it makes of images."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mnist_helpers.plotting.checks import check_names
from mnist_helpers.plotting.style import (
    INK,
    INK_ON_PAPER,
    counted,
    empty_figure,
    new_figure,
)
from mnist_helpers.plotting.tiles import draw_images, lay_out
from mnist_helpers.preprocessing import CLASSES, check_images, check_labels

WEIGHT_COLUMNS = 8
MAP_COLUMNS = 16
MAP_SIDE = 26
MOST_CHANNELS = 64
PARTS = 8
# Darkened, as the lightest are too pale for small digits on white.
DIGIT_COLOURS = 0.7 * np.array(seaborn.color_palette("colorblind", CLASSES))


def weight_images(
    weights: np.ndarray, names: Sequence[str], title: str = "Weights"
) -> Figure:
    """Show weights as small images: blue positive, red negative, white zero.

    Parameters
    ----------
    weights : ndarray of shape (n, height, width), any floating dtype
        One image of weights a unit or filter. All share one colour scale.
    names : sequence of str
        One a unit, above its image.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Up to 8 images in a row.

    Raises
    ------
    ValueError
        If the weights are not three-dimensional, empty or not finite, or the names
        are not one a unit.
    """
    weights = np.asarray(weights)
    if weights.ndim != 3 or weights.size == 0:
        raise ValueError(
            f"weights: got shape {weights.shape}, expected (n, height, width)"
        )
    if not np.isfinite(weights).all():
        raise ValueError("weights: got NaN or infinity, expected finite numbers")
    if len(names) != len(weights):
        raise ValueError(
            f"names: got {len(names)}, expected one for each of {len(weights)} units"
        )
    # Two rows at least, so that few units are shown large.
    columns = min(WEIGHT_COLUMNS, -(-len(weights) // 2))
    rows = -(-len(weights) // columns)
    side = 6.4 / max(columns, 4)
    unit, row, column = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    alt = (
        f"{counted(len(weights), 'image')} of {weights.shape[1]}x{weights.shape[2]} "
        f"weights, from {weights.min():.2f} to {weights.max():.2f}; "
        f"{100 * (weights > 0).mean():.0f} % are positive. The largest in size, "
        f"{weights[unit, row, column]:.2f}, is in row {row + 1}, column {column + 1} "
        f"of the image titled {names[unit]}."
    )
    size = (columns * side + 1, rows * (side + 0.25) + 0.4)
    figure, axes = new_figure(size, title, alt)
    # A few weights at the rim, where hardly any digit has ink, are far larger than the
    # rest; they would leave the rest pale.
    limit = np.quantile(np.abs(weights), 0.99) or 1
    draw_images(
        axes,
        weights,
        names,
        columns,
        beside=0.06,
        above=0.35 / side,
        cmap="RdBu",
        vmin=-limit,
        vmax=limit,
    )
    figure.colorbar(
        axes.images[0], label="weight", fraction=0.05, aspect=20, extend="both"
    )
    return figure


def feature_maps(
    image: np.ndarray,
    maps: Mapping[str, np.ndarray],
    title: str = "What each layer makes of an image",
) -> Figure:
    """Show an image and, channel by channel, what each layer makes of it.

    Parameters
    ----------
    image : ndarray of shape (28, 28), dtype uint8
        The image as stored.
    maps : dict of str to ndarray of shape (rows, columns, channels), any floating dtype
        The output of each layer by its name: one to four layers of at most 64
        channels. The channels of a layer share one colour scale.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Up to 16 channels in a row, all of one size however few pixels they have.

    Raises
    ------
    ValueError
        If the image is not what it should be, there are no layers or more than four,
        or a layer's maps are not three-dimensional, empty, too many or not finite.
    """
    check_images(np.asarray(image)[np.newaxis], "image")
    check_names(maps, "maps")
    for layer, of_layer in maps.items():
        name = f"maps[{layer!r}]"
        expected = f"finite (rows, columns, channels) of at most {MOST_CHANNELS}"
        shape = np.shape(of_layer)
        if len(shape) != 3 or 0 in shape or shape[2] > MOST_CHANNELS:
            raise ValueError(f"{name}: got shape {shape}, expected {expected}")
        if not np.isfinite(of_layer).all():
            raise ValueError(f"{name}: got NaN or infinity, expected {expected}")

    rows = [-(-of_layer.shape[2] // MAP_COLUMNS) for of_layer in maps.values()]
    heights = [0.9, *(0.3 + 0.44 * max(2, count) for count in rows)]
    headings = {layer: _heading(layer, of_layer) for layer, of_layer in maps.items()}
    outputs = "; ".join(
        f"{headings[layer]}, outputs from {of_layer.min():.2f} to {of_layer.max():.2f}"
        for layer, of_layer in maps.items()
    )
    alt = f"An image, and the outputs of each layer. {outputs}."
    figure = empty_figure((8, 0.5 + sum(heights)), title, alt)
    first, *panels = figure.subplots(len(heights), height_ratios=heights)
    first.imshow(image, **INK_ON_PAPER)
    first.set_axis_off()
    first.set_anchor("W")
    for axes, (layer, of_layer) in zip(panels, maps.items(), strict=True):
        axes.set_title(headings[layer], loc="left")
        _draw_channels(axes, np.moveaxis(of_layer, 2, 0))
    return figure


def embedding(
    points: np.ndarray,
    labels: np.ndarray,
    title: str = "The images, as the network sees them",
    axis_names: tuple[str, str] = ("first component", "second component"),
) -> Figure:
    """Show images as points of a plane, each of them drawn as its digit.

    Parameters
    ----------
    points : ndarray of shape (n, 2), any floating dtype
        Where each image lies, such as its first two principal components.
    labels : ndarray of shape (n,), any integer dtype
        The digits of the images.
    title : str
        The figure's title.
    axis_names : tuple of two str
        What is along and what is up.

    Returns
    -------
    Figure
        Large, each digit at the median of its points, or next to it where medians
        are too close.

    Raises
    ------
    ValueError
        If the points are none, not pairs or not finite, or the labels are not one a
        point.
    """
    expected = "finite numbers of shape (n, 2) with n of at least 1"
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"points: got shape {points.shape}, expected {expected}")
    if not np.isfinite(points).all():
        raise ValueError(f"points: got NaN or infinity, expected {expected}")
    check_labels(labels, len(points))

    digits = np.unique(labels)
    medians = [np.median(points[labels == digit], axis=0) for digit in digits]
    figure, axes = new_figure(
        (7.2, 6.2), title, _describe_points(points, labels, digits, medians)
    )
    # In parts, so that no digit covers all the others.
    for part in range(PARTS):
        for digit in range(CLASSES):
            axes.plot(
                *points[part::PARTS][labels[part::PARTS] == digit].T,
                linestyle="none",
                marker=f"${digit}$",
                markersize=5,
                markeredgewidth=0.2,
                color=DIGIT_COLOURS[digit],
            )
    for place, digit in zip(_move_apart(medians, points), digits, strict=True):
        axes.text(
            *place,
            f"{digit}",
            fontsize=18,
            ha="center",
            va="center",
            color=INK,
            path_effects=[withStroke(linewidth=6, foreground="white")],
        )
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _describe_points(
    points: np.ndarray,
    labels: np.ndarray,
    digits: np.ndarray,
    medians: Sequence[np.ndarray],
) -> str:
    distances = np.linalg.norm(points[:, np.newaxis] - medians, axis=2)
    own = distances[np.arange(len(points)), np.searchsorted(digits, labels)]
    near = (own <= distances.min(axis=1)).mean()
    alt = (
        f"{counted(len(points), 'image')} as points of a plane. For {100 * near:.0f} % "
        "of them no digit's median point is nearer than that of their own digit."
    )
    if len(digits) > 1:
        one, other = min(
            itertools.combinations(range(len(digits)), 2),
            key=lambda pair: np.linalg.norm(medians[pair[0]] - medians[pair[1]]),
        )
        alt += f" The closest medians are those of {digits[one]} and {digits[other]}."
    return alt


def _move_apart(medians: Sequence[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Move names that would cover each other, and leave the rest where they are."""
    least = 0.06 * (np.ptp(points, axis=0).max() or 1)
    angles = np.arange(len(medians))
    # A hair's breadth apart, so that equal ones have a direction to go.
    places = medians + 1e-6 * least * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(100):
        between = places[:, np.newaxis] - places
        distances = np.linalg.norm(between, axis=2)
        np.fill_diagonal(distances, least)
        missing = np.maximum(least - distances, 0)
        places += 0.5 * (between * (missing / distances)[..., np.newaxis]).sum(axis=1)
    return places


def _heading(layer: str, of_layer: np.ndarray) -> str:
    height, width, count = of_layer.shape
    silent = int((of_layer == 0).all(axis=(0, 1)).sum())
    of_them_silent = f", {silent} of them 0 everywhere" if silent else ""
    return f"{layer}: {counted(count, 'channel')} of {height}x{width}{of_them_silent}"


def _draw_channels(axes: Axes, channels: np.ndarray) -> None:
    count, height, width = channels.shape
    # Every map as large as an image, or nearly, whatever it has of pixels.
    enlarged = channels.astype(float)
    for axis, side in ((1, height), (2, width)):
        enlarged = enlarged.repeat(max(1, round(MAP_SIDE / side)), axis)
    rows = [enlarged[row : row + MAP_COLUMNS] for row in range(0, count, MAP_COLUMNS)]
    low, high = min(channels.min(), 0), max(channels.max(), 0)
    axes.imshow(
        lay_out(rows, MAP_COLUMNS, np.nan),
        cmap="viridis",
        vmin=low,
        vmax=high if high > low else low + 1,
    )
    axes.set_axis_off()
    axes.set_anchor("W")
    axes.figure.colorbar(axes.images[0], ax=axes, label="output", aspect=10)
