"""What a network has learned: its weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mnist_helpers.plotting.style import draw_images, new_figure

WEIGHT_COLUMNS = 8


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
    figure, axes = new_figure((columns * side + 1, rows * (side + 0.25) + 0.4), title)
    # A few weights at the rim, where hardly any digit has ink, are far larger than the
    # rest; they would leave the rest pale.
    limit = np.quantile(np.abs(weights), 0.99) or 1
    draw_images(
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
