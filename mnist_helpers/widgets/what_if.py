"""Sliders to ask what if: train a network in seconds, compare it with others."""

import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from traitlets import Bool, Dict, List, Unicode

from mnist_helpers import training
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.plotting import compare_curves
from mnist_helpers.plotting.style import as_html
from mnist_helpers.widgets import Explorer, read_script, show

# Two to three seconds on two cores, half of them for tracing and compiling.
EPOCHS = 5
IMAGES = 10_000
CHOICES = {
    "hidden units": [2**power for power in range(9)],
    "learning rate": [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
    "batch size": [2**power for power in range(4, 10)],
    "seed": list(range(1, 11)),
}
INSTEAD = (
    "Run this notebook in JupyterLab to get sliders for hidden units, learning rate, "
    "batch size and seed, and a button that trains such a network."
)
Examples = tuple[np.ndarray, np.ndarray]


class WhatIf(Explorer):
    """Sliders, a button that trains, and the comparison of what was trained.

    ``starts`` are the values of `CHOICES` that the sliders start nearest to.
    """

    _esm = read_script("what_if.js")
    # Of each, its name, its choices as text, and the place of the one it starts at.
    sliders = List(Dict()).tag(sync=True)
    is_training = Bool().tag(sync=True)
    status = Unicode("Validation accuracy compares the networks.").tag(sync=True)
    # The figure and the table, in HTML.
    chart = Unicode().tag(sync=True)
    table = Unicode().tag(sync=True)

    def __init__(
        self,
        build: Callable[[int, float, int], keras.Model],
        training_data: Examples,
        validation_data: Examples,
        starts: Mapping[str, float],
    ) -> None:
        sliders = [
            {
                "name": name,
                "choices": [f"{choice:g}" for choice in choices],
                "start": _nearest(choices, starts[name]),
            }
            for name, choices in CHOICES.items()
        ]
        super().__init__(sliders=sliders)
        self._build = build
        # A view of them would keep all of the training set in memory.
        self._training_data = tuple(part[:IMAGES].copy() for part in training_data)
        self._validation_data = validation_data
        self._histories: list[dict[str, list[float]]] = []
        self._rows: list[dict[str, object]] = []
        self.on_msg(self._train)

    def _train(self, _widget: Explorer, request: dict, _buffers: list) -> None:
        """Train by the choices whose places the front end sends."""
        places = zip(CHOICES.items(), request["chosen"], strict=True)
        self.is_training = True
        try:
            self._add({name: choices[place] for (name, choices), place in places})
        except (Exception, KeyboardInterrupt) as error:
            self.status = f"{type(error).__name__}: {error}"
        finally:
            self.is_training = False

    def _add(self, chosen: dict[str, float]) -> None:
        """Train a network as chosen, and add its curve and its row."""
        number = len(self._rows) + 1
        self.status = f"network {number} is being traced and compiled ..."
        started = time.perf_counter()
        units, rate, batch_size, seed = chosen.values()
        network = self._build(units, rate, seed)

        def say_epoch(epoch: int, _logs: dict[str, float]) -> None:
            self.status = f"network {number}: epoch {epoch + 1} of {EPOCHS}"

        history = training.fit(
            network,
            *self._training_data,
            validation_data=self._validation_data,
            epochs=EPOCHS,
            batch_size=batch_size,
            seed=seed,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=say_epoch)],
        )
        seconds = time.perf_counter() - started
        self._histories.append(history.history)
        self._rows.append(
            {"network": number}
            | {name: f"{value:g}" for name, value in chosen.items()}
            | {
                "parameters": f"{network.count_params():,}",
                "validation accuracy": f"{_accuracy(history.history):.4f}",
                "seconds": f"{seconds:.1f}",
            }
        )
        self._compare()
        self.status = f"network {number} was trained in {seconds:.1f} s"

    def _compare(self) -> None:
        title = f"{EPOCHS} epochs on {len(self._training_data[0]):,} training images"
        best = max(self._histories, key=_accuracy)
        shown = {"the best": best, "the newest": self._histories[-1]}
        self.chart = as_html(compare_curves(shown, title))
        self.table = pd.DataFrame(self._rows).to_html(index=False, border=0)


def _accuracy(history: dict[str, list[float]]) -> float:
    return max(history["val_accuracy"])


def _nearest(choices: list[float], value: float) -> int:
    """Return the place of the choice that is nearest to a value, in proportion."""
    distances = [abs(math.log(choice / value)) for choice in choices]
    return distances.index(min(distances))


def explore(
    build: Callable[[int, float, int], keras.Model],
    training_data: Examples,
    validation_data: Examples,
    **starts: float,
) -> None:
    """Display sliders to train by, or, without a front end, a sentence.

    Networks are compared by validation accuracy: the test images judge finished
    networks only.

    Parameters
    ----------
    build : callable
        Of hidden units, learning rate and seed; returns a new, compiled network.
    training_data, validation_data : tuple of (ndarray, ndarray)
        Inputs and labels as `training.fit` takes them. Of the training data, the first
        10,000 are used.
    **starts : float
        ``hidden_units``, ``learning_rate`` and ``batch_size``, where sliders start.
    """
    named = {name.replace("_", " "): value for name, value in starts.items()}
    show(
        lambda: WhatIf(build, training_data, validation_data, {"seed": 1} | named),
        INSTEAD,
    )
