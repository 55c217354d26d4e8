"""What a sweep over a notebook's parameters shows."""

import pandas as pd
import seaborn
from matplotlib.figure import Figure

from mnist_helpers.plotting.style import (
    HEAT,
    LINES,
    add_legend,
    as_percentage,
    finish_axes,
    new_figure,
)


def sweep_line(summary: pd.DataFrame, parameter: str, title: str) -> Figure:
    """Show shares, such as accuracies, over the values of one parameter.

    Parameters
    ----------
    summary : DataFrame
        One row per value and share: ``value`` of the parameter, ``metric`` (up to four
        names), ``mean``, and the ends ``low`` and ``high`` of its interval, or NaN.
    """
    best = summary.loc[summary["mean"].idxmax()]
    alt = (
        f"{' and '.join(summary.metric.unique())} by {parameter}. The highest mean is "
        f"{100 * best['mean']:.2f} %, at {best.value}."
    )
    figure = new_figure((7, 4), title, alt)
    axes = figure.subplots()
    by_metric = summary.groupby("metric", sort=False)
    for (metric, rows), style in zip(by_metric, LINES, strict=False):
        places = range(len(rows))
        axes.plot(places, rows["mean"], label=metric, **style)
        axes.fill_between(
            places, rows.low, rows.high, color=style["color"], alpha=0.2, linewidth=0
        )
    values = summary.value.unique()
    axes.set_xticks(range(len(values)), map(str, values), parse_math=False)
    axes.set_xlabel(parameter)
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    add_legend(figure, axes.lines)
    return figure


def sweep_heat_map(means: pd.DataFrame, metric: str, title: str) -> Figure:
    """Show a share, such as an accuracy, over the values of two parameters.

    Rows and columns are the values of the parameters that name the index and the
    columns; a share is NaN where there is none.
    """
    lowest, highest = means.min(axis=None), means.max(axis=None)
    alt = (
        f"{metric} by {means.index.name} and {means.columns.name}, from "
        f"{100 * lowest:.2f} to {100 * highest:.2f} %."
    )
    figure = new_figure((7.5, 5), title, alt)
    axes = figure.subplots()
    seaborn.heatmap(
        100 * means,
        annot=True,
        fmt=".1f",
        cmap=HEAT,
        annot_kws={"color": "black"},
        cbar_kws={"label": f"{metric}, %"},
        ax=axes,
    )
    axes.tick_params(axis="y", labelrotation=0)
    return figure
