"""Photographs of digits: found, in MNIST's form, or refused with the reason."""

import io

import numpy as np
import pytest
from photographs import KINDS, as_file, photograph, write_digit
from PIL import Image, ImageDraw

from mnist_helpers.data import read_photo
from mnist_helpers.data.stand_in import make_stand_in
from mnist_helpers.errors import CourseError
from mnist_helpers.preprocessing import centre_by_mass, fit_to_box

DIGITS = make_stand_in().test_images[:10]


def in_form(ink: np.ndarray) -> np.ndarray:
    """Bring ink from 0 to 1 into MNIST's form, without any paper."""
    return centre_by_mass(fit_to_box(np.uint8(255 * ink)))


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_ink_is_found_on_every_kind_of_paper(kind):
    generator = np.random.default_rng(7)
    for digit in DIGITS[:4]:
        ink = write_digit(digit, generator)
        [found] = read_photo(as_file(photograph(ink, kind, generator)))
        assert likeness(found.image, in_form(ink)) > 0.85
        rows, columns = np.nonzero(ink > 0.5)
        corners = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_allclose(found.box, corners, atol=5)


def test_a_row_of_digits_is_read_from_left_to_right():
    generator = np.random.default_rng(1)
    sheets = [np.pad(np.kron(digit, np.ones((4, 4))), 6) / 255 for digit in DIGITS[:5]]
    found = read_photo(as_file(photograph(np.hstack(sheets), "lit", generator)))
    assert [each.box[0] // 124 for each in found] == [0, 1, 2, 3, 4]
    for each, sheet in zip(found, sheets, strict=True):
        assert likeness(each.image, in_form(sheet)) > 0.85


def plain() -> tuple[np.ndarray, Image.Image]:
    ink = write_digit(DIGITS[3], np.random.default_rng(2))
    return ink, Image.fromarray(photograph(ink, "plain", np.random.default_rng(3)))


def turn(image: Image.Image) -> tuple[Image.Image, dict]:
    """Lay a picture on its side, with a note of how to turn it, as cameras do."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return image.rotate(90, expand=True), {"format": "JPEG", "exif": exif}


def see_through(image: Image.Image) -> tuple[Image.Image, dict]:
    """Leave nothing but white ink on a transparent sheet."""
    white = Image.new("L", image.size, 255)
    ink = image.convert("L").point(lambda level: 255 * (level < 128))
    return Image.merge("LA", (white, ink)), {}


def frame(image: Image.Image) -> tuple[Image.Image, dict]:
    box = (3, 3, image.width - 4, image.height - 4)
    ImageDraw.Draw(image).rectangle(box, outline="black", width=4)
    return image, {}


def lay_on_table(image: Image.Image) -> tuple[Image.Image, dict]:
    table = Image.new("RGB", (image.width + 40, image.height + 40), (70, 50, 40))
    table.paste(image, (20, 20))
    return table, {}


def deepen(image: Image.Image) -> tuple[Image.Image, dict]:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 150), {}


@pytest.mark.parametrize(
    "change",
    [
        *(turn, see_through, frame, lay_on_table, deepen),
        lambda image: (image.convert("CMYK"), {"format": "TIFF"}),
        lambda image: (image.convert("1"), {}),
        lambda image: (image.convert("P"), {"format": "GIF", "save_all": True}),
        lambda image: (image.resize((3000, 3000)), {"format": "JPEG"}),
    ],
)
def test_pictures_of_every_form_are_read(change):
    ink, image = plain()
    picture, options = change(image)
    [found] = read_photo(as_file(picture, **options))
    assert likeness(found.image, in_form(ink)) > 0.85


def page_of_text() -> Image.Image:
    page = Image.new("L", (900, 900), 245)
    for line in range(40, 860, 40):
        ImageDraw.Draw(page).text((40, line), "The quick brown fox " * 4, font_size=24)
    return page


def ruled() -> Image.Image:
    sheet = Image.new("L", (400, 400), 240)
    for line in range(20, 400, 30):
        ImageDraw.Draw(sheet).line((0, line, 400, line), fill=150, width=2)
    return sheet


NOISE = np.random.default_rng(0).normal(200, 9, (300, 300, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (as_file(Image.new("L", (300, 200), 250)), "nothing stands out"),
        (as_file(NOISE), "nothing stands out"),
        (as_file(page_of_text()), r"\d+ separate marks, expected one row"),
        (as_file(ruled()), "lines only"),
        (as_file(Image.new("1", (9000, 9000))), "more than the 30,000,000 pixels"),
        (io.BytesIO(b"%PDF-1.7"), "no image; expected a photograph"),
        (io.BytesIO(as_file(NOISE).getvalue()[:5000]), "truncated"),
        ("no/such/photo.png", "No such file.*; expected a photograph"),
    ],
)
def test_what_shows_no_digits_is_refused_with_the_reason(photo, message):
    with pytest.raises(CourseError, match=message):
        read_photo(photo)
