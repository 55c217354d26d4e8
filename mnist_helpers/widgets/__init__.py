"""Widgets to explore with: draw a digit, look behind a confusion matrix, ask what if.

They need a front end. Where there is none, a line of text stands in their place, and no
widget is made, because a saved notebook would point to one that is gone.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from anywidget import AnyWidget
from IPython.display import display

from mnist_helpers.training.front_end import identify_run

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "exploring.css").read_text(encoding="utf-8")

# What each run of a cell has displayed, by the names of cell and run.
_displayed: defaultdict[tuple[str, str], list[AnyWidget]] = defaultdict(list)


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


def show(make: Callable[[], AnyWidget], instead: str) -> None:
    """Make and display a widget, or, without a front end, print a line of text.

    What an earlier run of the same cell displayed is closed first, and its data
    forgotten.

    Parameters
    ----------
    make : callable
        Returns the widget; called only where there is a front end.
    instead : str
        What to print in its place, and to show in a front end that knows no widgets.
    """
    run = identify_run()
    if run is None:
        print(instead)
        return
    _close_earlier(run)
    widget = make()
    _displayed[run].append(widget)
    data, metadata = widget._repr_mimebundle_()
    display(data | {"text/plain": instead}, metadata=metadata, raw=True)


def _close_earlier(run: tuple[str, str]) -> None:
    """Close what earlier runs of a cell displayed."""
    for earlier in [each for each in _displayed if each[0] == run[0] and each != run]:
        for widget in _displayed.pop(earlier):
            # Until then, ipywidgets holds it.
            widget.close()
