"""The data: images and labels before any network."""

import itertools
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.checks import check_names
from mnist_helpers.plotting.style import (
    BARS,
    INK,
    INK_ON_PAPER,
    PALE,
    add_legend,
    as_percentage,
    counted,
    finish_axes,
    new_figure,
)
from mnist_helpers.plotting.tiles import GAP, draw_images, draw_sheet
from mnist_helpers.preprocessing import CLASSES, IMAGE_SHAPE, check_images, check_labels

SEVERITIES = 5


def sample_images(
    images: np.ndarray,
    labels: np.ndarray,
    per_class: int = 10,
    title: str = "Sample images of each digit",
) -> Figure:
    """Show the first images of each digit, a row a digit.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    per_class : int
        How many images to show of each digit, 1 to 15. Where there are fewer, the row
        ends early.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    check_images(images)
    check_labels(labels, len(images))
    if not 1 <= per_class <= 15:
        raise ValueError(f"per_class: got {per_class}, expected 1 to 15")
    shown = np.minimum(np.bincount(labels, minlength=CLASSES), per_class)
    numbers = ", ".join(f"{count} of {digit}" for digit, count in enumerate(shown))
    if shown.min() == per_class:
        numbers = f"{per_class} of each"
    alt = (
        f"The first images of each digit from 0 to 9 in {counted(len(images), 'image')}"
        f", a row per digit: {numbers}."
    )
    size = (max(3, 1.2 + 0.45 * per_class), 5.4)
    figure, axes = new_figure(size, title, alt)
    rows = [images[labels == digit] for digit in range(CLASSES)]
    draw_sheet(axes, rows, [f"{digit}" for digit in range(CLASSES)], per_class)
    axes.set_ylabel("digit")
    return figure


def class_balance(
    labels_of_parts: Mapping[str, np.ndarray],
    title: str = "Share of each digit in each part of the data",
) -> Figure:
    """Compare how often each digit occurs in each part of the data.

    Parameters
    ----------
    labels_of_parts : dict of str to ndarray of shape (n,), any integer dtype
        The labels of each part, by its name: one to four parts, such as
        ``{"training": train_labels, "test": test_labels}``.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no parts or more than four, or a part's labels are empty or not
        what they should be.
    """
    check_names(labels_of_parts, "labels_of_parts")
    for part, labels in labels_of_parts.items():
        name = f"labels_of_parts[{part!r}]"
        check_labels(labels, np.size(labels), name)
        if len(labels) == 0:
            raise ValueError(f"{name}: got none, expected at least one")

    shares = {
        part: np.bincount(labels, minlength=CLASSES) / len(labels)
        for part, labels in labels_of_parts.items()
    }
    alt = "Share of each digit: " + "; ".join(
        f"{part}, {counted(len(labels_of_parts[part]), 'image')}: from "
        f"{100 * of_part.min():.1f} % (digit {of_part.argmin()}) to "
        f"{100 * of_part.max():.1f} % (digit {of_part.argmax()})"
        for part, of_part in shares.items()
    )
    figure, axes = new_figure((8, 3.6), title, f"{alt}.")
    digits = np.arange(CLASSES)
    width = 0.8 / len(labels_of_parts)
    for place, (part, labels) in enumerate(labels_of_parts.items()):
        axes.bar(
            digits + (place + 0.5) * width - 0.4,
            shares[part],
            width,
            edgecolor="white",
            linewidth=0.5,
            label=f"{part} (n = {len(labels):,})",
            **BARS[place],
        )
    equal = axes.axhline(1 / CLASSES, color=INK, linestyle="--", label="equal shares")
    axes.set_xticks(digits)
    axes.set_xlabel("digit")
    axes.set_ylabel("share of the part's images")
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    add_legend(figure, [*axes.containers, equal])
    return figure


def corruption_samples(
    images: Mapping[str, np.ndarray], title: str = "One digit, more and more corrupted"
) -> Figure:
    """Show one digit under each corruption at its five severities, a row a corruption.

    Parameters
    ----------
    images : dict of str to ndarray of shape (5, 28, 28), dtype uint8
        The corrupted images by the name of the corruption, severity 1 first: one to
        ten corruptions.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no corruptions or more than ten, or the images of one are not
        five of 28x28 pixels.
    """
    if not isinstance(images, Mapping) or not 1 <= len(images) <= 10:
        got = len(images) if isinstance(images, Mapping) else type(images).__name__
        raise ValueError(f"images: got {got}, expected a dictionary of 1 to 10 entries")
    for corruption, of_corruption in images.items():
        name = f"images[{corruption!r}]"
        check_images(of_corruption, name)
        if len(of_corruption) != SEVERITIES:
            raise ValueError(
                f"{name}: got {len(of_corruption)} images, expected {SEVERITIES}, "
                "one a severity"
            )
    alt = (
        f"One digit under {counted(len(images), 'corruption')}, a row each, at "
        f"severities 1 to {SEVERITIES}: {', '.join(images)}."
    )
    figure, axes = new_figure((5.2, 1.3 + 0.7 * len(images)), title, alt)
    draw_sheet(axes, list(images.values()), list(images), SEVERITIES)
    side = IMAGE_SHAPE[0] + GAP
    centres = np.arange(SEVERITIES) * side + IMAGE_SHAPE[0] / 2
    axes.set_xticks(centres, range(1, SEVERITIES + 1))
    axes.set_xlabel("severity")
    # Lines around the images, without which a shift could not be seen.
    axes.set_xticks(np.arange(1, SEVERITIES) * side - GAP / 2 - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(images)) * side - GAP / 2 - 0.5, minor=True)
    axes.grid(which="minor", color=PALE, linewidth=1.5)
    axes.spines[:].set(visible=True, color=PALE)
    axes.tick_params(which="minor", length=0)
    return figure


def mean_images(
    images: np.ndarray, labels: np.ndarray, title: str = "Mean image of each digit"
) -> Figure:
    """Show the pixel-by-pixel mean of all images of each digit.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A digit without images has an empty place.

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    check_images(images)
    check_labels(labels, len(images))
    means = np.zeros((CLASSES, *images.shape[1:]))
    titles = []
    for digit in range(CLASSES):
        of_digit = images[labels == digit]
        if len(of_digit):
            means[digit] = of_digit.mean(axis=0)
        titles.append(f"{digit}" if len(of_digit) else f"{digit}: no image")
    figure, axes = new_figure((6, 3.2), title, _describe_means(means, labels))
    draw_images(axes, means, titles, 5, beside=0.1, above=0.25, **INK_ON_PAPER)
    return figure


def _describe_means(means: np.ndarray, labels: np.ndarray) -> str:
    digits = np.unique(labels)
    greys = means.mean(axis=(1, 2))
    most, least = max(digits, key=greys.__getitem__), min(digits, key=greys.__getitem__)
    alt = (
        f"The mean image of each digit, of {counted(len(labels), 'image')} in all. "
        f"Most ink: {most}, mean grey value {greys[most]:.0f} of 255; least: {least}, "
        f"{greys[least]:.0f}."
    )
    if len(digits) > 1:
        one, other = min(
            itertools.combinations(digits, 2),
            key=lambda pair: np.abs(means[pair[0]] - means[pair[1]]).mean(),
        )
        alt += f" The two least different, pixel by pixel, are {one} and {other}."
    return alt
