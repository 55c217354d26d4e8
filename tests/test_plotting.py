"""The figures, by the data behind them and by what a reader can make out."""

import functools
import itertools
import os
import subprocess
import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import seaborn
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")

HISTORY = {
    "accuracy": [0.82, 0.90, 0.92, 0.93],
    "loss": [0.61, 0.34, 0.30, 0.28],
    "val_accuracy": [0.89, 0.91, 0.925, 0.925],
    "val_loss": [0.37, 0.33, 0.31, 0.32],
}
ONE_EPOCH = {"accuracy": [0.3], "loss": [2.1], "val_accuracy": [0.5], "val_loss": [1.7]}


def perfect_history(epochs):
    ones, zeros = [1.0] * epochs, [0.0] * epochs
    return {"accuracy": ones, "loss": zeros, "val_accuracy": ones, "val_loss": zeros}


def random_images(count, seed=0):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, generator.integers(0, 10, count).astype(np.uint8)


def probabilities_of(predicted, confidence):
    """Confidence for the predicted digits, the rest shared by the other nine."""
    rows = np.repeat((1 - np.array(confidence))[:, np.newaxis] / 9, 10, axis=1)
    rows[np.arange(len(predicted)), predicted] = confidence
    return rows.astype(np.float32)


def counts(diagonal=900, seed=0):
    """A confusion matrix like the small network's, at every depth of colour."""
    matrix = np.random.default_rng(seed).geometric(0.06, (10, 10)) - 1
    np.fill_diagonal(matrix, diagonal)
    return matrix


def gallery(count, right=0):
    """A gallery whose first predictions are right, and the rest wrong."""
    images, labels = random_images(count)
    predicted = np.where(np.arange(count) < right, labels, (labels + 3) % 10)
    confidence = np.linspace(0.9999, 0.4, count)
    return plotting.prediction_gallery(
        images, labels, probabilities_of(predicted, confidence), "A gallery"
    )


NETWORKS = ("small MLP", "wide MLP", "CNN")


def random_weights(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 28, 28))


FIGURES = {
    "sample_images": lambda: plotting.sample_images(*random_images(300)),
    "sample_images_few": lambda: plotting.sample_images(*random_images(12), 1),
    "sample_images_wide": lambda: plotting.sample_images(*random_images(300), 15),
    "class_balance": lambda: plotting.class_balance(
        {
            "training": np.arange(54000) % 10,
            "validation": np.arange(6000) % 10,
            "test": np.arange(10000) % 10,
        }
    ),
    "class_balance_four": lambda: plotting.class_balance(
        {f"quite a long name {part}": np.arange(10000) % 10 for part in range(4)}
    ),
    "mean_images": lambda: plotting.mean_images(*random_images(200)),
    "mean_images_missing": lambda: plotting.mean_images(*random_images(4)),
    "weight_images": lambda: plotting.weight_images(
        random_weights(8), [f"unit {number}" for number in range(1, 9)]
    ),
    "weight_images_many": lambda: plotting.weight_images(
        random_weights(32), [f"unit {number}" for number in range(97, 129)]
    ),
    "learning_curves": lambda: plotting.learning_curves(HISTORY),
    "learning_curves_one": lambda: plotting.learning_curves(ONE_EPOCH),
    "learning_curves_long": lambda: plotting.learning_curves(perfect_history(137)),
    "compare_curves": lambda: plotting.compare_curves(
        dict(zip(NETWORKS, (HISTORY, ONE_EPOCH, perfect_history(12)), strict=True))
    ),
    "compare_curves_long": lambda: plotting.compare_curves(
        {f"a network with a really long name, {n}": HISTORY for n in range(4)}
    ),
    "confusion_matrix": lambda: plotting.confusion_matrix(counts()),
    "confusion_matrix_large": lambda: plotting.confusion_matrix(7 * counts(100)),
    "gallery_mixed": lambda: gallery(10, right=5),
    "gallery_one": lambda: gallery(1),
    "gallery_none": lambda: gallery(0),
    "compare_f1": lambda: plotting.compare_f1(
        {name: np.linspace(0.88, 1, 10) for name in NETWORKS}
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _style():
    plotting.set_style()


def draw(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


@functools.cache
def drawn(name):
    figure = FIGURES[name]()
    return figure, draw(figure)


def visible_texts(figure):
    """Every text that shows, without the tick labels that lie outside the axes."""
    hidden = set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            # An axis keeps ticks that it drew once and needs no more.
            needed = len(axis.get_majorticklocs())
            for place, tick in enumerate(axis.majorTicks):
                inside = low - 1e-9 <= tick.get_loc() <= high + 1e-9
                if not (inside and axes.axison and place < needed):
                    hidden |= {tick.label1, tick.label2}
            if not axes.axison:
                hidden.add(axis.label)
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def extent(text):
    return text.get_window_extent().extents


def assert_texts_are_apart(figure):
    boxes = [(text.get_text(), extent(text)) for text in visible_texts(figure)]
    assert boxes
    width, height = figure.canvas.get_width_height()
    for words, (left, bottom, right, top) in boxes:
        assert left >= 0, words
        assert bottom >= 0, words
        assert right <= width, words
        assert top <= height, words
    for (words, one), (others, other) in itertools.combinations(boxes, 2):
        overlap_x = min(one[2], other[2]) - max(one[0], other[0])
        overlap_y = min(one[3], other[3]) - max(one[1], other[1])
        assert overlap_x <= 0.5 or overlap_y <= 0.5, (words, others)


def titled_images(figure):
    """Each small image of a drawn figure, after the one text right above it."""
    pairs = []
    for image in figure.axes[0].images:
        left, _, right, top = image.get_window_extent().extents
        above = []
        for text in figure.axes[0].texts:
            start, bottom, end, _ = extent(text)
            is_centred = start + end == pytest.approx(left + right, abs=2)
            if is_centred and 0 < bottom - top < 15:
                above.append(text)
        (title,) = above
        pairs.append((title, image))
    return pairs


def drawn_values(pixels, image):
    """Brightness in the middle of each of an image's pixels, as drawn, 0 to 1."""
    left, bottom, right, top = image.get_window_extent().extents
    rows, columns = image.get_array().shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = len(pixels) - top + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return pixels[np.ix_(y.astype(int), x.astype(int))].mean(axis=2)


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in to_rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.texts]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label().startswith(label)]
    return found


# --- every figure


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_small_enough_and_has_a_title(name):
    figure, _ = drawn(name)
    assert type(figure) is Figure
    assert figure.get_size_inches()[0] <= 8
    assert figure.get_size_inches()[1] <= 8
    assert figure.dpi == 100
    assert figure.get_suptitle()


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_overlaps_another_or_leaves_the_figure(name):
    assert_texts_are_apart(drawn(name)[0])


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_stands_out_from_what_is_behind_it(name):
    figure, pixels = drawn(name)
    for text in visible_texts(figure):
        left, bottom, right, top = extent(text)
        height = pixels.shape[0]
        rows = slice(max(int(height - top) - 1, 0), int(height - bottom) + 2)
        columns = slice(max(int(left) - 2, 0), int(right) + 3)
        behind = pixels[rows, columns].reshape(-1, 3)
        colours, found = np.unique(behind, axis=0, return_counts=True)
        background = colours[found.argmax()]
        assert contrast(text.get_color(), background) >= 4.5, text.get_text()


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "gallery_none"])
def test_axes_have_room(name):
    figure, _ = drawn(name)
    for axes in figure.findobj(Axes):
        box = axes.get_window_extent()
        assert box.height >= 60
        assert box.width >= (15 if axes.get_label() == "<colorbar>" else 40)


@pytest.mark.parametrize("name", FIGURES)
def test_text_is_large_enough(name):
    for text in visible_texts(drawn(name)[0]):
        assert text.get_fontsize() >= 8, text.get_text()


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("sample_images", [("", "digit")]),
        ("class_balance", [("digit", "share of the part's images")]),
        ("learning_curves", [("epoch", "accuracy"), ("epoch", "loss")]),
        (
            "compare_curves",
            [("epoch", "validation accuracy"), ("epoch", "validation loss")],
        ),
        (
            "confusion_matrix",
            [
                ("predicted digit", "true digit"),
                ("", "errors: share of the true digit's images"),
            ],
        ),
        ("compare_f1", [("digit", "F1 score")]),
        ("gallery_one", [("", "probability"), ("", "")]),
        ("gallery_mixed", [("", "probability"), ("", "probability"), ("", "")]),
    ],
)
def test_axes_are_labelled(name, labels):
    figure, _ = drawn(name)
    assert [
        (axes.get_xlabel(), axes.get_ylabel()) for axes in figure.findobj(Axes)
    ] == labels


@pytest.mark.parametrize(
    "name",
    [
        "learning_curves",
        "confusion_matrix",
        "gallery_one",
        "gallery_mixed",
        "mean_images",
        "sample_images_few",
        "weight_images",
        "weight_images_many",
    ],
)
def test_a_long_title_is_broken_into_lines_that_find_room(name):
    figure = FIGURES[name]()
    figure._suptitle.set_text("The title of a figure, rather long, " * 3 + "\nand more")
    draw(figure)
    assert_texts_are_apart(figure)


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("mean_images", 2, 5),
        ("weight_images", 2, 4),
        ("weight_images_many", 4, 8),
        ("gallery_mixed", 2, 5),
        ("gallery_one", 1, 1),
    ],
)
def test_small_images_are_squares_of_one_size_in_reading_order(name, rows, columns):
    figure, _ = drawn(name)
    boxes = [image.get_window_extent() for image in figure.axes[0].images]
    assert len(boxes) == rows * columns
    for box in boxes:
        assert box.width == pytest.approx(boxes[0].width)
        assert box.height == pytest.approx(boxes[0].width)
    for place, box in enumerate(boxes):
        row, column = divmod(place, columns)
        assert box.x0 == pytest.approx(boxes[column].x0)
        assert box.y0 == pytest.approx(boxes[row * columns].y0)
        if column:
            assert box.x0 - boxes[place - 1].x1 >= 2
        if row:
            assert boxes[place - columns].y0 - box.y1 >= 12


@pytest.mark.parametrize("name", ["learning_curves", "gallery_one", "compare_f1"])
def test_figures_are_readable_without_the_style_too(name):
    with matplotlib.style.context("default"):
        figure = FIGURES[name]()
        draw(figure)
        assert_texts_are_apart(figure)


def test_titles_are_the_callers():
    images, labels = random_images(3)
    probabilities = probabilities_of(labels, [0.9] * 3)
    for figure in (
        plotting.sample_images(images, labels, title="Mine"),
        plotting.class_balance({"training": labels}, title="Mine"),
        plotting.mean_images(images, labels, title="Mine"),
        plotting.learning_curves(HISTORY, title="Mine"),
        plotting.compare_curves({"CNN": HISTORY}, title="Mine"),
        plotting.confusion_matrix(counts(), title="Mine"),
        plotting.prediction_gallery(images, labels, probabilities, title="Mine"),
        plotting.compare_f1({"CNN": np.ones(10)}, title="Mine"),
    ):
        assert figure.get_suptitle() == "Mine"


def test_no_figure_is_left_open():
    FIGURES["learning_curves"]()
    assert pyplot.get_fignums() == []


# --- colours


def test_colours_are_seaborns_and_stand_out_from_paper():
    palette = seaborn.color_palette("colorblind").as_hex()
    for style in (*plotting.LINES, *plotting.BARS):
        assert style["color"] in palette
        assert contrast(style["color"], "white") >= 3
    for colour in (plotting.RIGHT, plotting.WRONG, plotting.GREY, plotting.INK):
        assert contrast(colour, "white") >= 4.5


def test_colour_is_never_alone():
    for key in ("color", "linestyle", "marker"):
        assert len({style[key] for style in plotting.LINES}) == len(plotting.LINES)
    for key in ("color", "hatch"):
        assert len({bar.get(key) for bar in plotting.BARS}) == len(plotting.LINES)


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.03, 0.05, 0.08, 0.2, 1])
def test_numbers_are_readable_on_every_depth_of_colour(share):
    colour = matplotlib.colormaps["Oranges"](share)
    assert contrast(plotting._readable_on(colour), colour) >= 4.5


# --- set_style


def test_style_uses_a_font_that_matplotlib_brings_along():
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


def test_after_set_style_jupyter_draws_a_figure():
    program = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from mnist_helpers import plotting
plotting.set_style()
figure = plotting.compare_f1({"CNN": [1.0] * 10})
print(*shell.display_formatter.format(figure)[0])
"""
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "image/png" in done.stdout


# --- sample_images


def cell(sheet, row, column):
    """One image of the sheet, whose images are 32 pixels apart."""
    return sheet[32 * row : 32 * row + 28, 32 * column : 32 * column + 28]


def test_samples_are_the_first_of_each_digit():
    images, labels = random_images(200)
    (axes,) = plotting.sample_images(images, labels, 4).axes
    sheet = axes.images[0].get_array()
    assert sheet.shape == (10 * 32 - 4, 4 * 32 - 4)
    for digit in range(10):
        chosen = [row for row in range(200) if labels[row] == digit][:4]
        for column, row in enumerate(chosen):
            np.testing.assert_array_equal(cell(sheet, digit, column), images[row])
    assert axes.images[0].get_cmap().name in ("gray_r", "binary")
    assert axes.images[0].get_clim() == (0, 255)


def test_a_row_with_fewer_samples_ends_early():
    images, labels = random_images(3)
    labels[:] = [5, 5, 0]
    sheet = plotting.sample_images(images, labels, 3).axes[0].images[0].get_array()
    np.testing.assert_array_equal(cell(sheet, 5, 1), images[1])
    assert cell(sheet, 5, 2).max() == 0
    assert sheet[32:160].max() == 0


def test_rows_are_labelled_with_their_digit():
    axes = drawn("sample_images")[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list("0123456789")
    np.testing.assert_array_equal(axes.get_yticks(), np.arange(10) * 32 + 14)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


# --- class_balance


def test_bars_are_shares_of_each_part():
    parts = {
        "training": np.array([0, 0, 1, 9], np.uint8),
        "test": np.array([3, 3], np.int64),
    }
    (axes,) = plotting.class_balance(parts).axes
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [
        [0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0.25],
        [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ]
    for digit, (first, second) in enumerate(zip(*axes.containers, strict=True)):
        assert first.get_x() + first.get_width() == pytest.approx(second.get_x())
        assert second.get_x() == pytest.approx(digit)
    assert list(axes.get_xticks()) == list(range(10))


def test_balance_names_parts_sizes_and_equal_shares():
    figure, _ = drawn("class_balance")
    assert legend_of(figure) == [
        "training (n = 54,000)",
        "validation (n = 6,000)",
        "test (n = 10,000)",
        "equal shares",
    ]
    assert set(figure.axes[0].lines[0].get_ydata()) == {0.1}
    assert figure.axes[0].get_ylim()[0] == 0
    assert "10 %" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


# --- mean_images


def test_mean_is_taken_pixel_by_pixel():
    images, labels = random_images(60)
    figure = plotting.mean_images(images, labels)
    pixels = draw(figure)
    pairs = titled_images(figure)
    assert [title.get_text() for title, _ in pairs] == list("0123456789")
    for digit, (_, image) in enumerate(pairs):
        of_digit = [
            picture.tolist()
            for picture, label in zip(images, labels, strict=True)
            if label == digit
        ]
        means = [
            [
                sum(picture[row][column] for picture in of_digit) / len(of_digit)
                for column in range(28)
            ]
            for row in range(28)
        ]
        np.testing.assert_allclose(image.get_array(), means)
        assert image.get_clim() == (0, 255)
        np.testing.assert_allclose(
            drawn_values(pixels, image), 1 - np.array(means) / 255, atol=0.02
        )
    assert not figure.axes[0].axison


def test_a_digit_without_images_says_so():
    images, labels = random_images(2)
    labels[:] = 3
    figure = plotting.mean_images(images, labels)
    draw(figure)
    for digit, (title, image) in enumerate(titled_images(figure)):
        if digit == 3:
            assert title.get_text() == "3"
        else:
            assert title.get_text() == f"{digit}: no image"
            assert image.get_array().max() == 0


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
            assert plot.axes[0].get_ylim() == plotting.ACCURACY_LIMITS
            assert plot.axes[1].get_ylim() == plotting.LOSS_LIMITS


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
        (1, [1]),
        (2, [1, 2]),
        (10, list(range(1, 11))),
        (11, [2, 4, 6, 8, 10]),
        (37, [4, 8, 12, 16, 20, 24, 28, 32, 36]),
    ],
)
def test_epoch_ticks_are_whole_numbers(epochs, ticks):
    for axes in plotting.learning_curves(perfect_history(epochs)).axes:
        assert list(axes.get_xticks()) == ticks
        assert [label.get_text() for label in axes.get_xticklabels()] == [
            str(tick) for tick in ticks
        ]
        low, high = axes.get_xlim()
        assert low < 1 <= epochs < high


def test_a_single_epoch_is_drawn():
    figure, pixels = drawn("learning_curves_one")
    height = pixels.shape[0]
    for axes in figure.axes:
        for label in ("training", "validation"):
            point = line(axes, label)
            (place,) = axes.transData.transform(point.get_xydata())
            x, y = place.astype(int)
            assert pixels[height - y, x] == pytest.approx(to_rgb(point.get_color()))


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
    assert plotting.confusion_matrix(good).axes[0].images[0].get_clim() == (
        plotting.CONFUSION_LIMITS
    )
    mesh = plotting.confusion_matrix(bad).axes[0].images[0]
    assert mesh.get_clim() == (0, mesh.get_array().max())
    assert mesh.get_clim()[1] > plotting.CONFUSION_LIMITS[1]


def test_a_missing_digit_has_an_empty_row():
    matrix = counts()
    matrix[4] = 0
    axes = plotting.confusion_matrix(matrix).axes[0]
    assert texts_of(axes)[40:50] == ["0"] * 10
    assert axes.images[0].get_array()[4].max() == 0


# --- prediction_gallery


def charts(figure):
    """The Axes and the ten bars of each chart, in reading order."""
    return [(axes, bars) for axes in figure.findobj(Axes) for bars in axes.containers]


@pytest.mark.parametrize("count", [1, 2, 5, 7, 10])
def test_gallery_shows_images_with_their_probabilities(count):
    images, labels = random_images(count)
    probabilities = probabilities_of((labels + 1) % 10, np.linspace(0.3, 1, count))
    figure = plotting.prediction_gallery(images, labels, probabilities)
    pixels = draw(figure)
    pairs = titled_images(figure)
    assert len(pairs) == len(charts(figure)) == count
    for place, ((_, image), (axes, bars)) in enumerate(
        zip(pairs, charts(figure), strict=True)
    ):
        np.testing.assert_array_equal(image.get_array(), images[place])
        np.testing.assert_allclose(
            drawn_values(pixels, image), 1 - images[place] / 255, atol=0.01
        )
        heights = [bar.get_height() for bar in bars]
        np.testing.assert_allclose(heights, probabilities[place])
        assert [bar.get_y() for bar in bars] == [0] * 10
        assert axes.get_ylim() == (0, 1)
        assert list(axes.get_yticks()) == [0, 0.5, 1]
    assert not figure.axes[0].axison


@pytest.mark.parametrize("lines", [1, 2, 4])
@pytest.mark.parametrize("name", ["gallery_mixed", "gallery_one"])
def test_each_image_stands_right_above_its_bars(name, lines):
    figure = FIGURES[name]()
    figure.suptitle("\n".join(["A line of the title"] * lines))
    draw(figure)
    for (_, image), (_, bars) in zip(
        titled_images(figure), charts(figure), strict=True
    ):
        above = image.get_window_extent()
        first, *_, last = [bar.get_window_extent() for bar in bars]
        axes = bars[0].axes.get_window_extent()
        assert 0 < above.y0 - axes.y1 < 15
        assert first.x0 + last.x1 == pytest.approx(above.x0 + above.x1, abs=2)
        assert axes.x0 <= first.x0 < last.x1 <= axes.x1


@pytest.mark.parametrize("name", ["gallery_mixed", "gallery_one"])
def test_each_bar_has_its_digit_right_below_it(name):
    figure, _ = drawn(name)
    for axes, bars in charts(figure):
        for digit, bar in enumerate(bars):
            left, bottom, right, _ = bar.get_window_extent().extents
            below = []
            for text in axes.texts:
                start, _, end, top = extent(text)
                if start + end == pytest.approx(left + right, abs=2):
                    assert 0 < bottom - top < 8
                    below.append(text.get_text())
            assert below == [str(digit)]


def test_gallery_says_what_is_right_and_what_is_wrong():
    images, _ = random_images(3)
    labels = np.array([7, 2, 3])
    probabilities = probabilities_of([7, 7, 3], [0.97, 0.6049, 0.9999])
    figure = plotting.prediction_gallery(images, labels, probabilities)
    draw(figure)
    titles = [title for title, _ in titled_images(figure)]
    assert [title.get_text() for title in titles] == [
        "predicted 7 (97 %)\ntrue 7: right",
        "predicted 7 (60 %)\ntrue 2: wrong",
        "predicted 3 (> 99 %)\ntrue 3: right",
    ]
    assert [title.get_color() for title in titles] == [
        plotting.RIGHT,
        plotting.WRONG,
        plotting.RIGHT,
    ]


def test_gallery_marks_the_true_and_the_wrong_bar():
    figure = plotting.prediction_gallery(
        random_images(2)[0], np.array([7, 2]), probabilities_of([7, 5], [0.9, 0.6])
    )
    for (_, bars), true, wrong in zip(charts(figure), (7, 2), (None, 5), strict=True):
        for digit, bar in enumerate(bars):
            colour = {true: plotting.RIGHT, wrong: plotting.WRONG}.get(
                digit, plotting.GREY
            )
            assert bar.get_facecolor()[:3] == pytest.approx(to_rgb(colour))
            assert bool(bar.get_hatch()) == (digit == wrong)
    assert legend_of(figure) == ["true digit", "wrong prediction"]


def test_a_gallery_without_mistakes_needs_no_key_to_them():
    figure = plotting.prediction_gallery(
        random_images(1)[0], np.array([7]), probabilities_of([7], [0.9])
    )
    assert legend_of(figure) == ["true digit"]


def test_an_empty_gallery_says_so():
    figure, _ = drawn("gallery_none")
    assert texts_of(figure.axes[0]) == ["There is no such prediction."]


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
    assert axes.get_ylim() == plotting.F1_LIMITS
    assert list(axes.get_xticks()) == list(range(10))


def test_a_low_score_widens_the_limits():
    (axes,) = plotting.compare_f1({"small MLP": np.linspace(0.2, 1, 10)}).axes
    low, high = axes.get_ylim()
    assert low < 0.2
    assert high == 1


# --- what is refused

IMAGES, LABELS = random_images(3)
PROBABILITIES = probabilities_of(LABELS, [0.9] * 3)


def changed(**values):
    return {**HISTORY, **values}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.sample_images(IMAGES / 255, LABELS), "images: got dtype"),
        (lambda: plotting.sample_images(IMAGES[:0], LABELS[:0]), "images: got shape"),
        (lambda: plotting.sample_images(IMAGES, LABELS[:2]), "labels: got shape"),
        (lambda: plotting.sample_images(IMAGES, LABELS, 0), "per_class: got 0"),
        (lambda: plotting.sample_images(IMAGES, LABELS, 16), "per_class: got 16"),
        (lambda: plotting.mean_images(IMAGES[0], LABELS), "images: got shape"),
        (lambda: plotting.mean_images(IMAGES, LABELS + 0.0), "labels: got dtype"),
        (lambda: plotting.class_balance({}), "labels_of_parts: got 0 entries"),
        (lambda: plotting.class_balance(LABELS), "labels_of_parts: got ndarray"),
        (
            lambda: plotting.class_balance(dict.fromkeys("abcde", LABELS)),
            "labels_of_parts: got 5 entries",
        ),
        (
            lambda: plotting.class_balance({"test": LABELS[:0]}),
            r"labels_of_parts\['test'\]: got none",
        ),
        (
            lambda: plotting.class_balance({"test": [1, 2]}),
            r"labels_of_parts\['test'\]: got list",
        ),
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
        (lambda: plotting.confusion_matrix([[1]]), "matrix: got list"),
        (lambda: plotting.confusion_matrix(np.ones((10, 10))), "matrix: got dtype"),
        (lambda: plotting.confusion_matrix(counts()[:9]), "matrix: got shape"),
        (
            lambda: plotting.confusion_matrix(0 * counts()),
            "matrix: got counts from 0 to",
        ),
        (lambda: plotting.confusion_matrix(-counts()), "matrix: got counts from -900"),
        (
            lambda: plotting.prediction_gallery(*random_images(11), PROBABILITIES),
            "images: got 11 images",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES / 255, LABELS, PROBABILITIES),
            "images: got dtype",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES[:, :9], LABELS, PROBABILITIES),
            "images: got shape",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES[:0], LABELS, PROBABILITIES),
            "labels: got shape",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES, LABELS[:2], PROBABILITIES),
            "labels: got shape",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES, LABELS, PROBABILITIES[:2]),
            "probabilities: got shape",
        ),
        (
            lambda: plotting.prediction_gallery(IMAGES, LABELS, 2 * PROBABILITIES),
            "probabilities: got a sum",
        ),
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


# --- weight_images


def test_weights_are_drawn_on_one_scale_around_zero():
    weights = np.random.default_rng(0).normal(size=(8, 28, 28))
    weights[3] *= 2
    names = [f"unit {number}" for number in range(1, 9)]
    figure = plotting.weight_images(weights, names)
    pixels = draw(figure)
    pairs = titled_images(figure)
    assert [title.get_text() for title, _ in pairs] == names
    limit = np.quantile(np.abs(weights), 0.99)
    for (_, image), values in zip(pairs, weights, strict=True):
        np.testing.assert_array_equal(image.get_array(), values)
        assert image.get_clim() == pytest.approx((-limit, limit))
        expected = image.cmap(0.5 + values / limit / 2)[..., :3].mean(axis=2)
        np.testing.assert_allclose(drawn_values(pixels, image), expected, atol=0.01)
    (scale,) = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert scale.get_ylabel() == "weight"
    assert scale.get_ylim() == pytest.approx((-limit, limit))


def test_weights_may_be_taller_than_wide():
    weights = np.arange(24.0).reshape(2, 4, 3)
    figure = plotting.weight_images(weights, ["a", "b"])
    draw(figure)
    for (title, image), name in zip(titled_images(figure), "ab", strict=True):
        assert title.get_text() == name
        box = image.get_window_extent()
        assert box.height / box.width == pytest.approx(4 / 3)
    assert_texts_are_apart(figure)


def test_weights_that_are_all_zero_can_be_drawn():
    figure = plotting.weight_images(np.zeros((3, 3, 3)), ["a", "b", "c"])
    assert figure.axes[0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("weights", "names", "message"),
    [
        (np.zeros((28, 28)), ["a"], r"weights: got shape \(28, 28\)"),
        (np.zeros((0, 28, 28)), [], r"weights: got shape \(0, 28, 28\)"),
        (np.full((1, 2, 2), np.nan), ["a"], "weights: got NaN"),
        (np.zeros((2, 3, 3)), ["a"], "names: got 1, expected one for each of 2"),
    ],
)
def test_weights_that_are_none_are_refused(weights, names, message):
    with pytest.raises(ValueError, match=message):
        plotting.weight_images(weights, names)
