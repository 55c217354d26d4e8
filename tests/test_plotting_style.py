"""What all figures share."""

import os
import subprocess
import sys

import matplotlib
import pytest
import seaborn
from figure_reading import contrast

from mnist_helpers.plotting.style import (
    BARS,
    GREY,
    INK,
    LINES,
    RIGHT,
    WRONG,
    readable_on,
)


def test_colours_are_seaborns_and_stand_out_from_paper():
    palette = seaborn.color_palette("colorblind").as_hex()
    for style in (*LINES, *BARS):
        assert style["color"] in palette
        assert contrast(style["color"], "white") >= 3
    for colour in (RIGHT, WRONG, GREY, INK):
        assert contrast(colour, "white") >= 4.5


def test_colour_is_never_alone():
    for key in ("color", "linestyle", "marker"):
        assert len({style[key] for style in LINES}) == len(LINES)
    for key in ("color", "hatch"):
        assert len({bar.get(key) for bar in BARS}) == len(LINES)


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.03, 0.05, 0.08, 0.2, 1])
def test_numbers_are_readable_on_every_depth_of_colour(share):
    colour = matplotlib.colormaps["Oranges"](share)
    assert contrast(readable_on(colour), colour) >= 4.5


# --- set_style


def test_style_uses_a_font_that_matplotlib_brings_along():
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


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
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "image/png" in done.stdout
