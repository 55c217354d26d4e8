"""Scores on a whole set of images."""

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from mnist_helpers.evaluation.calibration import calibration_error
from mnist_helpers.evaluation.intervals import wilson_interval
from mnist_helpers.evaluation.scores import describe_confusions
from mnist_helpers.plotting.checks import (
    check_columns,
    check_names,
    check_numbers,
    check_range,
)
from mnist_helpers.plotting.style import (
    GREY,
    LINES,
    PALE,
    add_legend,
    as_percentage,
    counted,
    empty_figure,
    finish_axes,
    new_figure,
    readable_on,
    widen,
)
from mnist_helpers.preprocessing import CLASSES

F1_LIMITS = (0.85, 1.0)
# Of the images of one digit, the share that is taken for one other digit.
CONFUSION_LIMITS = (0.0, 0.08)
MOST_CORRUPTIONS = 9


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

    right, total = int(np.trace(matrix)), int(matrix.sum())
    alt = (
        f"{right:,} of {counted(total, 'image')} predicted right "
        f"({100 * right / total:.2f} %). Most frequent errors: "
        f"{describe_confusions(matrix, 3)}."
    )
    figure, axes = new_figure((7, 5.8), title, alt)
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

    figure, axes = new_figure((8, 3.6), title, _describe_f1(checked))
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


def reliability(
    curves: Mapping[str, pd.DataFrame],
    title: str = "How often the network is right when it says how sure it is",
) -> Figure:
    """Compare confidence with accuracy, bin by bin.

    Parameters
    ----------
    curves : dict of str to DataFrame
        One to four sets of predictions by name. A row a bin that is not empty, in any
        order: the mean ``confidence`` and the ``accuracy`` of its images, both from 0
        to 1, and their ``count``.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Each point has the 95 % interval (Wilson's) that its number of images leaves
        for the accuracy. The legend has the expected calibration error: how far
        accuracy is from confidence, averaged over the images.

    Raises
    ------
    ValueError
        If there are no sets or more than four, or a set is not what it should be.
    """
    check_names(curves, "curves")
    for predictions, bins in curves.items():
        name = f"curves[{predictions!r}]"
        check_columns(bins, ["confidence", "accuracy", "count"], name)
        check_range(bins.confidence, 0, 1, f"{name}.confidence")
        check_range(bins.accuracy, 0, 1, f"{name}.accuracy")
        check_range(bins["count"], 1, np.inf, f"{name}.count")

    alt = "Accuracy by confidence: " + "; ".join(
        f"{predictions}, {counted(bins['count'].sum(), 'image')}: mean confidence "
        f"{100 * np.average(bins.confidence, weights=bins['count']):.1f} %, accuracy "
        f"{100 * np.average(bins.accuracy, weights=bins['count']):.1f} %, expected "
        f"calibration error {100 * calibration_error(bins):.2f} %"
        for predictions, bins in curves.items()
    )
    figure = empty_figure((6.4, 6.8), title, f"{alt}.")
    axes, shares_axes = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    axes.text(
        0.15,
        0.17,
        "accuracy = confidence",
        color=GREY,
        rotation=45,
        transform_rotates_text=True,
        rotation_mode="anchor",
        ha="center",
    )
    lines = []
    for (predictions, unsorted), style in zip(curves.items(), LINES, strict=False):
        bins = unsorted.sort_values("confidence")
        counts = bins["count"]
        right = (bins.accuracy * counts).round().astype(int)
        low, high = zip(*map(wilson_interval, right, counts), strict=True)
        axes.vlines(bins.confidence, low, high, color=style["color"], linewidth=1)
        lines += axes.plot(
            bins.confidence,
            bins.accuracy,
            **style,
            clip_on=False,
            label=f"{predictions}: expected calibration error "
            f"{100 * calibration_error(bins):.2f} %",
        )
        shares_axes.plot(bins.confidence, counts / counts.sum(), **style, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy")
    shares_axes.set_yscale("log")
    least = min((bins["count"] / bins["count"].sum()).min() for bins in curves.values())
    shares_axes.set_ylim(10 ** min(-1, np.floor(np.log10(least))), 1)
    shares_axes.yaxis.set_major_formatter(as_percentage)
    shares_axes.yaxis.set_minor_formatter(NullFormatter())
    shares_axes.set_ylabel("share of\nimages")
    shares_axes.set_xlabel("confidence: the predicted digit's probability")
    finish_axes(axes)
    finish_axes(shares_axes)
    add_legend(figure, lines)
    return figure


def robustness(
    table: pd.DataFrame, title: str = "Accuracy on corrupted images"
) -> Figure:
    """Show how accuracy falls as images are more and more corrupted.

    Parameters
    ----------
    table : DataFrame
        A row a measurement: the ``corruption``, its ``severity`` (0 is the clean
        image), the ``network`` (one to four different ones) and its ``accuracy``,
        from 0 to 1.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A panel a corruption, in the order of the rows, three side by side.

    Raises
    ------
    ValueError
        If the table is not what it should be, has more than four networks or nine
        corruptions, or measures the same twice.
    """
    check_columns(table, ["severity", "accuracy"], "table")
    check_range(table.accuracy, 0, 1, "table.accuracy")
    keys = ["corruption", "severity", "network"]
    missing = [key for key in keys if key not in table]
    if missing:
        raise ValueError(f"table: got no {', '.join(missing)}, expected {keys}")
    networks, corruptions = table.network.unique(), table.corruption.unique()
    if len(networks) > len(LINES) or len(corruptions) > MOST_CORRUPTIONS:
        raise ValueError(
            f"table: got {len(networks)} networks and {len(corruptions)} corruptions, "
            f"expected at most {len(LINES)} and {MOST_CORRUPTIONS}"
        )
    if table.duplicated(keys).any():
        twice = dict(table[keys][table.duplicated(keys)].iloc[0])
        raise ValueError(f"table: got {twice} twice, expected one row for each")

    columns = min(3, len(corruptions))
    rows = -(-len(corruptions) // columns)
    size = (max(4.5, 0.5 + 2.5 * columns), 1.2 + 2 * rows)
    figure = empty_figure(size, title, _describe_robustness(table))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels, unused = np.split(grid.flatten(), [len(corruptions)])
    for axes in unused:
        axes.remove()
    for axes, corruption in zip(panels, corruptions, strict=True):
        of_corruption = table[table.corruption == corruption]
        for network, style in zip(networks, LINES, strict=False):
            points = of_corruption[of_corruption.network == network]
            points = points.sort_values("severity")
            axes.plot(
                points.severity, points.accuracy, **style, clip_on=False, label=network
            )
        axes.set_title(corruption)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(as_percentage)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        finish_axes(axes)
    for axes in panels[::columns]:
        axes.set_ylabel("accuracy")
    # The last row may end early; then panels above it are the lowest of their column.
    for axes in panels[-columns:]:
        axes.set_xlabel("severity (0: clean)")
        axes.tick_params(labelbottom=True)
    add_legend(figure, panels[0].lines)
    return figure


def _describe_f1(f1_of_networks: Mapping[str, np.ndarray]) -> str:
    ranges = "; ".join(
        f"{network} from {min(f1):.4f} (digit {np.argmin(f1)}) to {max(f1):.4f} "
        f"(digit {np.argmax(f1)})"
        for network, f1 in f1_of_networks.items()
    )
    alt = f"F1 score of each digit: {ranges}."
    if len(f1_of_networks) == 1:
        return alt
    highest = np.max(list(f1_of_networks.values()), axis=0)
    leads = {
        network: ", ".join(map(str, np.flatnonzero(f1 == highest)))
        for network, f1 in f1_of_networks.items()
    }
    of_each = "; ".join(
        f"{network} for {digits}" for network, digits in leads.items() if digits
    )
    return f"{alt} Highest, alone or level with another: {of_each}."


def _describe_robustness(table: pd.DataFrame) -> str:
    """Say which network is the most accurate at the highest severity of each."""
    most = table[
        table.severity == table.groupby("corruption").severity.transform("max")
    ]
    best = most.loc[most.groupby("corruption", sort=False).accuracy.idxmax()]
    of_each = ", ".join(
        f"{row.corruption} {row.network} ({100 * row.accuracy:.0f} %)"
        for row in best.itertuples()
    )
    return (
        f"Accuracy of {', '.join(table.network.unique())} by severity. Highest at the "
        f"greatest severity: {of_each}."
    )


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
