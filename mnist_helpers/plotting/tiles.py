"""Many small images in one Axes, as an Axes for each takes several times as long."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from mnist_helpers.plotting.style import INK_ON_PAPER

GAP = 4


def draw_images(
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
    more.
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


def draw_sheet(
    axes: Axes, rows: Sequence[np.ndarray], names: Sequence[str], columns: int
) -> None:
    """Show rows of uint8 images, each row after its name and up to ``columns`` long."""
    axes.imshow(lay_out(rows, columns, 0), **INK_ON_PAPER)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    height = rows[0].shape[1]
    axes.set_yticks(np.arange(len(rows)) * (height + GAP) + height / 2, names)
    axes.tick_params(length=0)


def lay_out(rows: Sequence[np.ndarray], columns: int, between: float) -> np.ndarray:
    """Put rows of images into one array, a value between them and where a row ends."""
    height, width = np.array(rows[0].shape[1:]) + GAP
    shape = (len(rows) * height - GAP, columns * width - GAP)
    sheet = np.full(shape, between, rows[0].dtype)
    for row, images in enumerate(rows):
        for column, image in enumerate(images[:columns]):
            top, left = row * height, column * width
            sheet[top : top + height - GAP, left : left + width - GAP] = image
    return sheet
