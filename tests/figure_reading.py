"""Draw a figure, and read what a reader would see."""

import itertools

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from mnist_helpers import plotting

# As every notebook does.
plotting.set_style()


def draw(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def visible_texts(figure):
    """Every text that shows, without the tick labels that lie outside the axes."""
    hidden = set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            # An axis keeps ticks that it drew once and needs no more.
            needed = len(axis.get_majorticklocs())
            for place, tick in enumerate(axis.majorTicks):
                inside = low - 1e-9 <= tick.get_loc() <= high + 1e-9
                if not (inside and axes.axison and place < needed):
                    hidden |= {tick.label1, tick.label2}
            if not axes.axison:
                hidden.add(axis.label)
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def extent(text):
    return text.get_window_extent().extents


def assert_texts_are_apart(figure):
    boxes = [(text.get_text(), extent(text)) for text in visible_texts(figure)]
    assert boxes
    width, height = figure.canvas.get_width_height()
    for words, (left, bottom, right, top) in boxes:
        assert left >= 0, words
        assert bottom >= 0, words
        assert right <= width, words
        assert top <= height, words
    for (words, one), (others, other) in itertools.combinations(boxes, 2):
        overlap_x = min(one[2], other[2]) - max(one[0], other[0])
        overlap_y = min(one[3], other[3]) - max(one[1], other[1])
        assert overlap_x <= 0.5 or overlap_y <= 0.5, (words, others)


def titled_images(figure):
    """Each small image of a drawn figure, after the one text right above it."""
    pairs = []
    for image in figure.axes[0].images:
        left, _, right, top = image.get_window_extent().extents
        above = []
        for text in figure.axes[0].texts:
            start, bottom, end, _ = extent(text)
            is_centred = start + end == pytest.approx(left + right, abs=2)
            if is_centred and 0 < bottom - top < 15:
                above.append(text)
        (title,) = above
        pairs.append((title, image))
    return pairs


def drawn_values(pixels, image):
    """Brightness in the middle of each of an image's pixels, as drawn, 0 to 1."""
    left, bottom, right, top = image.get_window_extent().extents
    rows, columns = image.get_array().shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = len(pixels) - top + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return pixels[np.ix_(y.astype(int), x.astype(int))].mean(axis=2)


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in to_rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.texts]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label().startswith(label)]
    return found
