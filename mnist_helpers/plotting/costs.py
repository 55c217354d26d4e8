"""What training costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from pandas.api.typing import SeriesGroupBy

from mnist_helpers.plotting.checks import check_columns, check_numbers, check_range
from mnist_helpers.plotting.style import (
    BARS,
    BLUE,
    GREY,
    INK,
    VERMILION,
    add_legend,
    as_percentage,
    counted,
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
    medians_in_words = [
        f"{task} ("
        + ", ".join(
            f"{contender} {median:.3g}"
            for contender, median in of_task.groupby("contender", sort=False)
            .seconds.median()
            .items()
        )
        + ")"
        for task, of_task in seconds.groupby("task", sort=False)
    ]
    alt = f"Median seconds of training: {'; '.join(medians_in_words)}."
    figure = empty_figure((8, height), title, alt)
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
    ends_in_words = []
    for quantity in quantities:
        points = medians[medians.quantity == quantity].sort_values("number")
        fewest, most = points.iloc[0], points.iloc[-1]
        ends_in_words.append(
            f"{quantity}: {fewest.seconds:.3g} with {fewest.number:,}, "
            f"{most.seconds:.3g} with {most.number:,}"
        )
    alt = f"Seconds of training by number of {'; '.join(ends_in_words)}."
    figure = empty_figure((8, 2.8), title, alt)
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


def width(
    table: pd.DataFrame,
    marked: Sequence[int] = (8, 128),
    title: str = "What the width of the hidden layer brings, and what it costs",
) -> Figure:
    """Show test error, parameters and training time over the width of a network.

    Parameters
    ----------
    table : DataFrame
        A row a training: ``hidden_units``, ``seed``, the test set's ``accuracy`` from
        0 to 1, ``parameters`` and ``seconds`` above 0.
    marked : sequence of int
        Widths to name and to draw a line at; each must be in the table.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        The line is the median of the seeds, the band goes from the lowest to the
        highest. Errors, not accuracies, as their size is what halves.

    Raises
    ------
    ValueError
        If the table is not what it should be, or a marked width is not in it.
    """
    columns = ["hidden_units", "seed", "accuracy", "parameters", "seconds"]
    check_columns(table, columns, "table")
    check_range(table.accuracy, 0, 1, "table.accuracy")
    check_range(table.hidden_units, 1, np.inf, "table.hidden_units")
    check_range(table.parameters, 1, np.inf, "table.parameters")
    if not (table.seconds > 0).all():
        raise ValueError("table.seconds: got 0 or less, expected numbers above 0")
    units = sorted(table.hidden_units.unique())
    missing = [number for number in marked if number not in units]
    if missing:
        raise ValueError(
            f"marked: got {missing[0]}, expected some of the table's hidden_units, "
            f"{', '.join(map(str, units))}"
        )

    medians = (
        table.assign(errors=1 - table.accuracy)
        .groupby("hidden_units")
        .median(numeric_only=True)
    )
    shown = list(dict.fromkeys([units[0], *sorted(marked), units[-1]]))
    shares = ", ".join(
        f"{100 * medians.errors[number]:.2g} % with {number:,}" for number in shown
    )
    ends = medians.iloc[[0, -1]]
    alt = (
        f"Median share of test images predicted wrong, by hidden units: {shares}. "
        f"From {units[0]:,} to {units[-1]:,} units, parameters go from "
        "{:,.0f} to {:,.0f}".format(*ends.parameters)
        + ", median seconds of training from {:.3g} to {:.3g}.".format(*ends.seconds)
    )
    figure = empty_figure((8, 4.4), title, alt)
    panels = figure.subplot_mosaic(
        [["errors", "parameters"], ["errors", "seconds"]], width_ratios=(3, 2)
    )
    errors = (1 - table.accuracy).groupby(table.hidden_units)
    _draw_range(panels["errors"], errors)
    for name in ("parameters", "seconds"):
        _draw_range(panels[name], table.groupby("hidden_units")[name])
    for axes in panels.values():
        for number in marked:
            axes.axvline(number, color=GREY, linestyle=":", zorder=0)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("hidden units")
        finish_axes(axes)
    _finish_errors(panels["errors"], errors, marked)
    panels["parameters"].set_yscale("log")
    panels["parameters"].yaxis.set_major_formatter("{x:,.0f}")
    panels["parameters"].set_ylabel("parameters")
    panels["parameters"].set_xlabel("")
    panels["seconds"].set_ylim(0, 1.05 * table.seconds.max())
    panels["seconds"].set_ylabel("seconds of training")
    add_legend(figure, [*panels["seconds"].lines[:1], *panels["seconds"].collections])
    return figure


def ladder(
    rungs: pd.DataFrame, title: str = "What each step brings, and what it costs"
) -> Figure:
    """Show test error and training time of a network, recipe after recipe.

    Parameters
    ----------
    rungs : DataFrame
        A row a training: ``step`` (in order), the test set's ``accuracy`` from 0 to
        1, and ``seconds`` above 0.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A row a step: on the left a dot a seed and a line at their median, on the right
        a bar for the median of the seconds.

    Raises
    ------
    ValueError
        If the table is not what it should be.
    """
    check_columns(rungs, ["accuracy", "seconds", "seed"], "rungs")
    check_range(rungs.accuracy, 0, 1, "rungs.accuracy")
    if not (rungs.seconds > 0).all():
        raise ValueError("rungs.seconds: got 0 or less, expected numbers above 0")
    steps = list(rungs.step.unique())
    by_step = rungs.groupby("step", sort=False)
    medians = by_step[["accuracy", "seconds"]].median()
    steps_in_words = "; ".join(
        f"{step} {100 - 100 * median.accuracy:.2f} % in {median.seconds:,.0f} s"
        for step, median in medians.iterrows()
    )
    alt = (
        "Share of test images predicted wrong, and seconds of training, medians of "
        f"{counted(rungs.seed.nunique(), 'seed')}: {steps_in_words}."
    )
    figure = empty_figure((8, 1.45 + 0.4 * len(steps)), title, alt)
    errors_axes, seconds_axes = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for place, step in enumerate(steps):
        errors = 1 - rungs.accuracy[rungs.step == step]
        errors_axes.scatter(
            errors, [place] * len(errors), color=BLUE, alpha=0.6, label="a seed"
        )
        errors_axes.plot(
            2 * [errors.median()],
            [place - 0.3, place + 0.3],
            color=VERMILION,
            linewidth=2.5,
            label="median",
        )
        seconds = medians.seconds[step]
        seconds_axes.barh(place, seconds, height=0.55, color=GREY)
        seconds_axes.annotate(
            f"{seconds:,.0f}",
            (seconds, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    errors_axes.set_yticks(range(len(steps)), steps)
    errors_axes.invert_yaxis()
    errors_axes.set_xlim(0, 1.08 * (1 - rungs.accuracy.min()) or 1)
    errors_axes.xaxis.set_major_formatter(as_percentage)
    errors_axes.set_xlabel("share of test images predicted wrong")
    seconds_axes.set_xlim(0, 1.2 * medians.seconds.max())
    seconds_axes.set_xlabel("seconds of training, median")
    for axes in (errors_axes, seconds_axes):
        finish_axes(axes)
    add_legend(figure, [errors_axes.collections[0], errors_axes.lines[0]])
    return figure


def _draw_range(axes: Axes, of_widths: SeriesGroupBy) -> None:
    medians = of_widths.median()
    axes.plot(medians, color=BLUE, marker="o", label="median of the seeds")
    axes.fill_between(
        medians.index,
        of_widths.min(),
        of_widths.max(),
        color=BLUE,
        alpha=0.25,
        linewidth=0,
        label="lowest to highest seed",
    )


def _finish_errors(axes: Axes, errors: SeriesGroupBy, marked: Sequence[int]) -> None:
    medians, highest = errors.median(), errors.max()
    # Where no image is wrong, a logarithm has no place: the line leaves below.
    least = min(errors.min()[errors.min() > 0], default=0.001)
    axes.set_ylim(least / 1.3, min(1, 2 * highest.max()) or 1)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(as_percentage)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("share of test images predicted wrong")
    for number in marked:
        axes.annotate(
            f"{counted(number, 'unit')}\n{100 * medians[number]:.2g} % wrong",
            (number, highest[number]),
            xytext=(6, 8),
            textcoords="offset points",
            fontsize=9,
        )
