"""What all figures share: colours, styles and layout."""

from collections.abc import Sequence

import matplotlib
import numpy as np
import seaborn
from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure

BLUE, _, GREEN, VERMILION, PURPLE = seaborn.color_palette("colorblind", 5).as_hex()
INK = "#262626"
GREY = "#6b6b6b"
PALE = "#dedede"
RIGHT = BLUE
# Vermilion, darkened until text in it stands out from white by 4.5:1.
WRONG = "#b84f00"

# One style a network or a part, each different in colour, line, marker and hatching.
LINES = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILION, "linestyle": "--", "marker": "s"},
    {"color": GREEN, "linestyle": "-.", "marker": "^"},
    {"color": PURPLE, "linestyle": ":", "marker": "D"},
)
BARS = (
    {"color": BLUE},
    {"color": VERMILION, "hatch": "//"},
    {"color": GREEN, "hatch": ".."},
    {"color": PURPLE, "hatch": "xx"},
)
INK_ON_PAPER = {"cmap": "gray_r", "vmin": 0, "vmax": 255}


def set_style() -> None:
    """Set fonts, sizes and colours once, before the first figure.

    It also starts pyplot's backend, through which Jupyter learns to draw a figure
    that a cell ends with.
    """
    seaborn.set_theme(
        style="ticks",
        palette="colorblind",
        # matplotlib brings this font along, so figures look the same everywhere.
        font="DejaVu Sans",
        rc={
            "figure.dpi": 100,
            "font.size": 10,
            "figure.titlesize": 12,
            "axes.titlesize": 10,
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "lines.linewidth": 1.5,
            "lines.markersize": 5,
            "hatch.linewidth": 1.0,
            "axes.linewidth": 0.8,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        },
    )
    pyplot.switch_backend(matplotlib.get_backend())


def empty_figure(size: tuple[float, float], title: str, alt: str) -> Figure:
    """Make a figure of a width and height in inches, with a title and no Axes.

    A figure's label is its alt text: what it shows, for those who cannot see it.
    """
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    figure.suptitle(title, wrap=True)
    figure.set_label(alt)
    return figure


def new_figure(size: tuple[float, float], title: str, alt: str) -> tuple[Figure, Axes]:
    """Make a figure as `empty_figure` does, with one Axes."""
    figure = empty_figure(size, title, alt)
    return figure, figure.subplots()


def counted(number: int, noun: str) -> str:
    """Write a number before a noun, such as ``1 image`` or ``2 images``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def finish_axes(axes: Axes) -> None:
    """Leave the frame open above and on the right, and draw lines to read heights."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def add_legend(figure: Figure, handles: Sequence[Artist | Container]) -> None:
    """Put one legend below all Axes, in a row where the labels have room for it."""
    # The width of a row in characters; the sign before each label takes about eight.
    width = sum(8 + len(handle.get_label()) for handle in handles)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles) if width <= 110 else 1,
        frameon=False,
    )


def widen(limits: tuple[float, float], values: np.ndarray) -> tuple[float, float]:
    """Move a limit that values exceed, with a margin, and leave the other as it is."""
    low, high = limits
    lowest, highest = min(low, values.min()), max(high, values.max())
    margin = 0.05 * (highest - lowest)
    return (
        low if lowest == low else lowest - margin,
        high if highest == high else highest + margin,
    )


def as_percentage(share: float, _place: int) -> str:
    """Write a share as a percentage, as matplotlib asks for the label of a tick."""
    return f"{100 * share:g} %"


def readable_on(colour: np.ndarray) -> str:
    """Choose black or white, whichever can be read on a colour."""
    # At this luminance black and white stand out equally, by 4.58:1.
    return "white" if seaborn.utils.relative_luminance(colour) < 0.179 else "black"
