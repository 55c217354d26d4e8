"""The system's Chromium, and the widths that pages are looked at in."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PHONE, DESK = 390, 1280
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine"
)
