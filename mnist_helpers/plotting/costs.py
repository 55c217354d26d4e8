"""What training costs."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.checks import check_numbers
from mnist_helpers.plotting.style import (
    BARS,
    BLUE,
    INK,
    VERMILION,
    empty_figure,
    finish_axes,
)


def compare_seconds(
    seconds: pd.DataFrame, title: str = "Seconds of training"
) -> Figure:
    """Compare how long contenders take, task by task, with the range of their runs.

    Parameters
    ----------
    seconds : DataFrame
        A row a run: ``task``, ``contender`` (one to four different ones) and
        ``seconds``, above 0.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A panel a task, as their seconds differ in size; a bar is the median of a
        contender's runs, the line at its end goes from the lowest to the highest.

    Raises
    ------
    ValueError
        If there are no rows, more than four contenders, or seconds that are not
        numbers above 0.
    """
    if seconds.empty or seconds.contender.nunique() > len(BARS):
        raise ValueError(
            f"seconds: got {len(seconds)} rows of {seconds.contender.nunique()} "
            f"contenders, expected some rows of at most {len(BARS)}"
        )
    if not (check_numbers(seconds.seconds, "seconds") > 0).all():
        raise ValueError("seconds: got 0 or less, expected numbers above 0")
    tasks = list(seconds.task.unique())
    contenders = list(seconds.contender.unique())
    height = 0.7 + (0.4 + 0.25 * len(contenders)) * len(tasks)
    figure = empty_figure((8, height), title)
    panels = figure.subplots(len(tasks), squeeze=False)[:, 0]
    for axes, task in zip(panels, tasks, strict=True):
        of_task = seconds[seconds.task == task].groupby("contender").seconds
        medians, lowest, highest = of_task.median(), of_task.min(), of_task.max()
        names = [name for name in contenders if name in medians]
        for place, name in enumerate(names):
            style = BARS[contenders.index(name)]
            median = medians[name]
            axes.barh(place, median, height=0.7, edgecolor="white", **style)
            axes.plot([lowest[name], highest[name]], [place, place], color=INK)
            axes.annotate(
                f"{median:.3g}",
                (highest[name], place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12 * highest.max())
        axes.set_title(task, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("seconds")
    return figure


def growth(medians: pd.DataFrame, title: str = "How training time grows") -> Figure:
    """Show how training time grows, with the line that was fitted to it.

    Parameters
    ----------
    medians : DataFrame
        A row a measurement: ``quantity`` that grows, its ``number``, ``seconds``, the
        ``slope`` and ``intercept`` of the quantity's line, and the ``line`` in words.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A panel a quantity.

    Raises
    ------
    ValueError
        If there are no rows, or numbers that are not finite.
    """
    if medians.empty:
        raise ValueError("medians: got no rows, expected some")
    for column in ("number", "seconds", "slope", "intercept"):
        check_numbers(medians[column], f"medians.{column}")
    quantities = list(medians.quantity.unique())
    figure = empty_figure((8, 2.8), title)
    panels = figure.subplots(1, len(quantities), squeeze=False, sharey=True)[0]
    for axes, quantity in zip(panels, quantities, strict=True):
        points = medians[medians.quantity == quantity]
        slope, intercept = points.slope.iloc[0], points.intercept.iloc[0]
        ends = np.array([0, points.number.max()])
        axes.plot(ends, intercept + slope * ends, color=VERMILION, linestyle="--")
        axes.plot(points.number, points.seconds, "o", color=BLUE, clip_on=False)
        axes.set_title(points.line.iloc[0])
        axes.set_xlim(0, None)
        axes.set_ylim(0, 1.1 * medians.seconds.max())
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(f"number of {quantity}")
        finish_axes(axes)
    panels[0].set_ylabel("seconds of training")
    return figure
