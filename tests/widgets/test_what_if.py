"""The sliders to train by, without a front end: what a click does."""

import re
import weakref

import numpy as np
import pytest
from test_training import make_data, small_model

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.widgets import what_if

pytestmark = pytest.mark.slow

START = {"hidden_units": 8, "learning_rate": 0.005, "batch_size": 32}


def build(hidden_units: int, learning_rate: float, seed: int) -> keras.Model:
    model = small_model()
    model.optimizer.learning_rate = learning_rate
    return model


def refuse(*_chosen) -> keras.Model:
    raise ValueError("units < 1")


def make_panel(build=build, data=None, **start):
    data = data or make_data((784,))
    return what_if.WhatIf(build, data, make_data((784,), 50), **START | start)


def click(panel, **moved: int) -> None:
    """Press Train, as the front end says it, with sliders moved to other places."""
    chosen = [
        moved.get(slider["name"].replace(" ", "_"), slider["start"])
        for slider in panel.sliders
    ]
    panel._train(panel, {"chosen": chosen}, [])


def cells(panel) -> list[list[str]]:
    """Read the table, row by row, without the seconds."""
    rows = re.findall(r"<tr>(.*?)</tr>", panel.table, re.DOTALL)
    return [re.findall(r"<td>(.*?)</td>", row)[:7] for row in rows]


def test_a_click_adds_a_curve_and_a_row():
    panel = make_panel()
    click(panel)
    first = panel.chart
    click(panel, learning_rate=7)
    one, two = cells(panel)
    assert one[:6] == ["1", "8", "0.005", "32", "1", "6,370"]
    assert two[:6] == ["2", "8", "0.02", "32", "1", "6,370"]
    assert one[6] != two[6]
    assert re.fullmatch(r"network 2 was trained in \d+\.\d s", panel.status)
    assert f'at best {two[6]}" src="data:image/png' in panel.chart
    assert panel.chart != first
    assert not panel.is_training


def test_the_accuracy_is_that_of_the_same_training():
    def best(seed: int) -> str:
        history = what_if.training.fit(
            build(8, 0.005, seed),
            *make_data((784,)),
            validation_data=make_data((784,), 50),
            epochs=what_if.EPOCHS,
            batch_size=32,
            seed=seed,
        ).history
        return f"{max(history['val_accuracy']):.4f}"

    panel = make_panel()
    third = panel.sliders[3]["choices"].index("3")
    for _ in range(2):
        click(panel, seed=third)
    assert [row[6] for row in cells(panel)] == [best(3), best(3)]
    assert best(3) != best(1)


def test_it_tells_how_far_it_is():
    panel = make_panel()
    said = []
    panel.observe(lambda change: said.append((panel.is_training, change.new)), "status")
    click(panel)
    assert said[0] == (True, "network 1 is being traced and compiled ...")
    assert said[1:6] == [
        (True, f"network 1: epoch {epoch} of 5") for epoch in range(1, 6)
    ]
    assert len(said) == 7


def test_an_error_is_shown_and_the_next_click_works():
    panel = make_panel(refuse)
    click(panel)
    assert panel.status == "ValueError: units < 1"
    assert (panel.table, panel.is_training) == ("", False)
    panel._build = build
    click(panel)
    assert len(cells(panel)) == 1


def test_an_interrupt_leaves_the_comparison_as_it_was():
    def interrupt(*_chosen):
        raise KeyboardInterrupt

    panel = make_panel(interrupt)
    click(panel)
    assert panel.status.startswith("interrupted")
    assert (panel.table, panel.is_training) == ("", False)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ((1, 1e-6, 1), ("1", "0.0001", "16")),
        ((100, 0.004, 48), ("128", "0.005", "64")),
        ((10_000, 1, 10_000), ("256", "0.05", "512")),
    ],
)
def test_the_sliders_start_near_the_notebooks_parameters(given, nearest):
    panel = make_panel(**dict(zip(START, given, strict=True)))
    starts = [slider["choices"][slider["start"]] for slider in panel.sliders]
    assert starts == [*nearest, "1"]


def test_fewer_images_than_a_batch_are_one_batch():
    panel = make_panel(data=make_data((784,), 20), batch_size=512)
    click(panel)
    assert len(cells(panel)) == 1


def test_the_rest_of_the_training_set_is_not_kept():
    inputs = np.zeros((what_if.IMAGES + 1, 1), np.float32)
    labels = np.zeros(what_if.IMAGES + 1, np.uint8)
    kept = weakref.ref(inputs)
    panel = make_panel(data=(inputs, labels))
    assert [len(part) for part in panel._training_data] == 2 * [what_if.IMAGES]
    del inputs
    assert kept() is None


def test_without_a_front_end_there_is_a_sentence(capsys):
    what_if.explore(None, None, None, **START)
    assert capsys.readouterr().out == f"{what_if.INSTEAD}\n"


def test_with_a_front_end_a_sentence_stands_by(monkeypatch):
    shown = []
    monkeypatch.setattr(
        what_if, "show", lambda make, text: shown.append((make(), text))
    )
    what_if.explore(build, make_data((784,)), make_data((784,)), **START)
    [(panel, text)] = shown
    assert isinstance(panel, what_if.WhatIf)
    assert text == what_if.INSTEAD
