"""The curves that grow: what they show, and when they are drawn."""

import base64
import re
from xml.etree import ElementTree

import pytest

from mnist_helpers.training import live
from mnist_helpers.training.live import LiveCurves

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown(monkeypatch):
    """List what is shown, the first display and each of its updates."""
    bundles = []

    class Handle:
        def display(self, bundle, raw):
            assert raw
            bundles.append(bundle)

        update = display

    monkeypatch.setattr(live, "DisplayHandle", Handle)
    return bundles


@pytest.fixture
def clock(monkeypatch):
    """Let the time stand still until it is set."""
    seconds = [0.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: seconds[0])
    return seconds


def measured(loss: float, accuracy: float) -> dict[str, float]:
    return {
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": loss + 0.1,
        "val_accuracy": accuracy - 0.01,
    }


def read_picture(bundle: dict[str, str]) -> ElementTree.Element:
    source = re.search(r'src="data:image/svg\+xml;base64,(.*?)"', bundle["text/html"])
    return ElementTree.fromstring(base64.b64decode(source[1]))


def curves(bundle: dict[str, str]) -> list[list[tuple[float, float]]]:
    """Read the places of the curves: accuracy, its validation, loss, its validation."""
    lines = read_picture(bundle).iter(f"{SVG}polyline")
    return [
        [tuple(map(float, place.split(","))) for place in line.get("points").split()]
        for line in lines
    ][:4]


def test_the_curves_are_where_the_axes_say(shown):
    growing = LiveCurves(10)
    growing.add_epoch(1, measured(0.35, 0.9))
    growing.add_epoch(2, measured(0.14, 0.95))
    growing.finish()
    accuracy, validation, loss, _validation_loss = curves(shown[-1])
    # Ten epochs on 300 pixels; accuracy from 0.8 to 1 and loss from 0 to 0.7 on 180.
    assert accuracy == [(90, 130), (120, 85)]
    assert validation == [(90, 139), (120, 94)]
    assert loss == [(480, 130), (510, 184)]
    [around] = read_picture(shown[-1]).findall(f"{SVG}circle[@r='7'][@cy='94.0']")
    assert around.get("cx") == "120.0"


def test_the_running_epoch_is_a_point_that_does_not_stay(shown, clock):
    growing = LiveCurves(4)
    clock[0] = 1.0
    growing.show_running(0.5, {"loss": 0.5, "accuracy": 0.9})
    assert [len(curve) for curve in curves(shown[-1])] == [1, 0, 1, 0]
    growing.add_epoch(1, measured(0.4, 0.92))
    growing.finish()
    assert [len(curve) for curve in curves(shown[-1])] == [1, 1, 1, 1]


def test_it_is_drawn_at_most_twice_a_second(shown, clock):
    growing = LiveCurves(10)
    for call in range(100):
        clock[0] = call / 50
        growing.show_running(call / 10, {"loss": 0.5, "accuracy": 0.9})
    assert len(shown) == 1 + 3


def test_the_text_says_how_far_and_which_is_best(shown):
    growing = LiveCurves(10)
    for epoch, accuracy in enumerate([0.9, 0.95, 0.95, 0.93], 1):
        growing.add_epoch(epoch, measured(0.2, accuracy))
    growing.finish()
    text = "4 of 10 epochs; best: epoch 2, validation accuracy 0.9400"
    assert shown[0]["text/plain"] == "0 of 10 epochs"
    assert shown[-1]["text/plain"] == text
    assert text in "".join(read_picture(shown[-1]).itertext())
    alt = re.search(r'alt="(.*?)"', shown[-1]["text/html"])[1]
    assert alt.startswith("Accuracy and loss")
    assert alt.endswith(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_training_that_has_gone_wrong_is_still_drawn(shown, value):
    growing = LiveCurves(1)
    growing.add_epoch(1, measured(value, 0.1))
    growing.finish()
    assert [len(curve) for curve in curves(shown[-1])] == [1, 1, 0, 0]
    assert "nan" not in ElementTree.tostring(read_picture(shown[-1])).decode()


def test_a_model_without_metrics_or_validation_has_its_loss(shown):
    growing = LiveCurves(3)
    growing.add_epoch(1, {"loss": 0.3})
    growing.finish()
    assert [len(curve) for curve in curves(shown[-1])] == [0, 0, 1, 0]
    assert shown[-1]["text/plain"] == "1 of 3 epochs"
