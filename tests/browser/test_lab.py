"""The widgets and the live curves, as a student meets them in JupyterLab."""

import math
import re

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import needs_browser
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
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from scipy import ndimage

from mnist_helpers.widgets import drawing, what_if
from mnist_helpers.widgets import errors as error_table

pytestmark = [pytest.mark.slow, needs_browser]

SETUP = """
import numpy as np
from mnist_helpers import preprocessing, training
from mnist_helpers.data import load_mnist
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.widgets import drawing, errors, what_if

data = load_mnist()
labels = data.train_labels
inputs = preprocessing.flatten_images(preprocessing.scale_images(data.train_images))

def build(hidden_units, learning_rate, seed):
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(hidden_units, activation="relu")
    digits = keras.layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input((784,)), hidden, digits])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network
"""
# A network that needs no training: each digit is compared with the means of the
# stand-in's.
CANVAS = """
means = np.stack([inputs[labels == digit].mean(axis=0) for digit in range(10)])
digits = keras.layers.Dense(10, activation="softmax")
network = keras.Sequential([keras.Input((784,)), digits])
digits.set_weights([3 * means.T, -3 * (means**2).sum(axis=1) / 2])
drawing.draw({"means": network, "again": network}, inputs, labels)
"""
# Counts of four digits, as on MNIST: each test image fifty times.
TABLE = """
images = np.repeat(data.test_images, 50, axis=0)
scaled = preprocessing.flatten_images(preprocessing.scale_images(images))
probabilities = network.predict(scaled, verbose=0)
errors.explore(images, np.repeat(data.test_labels, 50), probabilities)
"""
SLIDERS = """
start = {"hidden_units": 8, "learning_rate": 0.005, "batch_size": 32}
what_if.explore(build, (inputs, labels), (inputs, labels), **start)
"""
TRAIN = """
model = build(8, 0.005, 1)
settings = {"epochs": 1000, "batch_size": 32, "callbacks": [training.Progress()]}
history = training.fit(
    model, inputs, labels, validation_data=(inputs, labels), seed=1, **settings
)
"""
AFTERWARDS = """
_loss, accuracy = model.evaluate(inputs, labels, verbose=0)
kept = abs(accuracy - history.history["val_accuracy"][-1]) < 1e-6
print(len(history.epoch), "epochs,", "the model is kept" if kept else "it is not")
"""
ZERO = [
    (140 + 55 * math.sin(angle), 130 - 80 * math.cos(angle))
    for angle in np.linspace(0, 2 * math.pi, 30)
]
EMPTY = "The canvas is empty: draw a digit."
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
    """The widgets, run once for all tests."""
    page = open_notebook(browser, laboratory, "widgets.ipynb")
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
    return shown


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


def ink(canvas: Locator, which: str) -> np.ndarray:
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


def test_a_digit_drawn_off_the_middle_is_read_by_all(page, canvas):
    expect_status(canvas, EMPTY)
    draw(page, canvas, ZERO)
    expect_status(canvas, "All 2 networks say 0.")
    assert canvas.locator(".highest .digit").all_inner_texts() == ["0", "0"]
    # As soon as the pen rests, the nearest training images.
    labels = canvas.locator(".nearest figcaption")
    expect(labels).to_have_text(["0"] * drawing.NEAREST)
    centre = ndimage.center_of_mass(ink(canvas, ".seen canvas"))
    np.testing.assert_allclose(centre, (14, 14), atol=0.5 + 1e-9)
    canvas.get_by_role("button", name="Undo").click()
    assert not ink(canvas, "canvas.paper").any()
    expect_status(canvas, EMPTY)


def test_a_photograph_is_read_or_refused(page, canvas, tmp_path):
    dark_on_light = 255 - drawing.sample_drawings()["2"]
    Image.fromarray(dark_on_light).save(tmp_path / "photo.png")
    (tmp_path / "notes.txt").write_text("no photograph")
    chosen, readings = canvas.locator("input[type=file]"), canvas.locator(".readings")
    chosen.set_input_files(tmp_path / "photo.png")
    read = re.compile(r"^2 \(.* %\)$")
    expect(readings.locator("td")).to_have_text([read, read])
    chosen.set_input_files(tmp_path / "notes.txt")
    expect(readings).to_contain_text("no image; expected a photograph")


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
    expect_status(canvas, EMPTY)
    # The button, disabled, would lose it.
    expect(paper).to_be_focused()


def test_a_cell_shows_the_images_behind_it(page):
    """By mouse and by arrow keys, up from true 9 and left from predicted 7."""
    table = output(page, 2)
    table.scroll_into_view_if_needed()
    expect_status(table, re.compile(r"Images 1 to 12 of \d+, the surest first\."))
    table.get_by_role("button", name=re.compile("true 9, predicted 7: ")).click()
    for key in 3 * ["ArrowUp"] + ["ArrowLeft"]:
        page.keyboard.press(key)
    cell = table.get_by_role("button", name=re.compile("true 6, predicted 6: "))
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("aria-current", "true")
    expect_status(table, f"Images 1 to 12 of {cell.inner_text()}, the surest first.")
    table.get_by_role("button", name="Next").click()
    expect_status(table, re.compile("Images 13 to 24 of "))
    for caption in table.locator("figcaption").all_inner_texts():
        assert re.search(r"predicted 6 .*true 6", caption, re.DOTALL)
    table.get_by_label("predicted digit").select_option("0")
    table.get_by_label("true digit").select_option("1")
    expect_status(table, "There is no such image.")


def test_sliders_train_networks_and_compare_them(page):
    panel = output(page, 3)
    button = panel.get_by_role("button", name="Train", exact=True)
    button.click()
    expect_status(panel, re.compile("network 1 was trained"))
    units = panel.get_by_role("slider", name="hidden units", exact=True)
    units.focus()
    page.keyboard.press("ArrowRight")
    expect(units).to_have_attribute("aria-valuetext", "16")
    button.focus()
    page.keyboard.press("Enter")
    expect_status(panel, re.compile("network 2 was trained"))
    curves = panel.get_by_role("img", name=re.compile("^Validation accuracy: the best"))
    expect(curves).to_be_visible()
    rows = panel.locator(".comparison tbody tr").all_inner_texts()
    assert [row.split("\t")[1] for row in rows] == ["8", "16"]


def test_a_screen_reader_finds_its_way(page, canvas):
    """By axe, in both themes."""
    draw(page, canvas, ZERO)
    expect_status(canvas, "All 2 networks say 0.")
    for theme in ("light", "dark"):
        if theme == "dark":
            use_dark(page)
        found = Axe().run(page, context=".mnist-exploring")
        assert found.response["violations"] == [], found.generate_report()
        assert found.response["passes"]


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
    expect_status(output(page, 1), EMPTY)
    # The restarted kernel's page has them, without effect.
    choose(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(state="attached")
    draw(page, output(page, 1), ZERO)
    expect_status(output(page, 1), GONE)
    # Opened again, there are the sentences.
    reopened = open_notebook(browser, laboratory, "widgets.ipynb")
    for cell, sentence in enumerate(sentences, 1):
        output(reopened, cell).scroll_into_view_if_needed()
        expect(output(reopened, cell)).to_have_text(sentence)
    reopened.context.close()


def test_curves_are_shown_until_an_interrupt_ends_the_training(
    browser, laboratory, folder
):
    page = open_notebook(browser, laboratory, "live.ipynb")
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    choose(page, "Run", "Run All Cells")
    shown = output(page, 1)
    expect(shown.get_by_role("img", name="Learning curves of")).to_be_visible()
    expect(shown).to_contain_text("s left")
    choose(page, "Kernel", "Interrupt Kernel")
    wait_until_run(page)
    assert errors(page) == []
    # What a headless run leaves, too: a line for each epoch.
    [lines, note] = save(page, folder / "live.ipynb").cells[1].outputs
    assert set(lines.data) == {"text/plain"}
    assert "interrupted: the training stops" in note.text
    epochs = lines.data["text/plain"].count("\n") + 1
    assert 1 < epochs < 1000
    expect(output(page, 2)).to_contain_text(f"{epochs} epochs, the model is kept")
    assert page.troubles == []
    page.context.close()
