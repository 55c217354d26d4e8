"""Drawings, and what becomes of them on their way to a network."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_helpers.evaluation.scores import (
    check_probabilities,
    describe_predictions,
    format_confidence,
)
from mnist_helpers.plotting.style import (
    INK_ON_PAPER,
    PALE,
    RIGHT,
    WRONG,
    counted,
    empty_figure,
)
from mnist_helpers.preprocessing import BOX_SIDE, check_images, check_labels

STEPS = (
    "as drawn",
    "fitted to 20x20",
    "centred on 28x28,\nas MNIST's digits are",
    "only shrunk to 28x28",
)
MOST_DRAWINGS = 3


def drawing_steps(
    drawings: np.ndarray,
    boxes: Sequence[np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "From a drawing to what a network sees",
) -> Figure:
    """Show drawings brought into MNIST's form, and without it, with the answers.

    Parameters
    ----------
    drawings : ndarray of shape (n, height, width), dtype uint8
        Whole canvases, n from 1 to 3.
    boxes : sequence of n ndarrays of up to 20x20 pixels, dtype uint8
        Each digit fitted to its box.
    images : ndarray of shape (2n, 28, 28), dtype uint8
        The n centred images, then the n canvases that were only shrunk.
    labels : ndarray of shape (n,), any integer dtype
        The digits that were meant.
    probabilities : ndarray of shape (2n, 10), any floating dtype
        What the network answers to the images.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A row a drawing.

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    count = len(drawings)
    if not 1 <= count <= MOST_DRAWINGS:
        raise ValueError(f"drawings: got {count}, expected 1 to {MOST_DRAWINGS}")
    check_images(images)
    check_labels(labels, count)
    check_probabilities(probabilities, 2 * count)
    if len(boxes) != count or len(images) != 2 * count:
        raise ValueError(
            f"boxes and images: got {len(boxes)} and {len(images)}, expected {count} "
            f"and {2 * count} for {count} drawings"
        )
    alt = (
        f"{counted(count, 'drawing')}, each as drawn, fitted to 20x20 pixels, centred "
        "on 28x28, and only shrunk. Read when centred: "
        f"{describe_predictions(labels, probabilities[:count])}. Only shrunk: "
        f"{describe_predictions(labels, probabilities[count:])}."
    )
    figure = empty_figure((8, 0.9 + 2.0 * count), title, alt)
    rows = figure.subplots(count, len(STEPS), squeeze=False)
    for place, axes_of_row in enumerate(rows):
        steps = (
            drawings[place],
            _pad(boxes[place]),
            images[place],
            images[count + place],
        )
        for axes, step in zip(axes_of_row, steps, strict=True):
            axes.imshow(step, **INK_ON_PAPER)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_color(PALE)
        _answer(axes_of_row[2], labels[place], probabilities[place])
        _answer(axes_of_row[3], labels[place], probabilities[count + place])
    for axes, step in zip(rows[0], STEPS, strict=True):
        axes.set_title(step)
    return figure


def _pad(box: np.ndarray) -> np.ndarray:
    """Put a box in the middle of the square that it was fitted to."""
    before = [(BOX_SIDE - side) // 2 for side in box.shape]
    after = [BOX_SIDE - side - gap for side, gap in zip(box.shape, before, strict=True)]
    return np.pad(box, list(zip(before, after, strict=True)))


def _answer(axes: Axes, label: int, probabilities: np.ndarray) -> None:
    answer = probabilities.argmax()
    is_right = answer == label
    axes.set_xlabel(
        f"read as {answer} ({format_confidence(probabilities.max())}): "
        f"{'right' if is_right else 'wrong'}",
        color=RIGHT if is_right else WRONG,
    )
