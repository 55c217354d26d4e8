"""Every notebook run on the stand-in, where there is no MNIST and no network."""

import json
import sys

import numpy as np
import pytest
from notebook_runs import NOTEBOOKS, ROOT, finish, validate

from mnist_helpers.data.mnist import STAND_IN, load_mnist

pytestmark = pytest.mark.notebooks


def command(*arguments):
    return finish(
        *(sys.executable, "-m", "mnist_helpers", *arguments),
        MNIST_HELPERS_DATA=STAND_IN,
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stand-in")
    ended = command("run", "--output", folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert "no claim about MNIST was checked" in ended.stdout
    return folder


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_run_on_the_stand_in_says_what_it_is(output, name):
    results = json.loads((output / "results" / f"{name}.json").read_text())
    assert results["dataset"]["is_mnist"] is False
    assert "stand-in" in results["dataset"]["name"]
    assert all(claim["met"] is None for claim in results["claims"])
    with np.load(output / "predictions" / f"{name}.npz") as predictions:
        right = predictions["probabilities"].argmax(axis=1) == predictions["labels"]
    assert results["metrics"]["accuracy"] == pytest.approx(right.mean())
    assert (output / "models" / f"{name}.keras").stat().st_size > 10_000


def test_its_figures_are_those_of_the_notebooks(output):
    written = {path.name for path in (output / "figures").iterdir()}
    assert written == {path.name for path in (ROOT / "figures").glob("0*.png")}


def test_executed_copies_pass_nbval(output):
    copies = output / "notebooks"
    if load_mnist().is_mnist:  # on which every committed notebook is validated
        copies = copies / "02_small_mlp.ipynb"
    ended = validate(copies, MNIST_HELPERS_DATA=STAND_IN)
    assert ended.returncode == 0, ended.stdout[-5000:]


def test_it_cannot_be_handed_in(output, tmp_path):
    ended = command("submission", "--run", output, "--output", tmp_path / "out")
    assert ended.returncode == 4
    assert "not MNIST: nothing is handed in" in ended.stderr
    assert not (tmp_path / "out").exists()
