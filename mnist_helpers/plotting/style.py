"""What all figures share: colours, styles, layout, and how they are drawn."""

import base64
import io
from collections.abc import Sequence
from html import escape

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.container import Container
from matplotlib.figure import Figure

from mnist_helpers.evaluation.intervals import wilson_interval

BLUE, _, GREEN, VERMILION, PURPLE = seaborn.color_palette("colorblind", 5).as_hex()
INK = "#262626"
GREY = "#6b6b6b"
PALE = "#dedede"
RIGHT = BLUE
# Vermilion, darkened until text in it stands out from white by 4.5:1.
WRONG = "#b84f00"

# One style per network or part, each different in colour, line, marker and hatching.
LINES = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILION, "linestyle": "--", "marker": "s"},
    {"color": GREEN, "linestyle": "-.", "marker": "^"},
    {"color": PURPLE, "linestyle": ":", "marker": "D"},
)
HATCHES = ("", "//", "..", "xx")
INK_ON_PAPER = {"cmap": "gray_r", "vmin": 0, "vmax": 255}
# Black numbers can be read on all of it.
HEAT = LinearSegmentedColormap.from_list("heat", ["white", VERMILION])


def set_style() -> None:
    """Set fonts, sizes and colours once, before the first figure.

    What the user's own matplotlibrc sets is undone. This also starts pyplot's backend,
    through which Jupyter draws a figure that ends a cell.
    """
    matplotlib.rcdefaults()
    seaborn.set_theme(
        context="paper",
        style="ticks",
        palette="colorblind",
        # Matplotlib brings this font along, so figures look the same everywhere.
        font="DejaVu Sans",
        rc={"figure.titlesize": 12, "lines.linewidth": 1.5},
    )
    pyplot.switch_backend(matplotlib.get_backend())


def new_figure(size: tuple[float, float], title: str, alt: str) -> Figure:
    """Make a figure of a width and height in inches, without Axes."""
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    figure.suptitle(title, wrap=True)
    figure.set_label(alt)
    return figure


def as_png(figure: Figure, dpi: float | str = "figure") -> bytes:
    """Draw a figure, with room for all of its labels."""
    # The first drawing finds the room that labels need, the second uses it.
    figure.draw_without_rendering()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def as_html(figure: Figure) -> str:
    """Write a figure as one HTML element, with its alt text."""
    encoded = base64.b64encode(as_png(figure)).decode()
    alt = escape(figure.get_label())
    return f'<img alt="{alt}" src="data:image/png;base64,{encoded}">'


def finish_axes(axes: Axes) -> None:
    """Leave the frame open above and on the right, and draw lines to read heights."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def draw_intervals(
    axes: Axes, places: pd.Series, shares: pd.Series, counts: pd.Series, colour: str
) -> None:
    """Draw the 95 % interval (Wilson's) that its number of images leaves each share."""
    right = (shares * counts).round().astype(int)
    ends = np.array([*map(wilson_interval, right, counts)])
    axes.vlines(places, *ends.T, color=colour, linewidth=1)


def add_legend(figure: Figure, handles: Sequence[Artist | Container]) -> None:
    """Put one legend in a row below all Axes."""
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
    )


def as_percentage(share: float, _place: int = 0) -> str:
    """Write a share as a percentage, as Matplotlib asks for the label of a tick."""
    return f"{100 * share:g} %"
