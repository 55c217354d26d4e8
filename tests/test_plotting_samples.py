"""The figures of the data."""

import numpy as np
import pytest
from figure_examples import drawn, random_images
from figure_reading import draw, drawn_values, legend_of, titled_images

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


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


# --- corruption_samples


def test_severities_stand_side_by_side_under_their_numbers():
    images = {name: random_images(5, seed)[0] for seed, name in enumerate("abc")}
    (axes,) = plotting.corruption_samples(images).axes
    sheet = axes.images[0].get_array()
    assert sheet.shape == (3 * 32 - 4, 5 * 32 - 4)
    for row, of_corruption in enumerate(images.values()):
        for column, image in enumerate(of_corruption):
            np.testing.assert_array_equal(cell(sheet, row, column), image)
    assert [label.get_text() for label in axes.get_xticklabels()] == list("12345")
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abc")
    np.testing.assert_array_equal(axes.get_xticks(), np.arange(5) * 32 + 14)
    np.testing.assert_array_equal(axes.get_yticks(), np.arange(3) * 32 + 14)


def test_lines_run_between_the_images_and_not_through_them():
    (axes,) = drawn("corruption_samples")[0].axes
    for places, count in (
        (axes.get_xticks(minor=True), 5),
        (axes.get_yticks(minor=True), 6),
    ):
        # The pixel numbered 0 lies from -0.5 to 0.5.
        assert list(places) == [32 * number - 2.5 for number in range(1, count)]


# --- what is refused

IMAGES, LABELS = random_images(3)


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
        (lambda: plotting.corruption_samples({}), "images: got 0"),
        (lambda: plotting.corruption_samples(IMAGES), "images: got ndarray"),
        (
            lambda: plotting.corruption_samples({"blur": IMAGES}),
            r"images\['blur'\]: got 3 images",
        ),
        (
            lambda: plotting.corruption_samples({"blur": IMAGES / 255}),
            r"images\['blur'\]: got dtype",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        call()
