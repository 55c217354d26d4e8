"""Networks of an earlier run: only complete, unchanged and of one kind."""

import dataclasses
import json

import numpy as np
import pytest
from made_up_results import RESULTS

from mnist_helpers.data.mnist import STAND_IN, load_mnist
from mnist_helpers.environment.files import file_digest
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.errors import CourseError
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.earlier import NETWORKS, load_run


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
        results = RESULTS | {
            "notebook": notebook,
            "dataset": RESULTS["dataset"] | {"digest": dataset.digest},
            "parameters": {"SEED": 1, "VALIDATION_FRACTION": 0.1},
            "model": RESULTS["model"] | {"layers": PARTS[notebook].network},
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


def spoil(folder, name, section, **values):
    path = folder / name
    if section is None:
        path.unlink()
    elif section == "bytes":
        path.write_bytes(b"another")
    else:
        results = json.loads(path.read_text())
        results[section].update(values)
        path.write_text(json.dumps(results))


@pytest.mark.parametrize(
    ("name", "section", "values", "message"),
    [
        ("results/04_cnn.json", None, {}, "04_cnn.json: No such file(.|\n)*make run"),
        ("models/03_wide_mlp.keras", None, {}, "has no models/03_wide_mlp.keras"),
        ("models/04_cnn.keras", "bytes", {}, "04_cnn.keras is not the file"),
        ("predictions/04_cnn.npz", "bytes", {}, "04_cnn.npz is not the file"),
        ("results/04_cnn.json", "parameters", {"SEED": 2}, r"SEED is \[1, 1, 2\]"),
        ("results/04_cnn.json", "model", {"layers": "784"}, "of 04_cnn is 784"),
    ],
)
def test_what_is_wrong_with_a_run_is_named(
    folder, dataset, name, section, values, message
):
    spoil(folder, name, section, **values)
    with pytest.raises(CourseError, match=message):
        load_run(folder, dataset)


def test_a_run_on_other_data_is_refused(folder, dataset):
    other = dataclasses.replace(dataset, digest="another")
    with pytest.raises(CourseError, match="02_small_mlp was trained on"):
        load_run(folder, other)
