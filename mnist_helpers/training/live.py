"""The learning curves of a training while it runs."""

import base64
import html
import io
import time
from collections.abc import Mapping, Sequence

from IPython.display import DisplayHandle

from mnist_helpers.plotting.curves import learning_curves

PAUSE_SECONDS = 0.5
# Of the training's time, how much may go into drawing.
SHARE = 0.05


class LiveCurves:
    """Learning curves above the lines of a training, in the same output.

    Parameters
    ----------
    handle : DisplayHandle
        Of the output.
    """

    def __init__(self, handle: DisplayHandle) -> None:
        self.handle = handle
        self.started = self.shown = time.perf_counter()
        self.drawing_seconds = 0.0
        self.epochs = 0
        self.picture = ""

    def show(self, history: Mapping[str, Sequence[float]], text: str) -> None:
        """Show the lines, and the curves of the epochs that have ended.

        Does nothing within half a second of the last time; leaves the curves as they
        are where drawing has taken more than a twentieth of the time.

        Parameters
        ----------
        history : dict of str to sequence of float
            See `learning_curves`. Without all of its keys, no curves.
        text : str
            The lines.
        """
        now = time.perf_counter()
        if now - self.shown < PAUSE_SECONDS:
            return
        epochs = len(history.get("loss", ()))
        if epochs > self.epochs and (
            self.drawing_seconds <= SHARE * (now - self.started)
        ):
            self.epochs = epochs
            self.picture = _draw(history)
            self.drawing_seconds += time.perf_counter() - now
        lines = f"<pre>{html.escape(text)}</pre>"
        self.handle.update(
            {"text/html": self.picture + lines, "text/plain": text}, raw=True
        )
        self.shown = time.perf_counter()


def _draw(history: Mapping[str, Sequence[float]]) -> str:
    stream = io.BytesIO()
    try:
        learning_curves(history).savefig(stream, format="png")
    except (KeyError, ValueError):
        return ""
    encoded = base64.b64encode(stream.getvalue()).decode()
    alt = f"Learning curves of {len(history['loss'])} epochs"
    return f'<img alt="{alt}" src="data:image/png;base64,{encoded}">'
