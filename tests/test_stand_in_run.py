"""Every notebook run on the stand-in, where there is no MNIST and no network."""

import json
import sys

import numpy as np
import pytest
from notebook_runs import NOTEBOOKS, ROOT, finish, validate

from mnist_helpers.commands.submission import Author, make_submission
from mnist_helpers.data.mnist import STAND_IN, load_mnist
from mnist_helpers.errors import CourseError


@pytest.fixture(scope="module")
def stand_in_run(tmp_path_factory):
    output = tmp_path_factory.mktemp("stand-in")
    ended = finish(
        *(sys.executable, "-m", "mnist_helpers", "run", "--output", output),
        MNIST_HELPERS_DATA=STAND_IN,
    )
    return output, ended


@pytest.mark.notebooks
def test_the_stand_in_runs_and_says_what_it_is(stand_in_run):
    output, ended = stand_in_run
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert "no claim about MNIST was checked" in ended.stdout
    assert "not checked" in ended.stdout
    names = [path.stem for path in NOTEBOOKS]
    for name in names:
        results = json.loads((output / "results" / f"{name}.json").read_text())
        assert results["dataset"]["is_mnist"] is False
        assert "stand-in" in results["dataset"]["name"]
        assert all(claim["met"] is None for claim in results["claims"])
        with np.load(output / "predictions" / f"{name}.npz") as predictions:
            accuracy = np.mean(
                predictions["probabilities"].argmax(axis=1) == predictions["labels"]
            )
        assert results["metrics"]["accuracy"] == pytest.approx(accuracy)
        assert (output / "models" / f"{name}.keras").stat().st_size > 10_000
    assert sorted(p.stem for p in (output / "notebooks").iterdir()) == names


@pytest.mark.notebooks
def test_stand_in_figures_are_those_of_the_notebooks(stand_in_run):
    output, _ended = stand_in_run
    written = {path.name for path in (output / "figures").iterdir()}
    assert written == {path.name for path in (ROOT / "figures").glob("0*.png")}


@pytest.mark.notebooks
def test_executed_copies_pass_nbval(stand_in_run):
    output, _ended = stand_in_run
    copies = output / "notebooks"
    if load_mnist().is_mnist:  # on which every committed notebook is validated
        copies = copies / "02_small_mlp.ipynb"
    ended = validate(copies, MNIST_HELPERS_DATA=STAND_IN)
    assert ended.returncode == 0, ended.stdout[-5000:]


@pytest.mark.notebooks
def test_a_run_on_the_stand_in_cannot_be_handed_in(stand_in_run, tmp_path, monkeypatch):
    output, _ended = stand_in_run
    # Nothing is wrong with it but what comes of the data.
    monkeypatch.setenv("MNIST_HELPERS_DATA", STAND_IN)
    with pytest.raises(CourseError) as raised:
        make_submission(ROOT, output, tmp_path / "out", load_mnist(), Author())
    _subject, *faults = str(raised.value).splitlines()
    assert all("not on MNIST" in fault for fault in faults)
    assert not (tmp_path / "out").exists()
    ended = finish(
        *(sys.executable, "-m", "mnist_helpers", "submission", "--run", output),
        MNIST_HELPERS_DATA=STAND_IN,
    )
    assert ended.returncode == 4
    assert "nothing is handed in from it" in ended.stderr
