"""Draw a figure, and read what a reader would see."""

import itertools

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from mnist_helpers import plotting

# As every notebook does.
plotting.set_style()


def draw(figure):
    canvas = FigureCanvasAgg(figure)
    # As as_png() does.
    figure.draw_without_rendering()
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
    width, height = figure.canvas.get_width_height()
    for words, (left, bottom, right, top) in boxes:
        assert min(left, bottom, width - right, height - top) >= 0, words
    for (words, one), (others, other) in itertools.combinations(boxes, 2):
        overlap_x = min(one[2], other[2]) - max(one[0], other[0])
        overlap_y = min(one[3], other[3]) - max(one[1], other[1])
        assert overlap_x <= 0.5 or overlap_y <= 0.5, (words, others)


def background_of(text, pixels):
    """The commonest colour around a text."""
    left, bottom, right, top = extent(text)
    height = pixels.shape[0]
    rows = slice(max(int(height - top) - 1, 0), int(height - bottom) + 2)
    around = pixels[rows, max(int(left) - 2, 0) : int(right) + 3].reshape(-1, 3)
    colours, found = np.unique(around, axis=0, return_counts=True)
    return colours[found.argmax()]


def linear(colours):
    """Colours in linear light (IEC 61966-2-1)."""
    colours = np.array([to_rgb(colour) for colour in colours])
    return np.where(
        colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4
    )


def contrast(one, other):
    """The contrast of two colours by WCAG 2."""
    darker, lighter = sorted(linear([one, other]) @ [0.2126, 0.7152, 0.0722])
    return (lighter + 0.05) / (darker + 0.05)


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label().startswith(label)]
    return found
