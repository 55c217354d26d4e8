"""The sliders to train by, without a front end: what a click does."""

import re
import weakref

import numpy as np
import pytest
from small_networks import compiled, make_data

from mnist_helpers import training
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.widgets import what_if

pytestmark = pytest.mark.slow

START = {"hidden units": 10, "learning rate": 0.004, "batch size": 32, "seed": 1}


def build(hidden_units: int, learning_rate: float, seed: int) -> keras.Model:
    return compiled(optimizer=keras.optimizers.Adam(learning_rate))


def make_panel(build=build, data=None) -> what_if.WhatIf:
    return what_if.WhatIf(build, data or make_data(), make_data(count=50), START)


def click(panel, **moved: int) -> None:
    """Press Train, as the front end says it, with sliders moved to other places."""
    chosen = [moved.get(each["name"], each["start"]) for each in panel.sliders]
    panel._train(panel, {"chosen": chosen}, [])


def cells(panel) -> list[list[str]]:
    """Read the table, row by row, without the seconds."""
    rows = re.findall(r"<tr>(.*?)</tr>", panel.table, re.DOTALL)
    return [re.findall(r"<td>(.*?)</td>", row)[:7] for row in rows]


def test_a_click_trains_and_adds_a_curve_and_a_row():
    panel, said = make_panel(), []
    panel.observe(lambda change: said.append((panel.is_training, change.new)), "status")
    click(panel)
    first = panel.chart
    assert [text for is_training, text in said if is_training][1:6] == [
        f"network 1: epoch {epoch} of 5" for epoch in range(1, 6)
    ]
    assert re.fullmatch(r"network 1 was trained in \d+\.\d s", panel.status)
    click(panel, seed=2)
    one, two = cells(panel)
    # The choices nearest to where the sliders start.
    assert one[:6] == ["1", "8", "0.005", "32", "1", "6,370"]
    assert two[:6] == ["2", "8", "0.005", "32", "3", "6,370"]
    accuracies = training.fit(
        build(8, 0.005, 3),
        *make_data(),
        validation_data=make_data(count=50),
        epochs=what_if.EPOCHS,
        batch_size=32,
        seed=3,
    ).history["val_accuracy"]
    assert two[6] == f"{max(accuracies):.4f}"
    assert re.search(f"the newest [^;]*, at best {two[6]}", panel.chart)
    assert panel.chart != first
    assert not panel.is_training


@pytest.mark.parametrize("error", [ValueError("units < 1"), KeyboardInterrupt()])
def test_an_error_is_shown_and_the_next_click_works(error):
    def refuse(*_chosen):
        raise error

    panel = make_panel(refuse)
    click(panel)
    assert panel.status == f"{type(error).__name__}: {error}"
    assert (panel.table, panel.is_training) == ("", False)
    panel._build = build
    click(panel)
    assert len(cells(panel)) == 1


def test_the_rest_of_the_training_set_is_not_kept():
    inputs = np.zeros((what_if.IMAGES + 1, 1), np.float32)
    kept = weakref.ref(inputs)
    panel = make_panel(data=(inputs, np.zeros(len(inputs), np.uint8)))
    assert [len(part) for part in panel._training_data] == 2 * [what_if.IMAGES]
    del inputs
    assert kept() is None


def test_parameters_of_a_notebook_become_starts(monkeypatch):
    made = []
    monkeypatch.setattr(what_if, "show", lambda make, text: made.append(make()))
    starts = {"hidden_units": 128, "learning_rate": 0.001, "batch_size": 64}
    what_if.explore(build, make_data(), make_data(), **starts)
    found = [each["choices"][each["start"]] for each in made[0].sliders]
    assert found == ["128", "0.001", "64", "1"]
