"""How training goes, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.checks import check_names, check_numbers
from mnist_helpers.plotting.style import (
    BLUE,
    GREY,
    LINES,
    VERMILION,
    add_legend,
    empty_figure,
    finish_axes,
    new_figure,
    widen,
)

ACCURACY_LIMITS = (0.8, 1.0)
LOSS_LIMITS = (0.0, 0.7)
HISTORY_KEYS = ("accuracy", "loss", "val_accuracy", "val_loss")


def learning_curves(
    history: Mapping[str, Sequence[float]], title: str = "Learning curves"
) -> Figure:
    """Show how one network's accuracy and loss develop from epoch to epoch.

    The epoch of the highest validation accuracy (the first of equals, which is the
    one that ``ModelCheckpoint`` keeps) is circled.

    Parameters
    ----------
    history : dict of str to sequence of float
        The values after each epoch, as ``keras`` returns them in
        ``model.fit(...).history``: ``accuracy``, ``loss``, ``val_accuracy`` and
        ``val_loss``.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a key is missing, the lengths differ, or a value is not a finite number.
    """
    history = _check_history(history, "history")
    best = int(np.argmax(history["val_accuracy"]))
    figure = empty_figure((8, 4.2), title)
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        training, validation = history[metric], history[f"val_{metric}"]
        _draw_curve(
            axes,
            training,
            {"color": GREY, "linestyle": "--", "marker": "o"},
            "training",
        )
        _draw_curve(
            axes,
            validation,
            {"color": BLUE, "linestyle": "-", "marker": "s"},
            "validation",
        )
        accuracy = f"(validation accuracy {history['val_accuracy'][best]:.4f})"
        _circle(axes, best, validation[best], f"best epoch: {best + 1} {accuracy}")
        _finish_curves(axes, metric, metric, np.concatenate([training, validation]))
    add_legend(figure, axes.lines)
    return figure


def compare_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    title: str = "Validation accuracy and loss of the networks",
) -> Figure:
    """Compare how several networks' validation accuracy and loss develop.

    Parameters
    ----------
    histories : dict of str to dict
        The history of each network (see `learning_curves`), by its name: one to four
        networks, each with its own number of epochs.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no networks or more than four, or a history is not what it should
        be.
    """
    check_names(histories, "histories")
    checked = {
        network: _check_history(history, f"histories[{network!r}]")
        for network, history in histories.items()
    }
    figure = empty_figure((8, 4.2), title)
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        curves = [history[f"val_{metric}"] for history in checked.values()]
        for network, values, style in zip(checked, curves, LINES, strict=False):
            _draw_curve(axes, values, style, network)
        _finish_curves(axes, metric, f"validation {metric}", np.concatenate(curves))
    add_legend(figure, axes.lines)
    return figure


def trial_curves(
    accuracies: Sequence[Sequence[float]], title: str = "Validation accuracy"
) -> Figure:
    """Compare any number of trainings by validation accuracy; the newest stands out.

    Parameters
    ----------
    accuracies : sequence of sequences of float
        The validation accuracy of each training after each epoch, the newest last: one
        training or more.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no trainings, or a value is not a finite number.
    """
    if not accuracies:
        raise ValueError("accuracies: got no trainings, expected at least one")
    curves = [
        check_numbers(values, f"accuracies[{number}]")
        for number, values in enumerate(accuracies)
    ]
    figure, axes = new_figure((5, 3.8), title)
    *earlier, newest = curves
    for values in earlier:
        _draw_curve(axes, values, {"color": GREY, "linestyle": "--"}, "earlier")
    style = {"color": BLUE, "linestyle": "-", "marker": "s"}
    _draw_curve(axes, newest, style, f"network {len(curves)}, the newest")
    best = int(np.argmax([values.max() for values in curves]))
    epoch = int(np.argmax(curves[best]))
    accuracy = curves[best][epoch]
    label = f"the best: network {best + 1}, epoch {epoch + 1} ({accuracy:.4f})"
    _circle(axes, epoch, accuracy, label)
    _finish_curves(axes, "accuracy", "validation accuracy", np.concatenate(curves))
    # Of the earlier ones, the legend names one.
    figure.legend(
        handles=axes.lines[max(0, len(earlier) - 1) :],
        loc="outside lower center",
        frameon=False,
    )
    return figure


def _circle(axes: Axes, epoch: int, value: float, label: str) -> None:
    axes.plot(
        [epoch + 1],
        [value],
        linestyle="none",
        marker="o",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=VERMILION,
        markeredgewidth=1.8,
        clip_on=False,
        label=label,
    )


def _draw_curve(
    axes: Axes, values: np.ndarray, style: Mapping[str, str], label: str
) -> None:
    epochs = np.arange(1, len(values) + 1)
    step = _tick_step(len(values))
    axes.plot(
        epochs,
        values,
        **style,
        markevery=(step - 1, step),
        clip_on=False,
        label=label,
    )


def _finish_curves(axes: Axes, metric: str, label: str, values: np.ndarray) -> None:
    epochs = max(len(line.get_xdata()) for line in axes.lines)
    step = _tick_step(epochs)
    axes.set_xticks(range(step, epochs + 1, step))
    axes.set_xlim(0.5, epochs + 0.5)
    axes.set_xlabel("epoch")
    limits = ACCURACY_LIMITS if metric == "accuracy" else LOSS_LIMITS
    axes.set_ylim(widen(limits, values))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.set_ylabel(label)
    finish_axes(axes)


def _tick_step(epochs: int) -> int:
    return -(-epochs // 10)


def _check_history(
    history: Mapping[str, Sequence[float]], name: str
) -> dict[str, np.ndarray]:
    expected = f"a dictionary with the keys {', '.join(HISTORY_KEYS)}"
    if not isinstance(history, Mapping):
        raise ValueError(f"{name}: got {type(history).__name__}, expected {expected}")
    missing = [key for key in HISTORY_KEYS if key not in history]
    if missing:
        raise ValueError(f"{name}: got no {', '.join(missing)}, expected {expected}")
    checked = {
        key: check_numbers(history[key], f"{name}[{key!r}]") for key in HISTORY_KEYS
    }
    lengths = {key: len(values) for key, values in checked.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name}: got lengths {lengths}, expected equal ones")
    return checked
