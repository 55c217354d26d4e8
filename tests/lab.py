"""JupyterLab in the system's Chromium, as a student meets it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from browsers import DESK
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page
from waiting import wait_until

ROOT = Path(__file__).parents[1]
ERRORS = ".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']"
# A front end asks once whether it may fetch news, in a dialog over the notebook.
SETTINGS = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


def find_server(runtime: Path) -> dict | None:
    """Read how a server describes itself, which it does before it can be reached."""
    for path in runtime.glob("jpserver-*.json"):
        try:
            described = json.loads(path.read_text())
            with socket.create_connection((described["hostname"], described["port"])):
                return described
        except (ValueError, OSError):  # half written, or not listening yet
            continue
    return None


@contextmanager
def start_laboratory(
    folder: Path, checkout: Path = ROOT, **variables: str
) -> Iterator[dict]:
    """Start JupyterLab as ``make lab`` does, without a browser.

    ``folder`` is for what it writes; it shows the folder ``notebooks`` of ``checkout``.
    The server is given as it describes itself: its ``url``, ``token`` and so on.
    """
    settings = folder / "settings" / SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(NO_NEWS))
    command = [sys.executable, "-m", "jupyterlab", "notebooks"]
    command += ["--no-browser", "--port=0", "--allow-root"]
    environment = os.environ | {
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "HOME": str(folder),
        # The package that is tested, wherever another is installed.
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            command, cwd=checkout, env=environment | variables, stdout=log, stderr=log
        )
        try:
            wait_until(lambda: find_server(folder / "runtime"))
            yield find_server(folder / "runtime")
        finally:
            # It ends its kernels first.
            server.terminate()
            server.wait()


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook of these code cells for the ordinary kernel."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        cells=[new_code_cell(source) for source in sources],
        metadata={"kernelspec": kernel},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def open_notebook(browser: Browser, server: dict, name: str) -> Page:
    """Open a notebook of the server's folder; what goes wrong is in ``troubles``."""
    viewport = {"width": DESK, "height": 900}
    page = browser.new_context(viewport=viewport).new_page()
    page.troubles = []
    page.on(
        "console",
        lambda message: message.type == "error" and page.troubles.append(message.text),
    )
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.goto(f"{server['url']}lab/tree/{name}?token={server['token']}&reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    # Cells that are run before the kernel has told that it is ready would not run.
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(
        state="attached", timeout=60_000
    )
    return page


def run_all(page: Page) -> None:
    """Choose *Run All Cells* in the menu, and wait until every cell has run."""
    choose(page, "Run", "Run All Cells")
    wait_until_run(page)


def wait_until_run(page: Page) -> None:
    """Wait until every code cell has a number, or one shows an error."""
    page.wait_for_function(
        """errors => {
            const cells = [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")];
            const sign = cell =>
                cell.querySelector(".jp-InputPrompt").textContent.trim();
            const said = [...document.querySelectorAll(errors)];
            const failed = said.some(each => each.textContent.includes("Traceback"));
            return failed || cells.every(cell => /^\\[[0-9]+\\]:$/.test(sign(cell)));
        }""",
        arg=ERRORS,
        timeout=60_000,
    )


def errors(page: Page) -> list[str]:
    """List the texts of errors that cells show."""
    return page.locator(ERRORS, has_text="Traceback").all_inner_texts()


def output(page: Page, cell: int) -> Locator:
    """Find what the code cell of a number, from 0, shows."""
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    return cells.nth(cell).locator(".jp-Cell-outputArea")


def choose(page: Page, *names: str) -> None:
    """Choose an entry of a menu."""
    labels = page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel")
    for name in names:
        labels.get_by_text(name, exact=True).click()


def use_dark(page: Page) -> None:
    """Choose JupyterLab's dark theme in its menu."""
    choose(page, "Settings", "Theme", "JupyterLab Dark")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
