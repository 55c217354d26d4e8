"""The learning curves of a running training: when they are drawn, and what of."""

import pytest

from mnist_helpers.training import live

HISTORY = {
    "loss": [0.5, 0.4],
    "accuracy": [0.8, 0.9],
    "val_loss": [0.6, 0.5],
    "val_accuracy": [0.7, 0.8],
}


@pytest.fixture
def clock(monkeypatch):
    """Let time stand still, but for what a drawing takes."""
    seconds = [0.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: seconds[0])
    return seconds


@pytest.fixture
def curves(clock):
    """Live curves whose updates are in the list ``bundles``."""

    class Handle:
        def update(self, bundle, raw):
            curves.bundles.append(bundle)

    curves = live.LiveCurves(Handle())
    curves.bundles = []
    return curves


def test_curves_stand_above_the_lines(curves, clock):
    clock[0] = 1
    curves.show(HISTORY, "epoch 2 < epoch 3")
    [bundle] = curves.bundles
    assert bundle["text/html"].startswith('<img alt="Learning curves of 2 epochs" src')
    assert bundle["text/html"].endswith("<pre>epoch 2 &lt; epoch 3</pre>")
    assert bundle["text/plain"] == "epoch 2 < epoch 3"


def test_they_are_shown_at_most_twice_a_second(curves, clock):
    for call in range(100):
        clock[0] = call / 50
        curves.show(HISTORY, "")
    assert len(curves.bundles) == 3


def test_drawing_costs_training_a_twentieth_of_its_time(curves, clock, monkeypatch):
    drawn = []

    def draw(history):
        drawn.append(clock[0])
        clock[0] += 0.5
        return ""

    monkeypatch.setattr(live, "_draw", draw)
    while clock[0] < 100:
        clock[0] += 0.1
        epochs = int(clock[0])
        curves.show({"loss": [0.5] * epochs}, "")
    # The last one may be under way.
    assert 8 <= len(drawn) <= 11


@pytest.mark.parametrize("history", [{}, {"loss": [0.3]}])
def test_what_cannot_be_drawn_leaves_the_lines(curves, clock, history):
    clock[0] = 1
    curves.show(history, "epoch 1")
    assert curves.bundles[0]["text/html"] == "<pre>epoch 1</pre>"
