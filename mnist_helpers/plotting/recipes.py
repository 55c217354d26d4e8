"""What a recipe or a width brings, and what it costs."""

from collections.abc import Sequence

import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from mnist_helpers.plotting.style import (
    BLUE,
    GREY,
    VERMILION,
    add_legend,
    as_percentage,
    finish_axes,
    new_figure,
)

# From the lowest to the highest seed.
RANGE = ("pi", 100)


def compare_recipes(
    runs: pd.DataFrame, title: str = "What each step brings, and what it costs"
) -> Figure:
    """Show test error and training time of a network, recipe after recipe.

    Parameters
    ----------
    runs : DataFrame
        One row per training: ``step`` (in order), ``seed``, the test set's
        ``accuracy``, and ``seconds``.
    """
    runs = runs.assign(error=1 - runs.accuracy)
    medians = runs.groupby("step", sort=False)[["error", "seconds"]].median()
    alt = "Share of test images predicted wrong, and seconds of training, medians: "
    alt += "; ".join(
        f"{row.Index} {100 * row.error:.2f} % in {row.seconds:,.0f} s"
        for row in medians.itertuples()
    )
    figure = new_figure((8, 1.45 + 0.4 * len(medians)), title, f"{alt}.")
    errors, seconds = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for place, (step, median) in enumerate(medians.iterrows()):
        each = runs.error[runs.step == step]
        dots = errors.scatter(
            each, [place] * len(each), color=BLUE, alpha=0.6, label="a seed"
        )
        line = errors.vlines(
            median.error,
            place - 0.3,
            place + 0.3,
            color=VERMILION,
            linewidth=2.5,
            label="median",
        )
    bars = seconds.barh(range(len(medians)), medians.seconds, height=0.55, color=GREY)
    seconds.bar_label(bars, fmt="{:,.0f}", padding=4)
    seconds.set_xlim(0, 1.2 * medians.seconds.max())
    seconds.set_xlabel("seconds of training, median")
    errors.set_yticks(range(len(medians)), medians.index)
    errors.invert_yaxis()
    errors.set_xlim(left=0)
    errors.xaxis.set_major_formatter(as_percentage)
    errors.set_xlabel("share of test images predicted wrong")
    for axes in (errors, seconds):
        finish_axes(axes)
    add_legend(figure, [dots, line])
    return figure


def compare_widths(
    table: pd.DataFrame,
    marked: Sequence[int] = (8, 128),
    title: str = "What the width of the hidden layer brings, and what it costs",
) -> Figure:
    """Show test error, parameters and training time over the width of a network.

    Parameters
    ----------
    table : DataFrame
        One row per training: ``hidden_units``, ``seed``, the test set's ``accuracy``,
        ``parameters`` and ``seconds``.
    marked : sequence of int
        Widths to name and to draw a line at.
    """
    table = table.assign(error=1 - table.accuracy)
    errors = table.groupby("hidden_units").error.median()
    shown = sorted({errors.index[0], *marked, errors.index[-1]})
    shares = ", ".join(f"{100 * errors[units]:.2g} % with {units:,}" for units in shown)
    alt = f"Median share of test images predicted wrong, by hidden units: {shares}."
    figure = new_figure((8, 4.4), title, alt)
    panels = figure.subplot_mosaic(
        [["error", "parameters"], ["error", "seconds"]], width_ratios=(3, 2)
    )
    for name, axes in panels.items():
        seaborn.lineplot(
            table,
            x="hidden_units",
            y=name,
            estimator="median",
            errorbar=RANGE,
            marker="o",
            ax=axes,
        )
        for units in marked:
            axes.axvline(units, color=GREY, linestyle=":", zorder=0)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("hidden units")
        finish_axes(axes)
    panels["error"].set_yscale("log")
    panels["error"].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels["error"].yaxis.set_major_formatter(as_percentage)
    panels["error"].yaxis.set_minor_formatter(NullFormatter())
    panels["error"].set_ylabel("share of test images predicted wrong")
    for units in marked:
        panels["error"].annotate(
            f"{units:,} units\n{100 * errors[units]:.2g} % wrong",
            (units, errors[units]),
            xytext=(6, 12),
            textcoords="offset points",
        )
    panels["parameters"].set_yscale("log")
    panels["parameters"].yaxis.set_major_formatter("{x:,.0f}")
    panels["parameters"].set_xlabel("")
    panels["seconds"].set_ylim(bottom=0)
    panels["seconds"].set_ylabel("seconds of training")
    median, band = panels["seconds"].lines[0], panels["seconds"].collections[0]
    median.set_label("median of the seeds")
    band.set_label("lowest to highest seed")
    add_legend(figure, [median, band])
    return figure
