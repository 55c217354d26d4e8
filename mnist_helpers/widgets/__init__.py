"""Widgets to explore with: draw a digit, look behind a confusion matrix, ask what if.

A cell that shows one has a sentence as its output, headlessly and in a saved notebook.
In a front end that runs the cell, the script puts the widget in its place. For an
ordinary widget view, JupyterLab shows an error once the kernel is gone.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from anywidget import AnyWidget
from IPython.display import display
from traitlets import Unicode

from mnist_helpers.training.front_end import identify_run

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "exploring.css").read_text(encoding="utf-8")


class Explorer(AnyWidget):
    """A widget whose script puts it in the place of a sentence."""

    _css = STYLE
    place = Unicode().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(place=uuid4().hex, **traits)


class Sentence:
    """A sentence, and the name of the widget that takes its place."""

    def __init__(self, text: str, place: str) -> None:
        self.text = text
        self.place = place

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div data-mnist-widget="{self.place}">{self.text}</div>'


# What each run of a cell has displayed, by the names of cell and run.
_displayed: defaultdict[tuple[str, str], list[Explorer]] = defaultdict(list)


def read_script(name: str) -> str:
    """Read a widget's script, after what the scripts have in common.

    Parameters
    ----------
    name : str
        Of the file, such as ``drawing.js``.

    Returns
    -------
    str
        An ECMAScript module, as anywidget takes it.
    """
    parts = ("common.js", name)
    return "\n".join((FOLDER / part).read_text(encoding="utf-8") for part in parts)


def show(make: Callable[[], Explorer], instead: str) -> None:
    """Display a sentence, and where there is a front end, a widget in its place.

    What an earlier run of the same cell displayed is closed first, and its data
    forgotten.

    Parameters
    ----------
    make : callable
        Returns the widget; called only where there is a front end.
    instead : str
        The sentence.
    """
    run = identify_run()
    place = ""
    if run is not None:
        _close_earlier(run)
        widget = make()
        _displayed[run].append(widget)
        place = widget.place
    display(Sentence(instead, place))


def _close_earlier(run: tuple[str, str]) -> None:
    """Close what earlier runs of a cell displayed."""
    for earlier in [each for each in _displayed if each[0] == run[0] and each != run]:
        for widget in _displayed.pop(earlier):
            # Until then, ipywidgets holds it.
            widget.close()
