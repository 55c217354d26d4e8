"""The figures of scores."""

import numpy as np
import pandas as pd
import pytest
from figure_examples import counts
from figure_reading import legend_of, line, texts_of

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
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
