"""What a recipe or a width brings, and what it costs."""

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
# The widths of the small and the wide network.
MARKED = (8, 128)


def compare_recipes(runs: pd.DataFrame, title: str = "What each step brings") -> Figure:
    """Show the test error of a network, recipe after recipe, a line for each seed.

    Parameters
    ----------
    runs : DataFrame
        One row per training: ``step`` (in order), ``seed``, and the test set's
        ``accuracy``.
    """
    errors = (1 - runs.pivot(index="step", columns="seed", values="accuracy")).loc[
        runs.step.unique()
    ]
    medians = errors.median(axis=1)
    alt = f"Share of test images predicted wrong, median of {errors.shape[1]} seeds: "
    alt += "; ".join(f"{step} {100 * error:.2f} %" for step, error in medians.items())
    figure = new_figure((8, 3.6), title, f"{alt}.")
    axes = figure.subplots()
    seeds = axes.plot(errors, color=BLUE, alpha=0.5, marker="o", markersize=4)
    (median,) = axes.plot(medians, color=VERMILION, marker="_", markersize=24, ls="")
    median.set(markeredgewidth=2.5)
    labels = [f"{step}\n{100 * error:.2f} %" for step, error in medians.items()]
    axes.set_xticks(range(len(medians)), labels)
    axes.margins(x=0.08)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(as_percentage)
    axes.set_ylabel("test images predicted wrong")
    finish_axes(axes)
    seeds[0].set_label("a seed")
    median.set_label("median")
    add_legend(figure, [seeds[0], median])
    return figure


def compare_widths(
    table: pd.DataFrame,
    title: str = "What the width of the hidden layer brings, and what it costs",
) -> Figure:
    """Show validation error and training time over the width.

    Parameters
    ----------
    table : DataFrame
        One row per training: ``hidden_units``, ``seed``, ``best_validation_accuracy``
        and ``seconds``.
    """
    table = table.assign(error=1 - table.best_validation_accuracy)
    errors = table.groupby("hidden_units").error.median()
    shown = sorted({errors.index[0], *MARKED, errors.index[-1]})
    shares = ", ".join(f"{100 * errors[units]:.2g} % with {units:,}" for units in shown)
    alt = f"Median share of validation images predicted wrong, by width: {shares}."
    figure = new_figure((8, 4.4), title, alt)
    panels = dict(zip(("error", "seconds"), figure.subplots(1, 2), strict=True))
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
        for units in MARKED:
            marked = axes.axvline(units, color=GREY, linestyle=":")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("hidden units")
        finish_axes(axes)
    panels["error"].set_yscale("log")
    panels["error"].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels["error"].yaxis.set_major_formatter(as_percentage)
    panels["error"].yaxis.set_minor_formatter(NullFormatter())
    panels["error"].set_ylabel("validation images predicted wrong")
    panels["seconds"].set_ylim(bottom=0)
    panels["seconds"].set_ylabel("seconds of training")
    median, band = panels["seconds"].lines[0], panels["seconds"].collections[0]
    median.set_label("median of the seeds")
    band.set_label("lowest to highest seed")
    marked.set_label("8 and 128 units")
    add_legend(figure, [median, band, marked])
    return figure
