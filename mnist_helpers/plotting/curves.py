"""How training goes, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.style import (
    BLUE,
    GREY,
    LINES,
    VERMILION,
    add_legend,
    finish_axes,
    new_figure,
)

TRAINING = {"color": GREY, "linestyle": "--", "marker": "o"}
VALIDATION = {"color": BLUE, "linestyle": "-", "marker": "s"}
METRICS = ("accuracy", "loss")


def learning_curves(
    history: Mapping[str, Sequence[float]],
    title: str = "Learning curves",
    within_epochs: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Show how one network's accuracy and loss develop from epoch to epoch.

    The epoch of the highest validation accuracy (the first of equals, the one that
    ``ModelCheckpoint`` keeps) is circled. Training within the first epoch may start
    outside the axes, so that what follows stays readable.

    Parameters
    ----------
    history : dict of str to sequence of float
        ``model.fit(...).history``, with ``accuracy``, ``loss``, ``val_accuracy`` and
        ``val_loss``.
    within_epochs : dict of str to sequence of float, optional
        ``accuracy`` and ``loss`` of training several times per epoch, and ``epoch``,
        how many epochs were done by then. The training curve is drawn from these.
    """
    accuracies = history["val_accuracy"]
    epochs = len(accuracies)
    best = int(np.argmax(accuracies))
    alt = (
        f"Learning curves of epochs 1 to {epochs}. Validation accuracy goes from "
        f"{accuracies[0]:.4f} to {accuracies[-1]:.4f}, highest {accuracies[best]:.4f} "
        f"after epoch {best + 1}; validation loss from {history['val_loss'][0]:.4f} to "
        f"{history['val_loss'][-1]:.4f}."
    )
    figure = new_figure((8, 4.2), title, alt)
    for axes, metric in zip(figure.subplots(1, 2), METRICS, strict=True):
        validation = history[f"val_{metric}"]
        if within_epochs is None:
            _draw_curve(axes, history[metric], TRAINING, "training")
        else:
            done, training = np.array([within_epochs["epoch"], within_epochs[metric]])
            label = "training, within epochs"
            axes.plot(done, training, color=GREY, linewidth=1, label=label)
            shown = np.concatenate([validation, training[done >= min(1, done[-1])]])
            margin = 0.08 * np.ptp(shown) or 0.01
            axes.set_ylim(shown.min() - margin, shown.max() + margin)
        _draw_curve(axes, validation, VALIDATION, "validation")
        label = f"best epoch: {best + 1} (validation accuracy {accuracies[best]:.4f})"
        _circle(axes, best, validation[best], label)
        _finish_curves(axes, metric)
        axes.set_xlim(0, epochs)
    add_legend(figure, axes.lines)
    return figure


def compare_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    title: str = "Validation accuracy and loss of the networks",
) -> Figure:
    """Compare how the validation accuracy and loss of up to four networks develop.

    Each network has a history as in `learning_curves`, with its own number of epochs.
    """
    alt = "Validation accuracy: " + "; ".join(
        f"{network} {history['val_accuracy'][0]:.4f} after epoch 1, at best "
        f"{max(history['val_accuracy']):.4f}, lowest loss "
        f"{min(history['val_loss']):.4f}"
        for network, history in histories.items()
    )
    figure = new_figure((8, 4.2), title, f"{alt}.")
    for axes, metric in zip(figure.subplots(1, 2), METRICS, strict=True):
        for (network, history), style in zip(histories.items(), LINES, strict=False):
            _draw_curve(axes, history[f"val_{metric}"], style, network)
        _finish_curves(axes, f"validation {metric}")
    add_legend(figure, axes.lines)
    return figure


def _draw_curve(
    axes: Axes, values: Sequence[float], style: Mapping[str, str], label: str
) -> None:
    epochs = range(1, len(values) + 1)
    axes.plot(epochs, values, **style, clip_on=False, label=label)


def _circle(axes: Axes, epoch: int, value: float, label: str) -> None:
    style = {"marker": "o", "markersize": 13, "markeredgewidth": 1.8}
    colours = {"markerfacecolor": "none", "markeredgecolor": VERMILION}
    place = ([epoch + 1], [value])
    axes.plot(*place, **style, **colours, ls="none", clip_on=False, label=label)


def _finish_curves(axes: Axes, label: str) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel=label)
    finish_axes(axes)
