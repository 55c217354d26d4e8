"""The canvas and the table of errors, as a student meets them in JupyterLab."""

import base64
import math
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import DESK, PHONE, needs_browser
from lab import (
    choose,
    errors,
    open_notebook,
    output,
    run_all,
    start_laboratory,
    use_dark,
    write_notebook,
)
from playwright.sync_api import Locator, Page, expect
from scipy import ndimage
from waiting import wait_until

from mnist_helpers.widgets import drawing

pytestmark = [pytest.mark.slow, needs_browser]

# Three networks that need no training: each digit is compared with the means of the
# stand-in's. The second is sure of nothing.
SETUP = """
import numpy as np
from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.environment.tensorflow import keras

data = load_mnist()
inputs = preprocessing.flatten_images(preprocessing.scale_images(data.train_images))
test_inputs = preprocessing.flatten_images(preprocessing.scale_images(data.test_images))
means = np.stack(
    [inputs[data.train_labels == digit].mean(axis=0) for digit in range(10)]
)

def build(sharpness, *shape):
    digits = keras.layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), digits])
    digits.set_weights(
        [sharpness * means.T, -sharpness * (means**2).sum(axis=1) / 2]
    )
    return network

networks = {
    "sure": build(3, 784), "unsure": build(0.001, 784), "square": build(1, 28, 28, 1)
}
probabilities = networks["sure"].predict(test_inputs, verbose=0)
"""
CANVAS = """
from mnist_helpers.widgets import drawing
drawing.draw(networks, inputs, data.train_labels)
"""
TABLE = """
from mnist_helpers.widgets import errors
errors.explore(data.test_images, data.test_labels, probabilities)
"""
PROCESS = """
import os
os.getpid()
"""


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("laboratory")
    notebooks = folder / "checkout" / "notebooks"
    write_notebook(notebooks / "widgets.ipynb", SETUP, CANVAS, TABLE, PROCESS)
    write_notebook(notebooks / "restarted.ipynb", SETUP, CANVAS, TABLE)
    with start_laboratory(
        folder, folder / "checkout", MNIST_HELPERS_DATA="stand-in"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def page(browser, laboratory):
    """The notebook, run once for all tests; each leaves its widgets as they were.

    After the last of them, nothing may have been complained of.
    """
    page = open_notebook(browser, laboratory, "widgets.ipynb", has_touch=True)
    run_all(page)
    assert errors(page) == []
    page.set_default_timeout(20_000)
    yield page
    assert page.troubles == []
    assert errors(page) == []


@pytest.fixture
def canvas(page):
    shown = output(page, 1)
    shown.locator("canvas.paper").scroll_into_view_if_needed()
    yield shown
    if shown.get_by_role("button", name="Clear").is_enabled():
        shown.get_by_role("button", name="Clear").click()


@pytest.fixture
def table(page):
    shown = output(page, 2)
    shown.scroll_into_view_if_needed()
    yield shown
    for name in ("true", "predicted"):
        shown.get_by_label(f"{name} digit").select_option("any")
    shown.get_by_label("confidence from").fill("0")
    shown.get_by_label("to, in percent").fill("100")
    shown.get_by_label("mistakes only").check()


def draw(page: Page, canvas: Locator, points: list[tuple[float, float]]) -> None:
    """Draw a stroke by mouse, from the canvas's upper left corner."""
    paper = canvas.locator("canvas.paper")
    # It scrolls there, and waits until nothing moves any more.
    paper.hover()
    frame = paper.bounding_box()
    at = [(frame["x"] + x, frame["y"] + y) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=3)
    page.mouse.up()


ONE = [(200, 30), (198, 80), (195, 130)]
ZERO = [
    (140 + 55 * math.sin(angle), 130 - 80 * math.cos(angle))
    for angle in np.linspace(0, 2 * math.pi, 30)
]


def run_cell(page: Page, number: int) -> None:
    """Run a cell once more."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)


def expect_status(shown: Locator, text: str | re.Pattern) -> None:
    expect(shown.get_by_role("status")).to_have_text(text, timeout=20_000)


# The canvas.


def test_an_empty_canvas_says_so(page, canvas):
    expect_status(canvas, "The canvas is empty: draw a digit.")
    expect(canvas.locator(".bars")).to_have_count(0)
    for name in ("Undo", "Clear"):
        expect(canvas.get_by_role("button", name=name)).to_be_disabled()
    # Only the main button draws; another one scrolls, or opens a menu.
    canvas.locator("canvas.paper").hover()
    page.mouse.down(button="middle")
    page.mouse.move(0, 0, steps=3)
    page.mouse.up(button="middle")
    expect_status(canvas, "The canvas is empty: draw a digit.")
    assert ink(canvas) == 0


@pytest.mark.parametrize(("digit", "points"), [(1, ONE), (0, ZERO)])
def test_a_digit_drawn_off_the_middle_is_read_by_all(
    page, canvas, digit, points, record_property
):
    draw(page, canvas, points)
    expect_status(canvas, f"All 3 networks say {digit}.")
    verdicts = canvas.locator(".verdict").all_inner_texts()
    assert [verdict[0] for verdict in verdicts] == [str(digit)] * 3
    assert verdicts[1] == f"{digit} (10 %)"
    assert canvas.locator(".answer strong").all_inner_texts() == [
        "sure",
        "unsure",
        "square",
    ]
    expect(canvas.locator(".answer .bar")).to_have_count(30)
    assert canvas.locator(".highest .digit").all_inner_texts() == [str(digit)] * 3
    # The nearest training images, which hardly can be of another digit.
    labels = canvas.locator(".nearest figcaption")
    expect(labels).to_have_count(drawing.NEAREST)
    # They come after the answers.
    wait_until(lambda: labels.all_inner_texts().count(str(digit)) > drawing.NEAREST / 2)
    said = canvas.locator(".time").inner_text()
    record_property("milliseconds", re.fullmatch(r"Answered in (\d+) ms\.", said)[1])


def test_a_canvas_in_a_narrow_panel_draws_where_the_pen_is(page, canvas):
    paper = canvas.locator("canvas.paper")
    paper.evaluate("canvas => { canvas.style.width = '140px'; }")
    draw(page, canvas, [(x / 2, y / 2) for x, y in ZERO])
    paper.evaluate("canvas => { canvas.style.width = ''; }")
    expect_status(canvas, "All 3 networks say 0.")
    shrunk = ink(canvas)
    canvas.get_by_role("button", name="Clear").click()
    draw(page, canvas, ZERO)
    assert abs(ink(canvas) - shrunk) < shrunk / 20


def test_the_networks_see_the_drawing_in_mnists_form(page, canvas):
    """The picture that is shown against SciPy's centre of mass."""
    draw(page, canvas, ONE)
    expect_status(canvas, re.compile("All 3"))
    pixels = canvas.locator(".seen canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    image = 255 - np.array(pixels).reshape(28, 28, 4)[..., 0]
    rows = np.flatnonzero(image.any(axis=1))
    assert rows[-1] - rows[0] + 1 == 20
    centre = ndimage.center_of_mass(image)
    np.testing.assert_allclose(centre, (14, 14), atol=0.5 + 1e-9)


def note_status(canvas: Locator) -> None:
    """Note in ``window.said`` what a screen reader is given to say from now on."""
    canvas.get_by_role("status").evaluate(
        """status => {
            window.said = [];
            const note = () => window.said.push(status.textContent);
            new MutationObserver(note).observe(status, {childList: true});
        }"""
    )


def test_bars_follow_while_the_pen_is_down(page, canvas):
    note_status(canvas)
    frame = canvas.locator("canvas.paper").bounding_box()
    page.mouse.move(frame["x"] + 60, frame["y"] + 60)
    page.mouse.down()
    page.mouse.move(frame["x"] + 60, frame["y"] + 200, steps=5)
    expect(canvas.locator(".answer")).to_have_count(3)
    # Read aloud, and so said, when the stroke is finished.
    expect_status(canvas, "Drawing …")
    page.mouse.up()
    expect_status(canvas, "All 3 networks say 1.")
    # In a second stroke too.
    page.mouse.down()
    expect_status(canvas, "Drawing …")
    page.mouse.up()
    expect_status(canvas, "All 3 networks say 1.")
    # Each once, however many points and answers there were.
    said = page.evaluate("window.said")
    assert said == 2 * ["Drawing …", "All 3 networks say 1."]


def test_the_nearest_images_follow_when_the_pen_rests(page, canvas):
    frame = canvas.locator("canvas.paper").bounding_box()
    page.mouse.move(frame["x"] + 60, frame["y"] + 60)
    page.mouse.down()
    page.mouse.move(frame["x"] + 60, frame["y"] + 200, steps=5)
    expect(canvas.locator(".nearest figcaption")).to_have_text(["1"] * 8)
    page.mouse.up()
    canvas.get_by_role("button", name="Clear").click()
    expect(canvas.locator(".nearest figure")).to_have_count(0)


@contextmanager
def note_questions(page: Page) -> Iterator[list[str]]:
    """Note what the canvas asks the kernel for, as the page sends it."""
    asked = []

    def note(event: dict) -> None:
        message = base64.b64decode(event["response"]["payloadData"])
        asked.extend(re.findall(r'"what":"(\w+)"', message.decode(errors="replace")))

    session = page.context.new_cdp_session(page)
    session.on("Network.webSocketFrameSent", note)
    session.send("Network.enable")
    yield asked
    session.detach()


def test_a_moving_pen_waits_for_no_training_image(page, canvas):
    with note_questions(page) as asked:
        draw(page, canvas, ZERO)
        expect(canvas.locator(".nearest figcaption")).to_have_text(["0"] * 8)
    assert 1 <= asked.count("nearest") < asked.count("answers") / 3


def test_a_pen_that_is_held_still_asks_nothing(page, canvas):
    frame = canvas.locator("canvas.paper").bounding_box()
    page.mouse.move(frame["x"] + 60, frame["y"] + 60)
    page.mouse.down()
    expect_status(canvas, "Drawing …")
    expect(canvas.locator(".nearest figure")).to_have_count(8)
    with note_questions(page) as asked:
        page.mouse.move(frame["x"] + 61, frame["y"] + 60)
        page.mouse.move(frame["x"] + 60, frame["y"] + 61)
        page.mouse.up()
        expect(canvas.get_by_role("status")).not_to_have_text("Drawing …")
    # Of the stroke that has ended.
    assert asked.count("answers") == 1


def ink(canvas: Locator) -> int:
    """Count the dark pixels of the canvas."""
    return canvas.locator("canvas.paper").evaluate(
        """canvas => {
            const {width, height} = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            return data.filter((value, place) => place % 4 === 0 && value < 128).length;
        }"""
    )


def test_undo_takes_back_a_stroke_and_clear_all(page, canvas):
    draw(page, canvas, ONE)
    expect_status(canvas, "All 3 networks say 1.")
    one = ink(canvas)
    draw(page, canvas, [(60, 220), (220, 220)])
    draw(page, canvas, [(60, 250), (220, 250)])
    three = ink(canvas)
    canvas.get_by_role("button", name="Undo").click()
    two = ink(canvas)
    assert one < two < three
    canvas.get_by_role("button", name="Undo").click()
    assert ink(canvas) == one
    expect_status(canvas, "All 3 networks say 1.")
    expect(canvas.get_by_role("button", name="Undo")).to_be_focused()
    # The notebook, which would cut the cell, does not get the key.
    page.keyboard.press("x")
    draw(page, canvas, ZERO)
    canvas.get_by_role("button", name="Clear").click()
    assert ink(canvas) == 0
    expect_status(canvas, "The canvas is empty: draw a digit.")
    expect(canvas.locator(".bars")).to_have_count(0)


def test_the_keyboard_draws_and_the_notebook_stays_where_it_is(page, canvas):
    paper = canvas.locator("canvas.paper")
    active = page.locator(".jp-Notebook .jp-mod-active .jp-InputPrompt").inner_text()
    paper.focus()
    assert paper.evaluate("canvas => getComputedStyle(canvas).outlineWidth") == "3px"
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    expect_status(canvas, "The canvas is empty: draw a digit.")
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect_status(canvas, "All 3 networks say 1.")
    drawn = ink(canvas)
    page.keyboard.press("ArrowRight")
    assert abs(ink(canvas) - drawn) < 200  # the ring that marks the pen has moved
    expect(paper).to_be_focused()
    now = page.locator(".jp-Notebook .jp-mod-active .jp-InputPrompt").inner_text()
    assert now == active
    page.keyboard.press("Tab")
    expect(canvas.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_status(canvas, "The canvas is empty: draw a digit.")
    # The button, disabled, would lose it.
    expect(paper).to_be_focused()


def test_a_held_space_bar_lowers_the_pen_once(page, canvas):
    canvas.locator("canvas.paper").focus()
    page.keyboard.down("Space")
    page.keyboard.down("Space")  # repeated, as by a key that is held
    page.keyboard.up("Space")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect_status(canvas, "Drawing …")
    page.keyboard.press("Space")
    expect_status(canvas, "All 3 networks say 1.")
    canvas.get_by_role("button", name="Undo").click()
    expect_status(canvas, "The canvas is empty: draw a digit.")
    expect(canvas.locator("canvas.paper")).to_be_focused()


def test_a_browser_that_coalesces_no_events_draws(page, canvas):
    """As Safari did before 18.2."""
    page.evaluate(
        """() => {
            window.coalesce = PointerEvent.prototype.getCoalescedEvents;
            delete PointerEvent.prototype.getCoalescedEvents;
        }"""
    )
    draw(page, canvas, ONE)
    page.evaluate(
        "() => { PointerEvent.prototype.getCoalescedEvents = window.coalesce; }"
    )
    expect_status(canvas, "All 3 networks say 1.")


def test_a_cell_that_is_run_again_shows_an_empty_canvas(page, canvas):
    draw(page, canvas, ONE)
    expect_status(canvas, "All 3 networks say 1.")
    run_cell(page, 1)
    expect_status(canvas, "The canvas is empty: draw a digit.")
    draw(page, canvas, ZERO)
    expect_status(canvas, "All 3 networks say 0.")


def test_a_silent_kernel_is_told_of_until_it_answers(page, canvas):
    silence = re.compile("The kernel does not answer")
    note_status(canvas)
    # Messages of widgets are answered while a cell runs; so all of it is halted.
    process = int(output(page, 3).locator("pre").inner_text())
    os.kill(process, signal.SIGSTOP)
    try:
        draw(page, canvas, ONE)
        expect_status(canvas, silence)
        canvas.get_by_role("button", name="Clear").click()
        expect_status(canvas, "The canvas is empty: draw a digit.")
        assert page.evaluate("window.said[0]") == "Drawing …"
        # The question of the finished stroke, asked since, is overdue too.
        expect_status(canvas, silence)
    finally:
        os.kill(process, signal.SIGCONT)
    expect_status(canvas, "The canvas is empty: draw a digit.")
    draw(page, canvas, ONE)
    expect_status(canvas, "All 3 networks say 1.")


def test_a_finger_draws(page, canvas):
    """By the browser's own touch events, which would scroll a page that lets them."""
    frame = canvas.locator("canvas.paper").bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": frame["x"] + x, "y": frame["y"] + y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (140, 40))
    for y in range(50, 240, 10):
        touch("touchMove", (140, y))
    touch("touchEnd")
    expect_status(canvas, "All 3 networks say 1.")
    assert canvas.locator("canvas.paper").bounding_box() == frame


# The table.


def chosen(table: Locator) -> list[tuple[str, str]]:
    """Read true and predicted digit off the images that are shown."""
    captions = table.locator("figcaption").all_inner_texts()
    return [
        re.search(r"predicted (\d) .*true (\d)", caption, re.DOTALL).groups()[::-1]
        for caption in captions
    ]


def test_the_table_begins_with_the_mistakes(table):
    expect_status(table, re.compile(r"Images 1 to 12 of \d+, the surest first\."))
    assert all(true != predicted for true, predicted in chosen(table))
    expect(table.locator("td button")).to_have_count(100)


def test_a_cell_shows_the_images_behind_it(page, table):
    cell = table.get_by_role("button", name=re.compile("true 9, predicted 7: "))
    count = int(cell.inner_text())
    assert count > 0
    cell.click()
    expect_status(table, re.compile(f"Images 1 to {count} of {count}, "))
    assert chosen(table) == [("9", "7")] * count
    expect(cell).to_have_attribute("aria-current", "true")
    expect(table.locator(".found .bar")).to_have_count(10 * count)
    # From cell to cell by keyboard: up to true 8, left to predicted 6.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    focused = table.locator("td button:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("true 8, predicted 6: "))
    for _ in range(3):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(table.locator("[aria-current=true]")).to_have_attribute(
        "aria-label", re.compile("true 5, predicted 5: ")
    )
    expect_status(table, re.compile(r"Images 1 to 12 of 2\d, "))
    assert set(chosen(table)) == {("5", "5")}


def test_pages_turn(page, table, tmp_path):
    table.get_by_label("mistakes only").uncheck()
    expect_status(table, re.compile("Images 1 to 12 of 252, "))
    previous = table.get_by_role("button", name="Previous")
    following = table.get_by_role("button", name="Next")
    expect(previous).to_be_disabled()
    following.click()
    expect_status(table, re.compile("Images 13 to 24 of 252, "))
    # By keyboard, beyond both ends: nothing turns, and the focus stays.
    previous.focus()
    page.keyboard.press("Enter")
    expect_status(table, re.compile("Images 1 to 12 of 252, "))
    expect(previous).to_be_disabled()
    page.keyboard.press("Enter")
    expect(previous).to_be_focused()
    following.focus()
    for first in range(13, 252, 12):
        page.keyboard.press("Enter")
        expect_status(table, re.compile(f"Images {first} to \\d+ of 252, "))
    expect(following).to_be_disabled()
    page.keyboard.press("Enter")
    expect(following).to_be_focused()
    expect_status(table, re.compile("Images 241 to 252 of 252, "))
    page.screenshot(path=tmp_path / "last.png")
    table.get_by_label("mistakes only").check()
    expect_status(table, re.compile(r"Images 1 to 12 of \d\d, "))


def test_filters_narrow_the_choice(table):
    table.get_by_label("true digit").select_option("9")
    expect_status(table, re.compile(r"Images 1 to (\d) of \1, "))
    assert {true for true, _predicted in chosen(table)} == {"9"}
    table.get_by_label("predicted digit").select_option("4")
    expect_status(table, re.compile("Images 1 to 2 of 2, "))
    assert chosen(table) == [("9", "4")] * 2
    table.get_by_label("true digit").select_option("0")
    expect_status(table, "There is no such image.")
    table.get_by_label("true digit").select_option("any")
    table.get_by_label("predicted digit").select_option("any")
    table.get_by_label("to, in percent").fill("60")
    table.get_by_label("to, in percent").blur()
    # Until the choice has arrived, images of more are shown.
    surer = table.locator("figcaption", has_text=re.compile(r"\(.*(6[1-9]|[7-9]\d) %"))
    expect(surer).to_have_count(0)
    expect_status(table, re.compile(r"Images 1 to (\d) of \1, "))


# Both.

# Pixels by which a caption is wider than its picture's frame leaves room for.
OVERHANG = """figure => {
    const caption = figure.querySelector("figcaption");
    return caption.scrollWidth - caption.clientWidth;
}"""


def test_a_screen_reader_and_a_phone_find_their_way(page, canvas, table, tmp_path):
    """By axe, in both themes; and without anything wider than a phone."""
    draw(page, canvas, ZERO)
    expect_status(canvas, "All 3 networks say 0.")
    for theme in ("light", "dark"):
        if theme == "dark":
            use_dark(page)
        found = Axe().run(page, context=".mnist-exploring")
        assert found.response["violations"] == [], found.generate_report()
        assert found.response["passes"]
        page.screenshot(path=tmp_path / f"{theme}.png")
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.keyboard.press("ControlOrMeta+b")
    for shown in (canvas, table):
        shown.scroll_into_view_if_needed()
        room = shown.bounding_box()["width"]
        for part in (".paper", ".answers", ".nearest", ".matrix", ".filters", ".found"):
            for place in shown.locator(part).all():
                assert place.bounding_box()["width"] <= room
        for figure in shown.locator("figure").all():
            assert figure.evaluate(OVERHANG) <= 0
    page.screenshot(path=tmp_path / "phone.png")
    page.set_viewport_size({"width": DESK, "height": 900})


def test_a_kernel_that_was_restarted_is_told_of(browser, laboratory, tmp_path):
    page = open_notebook(browser, laboratory, "restarted.ipynb")
    run_all(page)
    assert errors(page) == []
    canvas, table = output(page, 1), output(page, 2)
    draw(page, canvas, ONE)
    expect_status(canvas, "All 3 networks say 1.")
    choose(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(state="attached")
    draw(page, canvas, ONE)
    sentence = "The kernel was restarted or shut down: run the notebook again."
    expect_status(canvas, sentence)
    table.get_by_role("button", name=re.compile("true 9, predicted 7: ")).click()
    expect_status(table, sentence)
    page.screenshot(path=tmp_path / "restarted.png")
    page.context.close()
