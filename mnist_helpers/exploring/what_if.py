"""Sliders to ask what if: train a network in seconds, compare it with others."""

import base64
import html
import io
import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from IPython.display import display
from ipywidgets import HTML, Button, HBox, Layout, SelectionSlider, VBox

from mnist_helpers import training
from mnist_helpers.front_end import has_front_end
from mnist_helpers.plotting import trial_curves
from mnist_helpers.quiet import keras

# Two to three seconds on two cores, half of them for tracing and compiling.
EPOCHS = 5
IMAGES = 10_000
CHOICES = {
    "hidden units": [2**power for power in range(9)],
    "learning rate": [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
    "batch size": [2**power for power in range(4, 10)],
    "seed": list(range(1, 11)),
}
TABLE_STYLE = """<style>
.trials th, .trials td { padding: 0 0.8em; line-height: 1.6; text-align: right; }
</style>"""
INSTEAD = (
    "In JupyterLab, there are sliders here for hidden units, learning rate, batch size "
    "and seed, and a button that trains such a network and compares it with others."
)
Build = Callable[[int, float, int], keras.Model]
Examples = tuple[np.ndarray, np.ndarray]


class WhatIf:
    """Sliders, a button that trains, and the comparison of what was trained.

    Parameters
    ----------
    build : callable
        Of hidden units, learning rate and seed; returns a new, compiled network.
    training_data, validation_data : tuple of (ndarray, ndarray)
        Inputs and labels as `training.fit` takes them. Of the training data, the first
        10,000 are used.
    hidden_units, learning_rate, batch_size : int or float
        Where the sliders start: at the choice that is nearest.
    """

    def __init__(
        self,
        build: Build,
        training_data: Examples,
        validation_data: Examples,
        *,
        hidden_units: int,
        learning_rate: float,
        batch_size: int,
    ) -> None:
        self.build = build
        self.training_data = tuple(part[:IMAGES] for part in training_data)
        self.validation_data = validation_data
        starts = (hidden_units, learning_rate, batch_size, 1)
        self.sliders = {
            name: SelectionSlider(
                options=choices,
                value=_nearest(choices, start),
                description=name,
                continuous_update=False,
                style={"description_width": "7em"},
                layout=Layout(width="20em"),
            )
            for (name, choices), start in zip(CHOICES.items(), starts, strict=True)
        }
        self.button = Button(description="Train", button_style="primary")
        self.button.on_click(self._train)
        self.status = HTML()
        self.chart = HTML()
        self.table = HTML()
        self.accuracies: list[list[float]] = []
        self.rows: list[dict[str, object]] = []
        knobs = VBox([*self.sliders.values(), self.button, self.status])
        together = HBox([knobs, self.chart], layout=Layout(flex_flow="row wrap"))
        self.panel = VBox([together, self.table])
        self._say("Validation accuracy compares the networks.")

    def _train(self, _button: Button) -> None:
        self.button.disabled = True
        try:
            self._add({name: slider.value for name, slider in self.sliders.items()})
        except Exception as error:
            self._say(f"{type(error).__name__}: {error}", colour="#b84f00")
        finally:
            self.button.disabled = False

    def _add(self, chosen: dict[str, float]) -> None:
        """Train a network as chosen, and add its curve and its row."""
        number = len(self.rows) + 1
        self._say(f"network {number} is being traced and compiled ...")
        started = time.perf_counter()
        network = self.build(
            chosen["hidden units"], chosen["learning rate"], chosen["seed"]
        )
        history = training.fit(
            network,
            *self.training_data,
            validation_data=self.validation_data,
            epochs=EPOCHS,
            batch_size=min(chosen["batch size"], len(self.training_data[0])),
            seed=chosen["seed"],
            callbacks=[
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, _logs: self._say(
                        f"network {number}: epoch {epoch + 1} of {EPOCHS}"
                    )
                )
            ],
        )
        seconds = time.perf_counter() - started
        accuracies = history.history["val_accuracy"]
        self.accuracies.append(accuracies)
        self.rows.append(
            {"network": number}
            | {name: f"{value:g}" for name, value in chosen.items()}
            | {
                "parameters": f"{network.count_params():,}",
                "validation accuracy": f"{max(accuracies):.4f}",
                "seconds": f"{seconds:.1f}",
            }
        )
        self._compare()
        self._say(f"network {number} was trained in {seconds:.1f} s")

    def _compare(self) -> None:
        stream = io.BytesIO()
        title = f"{EPOCHS} epochs on {len(self.training_data[0]):,} training images"
        trial_curves(self.accuracies, title).savefig(stream, format="png")
        encoded = base64.b64encode(stream.getvalue()).decode()
        accuracy = self.rows[-1]["validation accuracy"]
        alt = f"Validation accuracy by epoch; of the newest network at best {accuracy}"
        self.chart.value = f'<img alt="{alt}" src="data:image/png;base64,{encoded}">'
        table = pd.DataFrame(self.rows).to_html(index=False, classes="trials", border=0)
        self.table.value = TABLE_STYLE + table

    def _say(self, text: str, colour: str = "inherit") -> None:
        # A reader of the screen says what changes in a status.
        style = f"color: {colour}; line-height: 1.5; max-width: 20em"
        text = html.escape(text)
        self.status.value = f'<div role="status" style="{style}">{text}</div>'


def _nearest(choices: list[float], value: float) -> float:
    return min(choices, key=lambda choice: abs(math.log(choice / value)))


def explore(
    build: Build,
    training_data: Examples,
    validation_data: Examples,
    *,
    hidden_units: int,
    learning_rate: float,
    batch_size: int,
) -> None:
    """Display sliders to train by, or, without a front end, a line of text.

    Networks are compared by validation accuracy: the test images judge finished
    networks only.

    Parameters
    ----------
    build, training_data, validation_data, hidden_units, learning_rate, batch_size
        As of `WhatIf`.
    """
    if not has_front_end():
        print(INSTEAD)
        return
    panel = WhatIf(
        build,
        training_data,
        validation_data,
        hidden_units=hidden_units,
        learning_rate=learning_rate,
        batch_size=batch_size,
    ).panel
    # The text is for a front end that knows no widgets.
    display(panel._repr_mimebundle_() | {"text/plain": INSTEAD}, raw=True)
