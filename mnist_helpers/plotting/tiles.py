"""Many small images in one Axes, as an Axes for each takes several times as long."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes


def lay_out(
    images: np.ndarray, columns: int, above: int, beside: int, fill: float = 0
) -> np.ndarray:
    """Put images of shape (n, height, width) into one array, row by row.

    Each has ``above`` and ``beside`` it, on its right, so many pixels of ``fill``.
    """
    rows = -(-len(images) // columns)
    missing = rows * columns - len(images)
    padded = np.pad(
        images, [(0, missing), (above, 0), (0, beside)], constant_values=fill
    )
    _, height, width = padded.shape
    grid = padded.reshape(rows, columns, height, width).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width)


def draw_tiles(
    axes: Axes,
    images: np.ndarray,
    titles: Sequence[str],
    columns: int,
    **style: object,
) -> None:
    """Show images of shape (n, height, width) in rows, each below its title."""
    enlarged = max(1, round(28 / images.shape[1]))
    images = images.astype(float).repeat(enlarged, axis=1).repeat(enlarged, axis=2)
    above, beside = round(0.36 * images.shape[1]), round(0.15 * images.shape[2])
    axes.imshow(lay_out(images, columns, above, beside, np.nan), **style)
    axes.set_axis_off()
    height, width = images.shape[1] + above, images.shape[2] + beside
    for place, title in enumerate(titles):
        row, column = divmod(place, columns)
        axes.text(
            column * width + images.shape[2] / 2 - 0.5,
            row * height + 0.8 * above,
            title,
            ha="center",
            fontsize="small",
        )


def draw_rows(
    axes: Axes, rows: Sequence[np.ndarray], names: Sequence[str], columns: int
) -> None:
    """Show rows of uint8 images, each row after its name and up to ``columns`` long."""
    gap = 4
    shown = np.zeros((len(rows), columns, *rows[0].shape[1:]), np.uint8)
    for place, images in enumerate(rows):
        shown[place, : len(images)] = images[:columns]
    sheet = lay_out(shown.reshape(-1, *shown.shape[2:]), columns, gap, gap)
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=255)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    height = shown.shape[2]
    axes.set_yticks(np.arange(len(rows)) * (height + gap) + gap + height / 2, names)
    axes.tick_params(length=0)
