"""Notebook 04 on MNIST as a student meets it: run in JupyterLab, and drawn into."""

import re
import shutil

import pytest
from browsers import needs_browser
from lab import (
    errors,
    open_notebook,
    run_all,
    start_laboratory,
)
from notebook_runs import ROOT, environment
from playwright.sync_api import expect
from test_lab_drawing import ONE, ZERO, chosen, draw, expect_status

from mnist_helpers.data.mnist import DATA_VARIABLE, load_mnist

pytestmark = [pytest.mark.notebooks, needs_browser]

SECONDS = 900  # far more than it takes


@pytest.fixture
def checkout(tmp_path):
    """The notebook by itself, which JupyterLab saves; with short trainings."""
    copy = tmp_path / "checkout" / "notebooks" / "04_cnn.ipynb"
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / copy.name, copy)
    source = copy.read_text(encoding="utf-8")
    for name, epochs in (("EPOCHS", 1), ("DENSE_EPOCHS", 2)):
        pattern = rf'"{name}: int = \d+ '
        assert len(re.findall(pattern, source)) == 1
        source = re.sub(pattern, f'"{name}: int = {epochs} ', source)
    copy.write_text(source, encoding="utf-8")
    return copy.parents[1]


def test_the_course_is_run_and_drawn_into(browser, tmp_path, checkout):
    if not load_mnist().is_mnist:
        pytest.skip("no MNIST to be had; the stand-in's networks read no drawings")
    variables = {
        DATA_VARIABLE: environment().get(DATA_VARIABLE, ""),
        "MNIST_HELPERS_OUTPUT": str(tmp_path / "output"),
    }
    with start_laboratory(tmp_path, checkout, **variables) as server:
        page = open_notebook(browser, server, "04_cnn.ipynb")
        page.screenshot(path=tmp_path / "opened.png")
        run_all(page, SECONDS)
        page.screenshot(path=tmp_path / "run.png")
        assert errors(page) == []

        canvas = page.locator(".mnist-exploring", has=page.locator(".paper"))
        expect_status(canvas, "The canvas is empty: draw a digit.")
        for digit, points in ((1, ONE), (0, ZERO)):
            draw(page, canvas, points)
            expect_status(canvas, f"All 3 networks say {digit}.")
            canvas.screenshot(path=tmp_path / f"drawn-{digit}.png")
            canvas.get_by_role("button", name="Clear").click()

        table = page.locator(".mnist-exploring", has=page.locator("table"))
        cell = table.get_by_role("button", name="true 4, predicted 9: ")
        cell.scroll_into_view_if_needed()
        cell.click()
        count = cell.inner_text()
        expect_status(table, re.compile(f"of {count}, the surest first"))
        assert set(chosen(table)) == {("4", "9")}
        table.screenshot(path=tmp_path / "errors.png")
        expect(table.locator("td button")).to_have_count(100)

        assert page.troubles == []
    # What the notebook shows headlessly stands there too, and is written.
    assert (tmp_path / "output" / "figures" / "04_drawing.png").exists()
    assert (tmp_path / "output" / "results" / "04_cnn.json").exists()
