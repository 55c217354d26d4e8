"""Predictions, image by image."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mnist_helpers.containers import CLASSES
from mnist_helpers.evaluation import check_probabilities, format_confidence
from mnist_helpers.plotting.style import (
    GREY,
    INK,
    INK_ON_PAPER,
    RIGHT,
    WRONG,
    add_legend,
    draw_images,
    new_figure,
)
from mnist_helpers.preprocessing import check_images, check_labels

GALLERY_SIZE = 10


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
        figure, axes = new_figure((5, 1.4), title)
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
    figure, axes = new_figure((max(0.5 + 1.5 * columns, 4.5), 0.7 + 2.8 * rows), title)
    beside, above, below = 0.25, 0.4, 0.95
    draw_images(axes, images, titles, columns, beside, above, below, **INK_ON_PAPER)
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
    add_legend(figure, key)
    return figure


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
