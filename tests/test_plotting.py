"""Every figure, by what a reader can make out."""

import matplotlib
import numpy as np
import pytest
from figure_examples import (
    FIGURES,
    HISTORY,
    calibration,
    clusters,
    corrupted,
    counts,
    drawn,
    layers,
    probabilities_of,
    random_images,
    widths,
)
from figure_reading import assert_texts_are_apart, contrast, draw, extent, visible_texts
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


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


@pytest.mark.parametrize(
    "name",
    # One row of channels is as flat as its channels are small.
    [name for name in FIGURES if name[-5:] != "_none" and name != "feature_maps_one"],
)
def test_axes_have_room(name):
    figure, _ = drawn(name)
    for axes in figure.findobj(Axes):
        box = axes.get_window_extent()
        if axes.get_label() == "<colorbar>":
            assert max(box.width, box.height) >= 60
            assert min(box.width, box.height) >= 10
        else:
            assert box.height >= 60
            assert box.width >= 40


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
        ("trial_curves", [("epoch", "validation accuracy")]),
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
        ("saliency", [("", ""), ("heat, as a share of the image's highest", "")]),
        ("corruption_samples", [("severity", "")]),
        ("feature_maps_one", [("", ""), ("", ""), ("", "output")]),
        ("embedding", [("first component", "second component")]),
        (
            "reliability",
            [
                ("", "accuracy"),
                (
                    "confidence: the predicted digit's probability",
                    "share of\nimages",
                ),
            ],
        ),
        (
            "width",
            [
                ("hidden units", "share of test images predicted wrong"),
                ("", "parameters"),
                ("hidden units", "seconds of training"),
            ],
        ),
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
        "saliency_one",
        "error_sheet",
        "error_sheet_one",
        "confusion_pairs_one",
        "corruption_samples_one",
        "feature_maps",
        "embedding",
        "reliability",
        "robustness_one",
        "width",
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
        ("saliency", 2, 5),
        ("error_sheet", 8, 15),
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
        plotting.saliency(images, images / 255, labels, probabilities, title="Mine"),
        plotting.error_sheet(images, labels, probabilities, title="Mine"),
        plotting.confusion_pairs(images, labels, probabilities, title="Mine"),
        plotting.corruption_samples({"blur": random_images(5)[0]}, title="Mine"),
        plotting.feature_maps(images[0], layers(), title="Mine"),
        plotting.embedding(*clusters(3), title="Mine"),
        plotting.reliability({"CNN": calibration()}, title="Mine"),
        plotting.robustness(corrupted(), title="Mine"),
        plotting.width(widths(), title="Mine"),
    ):
        assert figure.get_suptitle() == "Mine"


def test_no_figure_is_left_open():
    FIGURES["learning_curves"]()
    assert pyplot.get_fignums() == []
