"""Widgets to explore with: draw a digit, look behind a confusion matrix, ask what if.

A cell that shows one has a sentence as its output, headlessly and in a saved notebook.
In a front end that runs the cell, the script puts the widget in its place. For an
ordinary widget view, JupyterLab shows an error once the kernel is gone.
"""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
from anywidget import AnyWidget
from IPython.display import display
from traitlets import Unicode

from mnist_helpers.evaluation.scores import format_confidence
from mnist_helpers.training.front_end import running_cell

FOLDER = Path(__file__).parent
# What each cell has displayed, by its name and the sentence.
_displayed: dict[tuple[str, str], "Explorer"] = {}


class Explorer(AnyWidget):
    """A widget whose script puts it in the place of a sentence."""

    _css = (FOLDER / "exploring.css").read_text(encoding="utf-8")
    place = Unicode().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(place=uuid4().hex, **traits)


def read_script(name: str) -> str:
    """Read a widget's script, after what the scripts have in common."""
    parts = ("common.js", name)
    return "\n".join((FOLDER / part).read_text(encoding="utf-8") for part in parts)


def describe_answer(probabilities: np.ndarray) -> dict[str, object]:
    """Describe a network's ten probabilities as the scripts take them."""
    return {
        "confidence": format_confidence(probabilities.max()),
        "probabilities": probabilities.tolist(),
    }


def show(make: Callable[[], Explorer], instead: str) -> None:
    """Display a sentence, and where there is a front end, a widget in its place.

    What the same cell displayed earlier is closed first, as its data fills memory.
    """
    cell, place = running_cell(), ""
    if cell:
        if (cell, instead) in _displayed:
            _displayed.pop((cell, instead)).close()
        widget = _displayed[cell, instead] = make()
        place = widget.place
    sentence = f'<div data-mnist-widget="{place}">{instead}</div>'
    display({"text/plain": instead, "text/html": sentence}, raw=True)
