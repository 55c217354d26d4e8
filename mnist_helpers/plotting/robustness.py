"""How networks fare on corrupted images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mnist_helpers.plotting.style import (
    INK_ON_PAPER,
    LINES,
    VERMILION,
    add_legend,
    as_percentage,
    draw_intervals,
    finish_axes,
    new_figure,
)
from mnist_helpers.plotting.tiles import lay_out

PANELS_PER_ROW = 3


def corruption_samples(
    images: Mapping[str, np.ndarray], title: str = "One digit, more and more corrupted"
) -> Figure:
    """Show one digit under each corruption, one row per corruption.

    Each has images of shape (severities, 28, 28), the mildest first.
    """
    severities = len(next(iter(images.values())))
    alt = (
        f"One digit at severities 1 to {severities} of each corruption: "
        f"{', '.join(images)}."
    )
    figure = new_figure((5.2, 1.3 + 0.7 * len(images)), title, alt)
    axes = figure.subplots()
    gap = 1
    # In frames, and with a mark at the centre, without which no shift could be seen.
    sheet = lay_out(np.concatenate(list(images.values())), severities, gap, gap, 40)
    axes.imshow(sheet, **INK_ON_PAPER)
    height, width = np.array(sheet.shape) / (len(images), severities)
    across = (np.arange(severities) + 0.5) * width - 0.5
    down = (np.arange(len(images)) + 0.5) * height - 0.5
    axes.plot(*np.meshgrid(across, down), "+", color=VERMILION, markersize=4)
    axes.set_xticks(across, range(1, severities + 1))
    axes.set_yticks(down, images)
    axes.set_xlabel("severity")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def robustness_curves(
    table: pd.DataFrame, title: str = "Accuracy on corrupted images"
) -> Figure:
    """Show how accuracy falls as images are more and more corrupted.

    Each point has the 95 % interval (Wilson's) that its number of images leaves.

    Parameters
    ----------
    table : DataFrame
        One row per measurement: ``corruption``, ``severity`` (0 is the clean image),
        ``network`` (up to four), ``accuracy``, and of how many ``images``.
    """
    networks, corruptions = table.network.unique(), table.corruption.unique()
    hardest = table[table.severity == table.severity.max()]
    means = hardest.groupby("network", sort=False).accuracy.mean()
    accuracies = [f"{name} {100 * mean:.0f} %" for name, mean in means.items()]
    alt = (
        f"Accuracy by severity of {', '.join(corruptions)}. Mean at the greatest "
        f"severity: {', '.join(accuracies)}."
    )
    rows = -(-len(corruptions) // PANELS_PER_ROW)
    figure = new_figure((8, 1.2 + 2 * rows), title, alt)
    panels = figure.subplots(
        rows, PANELS_PER_ROW, sharex=True, sharey=True, squeeze=False
    )
    for axes, corruption in zip(panels.flat, corruptions, strict=False):
        of_corruption = table[table.corruption == corruption].sort_values("severity")
        for network, style in zip(networks, LINES, strict=False):
            points = of_corruption[of_corruption.network == network]
            measured = (points.severity, points.accuracy)
            draw_intervals(axes, *measured, points["images"], style["color"])
            axes.plot(*measured, **style, ms=4, clip_on=False, label=network)
        axes.set_title(corruption)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(as_percentage)
        finish_axes(axes)
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy")
    for axes in panels[-1]:
        axes.set_xlabel("severity (0: clean)")
    add_legend(figure, panels[0, 0].lines)
    return figure
