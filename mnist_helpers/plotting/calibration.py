"""Whether a network is right as often as it says."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from mnist_helpers.evaluation.calibration import calibration_error
from mnist_helpers.plotting.style import (
    GREY,
    LINES,
    as_percentage,
    draw_intervals,
    finish_axes,
    new_figure,
)


def reliability_diagram(
    curves: Mapping[str, pd.DataFrame],
    title: str = "How often the network is right when it says how sure it is",
) -> Figure:
    """Compare confidence with accuracy, bin by bin, for up to four networks.

    Each point has the 95 % interval (Wilson's) that its number of images leaves for
    the accuracy. The legend has the expected calibration error (ECE).

    Parameters
    ----------
    curves : dict of str to DataFrame
        For each network one row per bin: the mean ``confidence`` and the ``accuracy``
        of its images, and their ``count``.
    """
    errors = {name: 100 * calibration_error(bins) for name, bins in curves.items()}
    alt = "Accuracy by confidence. Expected calibration error: " + ", ".join(
        f"{name} {error:.2f} %" for name, error in errors.items()
    )
    figure = new_figure((6.4, 6.4), title, f"{alt}.")
    axes = figure.subplots()
    axes.axline((1, 1), slope=1, color=GREY, label="accuracy = confidence")
    for (name, bins), style in zip(curves.items(), LINES, strict=False):
        draw_intervals(
            axes, bins.confidence, bins.accuracy, bins["count"], style["color"]
        )
        label = f"{name} (ECE {errors[name]:.2f} %)"
        axes.plot(bins.confidence, bins.accuracy, **style, label=label)
    lowest = min(axes.get_xlim()[0], axes.get_ylim()[0])
    axes.set(xlim=(lowest, 1.01), ylim=(lowest, 1.01), aspect="equal")
    axes.set(xlabel="confidence: the predicted digit's probability", ylabel="accuracy")
    axes.xaxis.set_major_formatter(as_percentage)
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    # Below the diagonal, which a network that is not overconfident leaves free.
    axes.legend(loc="lower right")
    return figure
