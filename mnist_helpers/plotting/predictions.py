"""Predictions, image by image."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mnist_helpers.evaluation.scores import format_confidence
from mnist_helpers.plotting.style import (
    GREY,
    INK_ON_PAPER,
    RIGHT,
    WRONG,
    add_legend,
    finish_axes,
    new_figure,
)
from mnist_helpers.preprocessing import CLASSES

COLUMNS = 5


def prediction_gallery(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "Predictions",
) -> Figure:
    """Show a few images, each above the probabilities that a network gave it.

    Images have the shape (n, 28, 28), probabilities (n, 10). Without images the figure
    says that there are none: a network may well make no mistake.
    """
    if len(images) == 0:
        return say_nothing_found(title)
    rows = -(-len(images) // COLUMNS)
    alt = describe_predictions(labels, probabilities)
    figure = new_figure((8, 0.7 + 2.8 * rows), title, alt)
    panels = figure.subplots(2 * rows, COLUMNS, height_ratios=[2, 1] * rows)
    for axes in panels.flat:
        axes.set_axis_off()
    for place, (label, of_image) in enumerate(zip(labels, probabilities, strict=True)):
        row, column = divmod(place, COLUMNS)
        show_prediction(panels[2 * row, column], images[place], label, of_image)
        _draw_probabilities(panels[2 * row + 1, column], label, of_image)
    for axes in panels[1::2, 0]:
        axes.set_ylabel("probability")
    for axes in panels[1::2, 1:].flat:
        axes.tick_params(labelleft=False)
    wrong = Patch(facecolor=WRONG, hatch="///", edgecolor="white", label="wrong digit")
    add_legend(figure, [Patch(color=RIGHT, label="true digit"), wrong])
    return figure


def show_prediction(
    axes: Axes, image: np.ndarray, label: int, probabilities: np.ndarray
) -> None:
    """Show an image below what it is and what it is read as."""
    axes.imshow(image, **INK_ON_PAPER)
    axes.set_axis_off()
    axes.set_title(
        read_as(label, probabilities, "\n"),
        color=RIGHT if probabilities.argmax() == label else WRONG,
    )


def read_as(label: int, probabilities: np.ndarray, space: str = " ") -> str:
    """Say as what an image is read, such as ``6 read as 4 (97 %)``."""
    confidence = format_confidence(probabilities.max())
    return f"{label} read as {probabilities.argmax()}{space}({confidence})"


def describe_predictions(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Say as what each of a few images is read."""
    readings = map(read_as, labels, probabilities)
    return f"True digit, and what it is read as: {', '.join(readings)}."


def say_nothing_found(title: str) -> Figure:
    """Make a figure that says that no prediction is of the kind to be shown."""
    sentence = "There is no such prediction."
    figure = new_figure((5, 1.4), title, sentence)
    figure.text(0.5, 0.3, sentence, ha="center")
    return figure


def _draw_probabilities(axes: Axes, label: int, probabilities: np.ndarray) -> None:
    axes.set_axis_on()
    bars = axes.bar(range(CLASSES), probabilities, color=GREY)
    bars[probabilities.argmax()].set(facecolor=WRONG, hatch="///", edgecolor="white")
    bars[label].set(facecolor=RIGHT, hatch="")
    axes.set_xticks(range(CLASSES))
    axes.set_ylim(0, 1)
    axes.tick_params(labelsize=8, length=2)
    finish_axes(axes)
