"""The data: images and labels before any network."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.style import (
    HATCHES,
    INK,
    INK_ON_PAPER,
    LINES,
    add_legend,
    as_percentage,
    finish_axes,
    new_figure,
)
from mnist_helpers.plotting.tiles import draw_rows, draw_tiles
from mnist_helpers.preprocessing import CLASSES

COLUMNS = 10


def sample_images(
    images: np.ndarray,
    labels: np.ndarray,
    title: str = "Sample images of each digit",
) -> Figure:
    """Show the first images of each digit, one row per digit.

    Images have the shape (n, 28, 28) and the dtype uint8, as stored.
    """
    alt = f"The first {COLUMNS} images of each digit, one row per digit, 0 to 9."
    figure = new_figure((1.2 + 0.45 * COLUMNS, 5.4), title, alt)
    axes = figure.subplots()
    rows = [images[labels == digit] for digit in range(CLASSES)]
    draw_rows(axes, rows, range(CLASSES), COLUMNS)
    axes.set_ylabel("digit")
    return figure


def class_balance(
    labels_of_parts: Mapping[str, np.ndarray],
    title: str = "Share of each digit in each part of the data",
) -> Figure:
    """Compare how often each digit occurs in up to four parts of the data."""
    shares = {
        part: np.bincount(labels, minlength=CLASSES) / len(labels)
        for part, labels in labels_of_parts.items()
    }
    alt = "Share of each digit: " + "; ".join(
        f"{part} from {100 * of_part.min():.1f} % (digit {of_part.argmin()}) to "
        f"{100 * of_part.max():.1f} % (digit {of_part.argmax()})"
        for part, of_part in shares.items()
    )
    figure = new_figure((8, 3.6), title, f"{alt}.")
    axes = figure.subplots()
    digits = np.arange(CLASSES)
    width = 0.8 / len(shares)
    for place, (part, of_part) in enumerate(shares.items()):
        axes.bar(
            digits + (place + 0.5) * width - 0.4,
            of_part,
            width,
            color=LINES[place]["color"],
            hatch=HATCHES[place],
            edgecolor="white",
            label=f"{part} (n = {len(labels_of_parts[part]):,})",
        )
    equal = axes.axhline(1 / CLASSES, color=INK, linestyle="--", label="equal shares")
    axes.set_xticks(digits)
    axes.set(xlabel="digit", ylabel="share of the part's images")
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    add_legend(figure, [*axes.containers, equal])
    return figure


def mean_images(
    images: np.ndarray, labels: np.ndarray, title: str = "Mean image of each digit"
) -> Figure:
    """Show the pixel-by-pixel mean of the images of each digit.

    Images have the shape (n, 28, 28) and the dtype uint8, as stored.
    """
    means = np.stack([images[labels == digit].mean(0) for digit in range(CLASSES)])
    greys = means.mean(axis=(1, 2))
    alt = (
        f"The mean image of each digit. Most ink: {greys.argmax()}, mean grey value "
        f"{greys.max():.0f} of 255; least: {greys.argmin()}, {greys.min():.0f}."
    )
    figure = new_figure((6, 3.2), title, alt)
    draw_tiles(figure.subplots(), means, range(CLASSES), 5, **INK_ON_PAPER)
    return figure
