"""All mistakes of a network."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from mnist_helpers.evaluation.scores import (
    describe_confusions,
    most_confident_mistakes,
)
from mnist_helpers.plotting.predictions import say_nothing_found
from mnist_helpers.plotting.style import INK_ON_PAPER, new_figure
from mnist_helpers.plotting.tiles import draw_tiles
from mnist_helpers.preprocessing import CLASSES


def error_sheet(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "All mistakes",
) -> Figure:
    """Show every image that a network got wrong, by true, then by predicted digit.

    Images have the shape (n, 28, 28), probabilities (n, 10); those predicted correctly
    are left out.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = most_confident_mistakes(labels, probabilities, len(labels))
    if len(mistakes) == 0:
        return say_nothing_found(title)
    mistakes = mistakes[np.lexsort((predicted[mistakes], labels[mistakes]))]
    matrix = confusion_matrix(labels, predicted, labels=range(CLASSES))
    columns = 15
    rows = -(-len(mistakes) // columns)
    alt = (
        f"{len(mistakes)} images predicted wrong, by true and predicted digit. Most "
        f"frequent: {describe_confusions(matrix, 5)}."
    )
    figure = new_figure((7.9, 0.9 + 0.62 * rows), title, alt)
    axes = figure.subplots()
    headings = [f"{labels[row]}→{predicted[row]}" for row in mistakes]
    draw_tiles(axes, images[mistakes], headings, columns, **INK_ON_PAPER)
    axes.set_title(f"{len(mistakes)} wrong predictions: true→predicted")
    return figure
