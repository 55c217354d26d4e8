"""The numbers that figures show, against numpy, pandas and definitions."""

import numpy as np
import pandas as pd
import pytest
from figure_examples import (
    CORRUPTIONS,
    HISTORY,
    NETWORKS,
    calibration,
    clusters,
    corrupted,
    counts,
    drawn,
    layers,
    mistaken,
    random_images,
    recipes,
    widths,
    within,
)
from figure_reading import line, texts_of

from mnist_helpers import plotting
from mnist_helpers.plotting.calibration import reliability_diagram
from mnist_helpers.plotting.features import saliency
from mnist_helpers.plotting.mistakes import error_sheet
from mnist_helpers.plotting.recipes import compare_recipes, compare_widths
from mnist_helpers.plotting.robustness import robustness_curves


def tile_of(axes, place):
    """The pixels of one of many images in an Axes, from where its title says it is."""
    sheet = axes.images[0].get_array()
    title = axes.texts[place]
    left = round(title.get_position()[0] + 0.5) - 14
    top = next(
        row
        for row in range(int(title.get_position()[1]), sheet.shape[0])
        if not np.ma.getmaskarray(sheet)[row, left]
    )
    return sheet[top : top + 28, left : left + 28]


# --- samples


def test_each_row_has_the_first_images_of_its_digit():
    images, labels = random_images(300)
    axes = drawn("sample_images")[0].axes[0]
    sheet = axes.images[0].get_array()
    for digit, middle in enumerate(axes.get_yticks()):
        expected = np.hstack(images[labels == digit][:10])
        row = sheet[int(middle) - 14 : int(middle) + 14]
        shown = np.hstack([row[:, 32 * place :][:, :28] for place in range(10)])
        np.testing.assert_array_equal(shown, expected)
    assert [text.get_text() for text in axes.get_yticklabels()] == list("0123456789")


def test_bars_are_the_shares_of_the_digits():
    labels = {"training": np.array([0, 0, 1, 9]), "test": np.array([3, 3, 3, 3, 5])}
    axes = plotting.class_balance(labels).axes[0]
    for bars, expected in zip(axes.containers, labels.values(), strict=True):
        for digit, bar in enumerate(bars):
            assert bar.get_height() == pytest.approx(np.mean(expected == digit))
            assert round(bar.get_x() + bar.get_width() / 2) == digit
    assert "test from 0.0 % (digit 0) to 80.0 % (digit 3)" in axes.figure.get_label()


def test_mean_images_stand_below_their_digit():
    images, labels = random_images(200)
    axes = drawn("mean_images")[0].axes[0]
    assert texts_of(axes) == list("0123456789")
    for digit in range(10):
        expected = images[labels == digit].astype(float).mean(axis=0)
        np.testing.assert_allclose(tile_of(axes, digit), expected)


def test_weights_share_one_scale_with_white_at_zero():
    weights = np.random.default_rng(0).normal(size=(8, 28, 28))
    axes = drawn("weight_images")[0].axes[0]
    np.testing.assert_allclose(tile_of(axes, 5), weights[5])
    low, high = axes.images[0].get_clim()
    assert low == -high
    assert axes.images[0].to_rgba(np.zeros(1))[0, :3] == pytest.approx(1, abs=0.04)


# --- curves


def test_curves_are_the_history_with_the_first_of_the_best_epochs_marked():
    for axes, metric in zip(
        drawn("learning_curves")[0].axes, ("accuracy", "loss"), strict=True
    ):
        for label, key in (("training", metric), ("validation", f"val_{metric}")):
            assert list(line(axes, label).get_xdata()) == [1, 2, 3, 4]
            assert list(line(axes, label).get_ydata()) == HISTORY[key]
        best = line(axes, "best epoch: 3 (validation accuracy 0.9250)")
        assert best.get_xydata().tolist() == [[3, HISTORY[f"val_{metric}"][2]]]


def test_training_within_epochs_leaves_the_axes_to_what_follows_the_first():
    parts = within(4)
    for axes, metric in zip(
        drawn("learning_curves_within")[0].axes, ("accuracy", "loss"), strict=True
    ):
        training = line(axes, "training")
        assert list(training.get_xdata()) == list(parts["epoch"])
        assert list(training.get_ydata()) == list(parts[metric])
        low, high = axes.get_ylim()
        later = np.array([*parts[metric][9:], *HISTORY[f"val_{metric}"]])
        assert ((low < later) & (later < high)).all()
        assert not low < parts[metric][0] < high


def test_networks_are_compared_by_validation():
    for axes, metric in zip(
        drawn("compare_curves")[0].axes, ("accuracy", "loss"), strict=True
    ):
        assert list(line(axes, "CNN").get_ydata()) == HISTORY[f"val_{metric}"]
        assert list(line(axes, "wide MLP").get_xdata()) == [1]


# --- scores


def test_cells_hold_the_counts_the_totals_and_the_colour_of_the_rows_errors():
    matrix = counts()
    axes = drawn("confusion_matrix")[0].axes[0]
    shown = np.array([int(text) for text in texts_of(axes)]).reshape(11, 11)
    cells = np.indices((10, 10)).reshape(2, 100)
    truth, predicted = map(pd.Series, np.repeat(cells, matrix.ravel(), axis=1))
    np.testing.assert_array_equal(shown, pd.crosstab(truth, predicted, margins=True))
    bold = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert bold == [str(count) for count in matrix.diagonal()]
    np.testing.assert_allclose(
        [text.get_position() for text in axes.texts[11:13]], [(0.5, 1.5), (1.5, 1.5)]
    )
    shares = matrix / matrix.sum(axis=1)[:, np.newaxis] * (1 - np.eye(10))
    colours = axes.collections[0].get_array().reshape(11, 11)
    np.testing.assert_allclose(colours, np.pad(shares, (0, 1)))
    assert axes.collections[0].get_clim() == (0, shares.max())
    right = np.trace(matrix) / matrix.sum()
    assert f"({100 * right:.2f} %)" in axes.figure.get_label()


def test_a_digit_without_images_has_an_empty_row():
    matrix = counts()
    matrix[4] = 0
    axes = plotting.confusion_matrix(matrix).axes[0]
    assert axes.collections[0].get_array().reshape(11, 11)[4].max() == 0


def test_dots_are_the_scores_near_their_digit():
    axes = drawn("compare_f1")[0].axes[0]
    for network in NETWORKS:
        dots = line(axes, network)
        np.testing.assert_allclose(dots.get_ydata(), np.linspace(0.88, 1, 10))
        assert np.round(dots.get_xdata()).tolist() == list(range(10))


# --- predictions


def test_each_image_stands_above_its_probabilities():
    images, _labels, probabilities = mistaken(10, 5)
    panels = np.array(drawn("gallery")[0].axes).reshape(4, 5)
    above, below = panels[::2].ravel(), panels[1::2].ravel()
    for place in range(10):
        np.testing.assert_array_equal(above[place].images[0].get_array(), images[place])
        heights = [bar.get_height() for bar in below[place].patches]
        np.testing.assert_allclose(heights, probabilities[place])
    assert above[2].get_title() == "2 read as 3\n(86 %)"
    assert above[2].title.get_color() != above[7].title.get_color()
    assert "2 read as 3 (86 %)" in above[0].figure.get_label()


def test_every_mistake_is_shown_by_true_and_predicted_digit():
    images, labels, probabilities = mistaken(1000, 120)
    axes = error_sheet(images, labels, probabilities).axes[0]
    order = np.argsort(labels[:120], kind="stable")
    headings = [f"{labels[row]}→{(labels[row] + 1) % 10}" for row in order]
    assert texts_of(axes) == headings
    np.testing.assert_array_equal(tile_of(axes, 13), images[order[13]])


# --- calibration and robustness


def test_points_are_the_bins_with_wilsons_intervals():
    bins = calibration()
    axes = reliability_diagram({"CNN": bins}).axes[0]
    points = line(axes, "CNN")
    np.testing.assert_allclose(points.get_xydata(), bins[["confidence", "accuracy"]])
    (intervals,) = axes.collections
    for row, interval in zip(bins.itertuples(), intervals.get_segments(), strict=True):
        # By its definition: the shares from which this one is 1.96 deviations away.
        for end in interval[:, 1]:
            deviation = np.sqrt(end * (1 - end) / row.count)
            assert abs(row.accuracy - end) == pytest.approx(1.96 * deviation, rel=1e-3)


def test_the_legend_has_the_calibration_error_over_all_bins():
    bins = pd.DataFrame(
        {"confidence": [0.5, 0.9], "accuracy": [0.3, 0.94], "count": [9, 30]}
    )
    axes = reliability_diagram({"CNN": bins}).axes[0]
    error = 100 * (9 * 0.2 + 30 * 0.04) / 39
    assert line(axes, "CNN").get_label() == f"CNN (ECE {error:.2f} %)"


def test_each_corruption_has_a_panel_with_every_network():
    table = (
        corrupted()
        .set_index(["corruption", "network", "severity"])
        .accuracy.sort_index()
    )
    figure = robustness_curves(corrupted())
    assert [axes.get_title() for axes in figure.axes] == list(CORRUPTIONS)
    for axes in figure.axes:
        for network in NETWORKS:
            points = line(axes, network)
            expected = table[axes.get_title(), network]
            assert list(points.get_xdata()) == list(range(6))
            assert list(points.get_ydata()) == [expected[at] for at in range(6)]
    hardest = corrupted().query("severity == 5 and network == 'CNN'").accuracy.mean()
    assert f"CNN {100 * hardest:.0f} %" in figure.get_label()


# --- features


def test_channels_stand_below_their_number():
    axes = drawn("feature_maps")[0].axes[1]
    assert texts_of(axes) == [str(number) for number in range(1, 33)]
    sheet = axes.images[0].get_array()
    strokes = layers()["strokes"]
    left = round(axes.texts[17].get_position()[0] + 0.5) - 13
    top = sheet.shape[0] - 26
    np.testing.assert_allclose(
        sheet[top:, left : left + 26].filled(np.nan), strokes[:, :, 17]
    )


def test_heat_lies_on_its_image_and_leaves_the_rest_alone():
    images, labels, probabilities = mistaken(10, 5)
    heat = images / 255
    axes = saliency(images, heat, labels, probabilities).axes[3]
    ink, colours = axes.images
    np.testing.assert_array_equal(ink.get_array(), images[3])
    np.testing.assert_allclose(colours.get_array(), heat[3])
    assert (colours.get_alpha()[heat[3] == 0] == 0).all()


def test_each_image_is_a_point_of_its_digit():
    points, labels = clusters(2000)
    figure, _ = drawn("embedding")
    for digit, dots in enumerate(figure.axes[0].collections):
        expected = points[:1500][labels[:1500] == digit]
        np.testing.assert_allclose(dots.get_offsets(), expected)
    # The clusters lie far apart.
    assert "for 100 % of them" in figure.get_label()


# --- recipes


def test_recipes_show_a_line_per_seed_and_medians():
    [axes] = compare_recipes(recipes()).axes
    steps = list(recipes().step.unique())
    labels = [label.get_text().partition("\n")[0] for label in axes.get_xticklabels()]
    assert labels == steps
    *seeds, median = axes.lines
    for seed, drawn_line in enumerate(seeds, start=1):
        of_seed = recipes()[recipes().seed == seed]
        np.testing.assert_allclose(drawn_line.get_ydata(), 1 - of_seed.accuracy)
    errors = (1 - recipes().accuracy).groupby(recipes().step).median()
    np.testing.assert_allclose(median.get_ydata(), errors[steps])


def test_widths_show_the_median_and_the_range_of_the_seeds():
    table = widths()
    panels = compare_widths(table).axes
    errors = (1 - table.best_validation_accuracy).groupby(table.hidden_units)
    curve = panels[0].lines[0]
    np.testing.assert_allclose(curve.get_ydata(), errors.median())
    band = panels[0].collections[0].get_paths()[0].vertices
    ends = band[band[:, 0] == 8, 1]
    assert (min(ends), max(ends)) == pytest.approx((errors.min()[8], errors.max()[8]))
    assert (
        f"{100 * errors.median()[128]:.2g} % with 128" in panels[0].figure.get_label()
    )
