"""The figures of predictions, image by image."""

from collections import Counter

import numpy as np
import pytest
from figure_examples import (
    FIGURES,
    drawn,
    heat_of,
    mistaken,
    probabilities_of,
    random_images,
)
from figure_reading import (
    contrast,
    draw,
    drawn_values,
    extent,
    legend_of,
    texts_of,
    titled_images,
)
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from mnist_helpers import plotting
from mnist_helpers.plotting.style import GREY, RIGHT, VERMILION, WRONG

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


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
        RIGHT,
        WRONG,
        RIGHT,
    ]


def test_gallery_marks_the_true_and_the_wrong_bar():
    figure = plotting.prediction_gallery(
        random_images(2)[0], np.array([7, 2]), probabilities_of([7, 5], [0.9, 0.6])
    )
    for (_, bars), true, wrong in zip(charts(figure), (7, 2), (None, 5), strict=True):
        for digit, bar in enumerate(bars):
            colour = {true: RIGHT, wrong: WRONG}.get(digit, GREY)
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


# --- saliency


def test_heat_is_coloured_and_ink_darkens_it():
    images, labels, probabilities = mistaken(4, 2)
    heat = heat_of(images)
    heat[3] = 0
    figure = plotting.saliency(images, heat, labels, probabilities)
    draw(figure)
    pairs = titled_images(figure)
    for place, (_, image) in enumerate(pairs):
        shown = image.get_array()
        for row, column in ((0, 0), (5, 20), (13, 13), (27, 4)):
            share = heat[place, row, column] / (heat[place].max() or 1)
            ink = images[place, row, column] / 255
            # From white to vermilion, each darkened by up to 65 %.
            expected = [
                ((1 - share) + share * end) * (1 - 0.65 * ink)
                for end in to_rgb(VERMILION)
            ]
            np.testing.assert_allclose(shown[row, column, :3], expected, atol=0.01)
    assert [title.get_text().split(": ")[1] for title, _ in pairs] == [
        "wrong",
        "wrong",
        "right",
        "right",
    ]
    assert [title.get_color() for title, _ in pairs] == [WRONG] * 2 + [RIGHT] * 2


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.75, 1])
def test_ink_stands_out_from_any_heat(share):
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 10:, :] = 255
    heat = np.full((1, 28, 28), float(share))
    heat[0, 0, 0] = 1
    figure = plotting.saliency(
        images, heat, np.array([1]), probabilities_of([1], [0.9])
    )
    shown = figure.axes[0].images[0].get_array()
    assert contrast(shown[5, 5], shown[20, 20]) >= 3


def test_a_line_surrounds_the_half_of_the_heat():
    images, labels, probabilities = mistaken(2, 0)
    heat = np.zeros((2, 28, 28))
    heat[0, 4:9, 10:21] = 7
    figure = plotting.saliency(images, heat, labels, probabilities)
    first, _ = figure.axes[0].images
    left, right, bottom, top = first.get_extent()
    (surrounding,) = figure.axes[0].collections
    points = surrounding.get_paths()[0].vertices
    columns = (points[:, 0] - left) / (right - left) * 28
    rows = (top - points[:, 1]) / (top - bottom) * 28
    assert (columns.min(), columns.max()) == pytest.approx((10, 21), abs=0.01)
    assert (rows.min(), rows.max()) == pytest.approx((4, 9), abs=0.01)


def test_no_heat_at_all_leaves_the_image():
    figure, _ = drawn("saliency_one")
    images = mistaken(1, 0)[0]
    shown = figure.axes[0].images[0].get_array()
    for channel in range(3):
        np.testing.assert_allclose(shown[..., channel], 1 - 0.65 * images[0] / 255)
    assert not figure.axes[0].collections


# --- error_sheet


def test_every_mistake_is_shown_by_true_and_predicted_digit():
    images, labels, probabilities = mistaken(60, 17)
    labels[3], labels[8] = labels[16], labels[16]
    figure = plotting.error_sheet(images, labels, probabilities)
    draw(figure)
    # Confidence falls from row to row.
    expected = sorted(
        (
            (int(label), int(row.argmax()), place)
            for place, (label, row) in enumerate(
                zip(labels, probabilities, strict=True)
            )
            if row.argmax() != label
        ),
    )
    pairs = titled_images(figure)
    assert len(pairs) == len(expected) == 17
    for (title, image), (true, predicted, place) in zip(pairs, expected, strict=True):
        assert title.get_text() == f"{true}→{predicted}"
        np.testing.assert_array_equal(image.get_array(), images[place])
    assert figure.axes[0].get_title() == ("17 wrong predictions: true→predicted")


def test_a_network_without_mistakes_is_said_to_have_none():
    images, labels, probabilities = mistaken(1000, 0)
    for plot in (plotting.error_sheet, plotting.confusion_pairs):
        figure = plot(images, labels, probabilities)
        assert texts_of(figure.axes[0]) == ["None of 1,000 predictions is wrong."]


# --- confusion_pairs


def test_the_most_frequent_pairs_come_first_with_their_surest_images():
    images, _ = random_images(200)
    generator = np.random.default_rng(1)
    labels = generator.choice([2, 4, 7], 200)
    predicted = generator.choice([4, 9], 200)
    confidence = generator.uniform(0.3, 0.99, 200)
    probabilities = probabilities_of(predicted, confidence)
    (axes,) = plotting.confusion_pairs(
        images, labels, probabilities, pairs=3, per_pair=4
    ).axes
    counted = Counter(zip(labels.tolist(), predicted.tolist(), strict=True))
    del counted[4, 4]
    wrong = sum(counted.values())
    frequent = sorted(counted, key=lambda pair: (-counted[pair], pair))[:3]
    names = [label.get_text() for label in axes.get_yticklabels()]
    sheet = axes.images[0].get_array()
    for row, (name, (true, other)) in enumerate(zip(names, frequent, strict=True)):
        count = counted[true, other]
        assert name == (
            f"{true} taken for {other}\n{count} mistakes, {100 * count / wrong:.0f} %"
        )
        of_pair = np.flatnonzero((labels == true) & (predicted == other))
        surest = sorted(of_pair, key=lambda place: -confidence[place])[:4]
        for column, place in enumerate(surest):
            shown = sheet[32 * row : 32 * row + 28, 32 * column : 32 * column + 28]
            np.testing.assert_array_equal(shown, images[place])
    assert axes.get_title() == f"shares of all {wrong} mistakes in 200 predictions"


def test_fewer_pairs_than_asked_for_are_fewer_rows():
    axes = drawn("confusion_pairs_one")[0].axes[0]
    (name,) = [label.get_text() for label in axes.get_yticklabels()]
    assert name.endswith("1 mistake, 100 %")


# --- what is refused

IMAGES, LABELS = random_images(3)
PROBABILITIES = probabilities_of(LABELS, [0.9] * 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
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
        (
            lambda: plotting.saliency(
                *random_images(11)[:1], IMAGES, LABELS, PROBABILITIES
            ),
            "images: got 11 images",
        ),
        (
            lambda: plotting.saliency(IMAGES, IMAGES[:2], LABELS, PROBABILITIES),
            r"heat: got shape \(2, 28, 28\)",
        ),
        (
            lambda: plotting.saliency(IMAGES, IMAGES - 1.0, LABELS, PROBABILITIES),
            "heat: got values from -1.0",
        ),
        (
            lambda: plotting.saliency(IMAGES, IMAGES * np.nan, LABELS, PROBABILITIES),
            "heat: got values from nan",
        ),
        (
            lambda: plotting.error_sheet(*mistaken(121, 121)),
            "images: got 121 that are predicted wrong",
        ),
        (
            lambda: plotting.error_sheet(IMAGES, LABELS[:2], PROBABILITIES),
            "labels: got shape",
        ),
        (
            lambda: plotting.error_sheet(IMAGES, LABELS, PROBABILITIES[:2]),
            "probabilities: got shape",
        ),
        (
            lambda: plotting.confusion_pairs(IMAGES / 255, LABELS, PROBABILITIES),
            "images: got dtype",
        ),
        (
            lambda: plotting.confusion_pairs(IMAGES, LABELS, PROBABILITIES, pairs=0),
            "pairs: got 0",
        ),
        (
            lambda: plotting.confusion_pairs(IMAGES, LABELS, PROBABILITIES, 3, 16),
            "per_pair: got 16",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
