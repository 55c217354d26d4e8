"""What a stranger's file, or a stranger on the network, must not be able to do."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from lab import start_laboratory
from packaging.version import Version

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# The first releases without the holes that were published for those before.
LEAST_VERSIONS = {"keras": "3.14.1", "jupyter-server": "2.18", "nbconvert": "7.17.1"}
UNSAFE = ("pickle.", "import pickle", "allow_pickle=True", "safe_mode=False", ".h5")


def test_the_lock_has_no_release_with_a_known_hole():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w-]+)==([\w.]+)", lock, re.MULTILINE))
    for name, least in LEAST_VERSIONS.items():
        assert Version(locked[name]) >= Version(least), name


def test_nothing_is_read_that_could_run_code():
    sources = {
        str(path): path.read_text(encoding="utf-8")
        for path in (ROOT / "mnist_helpers").rglob("*.py")
    }
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        sources[path.name] = "\n".join(code)
    assert len(sources) > 20
    for name, source in sources.items():
        for words in UNSAFE:
            assert words not in source, f"{words} in {name}"


@pytest.fixture
def laboratory(tmp_path):
    with start_laboratory(tmp_path) as server:
        yield server


def test_jupyterlab_listens_at_home_and_asks_for_its_token(laboratory):
    assert laboratory["hostname"] in ("localhost", "127.0.0.1")
    assert len(laboratory["token"]) >= 32
    # Not through a proxy that this machine may have.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"{laboratory['url']}api/contents"
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(address)
    assert refused.value.code == 403
    with opener.open(f"{address}?token={laboratory['token']}") as answer:
        names = [entry["name"] for entry in json.load(answer)["content"]]
    assert "01_loading.ipynb" in names
