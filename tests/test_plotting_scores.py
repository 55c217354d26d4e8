"""The figures of scores."""

import numpy as np
import pandas as pd
import pytest
from figure_examples import CORRUPTIONS, NETWORKS, calibration, corrupted, counts, drawn
from figure_reading import draw, legend_of, line, texts_of

from mnist_helpers import plotting
from mnist_helpers.plotting.scores import CONFUSION_LIMITS, F1_LIMITS

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


# --- confusion_matrix


def test_cells_hold_the_counts_where_they_belong():
    matrix = np.arange(100).reshape(10, 10)
    axes = plotting.confusion_matrix(matrix).axes[0]
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (column, row): str(10 * row + column)
        for row in range(10)
        for column in range(10)
    }
    assert list(axes.get_xticks()) == list(axes.get_yticks()) == list(range(10))


def test_colour_is_the_share_of_errors_in_the_row():
    matrix = counts()
    mesh = plotting.confusion_matrix(matrix).axes[0].images[0]
    for row in range(10):
        total = sum(matrix[row].tolist())
        for column in range(10):
            shown = mesh.get_array()[row, column]
            if row == column:
                assert shown is np.ma.masked
            else:
                assert shown == pytest.approx(matrix[row, column] / total)


def test_the_diagonal_is_neutral():
    mesh = plotting.confusion_matrix(counts()).axes[0].images[0]
    colours = mesh.to_rgba(mesh.get_array())
    for digit in range(10):
        red, green, blue, _ = colours[digit, digit]
        assert red == green == blue
    assert np.ptp(colours[0, 1:, :3], axis=1).min() > 0


def test_colour_scale_is_the_same_until_errors_exceed_it():
    good, bad = counts(5000), counts(3)
    mesh = plotting.confusion_matrix(good).axes[0].images[0]
    assert mesh.get_clim() == CONFUSION_LIMITS
    mesh = plotting.confusion_matrix(bad).axes[0].images[0]
    assert mesh.get_clim() == (0, mesh.get_array().max())
    assert mesh.get_clim()[1] > CONFUSION_LIMITS[1]


def test_a_missing_digit_has_an_empty_row():
    matrix = counts()
    matrix[4] = 0
    axes = plotting.confusion_matrix(matrix).axes[0]
    assert texts_of(axes)[40:50] == ["0"] * 10
    assert axes.images[0].get_array()[4].max() == 0


# --- compare_f1


def test_dots_are_the_scores_near_their_digit():
    scores = {
        "small MLP": np.linspace(0.86, 0.95, 10),
        "CNN": pd.Series(np.linspace(0.98, 1, 10)),
    }
    (axes,) = plotting.compare_f1(scores).axes
    for name, f1 in scores.items():
        dots = line(axes, name)
        assert list(dots.get_ydata()) == list(f1)
        assert np.round(dots.get_xdata()).tolist() == list(range(10))
        assert dots.get_linestyle() == "None"
    small, cnn = line(axes, "small MLP"), line(axes, "CNN")
    np.testing.assert_allclose(cnn.get_xdata() - small.get_xdata(), 0.2)
    assert small.get_marker() != cnn.get_marker()
    assert small.get_color() != cnn.get_color()
    assert legend_of(axes.figure) == list(scores)
    assert axes.get_ylim() == F1_LIMITS
    assert list(axes.get_xticks()) == list(range(10))


def test_a_low_score_widens_the_limits():
    (axes,) = plotting.compare_f1({"small MLP": np.linspace(0.2, 1, 10)}).axes
    low, high = axes.get_ylim()
    assert low < 0.2
    assert high == 1


# --- reliability


def test_points_are_the_bins_by_confidence():
    bins = calibration()
    shuffled = bins.sample(frac=1, random_state=0)
    figure = plotting.reliability({"CNN": shuffled})
    axes, shares = figure.axes
    points, share_points = line(axes, "CNN"), shares.lines[0]
    for found, column in (
        (points.get_xdata(), "confidence"),
        (points.get_ydata(), "accuracy"),
        (share_points.get_xdata(), "confidence"),
    ):
        assert list(found) == list(bins[column])
    assert list(share_points.get_ydata()) == pytest.approx(
        [count / 10000 for count in (2, 9, 30, 40, 55, 80, 9784)]
    )
    assert shares.get_yscale() == "log"
    assert shares.get_ylim() == pytest.approx((1e-4, 1))
    assert axes.get_xlim() == axes.get_ylim() == shares.get_xlim() == (0, 1)


def test_the_diagonal_is_drawn_and_named():
    axes = drawn("reliability")[0].axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert texts_of(axes) == ["accuracy = confidence"]


def test_intervals_are_wilsons():
    bins = calibration()
    axes = plotting.reliability({"CNN": bins}).axes[0]
    (intervals,) = axes.collections
    for row, interval in zip(bins.itertuples(), intervals.get_segments(), strict=True):
        assert interval[:, 0].tolist() == [row.confidence] * 2
        # By its definition: the shares from which this one is 1.96 deviations away.
        for end in interval[:, 1]:
            deviation = np.sqrt(end * (1 - end) / row.count)
            assert abs(row.accuracy - end) == pytest.approx(1.96 * deviation, rel=1e-3)


def test_the_legend_has_the_calibration_error_of_each_set():
    bins = pd.DataFrame(
        {"confidence": [0.5, 0.9], "accuracy": [0.3, 0.94], "count": [10, 30]}
    )
    exact = bins.assign(accuracy=bins.confidence)
    figure = plotting.reliability({"as trained": bins, "scaled": exact})
    assert legend_of(figure) == [
        # (10 * 0.2 + 30 * 0.04) / 40
        "as trained: expected calibration error 8.00 %",
        "scaled: expected calibration error 0.00 %",
    ]


def test_sets_differ_in_more_than_colour():
    figure, _ = drawn("reliability_long")
    for axes, first in zip(figure.axes, (1, 0), strict=True):
        for get in ("get_color", "get_linestyle", "get_marker"):
            assert len({getattr(one, get)() for one in axes.lines[first:]}) == 4


# --- robustness


def test_each_corruption_has_a_panel_with_every_network():
    table = corrupted()
    figure = plotting.robustness(table)
    assert [axes.get_title() for axes in figure.axes] == list(CORRUPTIONS)
    for axes in figure.axes:
        for network in NETWORKS:
            of_line = table[
                (table.corruption == axes.get_title()) & (table.network == network)
            ]
            accuracy = dict(zip(of_line.severity, of_line.accuracy, strict=True))
            points = line(axes, network)
            assert list(points.get_xdata()) == list(range(6))
            assert list(points.get_ydata()) == [accuracy[place] for place in range(6)]
        assert axes.get_ylim() == (0, 1)
    assert legend_of(figure) == list(NETWORKS)


def test_the_lowest_panel_of_each_column_has_its_severities():
    figure = plotting.robustness(corrupted(corruptions=CORRUPTIONS[:4]))
    draw(figure)
    shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes]
    assert shown == [False, True, True, True]
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "",
        *["severity (0: clean)"] * 3,
    ]


def test_networks_keep_their_style_where_one_was_not_measured():
    table = corrupted()
    table = table[(table.corruption != "shift") | (table.network == "CNN")]
    figure = plotting.robustness(table)
    styles = [
        (line(axes, "CNN").get_color(), line(axes, "CNN").get_marker())
        for axes in figure.axes
    ]
    assert len(set(styles)) == 1
    assert sorted(legend_of(figure)) == sorted(NETWORKS)


# --- what is refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.confusion_matrix([[1]]), "matrix: got list"),
        (lambda: plotting.confusion_matrix(np.ones((10, 10))), "matrix: got dtype"),
        (lambda: plotting.confusion_matrix(counts()[:9]), "matrix: got shape"),
        (
            lambda: plotting.confusion_matrix(0 * counts()),
            "matrix: got counts from 0 to",
        ),
        (lambda: plotting.confusion_matrix(-counts()), "matrix: got counts from -900"),
        (lambda: plotting.compare_f1({}), "f1_of_networks: got 0 entries"),
        (
            lambda: plotting.compare_f1({"CNN": np.ones(9)}),
            r"f1_of_networks\['CNN'\]: got 9 values",
        ),
        (
            lambda: plotting.compare_f1({"CNN": np.full(10, 1.1)}),
            r"f1_of_networks\['CNN'\]: got 10 values from 1.1",
        ),
        (
            lambda: plotting.compare_f1({"CNN": np.full(10, np.nan)}),
            r"f1_of_networks\['CNN'\]: got nan in place 0",
        ),
        (lambda: plotting.reliability({}), "curves: got 0 entries"),
        (
            lambda: plotting.reliability({"CNN": np.ones(3)}),
            r"curves\['CNN'\]: got ndarray",
        ),
        (
            lambda: plotting.reliability({"CNN": calibration().drop(columns="count")}),
            r"curves\['CNN'\]: got no count",
        ),
        (
            lambda: plotting.reliability({"CNN": calibration()[:0]}),
            r"curves\['CNN'\]: got no rows",
        ),
        (
            lambda: plotting.reliability({"CNN": calibration().assign(accuracy=2)}),
            r"curves\['CNN'\].accuracy: got values from 2 to 2",
        ),
        (
            lambda: plotting.reliability({"CNN": calibration().assign(count=0)}),
            r"curves\['CNN'\].count: got values from 0",
        ),
        (
            lambda: plotting.reliability({"CNN": calibration() * np.nan}),
            r"curves\['CNN'\].confidence: got nan",
        ),
        (
            lambda: plotting.robustness(corrupted().drop(columns="network")),
            "table: got no network",
        ),
        (lambda: plotting.robustness(corrupted()[:0]), "table: got no rows"),
        (
            lambda: plotting.robustness(corrupted().assign(accuracy=-1)),
            "table.accuracy: got values from -1",
        ),
        (
            lambda: plotting.robustness(corrupted("abcde")),
            "table: got 5 networks and 6 corruptions",
        ),
        (
            lambda: plotting.robustness(
                corrupted(corruptions="abcdefghij").assign(accuracy=0.5)
            ),
            "table: got 3 networks and 10 corruptions",
        ),
        (
            lambda: plotting.robustness(pd.concat([corrupted(), corrupted()[:1]])),
            "table: got .*'shift'.* twice",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
