"""What several test modules are given."""

import pytest
from browsers import CHROMIUM
from hypothesis import settings

# On a busy machine, any example may take long once.
settings.register_profile("course", deadline=None)
settings.load_profile("course")


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
