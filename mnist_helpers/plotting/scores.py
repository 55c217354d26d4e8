"""Scores on a whole set of images."""

from collections.abc import Mapping

import numpy as np
import seaborn
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from mnist_helpers.evaluation.scores import describe_confusions
from mnist_helpers.plotting.style import (
    GREY,
    HEAT,
    LINES,
    PALE,
    add_legend,
    as_percentage,
    finish_axes,
    new_figure,
)
from mnist_helpers.preprocessing import CLASSES


def confusion_matrix(matrix: np.ndarray, title: str = "Confusion matrix") -> Figure:
    """Show which digits are taken for which, as counts of shape (10, 10).

    Rows are true digits, columns predicted ones. Colour is for the errors alone: the
    share of the row's images that went wrong in this way. Correct predictions, on the
    diagonal, would drown them. The last row and column have the totals.
    """
    right, total = np.trace(matrix), matrix.sum()
    alt = (
        f"{right:,} of {total:,} images predicted correctly ({100 * right / total:.2f} "
        f"%). Most frequent errors: {describe_confusions(matrix, 3)}."
    )
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    columns = matrix.sum(axis=0, keepdims=True)
    counts = np.block([[matrix, matrix.sum(axis=1, keepdims=True)], [columns, total]])
    labels = [*map(str, range(CLASSES)), "all"]
    figure = new_figure((7.4, 6.1), title, alt)
    axes = figure.subplots()
    seaborn.heatmap(
        np.pad(shares, (0, 1)),
        annot=counts,
        fmt="d",
        cmap=HEAT,
        # A square root, so that a share of 0.1 % can be told from none.
        norm=PowerNorm(0.5, 0, shares.max() or 1),
        linewidths=0.5,
        linecolor=PALE,
        square=True,
        xticklabels=labels,
        yticklabels=labels,
        cbar_kws={
            "label": "errors: share of the true digit's images",
            "format": as_percentage,
        },
        ax=axes,
    )
    for text in axes.texts:
        text.set_color(GREY if text.get_text() == "0" else "black")
    for text in axes.texts[: -CLASSES - 1 : CLASSES + 2]:
        text.set_fontweight("bold")
    axes.axhline(CLASSES, color=GREY, linewidth=1)
    axes.axvline(CLASSES, color=GREY, linewidth=1)
    axes.tick_params(length=0, labelrotation=0)
    axes.set(xlabel="predicted digit", ylabel="true digit")
    return figure


def compare_f1(
    f1_of_networks: Mapping[str, np.ndarray], title: str = "F1 score of each digit"
) -> Figure:
    """Compare the ten F1 scores of up to four networks, digit by digit."""
    alt = "F1 score of each digit: " + "; ".join(
        f"{network} from {np.min(f1):.4f} (digit {np.argmin(f1)}) to {np.max(f1):.4f} "
        f"(digit {np.argmax(f1)})"
        for network, f1 in f1_of_networks.items()
    )
    figure = new_figure((8, 3.6), title, f"{alt}.")
    axes = figure.subplots()
    digits = np.arange(CLASSES)
    for place, (network, f1) in enumerate(f1_of_networks.items()):
        offset = 0.2 * (place - (len(f1_of_networks) - 1) / 2)
        style = LINES[place] | {"linestyle": "none", "markersize": 7}
        axes.plot(digits + offset, f1, **style, clip_on=False, label=network)
    axes.set_xticks(digits)
    axes.set_xticks(digits[1:] - 0.5, minor=True)
    axes.grid(axis="x", which="minor", color=PALE)
    axes.tick_params(which="minor", length=0)
    axes.set(xlim=(-0.5, CLASSES - 0.5), xlabel="digit", ylabel="F1 score")
    finish_axes(axes)
    add_legend(figure, axes.lines)
    return figure
