"""The figures of the course.

Every function takes arrays and results, and returns a new ``Figure`` that it neither
shows nor saves. The figures are made without pyplot, so nothing has to be closed, and
a notebook cell that ends with a figure shows it once.

Colours come from seaborn's colour-blind palette; what a colour says, a line style, a
marker, a hatching or a word says too. Axes that are to be compared from network to
network have the same limits everywhere, widened only for data outside them.
"""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mnist_helpers.containers import CLASSES
from mnist_helpers.evaluation import check_probabilities, format_confidence
from mnist_helpers.preprocessing import check_images, check_labels

ACCURACY_LIMITS = (0.8, 1.0)
LOSS_LIMITS = (0.0, 0.7)
F1_LIMITS = (0.85, 1.0)
# Of the images of one digit, the share that is taken for one other digit.
CONFUSION_LIMITS = (0.0, 0.08)
GALLERY_SIZE = 10
WEIGHT_COLUMNS = 8

BLUE, _, GREEN, VERMILION, PURPLE = seaborn.color_palette("colorblind", 5).as_hex()
INK = "#262626"
GREY = "#6b6b6b"
PALE = "#dedede"
RIGHT = BLUE
# Vermilion, darkened until text in it stands out from white by 4.5:1.
WRONG = "#b84f00"

# One style a network or a part, each different in colour, line, marker and hatching.
LINES = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILION, "linestyle": "--", "marker": "s"},
    {"color": GREEN, "linestyle": "-.", "marker": "^"},
    {"color": PURPLE, "linestyle": ":", "marker": "D"},
)
BARS = (
    {"color": BLUE},
    {"color": VERMILION, "hatch": "//"},
    {"color": GREEN, "hatch": ".."},
    {"color": PURPLE, "hatch": "xx"},
)
INK_ON_PAPER = {"cmap": "gray_r", "vmin": 0, "vmax": 255}
HISTORY_KEYS = ("accuracy", "loss", "val_accuracy", "val_loss")


def set_style() -> None:
    """Set fonts, sizes and colours once, before the first figure.

    It also starts pyplot's backend, through which Jupyter learns to draw a figure
    that a cell ends with.
    """
    seaborn.set_theme(
        style="ticks",
        palette="colorblind",
        # matplotlib brings this font along, so figures look the same everywhere.
        font="DejaVu Sans",
        rc={
            "figure.dpi": 100,
            "font.size": 10,
            "figure.titlesize": 12,
            "axes.titlesize": 10,
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "lines.linewidth": 1.5,
            "lines.markersize": 5,
            "hatch.linewidth": 1.0,
            "axes.linewidth": 0.8,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        },
    )
    pyplot.switch_backend(matplotlib.get_backend())


def sample_images(
    images: np.ndarray,
    labels: np.ndarray,
    per_class: int = 10,
    title: str = "Sample images of each digit",
) -> Figure:
    """Show the first images of each digit, a row a digit.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    per_class : int
        How many images to show of each digit, 1 to 15. Where there are fewer, the row
        ends early.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    check_images(images)
    check_labels(labels, len(images))
    if not 1 <= per_class <= 15:
        raise ValueError(f"per_class: got {per_class}, expected 1 to 15")
    gap = 4
    side = images.shape[1] + gap
    sheet = np.zeros((CLASSES * side - gap, per_class * side - gap), np.uint8)
    for digit in range(CLASSES):
        for column, image in enumerate(images[labels == digit][:per_class]):
            top, left = digit * side, column * side
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image

    figure, axes = _new_figure((max(3, 1.2 + 0.45 * per_class), 5.4), title)
    axes.imshow(sheet, **INK_ON_PAPER)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks(np.arange(CLASSES) * side + (side - gap) / 2, range(CLASSES))
    axes.tick_params(length=0)
    axes.set_ylabel("digit")
    return figure


def class_balance(
    labels_of_parts: Mapping[str, np.ndarray],
    title: str = "Share of each digit in each part of the data",
) -> Figure:
    """Compare how often each digit occurs in each part of the data.

    Parameters
    ----------
    labels_of_parts : dict of str to ndarray of shape (n,), any integer dtype
        The labels of each part, by its name: one to four parts, such as
        ``{"training": train_labels, "test": test_labels}``.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no parts or more than four, or a part's labels are empty or not
        what they should be.
    """
    _check_names(labels_of_parts, "labels_of_parts")
    for part, labels in labels_of_parts.items():
        name = f"labels_of_parts[{part!r}]"
        check_labels(labels, np.size(labels), name)
        if len(labels) == 0:
            raise ValueError(f"{name}: got none, expected at least one")

    figure, axes = _new_figure((8, 3.6), title)
    digits = np.arange(CLASSES)
    width = 0.8 / len(labels_of_parts)
    for place, (part, labels) in enumerate(labels_of_parts.items()):
        axes.bar(
            digits + (place + 0.5) * width - 0.4,
            np.bincount(labels, minlength=CLASSES) / len(labels),
            width,
            edgecolor="white",
            linewidth=0.5,
            label=f"{part} (n = {len(labels):,})",
            **BARS[place],
        )
    equal = axes.axhline(1 / CLASSES, color=INK, linestyle="--", label="equal shares")
    axes.set_xticks(digits)
    axes.set_xlabel("digit")
    axes.set_ylabel("share of the part's images")
    axes.yaxis.set_major_formatter(_as_percentage)
    _finish_axes(axes)
    _add_legend(figure, [*axes.containers, equal])
    return figure


def mean_images(
    images: np.ndarray, labels: np.ndarray, title: str = "Mean image of each digit"
) -> Figure:
    """Show the pixel-by-pixel mean of all images of each digit.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A digit without images has an empty place.

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    check_images(images)
    check_labels(labels, len(images))
    means = np.zeros((CLASSES, *images.shape[1:]))
    titles = []
    for digit in range(CLASSES):
        of_digit = images[labels == digit]
        if len(of_digit):
            means[digit] = of_digit.mean(axis=0)
        titles.append(f"{digit}" if len(of_digit) else f"{digit}: no image")
    figure, axes = _new_figure((6, 3.2), title)
    _draw_images(axes, means, titles, 5, beside=0.1, above=0.25, **INK_ON_PAPER)
    return figure


def weight_images(
    weights: np.ndarray, names: Sequence[str], title: str = "Weights"
) -> Figure:
    """Show weights as small images: blue positive, red negative, white zero.

    Parameters
    ----------
    weights : ndarray of shape (n, height, width), any floating dtype
        One image of weights a unit or filter. All share one colour scale.
    names : sequence of str
        One a unit, above its image.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Up to 8 images in a row.

    Raises
    ------
    ValueError
        If the weights are not three-dimensional, empty or not finite, or the names
        are not one a unit.
    """
    weights = np.asarray(weights)
    if weights.ndim != 3 or weights.size == 0:
        raise ValueError(
            f"weights: got shape {weights.shape}, expected (n, height, width)"
        )
    if not np.isfinite(weights).all():
        raise ValueError("weights: got NaN or infinity, expected finite numbers")
    if len(names) != len(weights):
        raise ValueError(
            f"names: got {len(names)}, expected one for each of {len(weights)} units"
        )
    # Two rows at least, so that few units are shown large.
    columns = min(WEIGHT_COLUMNS, -(-len(weights) // 2))
    rows = -(-len(weights) // columns)
    side = 6.4 / max(columns, 4)
    figure, axes = _new_figure((columns * side + 1, rows * (side + 0.25) + 0.4), title)
    # A few weights at the rim, where hardly any digit has ink, are far larger than the
    # rest; they would leave the rest pale.
    limit = np.quantile(np.abs(weights), 0.99) or 1
    _draw_images(
        axes,
        weights,
        names,
        columns,
        beside=0.06,
        above=0.35 / side,
        cmap="RdBu",
        vmin=-limit,
        vmax=limit,
    )
    figure.colorbar(
        axes.images[0], label="weight", fraction=0.05, aspect=20, extend="both"
    )
    return figure


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
    figure = _empty_figure((8, 4.2), title)
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
        axes.plot(
            [best + 1],
            [validation[best]],
            linestyle="none",
            marker="o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor=VERMILION,
            markeredgewidth=1.8,
            clip_on=False,
            label=(
                f"best epoch: {best + 1} "
                f"(validation accuracy {history['val_accuracy'][best]:.4f})"
            ),
        )
        _finish_curves(axes, metric, metric, np.concatenate([training, validation]))
    _add_legend(figure, axes.lines)
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
    _check_names(histories, "histories")
    checked = {
        network: _check_history(history, f"histories[{network!r}]")
        for network, history in histories.items()
    }
    figure = _empty_figure((8, 4.2), title)
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        curves = [history[f"val_{metric}"] for history in checked.values()]
        for network, values, style in zip(checked, curves, LINES, strict=False):
            _draw_curve(axes, values, style, network)
        _finish_curves(axes, metric, f"validation {metric}", np.concatenate(curves))
    _add_legend(figure, axes.lines)
    return figure


def confusion_matrix(matrix: np.ndarray, title: str = "Confusion matrix") -> Figure:
    """Show which digits are taken for which.

    The numbers count images. Colour is for the errors alone: the share of the row's
    images that went wrong in this way. The diagonal, where predictions are right, has
    no colour, because it would drown them.

    Parameters
    ----------
    matrix : ndarray of shape (10, 10), any integer dtype
        Images counted by true digit (rows) and predicted digit (columns).
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the matrix is not what it should be, or counts no image.
    """
    _check_matrix(matrix)
    row_sums = matrix.sum(axis=1, keepdims=True)
    shares = np.ma.masked_array(matrix / np.maximum(row_sums, 1), np.eye(CLASSES))

    figure, axes = _new_figure((7, 5.8), title)
    mesh = axes.imshow(
        shares,
        cmap=matplotlib.colormaps["Oranges"].with_extremes(bad=PALE),
        # A square root, so that a share of 0.1 % can be told from none.
        norm=PowerNorm(0.5, 0, max(CONFUSION_LIMITS[1], shares.max())),
    )
    colours = mesh.to_rgba(shares)
    for (row, column), count in np.ndenumerate(matrix):
        axes.text(
            column,
            row,
            f"{count}",
            color=_readable_on(colours[row, column]) if count else GREY,
            fontsize=9,
            fontweight="bold" if row == column else "normal",
            ha="center",
            va="center",
            in_layout=False,
        )
    axes.set_xticks(range(CLASSES))
    axes.set_yticks(range(CLASSES))
    axes.tick_params(length=0)
    axes.set_xlabel("predicted digit")
    axes.set_ylabel("true digit")
    axes.spines[:].set_visible(False)
    figure.colorbar(
        mesh,
        label="errors: share of the true digit's images",
        format=_as_percentage,
    )
    return figure


def prediction_gallery(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "Predictions",
) -> Figure:
    """Show up to ten images, each above the probabilities that a network gave it.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored, n from 0 to 10.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Without images it says that there are none: a network may well make no
        mistake.

    Raises
    ------
    ValueError
        If an argument is not what it should be, or n is above 10.
    """
    if not (isinstance(images, np.ndarray) and images.shape == (0, 28, 28)):
        check_images(images)
    count = len(images)
    if count > GALLERY_SIZE:
        raise ValueError(
            f"images: got {count} images, expected at most {GALLERY_SIZE}; "
            "choose some of them first"
        )
    check_labels(labels, count)
    check_probabilities(probabilities, count)
    if count == 0:
        figure, axes = _new_figure((5, 1.4), title)
        axes.set_axis_off()
        axes.text(0.5, 0.5, "There is no such prediction.", ha="center", va="center")
        return figure

    predicted = probabilities.argmax(axis=1)
    is_right = predicted == labels
    titles = [
        f"predicted {digit} ({format_confidence(row[digit])})\n"
        f"true {label}: {'right' if right else 'wrong'}"
        for digit, row, label, right in zip(
            predicted, probabilities, labels, is_right, strict=True
        )
    ]
    columns = min(count, 5)
    rows = -(-count // columns)
    figure, axes = _new_figure((max(0.5 + 1.5 * columns, 4.5), 0.7 + 2.8 * rows), title)
    beside, above, below = 0.25, 0.4, 0.95
    _draw_images(axes, images, titles, columns, beside, above, below, **INK_ON_PAPER)
    for text, right in zip(axes.texts, is_right, strict=True):
        text.set_color(RIGHT if right else WRONG)
    for row in range(rows):
        of_row = slice(row * columns, (row + 1) * columns)
        # In the coordinates of the images, so that each has its bars right below it.
        left, bottom = -beside / 2, -row * (above + 1 + below) - 0.8
        bar_axes = axes.inset_axes(
            (left, bottom, len(labels[of_row]) * (1 + beside), 0.7),
            transform=axes.transData,
        )
        _draw_probabilities(bar_axes, probabilities[of_row], labels[of_row])
    key = [Patch(color=RIGHT, label="true digit")]
    if not is_right.all():
        key.append(Patch(facecolor=WRONG, hatch="///", label="wrong prediction"))
    _add_legend(figure, key)
    return figure


def compare_f1(
    f1_of_networks: Mapping[str, np.ndarray],
    title: str = "F1 score of each digit",
) -> Figure:
    """Compare the networks' F1 scores digit by digit.

    Parameters
    ----------
    f1_of_networks : dict of str to array of shape (10,)
        The F1 score of each digit, by the network's name: one to four networks.
    title : str
        The figure's title.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no networks or more than four, or a network's scores are not ten
        numbers in [0, 1].
    """
    _check_names(f1_of_networks, "f1_of_networks")
    checked = {}
    for network, f1 in f1_of_networks.items():
        name = f"f1_of_networks[{network!r}]"
        checked[network] = _check_numbers(f1, name)
        if len(f1) != CLASSES or min(f1) < 0 or max(f1) > 1:
            raise ValueError(
                f"{name}: got {len(f1)} values from {min(f1)} to {max(f1)}, "
                f"expected {CLASSES} in [0, 1], one a digit"
            )

    figure, axes = _new_figure((8, 3.6), title)
    digits = np.arange(CLASSES)
    offsets = 0.2 * (np.arange(len(checked)) - (len(checked) - 1) / 2)
    for (network, f1), offset, style in zip(
        checked.items(), offsets, LINES, strict=False
    ):
        axes.plot(
            digits + offset,
            f1,
            **{**style, "linestyle": "none"},
            markersize=7,
            clip_on=False,
            label=network,
        )
    axes.set_xticks(digits[1:] - 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="x", which="minor", color=PALE, linewidth=0.8)
    axes.set_xlim(-0.5, CLASSES - 0.5)
    axes.set_ylim(_widen(F1_LIMITS, np.concatenate(list(checked.values()))))
    axes.set_xticks(digits)
    axes.set_xlabel("digit")
    axes.set_ylabel("F1 score")
    _finish_axes(axes)
    _add_legend(figure, axes.lines)
    return figure


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
    if not (_check_numbers(seconds.seconds, "seconds") > 0).all():
        raise ValueError("seconds: got 0 or less, expected numbers above 0")
    tasks = list(seconds.task.unique())
    contenders = list(seconds.contender.unique())
    height = 0.7 + (0.4 + 0.25 * len(contenders)) * len(tasks)
    figure = _empty_figure((8, height), title)
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
        _check_numbers(medians[column], f"medians.{column}")
    quantities = list(medians.quantity.unique())
    figure = _empty_figure((8, 2.8), title)
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
        _finish_axes(axes)
    panels[0].set_ylabel("seconds of training")
    return figure


def _empty_figure(size: tuple[float, float], title: str) -> Figure:
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    figure.suptitle(title, wrap=True)
    return figure


def _new_figure(size: tuple[float, float], title: str) -> tuple[Figure, Axes]:
    figure = _empty_figure(size, title)
    return figure, figure.subplots()


def _draw_images(
    axes: Axes,
    images: np.ndarray,
    titles: Sequence[str],
    columns: int,
    beside: float,
    above: float,
    below: float = 0,
    **style: object,
) -> None:
    """Show images in rows, each image 1 wide and below its title.

    The lower left corner of the first image is at (0, 0). Between two images there is
    ``beside``; each has ``above`` it the room for its title, and ``below`` it room for
    more. An Axes for each image would take several times as long.
    """
    height = images.shape[1] / images.shape[2]
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        row, column = divmod(place, columns)
        left, bottom = column * (1 + beside), -row * (above + height + below)
        right, top = left + 1, bottom + height
        axes.imshow(image, extent=(left, right, bottom, top), **style)
        # The room above has been made, so the layout need not measure the text.
        axes.text(
            left + 0.5,
            top + 0.06,
            title,
            fontsize=9,
            ha="center",
            va="bottom",
            in_layout=False,
        )
    axes.set_xlim(-beside / 2, columns * (1 + beside) - beside / 2)
    axes.set_ylim(bottom - below, height + above)
    axes.set_axis_off()


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
    axes.set_ylim(_widen(limits, values))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.set_ylabel(label)
    _finish_axes(axes)


def _finish_axes(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def _add_legend(figure: Figure, handles: Sequence[Artist | Container]) -> None:
    # The width of a row in characters; the sign before each label takes about eight.
    width = sum(8 + len(handle.get_label()) for handle in handles)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles) if width <= 110 else 1,
        frameon=False,
    )


def _draw_probabilities(
    axes: Axes, probabilities: np.ndarray, labels: np.ndarray
) -> None:
    """Draw a bar chart for each prediction, side by side, each chart 12 wide."""
    starts = 12 * np.arange(len(labels))
    digits = np.arange(CLASSES)
    for start, row, label in zip(starts, probabilities, labels, strict=True):
        bars = axes.bar(start + digits, row, color=GREY)
        predicted = row.argmax()
        if predicted != label:
            bars[predicted].set(facecolor=WRONG, hatch="///", edgecolor="white")
        bars[int(label)].set_facecolor(RIGHT)
        # Ticks would take longer to draw than all the rest of the figure.
        for digit in digits:
            axes.text(
                start + digit,
                -0.05,
                f"{digit}",
                fontsize=8,
                ha="center",
                va="top",
                in_layout=False,
            )
        left, right = start - 1.5, start + 10
        axes.plot(
            [left, left, right], [1, 0, 0], color=INK, linewidth=0.8, clip_on=False
        )
    axes.set_xlim(-1.5, starts[-1] + 10.5)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_xticks([])
    axes.tick_params(labelsize=8, length=2, pad=2)
    axes.set_ylabel("probability", fontsize=9)
    axes.spines[:].set_visible(False)


def _tick_step(epochs: int) -> int:
    return -(-epochs // 10)


def _widen(limits: tuple[float, float], values: np.ndarray) -> tuple[float, float]:
    low, high = limits
    lowest, highest = min(low, values.min()), max(high, values.max())
    margin = 0.05 * (highest - lowest)
    return (
        low if lowest == low else lowest - margin,
        high if highest == high else highest + margin,
    )


def _as_percentage(share: float, _place: int) -> str:
    return f"{100 * share:g} %"


def _readable_on(colour: np.ndarray) -> str:
    # At this luminance black and white stand out equally, by 4.58:1.
    return "white" if seaborn.utils.relative_luminance(colour) < 0.179 else "black"


def _check_names(mapping: Mapping, name: str) -> None:
    is_mapping = isinstance(mapping, Mapping)
    if not is_mapping or not 1 <= len(mapping) <= len(LINES):
        got = f"{len(mapping)} entries" if is_mapping else type(mapping).__name__
        raise ValueError(
            f"{name}: got {got}, expected a dictionary of 1 to {len(LINES)} entries"
        )


def _check_numbers(values: Sequence[float], name: str) -> np.ndarray:
    expected = "a non-empty sequence of finite numbers"
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"{name}: got shape {numbers.shape}, expected {expected}")
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"{name}: got dtype {numbers.dtype}, expected {expected}")
    if not np.isfinite(numbers).all():
        place = np.argmin(np.isfinite(numbers))
        raise ValueError(
            f"{name}: got {numbers[place]} in place {place}, expected {expected}"
        )
    return numbers


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
        key: _check_numbers(history[key], f"{name}[{key!r}]") for key in HISTORY_KEYS
    }
    lengths = {key: len(values) for key, values in checked.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name}: got lengths {lengths}, expected equal ones")
    return checked


def _check_matrix(matrix: np.ndarray) -> None:
    expected = f"a ({CLASSES}, {CLASSES}) array of counts, not all of them 0"
    if not isinstance(matrix, np.ndarray):
        raise ValueError(f"matrix: got {type(matrix).__name__}, expected {expected}")
    if not np.issubdtype(matrix.dtype, np.integer):
        raise ValueError(f"matrix: got dtype {matrix.dtype}, expected {expected}")
    if matrix.shape != (CLASSES, CLASSES):
        raise ValueError(f"matrix: got shape {matrix.shape}, expected {expected}")
    if matrix.min() < 0 or matrix.max() == 0:
        raise ValueError(
            f"matrix: got counts from {matrix.min()} to {matrix.max()}, "
            f"expected {expected}"
        )
