"""The weights of a layer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.style import new_figure
from mnist_helpers.plotting.tiles import draw_tiles


def weight_images(
    weights: np.ndarray, names: Sequence[str], title: str = "Weights"
) -> Figure:
    """Show weights as small images: blue positive, red negative, white zero.

    Parameters
    ----------
    weights : ndarray of shape (n, height, width)
        One image per unit or filter. All share one colour scale, which ends at the
        99th percentile of their size.
    names : sequence of str
        The title of each image.
    """
    # Two rows at least, so that few units are shown large.
    columns = min(8, -(-len(weights) // 2))
    rows = -(-len(weights) // columns)
    side = 6.4 / max(columns, 4)
    alt = (
        f"{len(weights)} images of {weights.shape[1]}x{weights.shape[2]} weights, from "
        f"{weights.min():.2f} to {weights.max():.2f}; {100 * (weights > 0).mean():.0f} "
        "% are positive."
    )
    size = (columns * side + 1, rows * (1.2 * side) + 0.4)
    figure = new_figure(size, title, alt)
    axes = figure.subplots()
    # A few weights at the rim, where hardly any digit has ink, are far larger than the
    # rest; they would leave the rest pale.
    limit = np.quantile(np.abs(weights), 0.99)
    draw_tiles(axes, weights, names, columns, cmap="RdBu", vmin=-limit, vmax=limit)
    figure.colorbar(axes.images[0], label="weight", aspect=20, extend="both")
    return figure
