"""The figures of what a network has learned."""

import numpy as np
import pytest
from figure_reading import assert_texts_are_apart, draw, drawn_values, titled_images

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


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
