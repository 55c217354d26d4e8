"""All mistakes of a network, and the most frequent ones."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from mnist_helpers.evaluation.scores import (
    describe_confusions,
    most_confident_mistakes,
)
from mnist_helpers.plotting.predictions import say_nothing_found
from mnist_helpers.plotting.style import INK_ON_PAPER, new_figure
from mnist_helpers.plotting.tiles import draw_rows, draw_tiles
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
    columns = 15
    rows = -(-len(mistakes) // columns)
    alt = (
        f"{len(mistakes)} images predicted wrong, by true and predicted digit. Most "
        f"frequent: {_describe(labels, predicted)}."
    )
    figure = new_figure((7.9, 0.9 + 0.62 * rows), title, alt)
    axes = figure.subplots()
    headings = [f"{labels[row]}→{predicted[row]}" for row in mistakes]
    draw_tiles(axes, images[mistakes], headings, columns, **INK_ON_PAPER)
    axes.set_title(f"{len(mistakes)} wrong predictions: true→predicted")
    return figure


def confusion_pairs(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    pairs: int = 5,
    per_pair: int = 10,
    title: str = "The most frequent mistakes",
) -> Figure:
    """Show which digits are most often taken for which, and what they look like.

    One row per pair of a true and a predicted digit, the most frequent first; in the
    row, the most confident mistakes first.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = most_confident_mistakes(labels, probabilities, len(labels))
    if len(mistakes) == 0:
        return say_nothing_found(title)
    both = CLASSES * labels[mistakes].astype(int) + predicted[mistakes]
    counts = np.bincount(both)
    frequent = np.argsort(-counts, kind="stable")[:pairs]
    frequent = frequent[counts[frequent] > 0]
    rows = [images[mistakes[both == pair]] for pair in frequent]
    names = [
        f"{pair // CLASSES} read as {pair % CLASSES}\n"
        f"{counts[pair]} of {len(mistakes)} mistakes"
        for pair in frequent
    ]
    alt = (
        f"{len(mistakes)} mistakes in {len(labels):,} predictions. The most frequent: "
        f"{_describe(labels, predicted)}."
    )
    columns = min(per_pair, counts.max())
    size = (max(4.5, 1.6 + 0.42 * columns), 0.9 + 0.45 * len(rows))
    figure = new_figure(size, title, alt)
    draw_rows(figure.subplots(), rows, names, columns)
    return figure


def _describe(labels: np.ndarray, predicted: np.ndarray) -> str:
    matrix = confusion_matrix(labels, predicted, labels=range(CLASSES))
    return describe_confusions(matrix, 5)
