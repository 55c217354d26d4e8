"""The notebooks, the growing curves and the sliders, as a student meets them."""

import os
import re

import nbformat
import pytest
from browsers import needs_browser
from jupyter_client.manager import start_new_kernel
from lab import (
    choose,
    errors,
    open_notebook,
    output,
    run_all,
    start_laboratory,
    wait_until_run,
    write_notebook,
)
from notebook_runs import NOTEBOOKS, ROOT
from playwright.sync_api import Locator, Page, expect
from waiting import wait_until

from mnist_helpers.data import DATA_VARIABLE, STAND_IN
from mnist_helpers.folders import OUTPUT_VARIABLE

pytestmark = [pytest.mark.slow, needs_browser]

# For what takes seconds, on a machine that has other things to do.
PATIENCE_SECONDS = 180

SETUP = """
from mnist_helpers import preprocessing, training
from mnist_helpers.data import load_mnist
from mnist_helpers.exploring import what_if
from mnist_helpers.quiet import keras

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
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    run_all(page, PATIENCE_SECONDS)
    panel = output(page, 1)
    button = panel.get_by_role("button", name="Train")
    panel.get_by_text("Validation accuracy compares").wait_for()
    page.screenshot(path=tmp_path / "sliders.png")
    button.click()
    panel.get_by_text("network 1 was trained").wait_for()
    # By keyboard alone: two steps to the right.
    panel.get_by_role("slider").nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    button.focus()
    page.keyboard.press("Enter")
    panel.get_by_text("network 2 was trained").wait_for()
    picture = panel.get_by_role("img", name="Validation accuracy by epoch")
    picture.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "compared.png")
    rows = panel.get_by_role("row").all_inner_texts()
    assert [row.split("\t")[:6] for row in rows[1:]] == [
        ["1", "8", "0.005", "32", "1", "6,370"],
        ["2", "32", "0.005", "32", "1", "25,450"],
    ]
    # An error is shown, and the next training works.
    panel.get_by_role("slider").nth(1).focus()
    page.keyboard.press("Home")
    button.click()
    panel.get_by_text("ValueError: so slow a network is not built").wait_for()
    page.screenshot(path=tmp_path / "error.png")
    page.keyboard.press("ArrowRight")
    expect(button).to_be_enabled()
    assert page.troubles == []
    page.context.close()


def test_a_kernel_knows_whether_a_front_end_names_the_cell():
    """Ask as VS Code does, and as nbclient does, by whichever papermill runs."""
    source = "from mnist_helpers.front_end import has_front_end as h; print(h())"
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
