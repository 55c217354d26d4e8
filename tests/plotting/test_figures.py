"""Every figure, by what a reader can make out."""

import io
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from figure_examples import FIGURES, drawn
from figure_reading import (
    assert_texts_are_apart,
    background_of,
    contrast,
    linear,
    visible_texts,
)
from matplotlib.axes import Axes
from PIL import Image

from mnist_helpers.plotting.features import DIGIT_COLOURS
from mnist_helpers.plotting.style import (
    GREY,
    HATCHES,
    INK,
    LINES,
    RIGHT,
    WRONG,
    as_png,
)

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")

# These show images, whose titles say all.
UNLABELLED = ("mean", "weight", "gallery_none", "error", "drawing")
# Colours as people without red or green cones see them: Machado, Oliveira and
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
# (2009), in linear light.
EYES = (
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    ((0.367, 0.861, -0.228), (0.28, 0.673, 0.047), (-0.012, 0.043, 0.969)),
)


@pytest.mark.parametrize("name", FIGURES)
def test_the_figure_fits_a_notebook_and_nothing_overlaps(name):
    figure, _ = drawn(name)
    width, height = figure.get_size_inches()
    assert width <= 8
    assert height <= 8
    assert figure.get_suptitle()
    assert_texts_are_apart(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_is_large_and_stands_out_from_what_is_behind_it(name):
    figure, pixels = drawn(name)
    for text in visible_texts(figure):
        assert text.get_fontsize() >= 7.99, text.get_text()
        background = background_of(text, pixels)
        assert contrast(text.get_color(), background) >= 4.5, text.get_text()


@pytest.mark.parametrize("name", FIGURES)
def test_axes_have_room_and_say_what_they_show(name):
    figure, _ = drawn(name)
    labels = ""
    for axes in figure.findobj(Axes):
        box = axes.get_window_extent()
        assert max(box.width, box.height) >= 60
        assert min(box.width, box.height) >= 10
        labels += axes.get_xlabel() + axes.get_ylabel()
    assert labels or name.startswith((*UNLABELLED, "embedding"))


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_where_the_picture_ends(name):
    picture = np.asarray(Image.open(io.BytesIO(as_png(FIGURES[name]()))).convert("L"))
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert (edge == 255).all()


@pytest.mark.parametrize("name", FIGURES)
def test_alt_text_is_short_and_plain(name):
    text = drawn(name)[0].get_label()
    assert 20 <= len(text) <= 400
    assert text.endswith(".")
    for unwanted in ("nan", "-0.00", "\n"):
        assert unwanted not in text


def cielab(colours):
    """Linear sRGB in CIELAB, white as D65."""
    to_xyz = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
    xyz = np.clip(colours, 0, 1) @ np.transpose(to_xyz) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize(
    ("colours", "apart"),
    [
        # Lines differ in shape, too.
        ([style["color"] for style in LINES], 12),
        (DIGIT_COLOURS, 30),
        ([RIGHT, WRONG], 30),
    ],
)
def test_colours_can_be_told_apart_by_every_eye(colours, apart):
    for eye in EYES:
        seen = cielab(linear(colours) @ np.transpose(eye))
        for one, other in itertools.combinations(seen, 2):
            assert np.linalg.norm(one - other) >= apart


def test_colour_is_never_alone_and_stands_out_from_paper():
    for values in (*zip(*(style.values() for style in LINES), strict=True), HATCHES):
        assert len(set(values)) == len(LINES)
    for colour in (*DIGIT_COLOURS, *(style["color"] for style in LINES)):
        assert contrast(colour, "white") >= 3
    for colour in (RIGHT, WRONG, GREY, INK):
        assert contrast(colour, "white") >= 4.5


@pytest.mark.slow
def test_after_set_style_jupyter_draws_a_figure():
    program = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from mnist_helpers import plotting
plotting.set_style()
figure = plotting.compare_f1({"CNN": [1.0] * 10})
print(*shell.display_formatter.format(figure)[0])
"""
    backend = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | backend,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "image/png" in done.stdout
