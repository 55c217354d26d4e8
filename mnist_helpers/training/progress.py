"""Show how far a training is: a line per epoch, the time left, live curves."""

import html
import time
from contextlib import suppress

from IPython import get_ipython
from IPython.display import DisplayHandle

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.plotting.curves import learning_curves
from mnist_helpers.plotting.style import as_html
from mnist_helpers.training.front_end import running_cell

# Seconds between two updates, and of training for each second of drawing.
PAUSE, TRAINING_PER_DRAWING = 0.5, 20


class Progress(keras.callbacks.Callback):
    """Show a line per epoch; in a notebook, also how far the running epoch is.

    In a notebook the lines are one output that is replaced as training goes on, so
    that the stored notebook holds the finished lines alone. In JupyterLab, learning
    curves are shown above them until training ends.
    """

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock and an empty output."""
        self.started = self.next_update = self.next_drawing = time.perf_counter()
        self.lines: list[str] = []
        self.picture = ""
        self.is_watched = running_cell() is not None
        self.handle = DisplayHandle() if get_ipython() else None
        if self.handle:
            self.handle.display({"text/plain": "training ..."}, raw=True)

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Show how much of all epochs is done, and how long the rest will take."""
        now, epoch = time.perf_counter(), len(self.lines)
        epochs = self.params["epochs"]
        if self.handle is None or now < self.next_update:
            return
        self.next_update = now + PAUSE
        done = (epoch + (batch + 1) / self.params["steps"]) / epochs
        left = (now - self.started) * (1 - done) / done
        running = (
            f"epoch {epoch + 1}/{epochs}   {done:4.0%} done, "
            f"about {left:.0f} s left   loss {logs['loss']:.4f}"
        )
        bundle = {"text/plain": "\n".join([*self.lines, running])}
        if self.is_watched:
            self._draw_curves()
            lines = f"<pre>{html.escape(bundle['text/plain'])}</pre>"
            bundle["text/html"] = self.picture + lines
        self.handle.update(bundle, raw=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add the line of the epoch that has ended."""
        numbers = "   ".join(f"{name} {value:.4f}" for name, value in logs.items())
        self.lines.append(f"epoch {epoch + 1:2d}/{self.params['epochs']}   {numbers}")
        if self.handle is None:
            print(self.lines[-1], flush=True)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leave the lines alone, as a headless run does."""
        if self.handle:
            self.handle.update({"text/plain": "\n".join(self.lines)}, raw=True)

    def _draw_curves(self) -> None:
        started = time.perf_counter()
        if started < self.next_drawing:
            return
        # Nothing can be drawn before the first epoch ends, nor a loss of NaN.
        with suppress(ValueError, KeyError):
            self.picture = as_html(learning_curves(self.model.history.history))
        ended = time.perf_counter()
        self.next_drawing = ended + (ended - started) * TRAINING_PER_DRAWING
