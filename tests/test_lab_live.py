"""The notebooks, the growing curves and the sliders, as a student meets them."""

import json
import os
import re

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import PHONE, needs_browser
from jupyter_client.manager import start_new_kernel
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
from nbformat.v4 import new_code_cell
from notebook_runs import NOTEBOOKS, ROOT
from playwright.sync_api import Locator, Page, expect
from waiting import wait_until

from mnist_helpers.data.mnist import DATA_VARIABLE, STAND_IN
from mnist_helpers.files import OUTPUT_VARIABLE
from mnist_helpers.widgets.what_if import INSTEAD

pytestmark = [pytest.mark.slow, needs_browser]

# The README's, of a network that another notebook trains.
[EXAMPLE] = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
)
# For what takes seconds, on a machine that has other things to do.
PATIENCE_SECONDS = 180
# Of each notebook, to draw on; in 02 the README's is the second.
CANVASES = {"01_loading": 0, "02_small_mlp": 2, "03_wide_mlp": 1, "04_cnn": 1}

SETUP = """
from mnist_helpers import preprocessing
from mnist_helpers.training import fitting as training
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.widgets import what_if
from mnist_helpers.environment.tensorflow import keras

data = load_mnist()
inputs = preprocessing.flatten_images(preprocessing.scale_images(data.train_images))
labels = data.train_labels

def build(hidden_units, learning_rate, seed):
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([
        keras.Input(shape=(784,)),
        keras.layers.Dense(hidden_units, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    if learning_rate == 0.0001:
        raise ValueError("so slow a network is not built")
    return network
"""
TRAIN = """
model = build(8, 0.005, 1)
history = training.fit(
    model, inputs, labels, validation_data=(inputs, labels),
    epochs=1000, batch_size=32, seed=1, callbacks=[training.Progress()],
)
"""
AFTERWARDS = """
_loss, accuracy = model.evaluate(inputs, labels, verbose=0)
kept = abs(accuracy - history.history["val_accuracy"][-1]) < 1e-6
print(len(history.epoch), "epochs,", "the model is kept" if kept else "it is not")
"""
SLIDERS = """
what_if.explore(
    build, (inputs, labels), (inputs, labels),
    hidden_units=8, learning_rate=0.005, batch_size=32,
)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Copy the notebooks, to be run quickly: with no outputs, and of one epoch."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = re.sub(r"(EPOCHS: int) = \d+", r"\1 = 1", cell.source)
        if path.stem == "02_small_mlp":
            notebook.cells.append(new_code_cell(EXAMPLE))
        (folder / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "notebooks" / path.name)
    write_notebook(folder / "notebooks" / "live.ipynb", SETUP, TRAIN, AFTERWARDS)
    write_notebook(folder / "notebooks" / "sliders.ipynb", SETUP, SLIDERS)
    return folder


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory, checkout):
    folder = tmp_path_factory.mktemp("laboratory")
    settings = {DATA_VARIABLE: STAND_IN, OUTPUT_VARIABLE: str(folder / "output")}
    with start_laboratory(folder, checkout, **settings) as server:
        yield server


def save(page: Page, path) -> nbformat.NotebookNode:
    """Save a notebook that has run to its end, and read it."""
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    return nbformat.read(path, as_version=4)


def rows(shown: Page | Locator) -> list[list[str]]:
    """Read the comparison, without its heading and its seconds."""
    texts = shown.locator(".comparison tbody tr").all_inner_texts()
    return [text.split("\t")[:6] for text in texts]


def ask_what_if(page: Page) -> None:
    """Train a network of twice the hidden units, and wait for its row."""
    units = page.get_by_role("slider", name="hidden units", exact=True)
    chosen = int(units.get_attribute("aria-valuetext"))
    units.focus()
    page.keyboard.press("ArrowRight")
    button = page.get_by_role("button", name="Train", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute(
        "aria-disabled", "false", timeout=1000 * PATIENCE_SECONDS
    )
    [row] = rows(page)
    assert row[:2] == ["1", str(2 * chosen)]


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_at_the_first_try(
    browser, laboratory, checkout, tmp_path, name
):
    page = open_notebook(browser, laboratory, f"{name}.ipynb")
    run_all(page, PATIENCE_SECONDS)
    assert errors(page) == []
    page.screenshot(path=tmp_path / "run.png")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    notebook = save(page, checkout / "notebooks" / f"{name}.ipynb")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o.text for o in outputs if o.get("name") == "stderr"]
    assert "1 of 1 epoch; best: epoch 1" in str(outputs)
    headings = page.locator(".jp-TableOfContents-content")
    page.get_by_role("tab", name="Table of Contents").click()
    for heading in ("Setup", "Parameters", "Summary", "Exercises"):
        expect(headings.get_by_text(heading, exact=True)).to_be_visible()
    page.screenshot(path=tmp_path / "contents.png")
    expect(page.locator("canvas.paper")).to_have_count(CANVASES[name])
    if "what_if.explore(" in str(cells):
        ask_what_if(page)
    choose(page, "Kernel", "Shut Down Kernel")
    assert page.troubles == []
    page.context.close()


def curves(page: Page) -> Locator:
    return output(page, 1).get_by_role("img", name="Accuracy and loss of training")


def epochs_drawn(page: Page) -> int:
    alt = curves(page).get_attribute("alt")
    return int(re.search(r": (\d+) of 1000 epochs", alt)[1])


def test_curves_grow_and_an_interrupt_ends_the_training(browser, laboratory, tmp_path):
    page = open_notebook(browser, laboratory, "live.ipynb")
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    choose(page, "Run", "Run All Cells")
    curves(page).wait_for()
    wait_until(lambda: epochs_drawn(page) > 1, PATIENCE_SECONDS)
    earlier = epochs_drawn(page)
    wait_until(lambda: epochs_drawn(page) > earlier, PATIENCE_SECONDS)
    expect(output(page, 1)).to_contain_text("s left")
    page.screenshot(path=tmp_path / "growing.png")
    choose(page, "Kernel", "Interrupt Kernel")
    wait_until_run(page, PATIENCE_SECONDS)
    page.screenshot(path=tmp_path / "interrupted.png")
    assert errors(page) == []
    expect(output(page, 1)).to_contain_text("interrupted: the training stops")
    expect(output(page, 1)).not_to_contain_text("s left")
    assert epochs_drawn(page) < 1000
    said = f"{epochs_drawn(page)} epochs, the model is kept"
    expect(output(page, 2)).to_contain_text(said)
    assert page.troubles == []
    page.context.close()


def test_sliders_train_networks_and_compare_them(browser, laboratory, tmp_path):
    page = open_notebook(browser, laboratory, "sliders.ipynb")
    patience = 1000 * PATIENCE_SECONDS
    run_all(page, PATIENCE_SECONDS)
    panel = output(page, 1)
    status = panel.get_by_role("status")
    expect(status).to_have_text("Validation accuracy compares the networks.")
    status.evaluate("element => { element.isTheFirst = true; }")
    button = panel.get_by_role("button", name="Train", exact=True)
    button.click()
    # It keeps the focus, and a second click has no effect meanwhile.
    expect(button).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    expect(status).to_contain_text("network 1 was trained", timeout=patience)
    expect(button).to_have_attribute("aria-disabled", "false")
    # By keyboard alone: two steps to the right. The notebook, which would cut the cell,
    # gets no key.
    page.keyboard.press("x")
    units = panel.get_by_role("slider", name="hidden units", exact=True)
    units.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(units).to_have_attribute("aria-valuetext", "32")
    expect(panel.get_by_text("32", exact=True).first).to_be_visible()
    page.keyboard.press("x")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(status).to_contain_text("network 2 was trained", timeout=patience)
    picture = panel.get_by_role("img", name="Validation accuracy by epoch")
    picture.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "compared.png")
    assert rows(panel) == [
        ["1", "8", "0.005", "32", "1", "6,370"],
        ["2", "32", "0.005", "32", "1", "25,450"],
    ]
    # An error is shown, and the next training works.
    rate = panel.get_by_role("slider", name="learning rate", exact=True)
    rate.focus()
    page.keyboard.press("Home")
    expect(rate).to_have_attribute("aria-valuetext", "0.0001")
    button.click()
    said = "ValueError: so slow a network is not built"
    expect(status).to_have_text(said, timeout=patience)
    page.screenshot(path=tmp_path / "error.png")
    expect(button).to_have_attribute("aria-disabled", "false")
    # What is read aloud must change in its place.
    assert status.evaluate("element => element.isTheFirst")
    for theme in ("light", "dark"):
        if theme == "dark":
            use_dark(page)
        found = Axe().run(page, context=".mnist-exploring")
        assert found.response["violations"] == [], found.generate_report()
        assert found.response["passes"]
        page.screenshot(path=tmp_path / f"{theme}.png")
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.keyboard.press("ControlOrMeta+b")
    panel.scroll_into_view_if_needed()
    room = panel.bounding_box()["width"]
    for part in (".knobs", ".slider", "img", ".comparison"):
        for place in panel.locator(part).all():
            assert place.bounding_box()["width"] <= room
    page.screenshot(path=tmp_path / "phone.png")
    assert page.troubles == []
    page.context.close()


@pytest.mark.parametrize("command", ["Shut Down Kernel", "Restart Kernel…"])
def test_a_panel_whose_kernel_does_not_answer_says_so(browser, laboratory, command):
    page = open_notebook(browser, laboratory, "sliders.ipynb")
    run_all(page, PATIENCE_SECONDS)
    panel = output(page, 1)
    panel.get_by_role("button", name="Train", exact=True).wait_for()
    choose(page, "Kernel", command)
    if command == "Restart Kernel…":
        page.get_by_role("button", name="Confirm Kernel Restart").click()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    panel.get_by_role("button", name="Train", exact=True).click()
    expect(panel.get_by_role("status")).to_contain_text("run the notebook again")
    page.context.close()


def test_without_a_widget_manager_there_is_a_line(browser, checkout, tmp_path):
    """What a front end that knows no widgets shows, as JupyterLab without theirs."""
    config = tmp_path / "config" / "labconfig" / "page_config.json"
    config.parent.mkdir(parents=True)
    disabled = {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}
    config.write_text(json.dumps(disabled))
    settings = {DATA_VARIABLE: STAND_IN, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    with start_laboratory(tmp_path, checkout, **settings) as server:
        page = open_notebook(browser, server, "sliders.ipynb")
        run_all(page, PATIENCE_SECONDS)
        assert errors(page) == []
        expect(output(page, 1)).to_have_text(INSTEAD)
        page.context.close()


def test_a_kernel_knows_whether_a_front_end_names_the_cell():
    """Ask as VS Code does, and as nbclient does, by whichever papermill runs."""
    source = (
        "from mnist_helpers.training.front_end import has_front_end as h; print(h())"
    )
    manager, client = start_new_kernel(env=os.environ | {"PYTHONPATH": str(ROOT)})
    printed = []
    try:
        for metadata in ({"cellId": "vscode-notebook-cell:one"}, {}):
            request = {"code": source, "silent": False, "store_history": True}
            client.shell_channel.send(
                client.session.msg("execute_request", request, metadata=metadata)
            )
            client.get_shell_msg(timeout=60)
        while len(printed) < 2:
            content = client.get_iopub_msg(timeout=60)["content"]
            printed += content.get("text", "").split()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert printed == ["True", "False"]
