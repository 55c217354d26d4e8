"""What a network makes of images, layer by layer."""

from collections.abc import Mapping

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from sklearn.neighbors import NearestNeighbors

from mnist_helpers.plotting.predictions import (
    COLUMNS,
    describe_predictions,
    show_prediction,
)
from mnist_helpers.plotting.style import HEAT, INK_ON_PAPER, new_figure
from mnist_helpers.plotting.tiles import draw_tiles

MAP_COLUMNS = 16
MOST_POINTS = 1500
# Ten colours that stay apart in every kind of colour blindness, and dark enough for
# small digits on white.
DIGIT_COLOURS = (
    "#763e00",
    "#1c9ddb",
    "#48a66c",
    "#19008c",
    "#ba8e00",
    "#3173ff",
    "#062757",
    "#047c7e",
    "#000dfb",
    "#462120",
)


def feature_maps(
    image: np.ndarray,
    maps: Mapping[str, np.ndarray],
    title: str = "What each layer makes of an image",
) -> Figure:
    """Show an image and, channel by channel, the output of each layer for it.

    Maps have the shape (rows, columns, channels). The channels of a layer share one
    colour scale and are numbered as in the layer.
    """
    headings = {
        layer: f"{layer}: {of_layer.shape[2]} channels of "
        f"{of_layer.shape[0]}x{of_layer.shape[1]}, "
        f"{(of_layer == 0).all(axis=(0, 1)).sum()} of them all 0"
        for layer, of_layer in maps.items()
    }
    rows = [-(-of_layer.shape[2] // MAP_COLUMNS) for of_layer in maps.values()]
    heights = [0.8, *(0.3 + 0.55 * max(2, count) for count in rows)]
    alt = f"An image, and the outputs of each layer. {'; '.join(headings.values())}."
    figure = new_figure((8, 0.5 + sum(heights)), title, alt)
    first, *panels = figure.subplots(len(heights), height_ratios=heights)
    first.imshow(image, **INK_ON_PAPER)
    first.set_axis_off()
    first.set_anchor("W")
    for axes, (layer, of_layer) in zip(panels, maps.items(), strict=True):
        channels = np.moveaxis(of_layer, 2, 0)
        numbers = range(1, len(channels) + 1)
        draw_tiles(axes, channels, numbers, MAP_COLUMNS, cmap="viridis")
        axes.set_title(headings[layer], loc="left")
        axes.set_anchor("W")
        figure.colorbar(axes.images[0], ax=axes, label="output", aspect=10)
    return figure


def embedding(
    points: np.ndarray, labels: np.ndarray, title: str = "The images as points"
) -> Figure:
    """Show images as points of a plane, each of them drawn as its digit.

    Points have the shape (n, 2); of more than 1,500 the first are drawn.
    """
    points, labels = points[:MOST_POINTS], labels[:MOST_POINTS]
    nearest = NearestNeighbors(n_neighbors=1).fit(points)
    neighbours = nearest.kneighbors(return_distance=False)[:, 0]
    agreement = (labels[neighbours] == labels).mean()
    alt = (
        f"{len(points):,} images as points of a plane. The nearest other point shows "
        f"the same digit for {100 * agreement:.0f} % of them."
    )
    figure = new_figure((7.2, 6.2), title, alt)
    axes = figure.subplots()
    for digit, colour in enumerate(DIGIT_COLOURS):
        x, y = points[labels == digit].T
        axes.scatter(x, y, s=30, marker=f"${digit}$", color=colour, linewidth=0.3)
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    return figure


def saliency(
    images: np.ndarray,
    heat: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    title: str = "What the predictions hang on",
) -> Figure:
    """Show a few images, and where their ink or paper mattered to the prediction.

    Images and heat have the shape (n, 28, 28), probabilities (n, 10). Heat is 0 or
    more, up to 1 where a pixel mattered most.
    """
    alt = (
        f"{len(images)} images, coloured where they mattered most to the prediction. "
        f"{describe_predictions(labels, probabilities)}"
    )
    rows = -(-len(images) // COLUMNS)
    figure = new_figure((8, 0.9 + 1.9 * rows), title, alt)
    panels = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, image, of_image, label, row in zip(
        panels.flat, images, heat, labels, probabilities, strict=False
    ):
        show_prediction(axes, image, label, row)
        axes.imshow(
            of_image,
            HEAT,
            Normalize(0, 1),
            alpha=0.8 * of_image,
            interpolation="bilinear",
        )
    figure.colorbar(
        ScalarMappable(Normalize(0, 1), HEAT),
        ax=panels,
        label="heat, as a share of the image's highest",
        shrink=0.8,
    )
    return figure
