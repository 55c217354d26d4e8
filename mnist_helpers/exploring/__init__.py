"""Widgets to explore with: draw a digit, look behind a confusion matrix, ask what if.

They need a front end. Where there is none, a line of text stands in their place, and no
widget is made, because a saved notebook would point to one that is gone.
"""

from pathlib import Path

from anywidget import AnyWidget
from IPython.display import display

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "exploring.css").read_text(encoding="utf-8")


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


def display_widget(widget: AnyWidget, text: str) -> None:
    """Display a widget, with a text for a front end that knows no widgets.

    Parameters
    ----------
    widget : AnyWidget
        What to display.
    text : str
        What to show in its place.
    """
    data, metadata = widget._repr_mimebundle_()
    display(data | {"text/plain": text}, metadata=metadata, raw=True)
