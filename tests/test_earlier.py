"""Networks of an earlier run: only complete, unchanged and of one kind."""

import dataclasses
import json

import numpy as np
import pytest

from mnist_helpers.data.mnist import STAND_IN, load_mnist
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.files import file_digest
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.earlier import NETWORKS, EarlierRunError, load_run


@pytest.fixture(scope="module")
def dataset():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_HELPERS_DATA", STAND_IN)
        return load_mnist()


@pytest.fixture
def folder(tmp_path, dataset):
    for kind in ("results", "models", "predictions"):
        (tmp_path / kind).mkdir()
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    probabilities = np.full((len(dataset.test_labels), 10), 0.1, np.float32)
    for notebook in NETWORKS.values():
        files = [f"models/{notebook}.keras", f"predictions/{notebook}.npz"]
        model.save(tmp_path / files[0])
        np.savez(tmp_path / files[1], probabilities=probabilities)
        results = {
            "notebook": notebook,
            "dataset": {"name": dataset.name, "digest": dataset.digest},
            "parameters": {"SEED": 1, "VALIDATION_FRACTION": 0.1},
            "model": {"layers": PARTS[notebook].network},
            "files": {name: file_digest(tmp_path / name) for name in files},
        }
        (tmp_path / "results" / f"{notebook}.json").write_text(json.dumps(results))
    return tmp_path


def test_a_complete_run_is_loaded(folder, dataset):
    loaded = load_run(folder, dataset)
    assert list(loaded) == ["small MLP", "wide MLP", "CNN"]
    for network, run in loaded.items():
        assert run.results["notebook"] == NETWORKS[network]
        assert run.model.output_shape == (None, 10)
        assert run.probabilities.shape == (len(dataset.test_labels), 10)


def change(folder, notebook, section, **values):
    path = folder / "results" / f"{notebook}.json"
    results = json.loads(path.read_text())
    results[section].update(values)
    path.write_text(json.dumps(results))


SPOILED = {
    "has no results of 04_cnn: run the four notebooks first": lambda folder: (
        folder / "results/04_cnn.json"
    ).unlink(),
    "not a results file": lambda folder: (folder / "results/04_cnn.json").write_text(
        "{"
    ),
    "has no models/03_wide_mlp.keras: run": lambda folder: (
        folder / "models/03_wide_mlp.keras"
    ).unlink(),
    "models/02_small_mlp.keras is not the file": lambda folder: (
        folder / "models/02_small_mlp.keras"
    ).write_bytes(b"another"),
    "predictions/04_cnn.npz is not the file": lambda folder: (
        folder / "predictions/04_cnn.npz"
    ).write_bytes(b"another"),
    "SEED is 1 in 02_small_mlp, 2 in 03_wide_mlp": lambda folder: change(
        folder, "03_wide_mlp", "parameters", SEED=2
    ),
    "VALIDATION_FRACTION is": lambda folder: change(
        folder, "04_cnn", "parameters", VALIDATION_FRACTION=0.2
    ),
    "the network of 03_wide_mlp is 784": lambda folder: change(
        folder, "03_wide_mlp", "model", layers="784 → Dense 64 ReLU"
    ),
}


@pytest.mark.parametrize("message", SPOILED)
def test_what_is_wrong_with_a_run_is_named(folder, dataset, message):
    SPOILED[message](folder)
    with pytest.raises(EarlierRunError, match=message):
        load_run(folder, dataset)


def test_a_run_on_other_data_is_refused(folder, dataset):
    other = dataclasses.replace(dataset, digest="another")
    with pytest.raises(EarlierRunError, match="02_small_mlp was trained on"):
        load_run(folder, other)


def test_a_relative_folder_is_below_the_projects_root(folder, dataset, monkeypatch):
    monkeypatch.setattr(
        "mnist_helpers.results.earlier.project_root", lambda: folder.parent
    )
    assert load_run(folder.name, dataset)
