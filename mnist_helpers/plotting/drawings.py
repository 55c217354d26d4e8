"""Drawings, and what becomes of them on their way to a network."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.predictions import read_as
from mnist_helpers.plotting.style import INK_ON_PAPER, PALE, RIGHT, WRONG, new_figure
from mnist_helpers.preprocessing import BOX_SIDE

STEPS = (
    "as drawn",
    "fitted to 20x20",
    "centred on 28x28,\nas MNIST's digits are",
    "only shrunk to 28x28",
)


def drawing_steps(
    drawings: np.ndarray,
    boxes: Sequence[np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "From a drawing to what a network sees",
) -> Figure:
    """Show drawings brought into MNIST's form, and without it, with the predictions.

    Parameters
    ----------
    drawings : ndarray of shape (n, height, width), dtype uint8
        Whole canvases, up to 3.
    boxes : sequence of n ndarrays of up to 20x20 pixels, dtype uint8
        Each digit fitted to its box.
    images : ndarray of shape (2n, 28, 28), dtype uint8
        The n centred images, then the n canvases that were only shrunk.
    labels : ndarray of shape (n,)
        The digits that were meant.
    probabilities : ndarray of shape (2n, 10)
        The predictions for the images.
    """
    count = len(drawings)
    centred, shrunk = np.split(probabilities, 2)
    alt = (
        f"{count} drawings, each as drawn, fitted to 20x20 pixels, centred on 28x28, "
        f"and only shrunk. Centred: {', '.join(map(read_as, labels, centred))}. Only "
        f"shrunk: {', '.join(map(read_as, labels, shrunk))}."
    )
    figure = new_figure((8, 1 + 2.2 * count), title, alt)
    rows = figure.subplots(count, len(STEPS), squeeze=False)
    for place, panels in enumerate(rows):
        boxed = _pad(boxes[place])
        steps = (drawings[place], boxed, images[place], images[count + place])
        for axes, step in zip(panels, steps, strict=True):
            axes.imshow(step, **INK_ON_PAPER)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=PALE)
        label = labels[place]
        for axes, answer in zip(
            panels[2:], (centred[place], shrunk[place]), strict=True
        ):
            colour = RIGHT if answer.argmax() == label else WRONG
            axes.set_xlabel(read_as(label, answer), color=colour)
    for axes, step in zip(rows[0], STEPS, strict=True):
        axes.set_title(step)
    return figure


def _pad(box: np.ndarray) -> np.ndarray:
    """Put a box in the middle of the square that it was fitted to."""
    spare = BOX_SIDE - np.array(box.shape)
    return np.pad(box, np.stack([spare // 2, spare - spare // 2], axis=1))
