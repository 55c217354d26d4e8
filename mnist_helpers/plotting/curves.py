"""How training goes, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.checks import (
    check_names,
    check_numbers,
    check_range,
)
from mnist_helpers.plotting.style import (
    BLUE,
    GREY,
    LINES,
    VERMILION,
    add_legend,
    counted,
    empty_figure,
    finish_axes,
    new_figure,
    widen,
)

ACCURACY_LIMITS = (0.8, 1.0)
LOSS_LIMITS = (0.0, 0.7)
HISTORY_KEYS = ("accuracy", "loss", "val_accuracy", "val_loss")
WITHIN_KEYS = ("epoch", "accuracy", "loss")
TRAINING = {"color": GREY, "linestyle": "--", "marker": "o"}
VALIDATION = {"color": BLUE, "linestyle": "-", "marker": "s"}


def learning_curves(
    history: Mapping[str, Sequence[float]],
    title: str = "Learning curves",
    within_epochs: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Show how one network's accuracy and loss develop from epoch to epoch.

    The epoch of the highest validation accuracy (the first of equals, which is the
    one that ``ModelCheckpoint`` keeps) is circled. Training within the first epoch does
    not widen the axes, so that what follows stays readable: it may start outside.

    Parameters
    ----------
    history : dict of str to sequence of float
        The values after each epoch, as ``keras`` returns them in
        ``model.fit(...).history``: ``accuracy``, ``loss``, ``val_accuracy`` and
        ``val_loss``.
    title : str
        The figure's title.
    within_epochs : dict of str to sequence of float, optional
        ``accuracy`` and ``loss`` of training several times per epoch, and ``epoch``,
        how many epochs were done by then. The training curve is drawn from these.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a key is missing, the lengths differ, a value is not a finite number, or an
        epoch is not between 0 and the number of epochs.
    """
    history = _check_metrics(history, HISTORY_KEYS, "history")
    epochs = len(history["loss"])
    training_curves = history
    if within_epochs is not None:
        training_curves = _check_metrics(within_epochs, WITHIN_KEYS, "within_epochs")
        check_range(training_curves["epoch"], 0, epochs, "within_epochs['epoch']")
    best = int(np.argmax(history["val_accuracy"]))
    alt = _describe_curves(history, training_curves)
    figure = empty_figure((8, 4.2), title, alt)
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        training, validation = training_curves[metric], history[f"val_{metric}"]
        if within_epochs is None:
            _draw_curve(axes, training, TRAINING, "training")
        else:
            done = training_curves["epoch"]
            label = "training, within epochs"
            axes.plot(done, training, color=GREY, linewidth=1, label=label)
            training = training[done >= min(1, done[-1])]
        _draw_curve(axes, validation, VALIDATION, "validation")
        accuracy = f"(validation accuracy {history['val_accuracy'][best]:.4f})"
        _circle(axes, best, validation[best], f"best epoch: {best + 1} {accuracy}")
        _finish_curves(axes, metric, metric, np.concatenate([training, validation]))
        axes.set_xlim(0, epochs)
        axes.set_xticks([0, *axes.get_xticks()])
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
        network: _check_metrics(history, HISTORY_KEYS, f"histories[{network!r}]")
        for network, history in histories.items()
    }
    figure = empty_figure((8, 4.2), title, _describe_comparison(checked))
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
    *earlier, newest = curves
    best = int(np.argmax([values.max() for values in curves]))
    epoch = int(np.argmax(curves[best]))
    accuracy = curves[best][epoch]
    alt = (
        f"Validation accuracy of {counted(len(curves), 'training')}. That of network "
        f"{len(curves)}, the newest, {_course(newest)}. The highest is {accuracy:.4f}, "
        f"of network {best + 1} after epoch {epoch + 1}."
    )
    figure, axes = new_figure((5, 3.8), title, alt)
    for values in earlier:
        _draw_curve(axes, values, {"color": GREY, "linestyle": "--"}, "earlier")
    _draw_curve(axes, newest, VALIDATION, f"network {len(curves)}, the newest")
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


def _course(values: np.ndarray) -> str:
    first, last = f"{values[0]:.4f}", f"{values[-1]:.4f}"
    return f"is {first}" if len(values) == 1 else f"goes from {first} to {last}"


def _describe_curves(
    history: Mapping[str, np.ndarray], training: Mapping[str, np.ndarray]
) -> str:
    best = int(np.argmax(history["val_accuracy"]))
    parts = ""
    if "epoch" in training:
        points = counted(len(training["epoch"]), "point")
        parts = f", training from {points} within them"
    return (
        f"Learning curves over {counted(len(history['loss']), 'epoch')}{parts}. "
        f"Training accuracy {_course(training['accuracy'])}, loss "
        f"{_course(training['loss'])}; validation accuracy "
        f"{_course(history['val_accuracy'])}, loss {_course(history['val_loss'])}. "
        f"The highest validation accuracy is {history['val_accuracy'][best]:.4f}, "
        f"after epoch {best + 1}."
    )


def _describe_comparison(histories: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    accuracies = {name: of_one["val_accuracy"] for name, of_one in histories.items()}
    courses = "; ".join(
        f"{network} {values[0]:.4f} after epoch 1, at best {values.max():.4f} after "
        f"epoch {values.argmax() + 1} of {len(values)}, lowest loss "
        f"{histories[network]['val_loss'].min():.4f}"
        for network, values in accuracies.items()
    )
    first = _highest({network: values[0] for network, values in accuracies.items()})
    best = _highest({network: values.max() for network, values in accuracies.items()})
    return (
        f"Validation accuracy and loss: {courses}. Highest accuracy after epoch 1: "
        f"{first}; at best: {best}."
    )


def _highest(values: Mapping[str, float]) -> str:
    most = max(values.values())
    return " and ".join(name for name, value in values.items() if value == most)


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
    epochs = max(int(line.get_xdata()[-1]) for line in axes.lines)
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


def _check_metrics(
    metrics: Mapping[str, Sequence[float]], keys: Sequence[str], name: str
) -> dict[str, np.ndarray]:
    expected = f"a dictionary with the keys {', '.join(keys)}"
    if not isinstance(metrics, Mapping):
        raise ValueError(f"{name}: got {type(metrics).__name__}, expected {expected}")
    missing = [key for key in keys if key not in metrics]
    if missing:
        raise ValueError(f"{name}: got no {', '.join(missing)}, expected {expected}")
    checked = {key: check_numbers(metrics[key], f"{name}[{key!r}]") for key in keys}
    lengths = {key: len(values) for key, values in checked.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name}: got lengths {lengths}, expected equal ones")
    return checked
