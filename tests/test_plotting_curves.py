"""The figures of training, epoch by epoch."""

import numpy as np
import pytest
from figure_examples import HISTORY, ONE_EPOCH, drawn, perfect_history, within
from figure_reading import legend_of, line
from matplotlib.colors import to_rgb

from mnist_helpers import plotting
from mnist_helpers.plotting.curves import ACCURACY_LIMITS, LOSS_LIMITS

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


# --- learning_curves


def test_curves_are_the_history_over_epochs_from_one():
    accuracy, loss = plotting.learning_curves(HISTORY).axes
    for axes, metric in ((accuracy, "accuracy"), (loss, "loss")):
        for label, key in (("training", metric), ("validation", f"val_{metric}")):
            assert list(line(axes, label).get_xdata()) == [1, 2, 3, 4]
            assert list(line(axes, label).get_ydata()) == HISTORY[key]
        styles = [
            (curve.get_color(), curve.get_linestyle(), curve.get_marker())
            for curve in axes.lines[:2]
        ]
        for one, other in zip(*styles, strict=True):
            assert one != other


def test_the_first_of_the_best_epochs_is_marked():
    figure = plotting.learning_curves(HISTORY)
    for axes, key in zip(figure.axes, ("val_accuracy", "val_loss"), strict=True):
        assert list(line(axes, "best").get_xdata()) == [3]
        assert list(line(axes, "best").get_ydata()) == [HISTORY[key][2]]
    assert legend_of(figure) == [
        "training",
        "validation",
        "best epoch: 3 (validation accuracy 0.9250)",
    ]


def test_curves_of_different_networks_share_their_limits():
    better = {key: list(values) for key, values in HISTORY.items()}
    better["accuracy"][-1], better["val_loss"][-1] = 0.999, 0.01
    for history in (HISTORY, better, perfect_history(4)):
        for plot in (
            plotting.learning_curves(history),
            plotting.compare_curves({"one": history, "other": HISTORY}),
        ):
            assert plot.axes[0].get_ylim() == ACCURACY_LIMITS
            assert plot.axes[1].get_ylim() == LOSS_LIMITS


def test_data_outside_the_limits_widens_them():
    for figure in (
        plotting.learning_curves(ONE_EPOCH),
        plotting.compare_curves({"one": ONE_EPOCH, "other": HISTORY}),
    ):
        accuracy, loss = figure.axes
        for axes in (accuracy, loss):
            low, high = axes.get_ylim()
            for curve in axes.lines:
                assert (curve.get_ydata() >= low).all()
                assert (curve.get_ydata() <= high).all()
        assert accuracy.get_ylim()[1] == 1
        assert loss.get_ylim()[0] == 0


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (1, [0, 1]),
        (2, [0, 1, 2]),
        (10, list(range(11))),
        (11, [0, 2, 4, 6, 8, 10]),
        (37, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36]),
    ],
)
def test_epoch_ticks_are_whole_numbers(epochs, ticks):
    for axes in plotting.learning_curves(perfect_history(epochs)).axes:
        assert list(axes.get_xticks()) == ticks
        assert [label.get_text() for label in axes.get_xticklabels()] == [
            str(tick) for tick in ticks
        ]
        assert axes.get_xlim() == (0, epochs)


def test_a_single_epoch_is_drawn():
    figure, pixels = drawn("learning_curves_one")
    height = pixels.shape[0]
    for axes in figure.axes:
        for label in ("training", "validation"):
            point = line(axes, label)
            (place,) = axes.transData.transform(point.get_xydata())
            x, y = place.astype(int)
            assert pixels[height - y, x] == pytest.approx(to_rgb(point.get_color()))


def test_training_within_epochs_is_drawn_in_place_of_its_epochs():
    parts = within(4)
    figure = plotting.learning_curves(HISTORY, "Within", parts)
    for axes, metric in zip(figure.axes, ("accuracy", "loss"), strict=True):
        training, validation, _best = axes.lines
        assert list(training.get_xdata()) == list(parts["epoch"])
        assert list(training.get_ydata()) == list(parts[metric])
        assert list(validation.get_ydata()) == HISTORY[f"val_{metric}"]
        assert axes.get_xlim() == (0, 4)


def test_training_within_the_first_epoch_leaves_the_limits():
    start = within(4)
    start["accuracy"][0], start["loss"][0] = 0.1, 2.3
    axes = plotting.learning_curves(HISTORY, "Within", start).axes
    limits = [panel.get_ylim() for panel in axes]
    assert limits == [ACCURACY_LIMITS, LOSS_LIMITS]
    assert all(panel.lines[0].get_clip_on() for panel in axes)
    late = within(4)
    late["accuracy"][25], late["loss"][25] = 0.1, 2.3
    accuracy, loss = plotting.learning_curves(HISTORY, "Within", late).axes
    assert accuracy.get_ylim()[0] < 0.1
    assert loss.get_ylim()[1] > 2.3


# --- compare_curves


def test_networks_are_compared_by_validation():
    histories = {"small": HISTORY, "wide": perfect_history(2)}
    accuracy, loss = plotting.compare_curves(histories).axes
    for axes, key in ((accuracy, "val_accuracy"), (loss, "val_loss")):
        for curve, (name, history) in zip(axes.lines, histories.items(), strict=True):
            assert curve.get_label() == name
            assert list(curve.get_ydata()) == history[key]
            assert list(curve.get_xdata()) == list(range(1, len(history[key]) + 1))
        assert axes.get_xlim() == (0.5, 4.5)


def test_networks_differ_in_more_than_colour():
    figure = plotting.compare_curves(dict.fromkeys("abcd", HISTORY))
    for axes in figure.axes:
        for get in ("get_color", "get_linestyle", "get_marker"):
            assert len({getattr(curve, get)() for curve in axes.lines}) == 4
    assert legend_of(figure) == list("abcd")


# --- what is refused


def changed(**values):
    return {**HISTORY, **values}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.learning_curves([0.9]), "history: got list"),
        (lambda: plotting.learning_curves({}), "history: got no accuracy, loss"),
        (
            lambda: plotting.learning_curves({"accuracy": [1.0], "loss": [0.1]}),
            "history: got no val_accuracy, val_loss",
        ),
        (lambda: plotting.learning_curves(changed(loss=[0.1])), "history: got lengths"),
        (
            lambda: plotting.learning_curves(changed(loss=[])),
            r"history\['loss'\]: got shape \(0,\)",
        ),
        (
            lambda: plotting.learning_curves(changed(loss=[0.1, np.nan, 1, 1])),
            r"history\['loss'\]: got nan in place 1",
        ),
        (
            lambda: plotting.learning_curves(changed(loss=list("abcd"))),
            r"history\['loss'\]: got dtype <U1",
        ),
        (
            lambda: plotting.learning_curves(HISTORY, "", {"epoch": [1]}),
            "within_epochs: got no accuracy, loss",
        ),
        (
            lambda: plotting.learning_curves(HISTORY, "", within(5)),
            r"within_epochs\['epoch'\]: got values from 0.1 to 5.0",
        ),
        (lambda: plotting.compare_curves({}), "histories: got 0 entries"),
        (
            lambda: plotting.compare_curves(HISTORY),
            r"histories\['accuracy'\]: got list",
        ),
        (
            lambda: plotting.compare_curves(dict.fromkeys("abcde", HISTORY)),
            "histories: got 5 entries",
        ),
        (
            lambda: plotting.compare_curves({"CNN": changed(val_loss=[np.inf] * 4)}),
            r"histories\['CNN'\]\['val_loss'\]: got inf in place 0",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()


# --- trial_curves


def test_the_newest_training_stands_out_and_the_best_is_circled():
    figure = plotting.trial_curves([[0.9, 0.91], [0.95, 0.94], [0.92, 0.93]])
    *earlier, newest, best = figure.axes[0].lines
    assert [list(line.get_ydata()) for line in earlier] == [[0.9, 0.91], [0.95, 0.94]]
    assert list(newest.get_ydata()) == [0.92, 0.93]
    assert {line.get_color() for line in earlier} != {newest.get_color()}
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([1], [0.95])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "earlier",
        "network 3, the newest",
        "the best: network 2, epoch 1 (0.9500)",
    ]


def test_a_single_training_is_both():
    figure = plotting.trial_curves([[0.8, 0.9]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "network 1, the newest",
        "the best: network 1, epoch 2 (0.9000)",
    ]


@pytest.mark.parametrize(
    ("accuracies", "message"),
    [([], "no trainings"), ([[0.9], [float("nan")]], r"accuracies\[1\]")],
)
def test_bad_trainings_are_refused(accuracies, message):
    with pytest.raises(ValueError, match=message):
        plotting.trial_curves(accuracies)
