"""The sliders to train by, without a front end: what a click does."""

import re

import pytest
from test_training import make_data, small_model

from mnist_helpers.exploring import what_if
from mnist_helpers.quiet import keras

pytestmark = pytest.mark.slow

START = {"hidden_units": 8, "learning_rate": 0.005, "batch_size": 32}


def build(hidden_units: int, learning_rate: float, seed: int) -> keras.Model:
    model = small_model()
    model.optimizer.learning_rate = learning_rate
    return model


@pytest.fixture
def panel():
    return what_if.WhatIf(build, make_data((784,)), make_data((784,), 50), **START)


def test_a_click_adds_a_curve_and_a_row(panel):
    panel.button.click()
    panel.sliders["learning rate"].value = 0.02
    panel.button.click()
    assert [len(accuracies) for accuracies in panel.accuracies] == [what_if.EPOCHS] * 2
    assert panel.accuracies[0] != panel.accuracies[1]
    cells = re.findall(r"<td>(.*?)</td>", panel.table.value)
    best = [f"{max(accuracies):.4f}" for accuracies in panel.accuracies]
    assert cells[:7] == ["1", "8", "0.005", "32", "1", "6,370", best[0]]
    assert cells[8:15] == ["2", "8", "0.02", "32", "1", "6,370", best[1]]
    assert "network 2 was trained" in panel.status.value
    assert f'at best {best[1]}" src="data:image/png' in panel.chart.value
    assert not panel.button.disabled


def test_the_same_choice_trains_the_same_network(panel):
    panel.button.click()
    panel.button.click()
    assert panel.accuracies[0] == panel.accuracies[1]


def test_the_button_is_disabled_while_it_trains(panel):
    states = []

    def build_and_look(*chosen):
        states.append(panel.button.disabled)
        return build(*chosen)

    panel.build = build_and_look
    panel.button.click()
    assert states == [True]
    assert not panel.button.disabled


def test_an_error_is_shown_and_the_next_click_works(panel):
    def refuse(*_chosen):
        raise ValueError("units < 1")

    panel.build = refuse
    panel.button.click()
    assert "ValueError: units &lt; 1" in panel.status.value
    assert not panel.rows
    panel.build = build
    panel.button.click()
    assert len(panel.rows) == 1


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ((1, 1e-6, 1), (1, 0.0001, 16)),
        ((100, 0.004, 48), (128, 0.005, 64)),
        ((10_000, 1, 10_000), (256, 0.05, 512)),
    ],
)
def test_the_sliders_start_near_the_notebooks_parameters(given, nearest):
    start = dict(zip(START, given, strict=True))
    panel = what_if.WhatIf(build, make_data((784,)), make_data((784,)), **start)
    values = [slider.value for slider in panel.sliders.values()]
    assert values == [*nearest, 1]


def test_fewer_images_than_a_batch_are_one_batch():
    few = make_data((784,), 20)
    panel = what_if.WhatIf(build, few, few, **START | {"batch_size": 512})
    panel.button.click()
    assert len(panel.rows) == 1


def test_without_a_front_end_there_is_a_line(capsys):
    what_if.explore(None, None, None, **START)
    assert capsys.readouterr().out == f"{what_if.INSTEAD}\n"


def test_with_a_front_end_a_line_stands_by(monkeypatch):
    shown = []
    monkeypatch.setattr(what_if, "has_front_end", lambda: True)
    monkeypatch.setattr(what_if, "display", lambda data, raw: shown.append(data))
    what_if.explore(build, make_data((784,)), make_data((784,)), **START)
    assert shown[0]["text/plain"] == what_if.INSTEAD
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
