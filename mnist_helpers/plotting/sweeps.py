"""What a sweep over a notebook's parameters shows."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_helpers.plotting.checks import check_columns
from mnist_helpers.plotting.style import (
    LINES,
    add_legend,
    as_percentage,
    counted,
    empty_figure,
    finish_axes,
    new_figure,
    readable_on,
)

# Values as far apart as this are drawn at equal distances for equal factors.
FACTOR = 16
LONGEST_TICK = 16


def sweep_line(summary: pd.DataFrame, parameter: str, title: str) -> Figure:
    """Show shares, such as accuracies, over the values of one parameter.

    Parameters
    ----------
    summary : DataFrame
        A row a value and share: ``value`` of the parameter, ``metric`` (one to four
        different names), ``mean``, and the ends ``low`` and ``high`` of its interval,
        which may be NaN.
    parameter : str
        The parameter's name.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A line through the means and a band of their intervals for each metric.

    Raises
    ------
    ValueError
        If there are no rows, more than four metrics, or a mean that is no number.
    """
    check_columns(summary, ["mean"], "summary")
    metrics = list(summary.metric.unique())
    if len(metrics) > len(LINES):
        raise ValueError(f"summary: got {len(metrics)} metrics, expected at most 4")
    ends_in_words = []
    for metric, rows in summary.groupby("metric", sort=False):
        high, low = rows.loc[rows["mean"].idxmax()], rows.loc[rows["mean"].idxmin()]
        ends_in_words.append(
            f"mean {metric} is highest at {_shorten(high.value)} "
            f"({100 * high['mean']:.2f} %), lowest at {_shorten(low.value)} "
            f"({100 * low['mean']:.2f} %)"
        )
    count = counted(summary.value.nunique(), "value")
    alt = f"Over {count} of {parameter}, {'; '.join(ends_in_words)}."
    figure, axes = new_figure((7, 4), title, alt)
    values = list(summary.value.unique())
    places = _lay_out_values(axes, values)
    for metric, style in zip(metrics, LINES, strict=False):
        rows = summary[summary.metric == metric]
        at = [places[value] for value in rows.value]
        axes.plot(at, rows["mean"], label=metric, **style)
        axes.fill_between(
            at, rows.low, rows.high, color=style["color"], alpha=0.2, linewidth=0
        )
    axes.set_xlabel(parameter)
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    add_legend(figure, axes.lines)
    return figure


def _lay_out_values(axes: Axes, values: list) -> dict:
    """Give each value its place on the horizontal axis: numbers theirs, others one."""
    # True and False count as numbers among Python's types.
    if all(type(value) in (int, float) for value in values):
        if min(values) > 0 and max(values) >= FACTOR * min(values):
            axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter("")
        return {value: value for value in values}
    axes.set_xticks(range(len(values)), map(_shorten, values), parse_math=False)
    return {value: place for place, value in enumerate(values)}


def _shorten(value: object) -> str:
    text = f"{value:,g}" if type(value) in (int, float) else str(value)
    return text if len(text) <= LONGEST_TICK else text[: LONGEST_TICK - 1] + "…"


def sweep_heat_map(means: pd.DataFrame, metric: str, title: str) -> Figure:
    """Show a share, such as an accuracy, over the values of two parameters.

    Parameters
    ----------
    means : DataFrame
        A row a value of one parameter, a column a value of the other, whose names are
        those of the index and the columns; shares, NaN where there is none.
    metric : str
        What the share is of.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A number a cell where they fit, and a colour.

    Raises
    ------
    ValueError
        If there is no share at all.
    """
    if means.size == 0 or means.isna().all(axis=None):
        raise ValueError("means: got no numbers, expected some")
    shares = means.stack().dropna()
    places = [
        f"{100 * shares.iloc[at]:.2f} % at "
        + ", ".join(
            f"{name} {_shorten(value)}"
            for name, value in zip(shares.index.names, shares.index[at], strict=True)
        )
        for at in (shares.argmax(), shares.argmin())
    ]
    alt = (
        f"{metric.capitalize()} at {counted(len(shares), 'point')} of a grid: highest "
        f"{places[0]}; lowest {places[1]}."
    )
    figure, axes = new_figure((7.5, 5), title, alt)
    mesh = axes.imshow(means, cmap="cividis", aspect="auto")
    axes.set_xticks(
        range(means.shape[1]), map(_shorten, means.columns), parse_math=False
    )
    axes.set_yticks(range(means.shape[0]), map(_shorten, means.index), parse_math=False)
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelrotation=90 if means.shape[1] > 10 else 0)
    axes.set_xlabel(means.columns.name)
    axes.set_ylabel(means.index.name)
    axes.spines[:].set_visible(False)
    # First, as it parts the ends of the colours where all shares are the same.
    figure.colorbar(mesh, label=metric, format=as_percentage)
    if means.shape[0] <= 16 and means.shape[1] <= 10:
        colours = mesh.to_rgba(means)
        for row in range(means.shape[0]):
            for column in range(means.shape[1]):
                share = means.iloc[row, column]
                if share == share:
                    axes.text(
                        column,
                        row,
                        f"{100 * share:.1f}",
                        color=readable_on(colours[row, column]),
                        fontsize=9,
                        ha="center",
                        va="center",
                        in_layout=False,
                    )
    return figure


def sweep_speed(swept: pd.DataFrame, title: str = "What sweeps take") -> Figure:
    """Show how many points workers run, and what the scheduler takes for each.

    Parameters
    ----------
    swept : DataFrame
        A row a measurement: ``kind`` (``points`` that train, or ``nothing`` to do),
        the number of ``workers`` and of ``points``, and ``seconds`` of all.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        On the left, points a minute by workers; on the right, the scheduler's
        milliseconds a point by points.

    Raises
    ------
    ValueError
        If there are no rows, or more than four numbers of workers.
    """
    check_columns(swept, ["workers", "points", "seconds"], "swept")
    workers = sorted(swept.workers.unique())
    if len(workers) > len(LINES):
        raise ValueError(f"swept: got {len(workers)} workers, expected at most 4")
    points = swept[swept.kind == "points"]
    rates = 60 * points.points / points.seconds
    nothing = swept[swept.kind == "nothing"]
    each = 1000 * nothing.seconds / nothing.points
    speeds = ", ".join(
        f"{rate:.1f} with {counted(count, 'worker')}"
        for rate, count in zip(rates, points.workers, strict=True)
    )
    alt = (
        f"Points per minute: {speeds}. With nothing to do, a point takes "
        f"{each.min():.2g} to {each.max():.2g} milliseconds."
    )
    figure = empty_figure((8, 3.2), title, alt)
    trained, scheduled = figure.subplots(1, 2)
    bars = trained.bar(points.workers.astype(str), rates, width=0.5)
    trained.bar_label(bars, fmt="{:.1f}", padding=2)
    trained.set_ylim(0, 1.15 * rates.max())
    trained.set_xlabel("workers")
    trained.set_ylabel("points a minute")
    trained.set_title("an epoch on the stand-in")
    for count, style in zip(workers, LINES, strict=False):
        of_count = nothing.workers == count
        scheduled.plot(
            nothing.points[of_count],
            each[of_count],
            label=counted(count, "worker"),
            **style,
        )
    scheduled.set_xscale("log")
    scheduled.xaxis.set_major_formatter("{x:,g}")
    scheduled.xaxis.set_minor_formatter("")
    scheduled.set_xlim(8, 600)
    scheduled.set_ylim(0, None)
    scheduled.set_xlabel("points")
    scheduled.set_ylabel("milliseconds a point")
    scheduled.set_title("nothing to do: the scheduler")
    for axes in (trained, scheduled):
        finish_axes(axes)
    add_legend(figure, scheduled.lines)
    return figure
