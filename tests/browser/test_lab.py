"""The widgets and the live curves, as a student meets them in JupyterLab."""

import math
import os
import re
import signal

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import DESK, needs_browser
from lab import (
    choose,
    errors,
    open_notebook,
    output,
    run_all,
    start_laboratory,
    use_dark,
    wait_until_run,
    write_notebook,
)
from playwright.sync_api import Locator, Page, expect
from scipy import ndimage

from mnist_helpers.widgets import drawing, what_if
from mnist_helpers.widgets import errors as error_table

pytestmark = [pytest.mark.slow, needs_browser]

SETUP = """
import os
import numpy as np
from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.environment.tensorflow import keras

data = load_mnist()
labels = data.train_labels
inputs = preprocessing.flatten_images(preprocessing.scale_images(data.train_images))

def build(hidden_units, learning_rate, seed):
    if learning_rate == 0.0001:
        raise ValueError("so slow a network is not built")
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(hidden_units, activation="relu")
    digits = keras.layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input((784,)), hidden, digits])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network

os.getpid()
"""
# Networks that need no training: each digit is compared with the means of the
# stand-in's. The second is sure of nothing.
CANVAS = """
from mnist_helpers.widgets import drawing

means = np.stack([inputs[labels == digit].mean(axis=0) for digit in range(10)])

def compare(sharpness, *shape):
    digits = keras.layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), digits])
    digits.set_weights(
        [sharpness * means.T, -sharpness * (means**2).sum(axis=1) / 2]
    )
    return network

networks = {"sure": compare(3, 784), "unsure": compare(0.001, 28, 28, 1)}
drawing.draw(networks, inputs, labels)
"""
# Counts of four digits, as on MNIST: each test image fifty times.
TABLE = """
from mnist_helpers.widgets import errors

images = np.repeat(data.test_images, 50, axis=0)
probabilities = networks["sure"].predict(
    preprocessing.flatten_images(preprocessing.scale_images(images)), verbose=0
)
errors.explore(images, np.repeat(data.test_labels, 50), probabilities)
"""
SLIDERS = """
from mnist_helpers.widgets import what_if

what_if.explore(
    build, (inputs, labels), (inputs, labels),
    hidden_units=8, learning_rate=0.005, batch_size=32,
)
"""
TRAIN = """
from mnist_helpers.training import fitting

model = build(8, 0.005, 1)
history = fitting.fit(
    model, inputs, labels, validation_data=(inputs, labels),
    epochs=1000, batch_size=32, seed=1, callbacks=[fitting.Progress()],
)
"""
AFTERWARDS = """
_loss, accuracy = model.evaluate(inputs, labels, verbose=0)
kept = abs(accuracy - history.history["val_accuracy"][-1]) < 1e-6
print(len(history.epoch), "epochs,", "the model is kept" if kept else "it is not")
"""
ONE = [(200, 30), (198, 80), (195, 130)]
ZERO = [
    (140 + 55 * math.sin(angle), 130 - 80 * math.cos(angle))
    for angle in np.linspace(0, 2 * math.pi, 30)
]
GONE = "The kernel was restarted or shut down: run the notebook again."
# For what takes seconds, on a machine that has other things to do.
PATIENCE = 60_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the notebooks that are opened."""
    folder = tmp_path_factory.mktemp("laboratory") / "notebooks"
    write_notebook(folder / "widgets.ipynb", SETUP, CANVAS, TABLE, SLIDERS)
    write_notebook(folder / "live.ipynb", SETUP, TRAIN, AFTERWARDS)
    return folder


@pytest.fixture(scope="module")
def laboratory(folder):
    with start_laboratory(
        folder.parent, folder.parent, MNIST_HELPERS_DATA="stand-in"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def page(browser, laboratory):
    """The widgets, run once for all tests; each leaves them as they were."""
    page = open_notebook(browser, laboratory, "widgets.ipynb", has_touch=True)
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    run_all(page)
    assert errors(page) == []
    yield page
    page.context.close()


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


def ink(canvas: Locator, which: str = "canvas.paper") -> np.ndarray:
    """Read a picture: 0 (paper) to 255 (ink)."""
    return 255 - np.array(
        canvas.locator(which).evaluate(
            """canvas => {
                const {width, height} = canvas;
                const image = canvas.getContext("2d").getImageData(0, 0, width, height);
                const red = [...image.data].filter((_, place) => place % 4 === 0);
                return Array.from({length: height}, () => red.splice(0, width));
            }"""
        )
    )


def expect_status(shown: Locator, text: str | re.Pattern) -> None:
    expect(shown.get_by_role("status")).to_have_text(text)


# The canvas.


@pytest.mark.parametrize(("digit", "points"), [(1, ONE), (0, ZERO)])
def test_a_digit_drawn_off_the_middle_is_read_by_all(page, canvas, digit, points):
    expect_status(canvas, "The canvas is empty: draw a digit.")
    draw(page, canvas, points)
    expect_status(canvas, f"All 2 networks say {digit}.")
    verdicts = canvas.locator(".verdict").all_inner_texts()
    assert verdicts[1] == f"{digit} (10 %)"
    assert canvas.locator(".highest .digit").all_inner_texts() == [str(digit)] * 2
    # As soon as the pen rests, the nearest training images.
    labels = canvas.locator(".nearest figcaption")
    expect(labels).to_have_text([str(digit)] * drawing.NEAREST)
    seen = ink(canvas, ".seen canvas")
    centre = ndimage.center_of_mass(seen)
    np.testing.assert_allclose(centre, (14, 14), atol=0.5 + 1e-9)


def test_two_digits_are_not_taken_for_one_in_silence(page, canvas):
    draw(page, canvas, [(60, 60), (60, 200)])
    expect_status(canvas, "All 2 networks say 1.")
    draw(page, canvas, [(180, 60), (180, 200)])
    expect_status(canvas, re.compile("This looks like more than one digit"))


def test_bars_follow_while_the_pen_is_down(page, canvas):
    """A screen reader hears of it when the stroke is finished."""
    frame = canvas.locator("canvas.paper").bounding_box()
    page.mouse.move(frame["x"] + 60, frame["y"] + 60)
    page.mouse.down()
    page.mouse.move(frame["x"] + 60, frame["y"] + 200, steps=5)
    expect(canvas.locator(".highest .digit")).to_have_text(["1", "1"])
    expect_status(canvas, "Drawing …")
    page.mouse.up()
    expect_status(canvas, "All 2 networks say 1.")


def test_undo_takes_back_a_stroke_and_clear_all(page, canvas):
    draw(page, canvas, ONE)
    one = ink(canvas)
    draw(page, canvas, [(60, 220), (220, 220)])
    assert (ink(canvas) != one).any()
    canvas.get_by_role("button", name="Undo").click()
    np.testing.assert_array_equal(ink(canvas), one)
    # The notebook, which would cut the cell, does not get the key.
    page.keyboard.press("x")
    canvas.get_by_role("button", name="Clear").click()
    assert not ink(canvas).any()
    expect_status(canvas, "The canvas is empty: draw a digit.")


def test_the_keyboard_draws(page, canvas):
    paper = canvas.locator("canvas.paper")
    paper.focus()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    # Once, though it repeats, as that of a key that is held.
    page.keyboard.down("Space")
    page.keyboard.down("Space")
    page.keyboard.up("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    expect_status(canvas, "Drawing …")
    page.keyboard.press("Space")
    expect_status(canvas, "All 2 networks say 1.")
    expect(paper).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_status(canvas, "The canvas is empty: draw a digit.")
    # The button, disabled, would lose it.
    expect(paper).to_be_focused()


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
    expect_status(canvas, "All 2 networks say 1.")
    assert canvas.locator("canvas.paper").bounding_box() == frame


def test_a_silent_kernel_is_told_of_until_it_answers(page, canvas):
    # Messages of widgets are answered while a cell runs; so all of it is halted.
    process = int(output(page, 0).locator("pre").inner_text())
    os.kill(process, signal.SIGSTOP)
    try:
        draw(page, canvas, ONE)
        expect_status(canvas, re.compile("The kernel does not answer"))
    finally:
        os.kill(process, signal.SIGCONT)
    draw(page, canvas, ONE)
    expect_status(canvas, "All 2 networks say 1.")


# The table of errors.


def chosen(table: Locator) -> set[tuple[str, str]]:
    """Read true and predicted digit off the images that are shown."""
    return {
        re.search(r"predicted (\d) .*true (\d)", caption, re.DOTALL).groups()[::-1]
        for caption in table.locator("figcaption").all_inner_texts()
    }


def test_a_cell_shows_the_images_behind_it(page, table):
    """By mouse and by arrow keys, up from true 9 and left from predicted 7."""
    expect_status(table, re.compile(r"Images 1 to 12 of \d+, the surest first\."))
    assert all(true != predicted for true, predicted in chosen(table))
    cell = table.get_by_role("button", name=re.compile("true 9, predicted 7: "))
    cell.click()
    expect_status(table, f"Images 1 to 12 of {cell.inner_text()}, the surest first.")
    assert chosen(table) == {("9", "7")}
    for key in 3 * ["ArrowUp"] + ["ArrowLeft"]:
        page.keyboard.press(key)
    cell = table.get_by_role("button", name=re.compile("true 6, predicted 6: "))
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("aria-current", "true")
    expect_status(table, f"Images 1 to 12 of {cell.inner_text()}, the surest first.")
    assert chosen(table) == {("6", "6")}


def test_filters_narrow_the_choice_and_pages_turn(page, table):
    table.get_by_label("mistakes only").uncheck()
    expect_status(table, re.compile("Images 1 to 12 of 12600, "))
    previous = table.get_by_role("button", name="Previous")
    expect(previous).to_be_disabled()
    table.get_by_role("button", name="Next").click()
    expect_status(table, re.compile("Images 13 to 24 of 12600, "))
    previous.focus()
    page.keyboard.press("Enter")
    expect_status(table, re.compile("Images 1 to 12 of 12600, "))
    # It has no effect any more, and keeps the focus.
    page.keyboard.press("Enter")
    expect(previous).to_be_focused()
    table.get_by_label("true digit").select_option("9")
    table.get_by_label("predicted digit").select_option("4")
    expect_status(table, re.compile("Images 1 to 12 of 100, "))
    assert chosen(table) == {("9", "4")}
    table.get_by_label("true digit").select_option("0")
    expect_status(table, "There is no such image.")


# The sliders.


def rows(panel: Locator) -> list[list[str]]:
    """Read the comparison, without its heading, accuracies and seconds."""
    texts = panel.locator(".comparison tbody tr").all_inner_texts()
    return [text.split("\t")[:6] for text in texts]


def test_sliders_train_networks_and_compare_them(page):
    panel = output(page, 3)
    expect_status(panel, "Validation accuracy compares the networks.")
    button = panel.get_by_role("button", name="Train", exact=True)
    button.click()
    expect_status(panel, re.compile("network 1 was trained"))
    # By keyboard: two steps to the right.
    units = panel.get_by_role("slider", name="hidden units", exact=True)
    units.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(units).to_have_attribute("aria-valuetext", "32")
    button.focus()
    page.keyboard.press("Enter")
    expect_status(panel, re.compile("network 2 was trained"))
    expect(
        panel.get_by_role("img", name="Validation accuracy by epoch")
    ).to_be_visible()
    assert rows(panel) == [
        ["1", "8", "0.005", "32", "1", "6,370"],
        ["2", "32", "0.005", "32", "1", "25,450"],
    ]
    # An error is shown in its place.
    panel.get_by_role("slider", name="learning rate", exact=True).focus()
    page.keyboard.press("Home")
    button.click()
    expect_status(panel, "ValueError: so slow a network is not built")
    expect(button).to_have_attribute("aria-disabled", "false")


# All of them.


def test_a_screen_reader_finds_its_way(page, canvas, tmp_path):
    """By axe, in both themes."""
    draw(page, canvas, ZERO)
    expect_status(canvas, "All 2 networks say 0.")
    for theme in ("light", "dark"):
        if theme == "dark":
            use_dark(page)
        found = Axe().run(page, context=".mnist-exploring")
        assert found.response["violations"] == [], found.generate_report()
        assert found.response["passes"]
        page.screenshot(path=tmp_path / f"{theme}.png")


# Pixels by which what is in an element is wider than the element.
OVERHANG = """root => {
    const parts = root.querySelectorAll(".mnist-exploring, .mnist-exploring *");
    const hidden = part => part.scrollWidth - part.clientWidth;
    return Math.max(...[...parts].filter(part => part.clientWidth).map(hidden));
}"""


def test_a_narrow_window_hides_nothing(page, canvas, tmp_path):
    draw(page, canvas, ZERO)
    expect(canvas.locator(".nearest figure")).to_have_count(drawing.NEAREST)
    page.set_viewport_size({"width": 800, "height": 900})
    # The sliders' comparison, of eight columns, scrolls.
    for cell in (1, 2):
        output(page, cell).scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / f"{cell}.png")
        assert output(page, cell).evaluate(OVERHANG) <= 0
    page.set_viewport_size({"width": DESK, "height": 900})


def save(page: Page, path) -> nbformat.NotebookNode:
    """Save a notebook that has run to its end, and read it."""
    choose(page, "File", "Save Notebook")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    return nbformat.read(path, as_version=4)


def test_a_saved_notebook_has_a_sentence_in_the_place_of_each_widget(
    browser, laboratory, folder, page
):
    assert page.troubles == []
    notebook = save(page, folder / "widgets.ipynb")
    sentences = [drawing.INSTEAD, error_table.INSTEAD, what_if.INSTEAD]
    stored = [cell.outputs for cell in notebook.cells[1:]]
    assert [shown.data["text/plain"] for [shown] in stored] == sentences
    assert "widget-view" not in nbformat.writes(notebook)
    # A page that is loaded again finds the widgets in the running kernel.
    page.reload()
    expect_status(output(page, 1), "The canvas is empty: draw a digit.")
    # The restarted kernel's page has them, without effect.
    choose(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(state="attached")
    draw(page, output(page, 1), ONE)
    expect_status(output(page, 1), GONE)
    # Opened again, there are the sentences.
    reopened = open_notebook(browser, laboratory, "widgets.ipynb")
    for cell, sentence in enumerate(sentences, 1):
        output(reopened, cell).scroll_into_view_if_needed()
        expect(output(reopened, cell)).to_have_text(sentence)
    assert reopened.troubles == []
    reopened.context.close()


def test_curves_are_shown_until_an_interrupt_ends_the_training(
    browser, laboratory, folder
):
    page = open_notebook(browser, laboratory, "live.ipynb")
    page.set_default_timeout(PATIENCE)
    choose(page, "Run", "Run All Cells")
    shown = output(page, 1)
    curves = shown.get_by_role("img", name="Learning curves of")
    expect(curves).to_be_visible()
    expect(shown).to_contain_text("s left")
    choose(page, "Kernel", "Interrupt Kernel")
    wait_until_run(page)
    assert errors(page) == []
    expect(shown).to_contain_text("interrupted: the training stops")
    # What a headless run leaves, too: a line for each epoch.
    [lines, note] = save(page, folder / "live.ipynb").cells[1].outputs
    assert set(lines.data) == {"text/plain"}
    assert note.output_type == "stream"
    epochs = lines.data["text/plain"].count("\n") + 1
    assert 1 < epochs < 1000
    expect(output(page, 2)).to_contain_text(f"{epochs} epochs, the model is kept")
    assert page.troubles == []
    page.context.close()
