"""The figures of what a network has learned."""

import numpy as np
import pytest
from figure_examples import clusters, drawn, layers, random_images
from figure_reading import (
    assert_texts_are_apart,
    draw,
    drawn_values,
    texts_of,
    titled_images,
)

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


# --- feature_maps


def test_each_channel_is_a_panel_on_the_scale_of_its_layer():
    image = random_images(1)[0][0]
    maps = layers()
    figure = plotting.feature_maps(image, maps)
    shown, *panels = figure.axes[:5]
    np.testing.assert_array_equal(shown.images[0].get_array(), image)
    # How often each pixel is repeated to be about as large as an image.
    for axes, (layer, of_layer), repeated in zip(
        panels, maps.items(), (1, 2, 2, 5), strict=True
    ):
        rows, columns, channels = of_layer.shape
        assert axes.get_title("left").startswith(
            f"{layer}: {channels} channels of {rows}x{columns}"
        )
        (sheet,) = axes.images
        assert sheet.get_clim() == (0, of_layer.max())
        pixels = sheet.get_array()
        side = rows * repeated
        for channel in range(channels):
            top, left = channel // 16 * (side + 4), channel % 16 * (side + 4)
            panel = pixels[top : top + side, left : left + side]
            for first in range(repeated):
                np.testing.assert_array_equal(
                    panel[first::repeated, first::repeated], of_layer[..., channel]
                )


def test_panels_are_of_one_size_whatever_the_number_of_pixels():
    figure, _ = drawn("feature_maps")
    sides = []
    for axes, pixels in zip(figure.axes[1:5], (26, 26, 22, 25), strict=True):
        box = axes.images[0].get_window_extent()
        height, width = axes.images[0].get_array().shape
        assert box.height / height == pytest.approx(box.width / width, rel=0.01)
        sides.append(pixels * box.width / width)
    assert min(sides) >= 28
    assert max(sides) <= 1.1 * min(sides)


def test_where_a_row_ends_there_is_nothing():
    maps = np.ones((26, 26, 17))
    figure = plotting.feature_maps(random_images(1)[0][0], {"conv": maps})
    pixels = figure.axes[1].images[0].get_array()
    assert pixels.shape == (2 * 26 + 4, 16 * 30 - 4)
    np.testing.assert_array_equal(pixels[30:, :26], 1)
    assert pixels.mask[30:, 26:].all()
    assert pixels.mask[26:30].all()


def test_channels_that_are_silent_are_counted():
    maps = np.ones((5, 5, 6))
    maps[..., [1, 4]] = 0
    figure = plotting.feature_maps(random_images(1)[0][0], {"conv": maps})
    assert figure.axes[1].get_title("left") == (
        "conv: 6 channels of 5x5, 2 of them 0 everywhere"
    )


@pytest.mark.parametrize(
    ("value", "limits"), [(0.0, (0, 1)), (3.0, (0, 3)), (-2.0, (-2, 0))]
)
def test_a_layer_of_one_value_can_be_drawn(value, limits):
    maps = np.full((5, 5, 2), value)
    figure = plotting.feature_maps(random_images(1)[0][0], {"conv": maps})
    draw(figure)
    assert figure.axes[1].images[0].get_clim() == limits


# --- embedding


def test_each_point_is_drawn_as_its_digit():
    points, labels = clusters(300)
    (axes,) = plotting.embedding(points, labels, axis_names=("along", "up")).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("along", "up")
    seen = {digit: [] for digit in range(10)}
    for drawn_points in axes.lines:
        digit = int(drawn_points.get_marker().strip("$"))
        seen[digit] += drawn_points.get_xydata().tolist()
    for digit in range(10):
        expected = sorted(points[labels == digit].tolist())
        assert sorted(seen[digit]) == expected


def test_digits_are_named_at_their_medians():
    points, labels = clusters(200, [1, 4, 8])
    (axes,) = plotting.embedding(points, labels).axes
    assert texts_of(axes) == ["1", "4", "8"]
    for text, digit in zip(axes.texts, (1, 4, 8), strict=True):
        for place, values in zip(
            text.get_position(), points[labels == digit].T, strict=True
        ):
            ordered = sorted(values)
            below, above = (len(ordered) - 1) // 2, len(ordered) // 2
            assert place == pytest.approx((ordered[below] + ordered[above]) / 2)


def test_names_that_would_cover_each_other_move_apart():
    points, labels = clusters(500)
    figure = plotting.embedding(np.where(labels[:, None] < 5, 0, points), labels)
    draw(figure)
    assert_texts_are_apart(figure)
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    for digit in range(5):
        assert np.hypot(*places[str(digit)]) < 3
    assert places["7"] == pytest.approx(np.median(points[labels == 7], axis=0))


def test_distances_are_the_same_along_and_up():
    figure, _ = drawn("embedding")
    origin, along, up = figure.axes[0].transData.transform([(0, 0), (1, 0), (0, 1)])
    assert along[0] - origin[0] == pytest.approx(up[1] - origin[1])


# --- what is refused

IMAGE = random_images(1)[0][0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.feature_maps(IMAGE / 255, layers()), "image: got dtype"),
        (lambda: plotting.feature_maps(IMAGE[:9], layers()), "image: got shape"),
        (lambda: plotting.feature_maps(IMAGE, {}), "maps: got 0 entries"),
        (
            lambda: plotting.feature_maps(IMAGE, {"conv": np.ones((5, 5))}),
            r"maps\['conv'\]: got shape \(5, 5\)",
        ),
        (
            lambda: plotting.feature_maps(IMAGE, {"conv": np.ones((5, 5, 65))}),
            r"maps\['conv'\]: got shape \(5, 5, 65\)",
        ),
        (
            lambda: plotting.feature_maps(IMAGE, {"conv": np.full((5, 5, 1), np.inf)}),
            r"maps\['conv'\]: got NaN or infinity",
        ),
        (
            lambda: plotting.embedding(np.ones((3, 3)), np.ones(3, int)),
            r"points: got shape \(3, 3\)",
        ),
        (
            lambda: plotting.embedding(np.ones((0, 2)), np.ones(0, int)),
            r"points: got shape \(0, 2\)",
        ),
        (
            lambda: plotting.embedding(np.full((3, 2), np.nan), np.ones(3, int)),
            "points: got NaN or infinity",
        ),
        (
            lambda: plotting.embedding(np.ones((3, 2)), np.ones(2, int)),
            "labels: got shape",
        ),
        (
            lambda: plotting.embedding(np.ones((3, 2)), np.full(3, 10)),
            "labels: got values from 10",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
