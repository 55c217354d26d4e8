"""Predictions, image by image."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mnist_helpers.evaluation.scores import (
    check_probabilities,
    describe_confusions,
    describe_predictions,
    format_confidence,
    most_confident_mistakes,
)
from mnist_helpers.plotting.style import (
    GREY,
    INK,
    INK_ON_PAPER,
    RIGHT,
    VERMILION,
    WRONG,
    add_legend,
    counted,
    new_figure,
)
from mnist_helpers.plotting.tiles import draw_images, draw_sheet
from mnist_helpers.preprocessing import CLASSES, check_images, check_labels

GALLERY_SIZE = 10
GALLERY_COLUMNS = 5
SHEET_SIZE = 120
SHEET_COLUMNS = 15
HEAT = LinearSegmentedColormap.from_list("heat", ["white", VERMILION])
# How much ink darkens the colour of the heat: enough to stand out from any heat.
INK_DEPTH = 0.65


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
    _check_few(images, labels, probabilities)
    count = len(images)
    if count == 0:
        return _say("There is no such prediction.", title)
    columns = min(count, GALLERY_COLUMNS)
    rows = -(-count // columns)
    size = (max(0.5 + 1.5 * columns, 4.5), 0.7 + 2.8 * rows)
    figure, axes = new_figure(size, title, _describe_few(labels, probabilities))
    beside, above, below = 0.25, 0.4, 0.95
    headings = _headings(labels, probabilities)
    draw_images(axes, images, headings, columns, beside, above, below, **INK_ON_PAPER)
    _colour_headings(axes, labels, probabilities)
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
    if (probabilities.argmax(axis=1) != labels).any():
        key.append(Patch(facecolor=WRONG, hatch="///", label="wrong prediction"))
    add_legend(figure, key)
    return figure


def saliency(
    images: np.ndarray,
    heat: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "What the predictions hang on",
) -> Figure:
    """Show up to ten images, and where their ink or paper mattered to the prediction.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored, n from 0 to 10.
    heat : ndarray of shape (n, 28, 28), any floating dtype
        How much each pixel mattered, 0 or more. Each image has a scale of its own, up
        to its highest value.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        Ink darkens the colour of the heat; a line surrounds what has at least half of
        the highest heat. Without images it says that there are none.

    Raises
    ------
    ValueError
        If an argument is not what it should be, or n is above 10.
    """
    _check_few(images, labels, probabilities)
    expected = f"finite numbers of at least 0 in shape {images.shape}, as the images"
    heat = np.asarray(heat)
    if heat.shape != images.shape:
        raise ValueError(f"heat: got shape {heat.shape}, expected {expected}")
    count = len(images)
    if count == 0:
        return _say("There is no such prediction.", title)
    if not (np.isfinite(heat).all() and heat.min() >= 0):
        raise ValueError(
            f"heat: got values from {heat.min()} to {heat.max()}, expected {expected}"
        )
    highest = heat.max(axis=(1, 2), keepdims=True)
    shares = np.divide(heat, highest, out=np.zeros(heat.shape), where=highest > 0)
    darkened = HEAT(shares)
    darkened[..., :3] *= 1 - INK_DEPTH * images[..., np.newaxis] / 255

    columns = min(count, GALLERY_COLUMNS)
    rows = -(-count // columns)
    alt = (
        f"{_describe_few(labels, probabilities)} At least half of the highest heat "
        f"covers {100 * (shares >= 0.5).mean():.0f} % of an image on average."
    )
    size = (max(0.5 + 1.5 * columns, 4.5), 0.9 + 1.85 * rows)
    figure, axes = new_figure(size, title, alt)
    headings = _headings(labels, probabilities)
    draw_images(axes, darkened, headings, columns, beside=0.25, above=0.4)
    _colour_headings(axes, labels, probabilities)
    for image, of_image in zip(axes.images, shares, strict=True):
        if of_image.min() < 0.5 < of_image.max():
            axes.contour(
                of_image,
                [0.5],
                origin="upper",
                extent=image.get_extent(),
                colors=INK,
                linewidths=0.8,
            )
    figure.colorbar(
        ScalarMappable(Normalize(0, 1), HEAT),
        ax=axes,
        label="heat, as a share of the image's highest",
        orientation="horizontal",
        shrink=0.6,
        aspect=25,
    )
    return figure


def error_sheet(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "All mistakes",
) -> Figure:
    """Show every image that a network got wrong, with the true and the predicted digit.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored, those that were predicted right among them.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        The mistakes by true digit, then by predicted digit, the most confident first.

    Raises
    ------
    ValueError
        If an argument is not what it should be, or more than 120 predictions are
        wrong.
    """
    mistakes, predicted = _find_mistakes(images, labels, probabilities)
    count = len(mistakes)
    if count == 0:
        return _say(f"None of {len(images):,} predictions is wrong.", title)
    if count > SHEET_SIZE:
        raise ValueError(
            f"images: got {count} that are predicted wrong, expected at most "
            f"{SHEET_SIZE}; pick some first, for instance of one digit"
        )
    mistakes = mistakes[np.lexsort((predicted[mistakes], labels[mistakes]))]
    columns = min(count, SHEET_COLUMNS)
    rows = -(-count // columns)
    alt = (
        f"{counted(count, 'wrong prediction')} of {len(images):,}, by true and "
        "predicted digit. Most frequent: "
        f"{_describe_mistakes(labels[mistakes], predicted[mistakes], 5)}."
    )
    size = (max(0.4 + 0.5 * columns, 4.5), 0.9 + 0.66 * rows)
    figure, axes = new_figure(size, title, alt)
    axes.set_title(f"{counted(count, 'wrong prediction')}: true→predicted")
    headings = [f"{labels[row]}→{predicted[row]}" for row in mistakes]
    beside, above, below = 0.1, 0.36, 0.1
    draw_images(
        axes, images[mistakes], headings, columns, beside, above, below, **INK_ON_PAPER
    )
    return figure


def confusion_pairs(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    pairs: int = 5,
    per_pair: int = 10,
    title: str = "The most frequent mistakes",
) -> Figure:
    """Show which digits are most often taken for which, and what they look like.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored, those that were predicted right among them.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    pairs : int
        How many pairs of a true and a predicted digit to show at most, 1 to 10.
    per_pair : int
        How many images to show of each, 1 to 15.
    title : str
        The figure's title.

    Returns
    -------
    Figure
        A row a pair, the most frequent first, equal ones by their digits; in the row,
        the most confident mistakes first.

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """
    mistakes, predicted = _find_mistakes(images, labels, probabilities)
    for name, number, most in (("pairs", pairs, 10), ("per_pair", per_pair, 15)):
        if not 1 <= number <= most:
            raise ValueError(f"{name}: got {number}, expected 1 to {most}")
    if len(mistakes) == 0:
        return _say(f"None of {len(images):,} predictions is wrong.", title)
    found = pd.DataFrame({"true": labels[mistakes], "predicted": predicted[mistakes]})
    counts = (
        found.value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")[:pairs]
    )
    rows, names = [], []
    for (true, other), count in counts.items():
        of_pair = mistakes[(found.true == true) & (found.predicted == other)]
        rows.append(images[of_pair])
        share = 100 * count / len(mistakes)
        names.append(
            f"{true} taken for {other}\n{counted(count, 'mistake')}, {share:.0f} %"
        )
    columns = min(per_pair, counts.max())
    all_mistakes = counted(len(mistakes), "mistake")
    alt = (
        f"{all_mistakes} in {len(images):,} predictions. The most "
        f"frequent, with up to {counted(per_pair, 'image')} each: "
        f"{_describe_mistakes(found.true, found.predicted, pairs)}."
    )
    size = (max(4.5, 1.6 + 0.42 * columns), 0.9 + 0.45 * len(rows))
    figure, axes = new_figure(size, title, alt)
    draw_sheet(axes, rows, names, columns)
    axes.set_title(f"shares of all {all_mistakes} in {len(images):,} predictions")
    return figure


def _check_few(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> None:
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


def _find_mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows predicted wrong, the most confident first, and every predicted digit."""
    check_images(images)
    check_labels(labels, len(images))
    check_probabilities(probabilities, len(images))
    mistakes = most_confident_mistakes(labels, probabilities, len(images))
    return mistakes, probabilities.argmax(axis=1)


def _say(sentence: str, title: str) -> Figure:
    figure, axes = new_figure((5, 1.4), title, sentence)
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, ha="center", va="center")
    return figure


def _describe_few(labels: np.ndarray, probabilities: np.ndarray) -> str:
    right = int((probabilities.argmax(axis=1) == labels).sum())
    return (
        f"{right} of {counted(len(labels), 'image')} predicted right. True digit as "
        "predicted digit, with its probability: "
        f"{describe_predictions(labels, probabilities)}."
    )


def _describe_mistakes(labels: np.ndarray, predicted: np.ndarray, pairs: int) -> str:
    confusion = np.zeros((CLASSES, CLASSES), int)
    np.add.at(confusion, (labels, predicted), 1)
    return describe_confusions(confusion, pairs)


def _headings(labels: np.ndarray, probabilities: np.ndarray) -> list[str]:
    return [
        f"predicted {row.argmax()} ({format_confidence(row.max())})\n"
        f"true {label}: {'right' if row.argmax() == label else 'wrong'}"
        for row, label in zip(probabilities, labels, strict=True)
    ]


def _colour_headings(axes: Axes, labels: np.ndarray, probabilities: np.ndarray) -> None:
    is_right = probabilities.argmax(axis=1) == labels
    for text, right in zip(axes.texts, is_right, strict=True):
        text.set_color(RIGHT if right else WRONG)


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
