"""What several test modules are given."""

import pytest
from browsers import CHROMIUM


@pytest.fixture(scope="module")
def browser():
    # Most tests need no browser, and so not what drives it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()
