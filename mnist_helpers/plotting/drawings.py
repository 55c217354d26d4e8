"""Drawings and photographs, and what becomes of them on their way to a network."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.predictions import read_as
from mnist_helpers.plotting.style import INK_ON_PAPER, PALE, RIGHT, WRONG, new_figure


def preparation_steps(
    steps: Mapping[str, Sequence[np.ndarray]],
    labels: Sequence[int],
    probabilities: Mapping[str, np.ndarray],
    title: str = "From a drawing to what a network sees",
) -> Figure:
    """Show digits on their way to a network, one row per digit, and the predictions.

    Parameters
    ----------
    steps : dict of str to sequence of n ndarrays
        The pictures of each step, by its heading: uint8, either of shape (height,
        width) with 255 for ink, or of shape (height, width, 3).
    labels : sequence of n int
        The digits that were meant.
    probabilities : dict of str to ndarray of shape (n, 10)
        The predictions for the pictures of some steps, by the same headings.
    """
    read = [
        f"{' '.join(heading.split())}: {', '.join(map(read_as, labels, of_step))}"
        for heading, of_step in probabilities.items()
    ]
    names = ", ".join(" ".join(heading.split()) for heading in steps)
    alt = f"{len(labels)} digits, step by step: {names}. {'. '.join(read)}."
    figure = new_figure((8, 1 + 2.2 * len(labels)), title, alt)
    panels = figure.subplots(len(labels), len(steps), squeeze=False)
    for column, (heading, pictures) in zip(panels.T, steps.items(), strict=True):
        column[0].set_title(heading)
        for place, (axes, picture) in enumerate(zip(column, pictures, strict=True)):
            axes.imshow(picture, **INK_ON_PAPER)
            # Whatever the shape of a picture, its panel is a square.
            axes.set(xticks=[], yticks=[], box_aspect=1, adjustable="datalim")
            axes.spines[:].set(visible=True, color=PALE)
            if heading in probabilities:
                answer = probabilities[heading][place]
                is_right = answer.argmax() == labels[place]
                colour = RIGHT if is_right else WRONG
                axes.set_xlabel(read_as(labels[place], answer), color=colour)
    return figure
