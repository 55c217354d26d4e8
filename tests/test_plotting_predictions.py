"""The figures of predictions, image by image."""

import numpy as np
import pytest
from figure_examples import FIGURES, drawn, probabilities_of, random_images
from figure_reading import (
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
from mnist_helpers.plotting.style import GREY, RIGHT, WRONG

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
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
