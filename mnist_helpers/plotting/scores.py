"""Scores on a whole set of images."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from mnist_helpers.containers import CLASSES
from mnist_helpers.plotting.checks import check_names, check_numbers
from mnist_helpers.plotting.style import (
    GREY,
    LINES,
    PALE,
    add_legend,
    as_percentage,
    finish_axes,
    new_figure,
    readable_on,
    widen,
)

F1_LIMITS = (0.85, 1.0)
# Of the images of one digit, the share that is taken for one other digit.
CONFUSION_LIMITS = (0.0, 0.08)


def confusion_matrix(matrix: np.ndarray, title: str = "Confusion matrix") -> Figure:
    """Show which digits are taken for which.

    The numbers count images. Colour is for the errors alone: the share of the row's
    images that went wrong in this way. The diagonal, where predictions are right, has
    no colour, because it would drown them.

    Parameters
    ----------
    matrix : ndarray of shape (10, 10), any integer dtype
        Images counted by true digit (rows) and predicted digit (columns).
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the matrix is not what it should be, or counts no image.
    """
    _check_matrix(matrix)
    row_sums = matrix.sum(axis=1, keepdims=True)
    shares = np.ma.masked_array(matrix / np.maximum(row_sums, 1), np.eye(CLASSES))

    figure, axes = new_figure((7, 5.8), title)
    mesh = axes.imshow(
        shares,
        cmap=matplotlib.colormaps["Oranges"].with_extremes(bad=PALE),
        # A square root, so that a share of 0.1 % can be told from none.
        norm=PowerNorm(0.5, 0, max(CONFUSION_LIMITS[1], shares.max())),
    )
    colours = mesh.to_rgba(shares)
    for (row, column), count in np.ndenumerate(matrix):
        axes.text(
            column,
            row,
            f"{count}",
            color=readable_on(colours[row, column]) if count else GREY,
            fontsize=9,
            fontweight="bold" if row == column else "normal",
            ha="center",
            va="center",
            in_layout=False,
        )
    axes.set_xticks(range(CLASSES))
    axes.set_yticks(range(CLASSES))
    axes.tick_params(length=0)
    axes.set_xlabel("predicted digit")
    axes.set_ylabel("true digit")
    axes.spines[:].set_visible(False)
    figure.colorbar(
        mesh,
        label="errors: share of the true digit's images",
        format=as_percentage,
    )
    return figure


def compare_f1(
    f1_of_networks: Mapping[str, np.ndarray],
    title: str = "F1 score of each digit",
) -> Figure:
    """Compare the networks' F1 scores digit by digit.

    Parameters
    ----------
    f1_of_networks : dict of str to array of shape (10,)
        The F1 score of each digit, by the network's name: one to four networks.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no networks or more than four, or a network's scores are not ten
        numbers in [0, 1].
    """
    check_names(f1_of_networks, "f1_of_networks")
    checked = {}
    for network, f1 in f1_of_networks.items():
        name = f"f1_of_networks[{network!r}]"
        checked[network] = check_numbers(f1, name)
        if len(f1) != CLASSES or min(f1) < 0 or max(f1) > 1:
            raise ValueError(
                f"{name}: got {len(f1)} values from {min(f1)} to {max(f1)}, "
                f"expected {CLASSES} in [0, 1], one a digit"
            )

    figure, axes = new_figure((8, 3.6), title)
    digits = np.arange(CLASSES)
    offsets = 0.2 * (np.arange(len(checked)) - (len(checked) - 1) / 2)
    for (network, f1), offset, style in zip(
        checked.items(), offsets, LINES, strict=False
    ):
        axes.plot(
            digits + offset,
            f1,
            **{**style, "linestyle": "none"},
            markersize=7,
            clip_on=False,
            label=network,
        )
    axes.set_xticks(digits[1:] - 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="x", which="minor", color=PALE, linewidth=0.8)
    axes.set_xlim(-0.5, CLASSES - 0.5)
    axes.set_ylim(widen(F1_LIMITS, np.concatenate(list(checked.values()))))
    axes.set_xticks(digits)
    axes.set_xlabel("digit")
    axes.set_ylabel("F1 score")
    finish_axes(axes)
    add_legend(figure, axes.lines)
    return figure


def _check_matrix(matrix: np.ndarray) -> None:
    expected = f"a ({CLASSES}, {CLASSES}) array of counts, not all of them 0"
    if not isinstance(matrix, np.ndarray):
        raise ValueError(f"matrix: got {type(matrix).__name__}, expected {expected}")
    if not np.issubdtype(matrix.dtype, np.integer):
        raise ValueError(f"matrix: got dtype {matrix.dtype}, expected {expected}")
    if matrix.shape != (CLASSES, CLASSES):
        raise ValueError(f"matrix: got shape {matrix.shape}, expected {expected}")
    if matrix.min() < 0 or matrix.max() == 0:
        raise ValueError(
            f"matrix: got counts from {matrix.min()} to {matrix.max()}, "
            f"expected {expected}"
        )
