"""Whether a network is right as often as it says."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mnist_helpers.evaluation.calibration import calibration_error
from mnist_helpers.evaluation.intervals import wilson_interval
from mnist_helpers.plotting.style import (
    GREY,
    LINES,
    as_percentage,
    finish_axes,
    new_figure,
)

FEWEST = 10


def reliability_diagram(
    curves: Mapping[str, pd.DataFrame],
    title: str = "How often the network is right when it says how sure it is",
) -> Figure:
    """Compare confidence with accuracy, bin by bin, for up to four networks.

    Each point has the 95 % interval (Wilson's) that its number of images leaves for
    the accuracy; bins of fewer than ten images say too little to be drawn. The legend
    has the expected calibration error (ECE), over all bins.

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
    axes.axline((0, 0), slope=1, color=GREY, label="accuracy = confidence")
    for (name, bins), style in zip(curves.items(), LINES, strict=False):
        shown = bins[bins["count"] >= FEWEST]
        right = (shown.accuracy * shown["count"]).round().astype(int)
        ends = np.array([*map(wilson_interval, right, shown["count"])])
        axes.vlines(shown.confidence, *ends.T, color=style["color"], linewidth=1)
        label = f"{name} (ECE {errors[name]:.2f} %)"
        axes.plot(shown.confidence, shown.accuracy, **style, label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.set(xlabel="confidence: the predicted digit's probability", ylabel="accuracy")
    axes.xaxis.set_major_formatter(as_percentage)
    axes.yaxis.set_major_formatter(as_percentage)
    finish_axes(axes)
    # Below the diagonal, which a network that is not overconfident leaves free.
    axes.legend(loc="lower right")
    return figure
