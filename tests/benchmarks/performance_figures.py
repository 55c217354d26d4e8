"""The figures of the performance table."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.style import (
    BLUE,
    LINES,
    VERMILION,
    finish_axes,
    new_figure,
)


def compare_seconds(
    seconds: pd.DataFrame, title: str = "Seconds of training"
) -> Figure:
    """Compare how long contenders take, one panel per task, as their seconds differ.

    The table has one row per run: ``task``, ``contender`` and ``seconds``. A bar is the
    median of a contender's runs; the line on it goes from the lowest to the highest.
    """
    medians = seconds.groupby(["task", "contender"], sort=False).seconds.median()
    alt = "Median seconds of training: " + "; ".join(
        f"{task}, {contender} {median:.3g}"
        for (task, contender), median in medians.items()
    )
    tasks = list(seconds.task.unique())
    contenders = list(seconds.contender.unique())
    height = 0.7 + (0.45 + 0.25 * len(contenders)) * len(tasks)
    figure = new_figure((8, height), title, f"{alt}.")
    panels = figure.subplots(len(tasks), squeeze=False)[:, 0]
    for axes, task in zip(panels, tasks, strict=True):
        seaborn.barplot(
            seconds[seconds.task == task].dropna(),
            x="seconds",
            y="contender",
            hue="contender",
            hue_order=contenders,
            palette=[style["color"] for style in LINES[: len(contenders)]],
            estimator="median",
            errorbar=("pi", 100),
            err_kws={"linewidth": 1.5},
            legend=False,
            ax=axes,
        )
        for bars in axes.containers:
            axes.bar_label(bars, fmt="{:.3g}", label_type="center", color="white")
        axes.set_title(task, loc="left")
        axes.set(xlabel="", ylabel="")
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("seconds")
    return figure


def growth(medians: pd.DataFrame, title: str = "How training time grows") -> Figure:
    """Show how training time grows, with the line that was fitted to it.

    The table has one row per measurement: ``quantity`` that grows, its ``number``,
    ``seconds``, the ``slope`` and ``intercept`` of the quantity's line, and the
    ``line`` in words.
    """
    quantities = list(medians.quantity.unique())
    alt = "Seconds of training: " + "; ".join(
        f"{of_one.seconds.min():.3g} to {of_one.seconds.max():.3g} by number of {name}"
        for name, of_one in medians.groupby("quantity", sort=False)
    )
    figure = new_figure((8, 2.8), title, f"{alt}.")
    panels = figure.subplots(1, len(quantities), squeeze=False, sharey=True)[0]
    for axes, quantity in zip(panels, quantities, strict=True):
        points = medians[medians.quantity == quantity]
        first = points.iloc[0]
        ends = np.array([0, points.number.max()])
        fitted = first.intercept + first.slope * ends
        axes.plot(ends, fitted, color=VERMILION, linestyle="--")
        axes.plot(points.number, points.seconds, "o", color=BLUE, clip_on=False)
        axes.set_title(first.line)
        axes.set(xlim=(0, None), ylim=(0, 1.1 * medians.seconds.max()))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(f"number of {quantity}")
        finish_axes(axes)
    panels[0].set_ylabel("seconds of training")
    return figure
