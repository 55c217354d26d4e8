"""Models of earlier runs: only those that a run's results vouch for."""

import dataclasses
import json

import numpy as np
import pytest
from notebook_runs import ROOT

from mnist_helpers import files as folders
from mnist_helpers.data.mnist import STAND_IN, load_mnist
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.evaluation import scores as evaluation
from mnist_helpers.results import earlier, recipes
from mnist_helpers.results.run import Run

NOTEBOOK = "02_small_mlp"
DEFAULTS = recipes.default_parameters(ROOT / "notebooks" / f"{NOTEBOOK}.ipynb")
HISTORY = {"val_accuracy": DEFAULTS["EPOCHS"] * [0.1]}


@pytest.fixture(scope="module")
def dataset():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_HELPERS_DATA", STAND_IN)
        return load_mnist()


def build():
    return keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
    )


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout without any run."""
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    monkeypatch.setattr(earlier, "project_root", lambda: tmp_path)
    monkeypatch.setenv(folders.OUTPUT_VARIABLE, str(tmp_path / "output"))
    return tmp_path


def save_run(folder, dataset, monkeypatch, history=HISTORY, **parameters):
    """Save a run as a notebook does, and give its model."""
    with monkeypatch.context() as patch:
        patch.setenv(folders.OUTPUT_VARIABLE, str(folder))
        run = Run(NOTEBOOK, dataset, DEFAULTS | parameters)
    model = build()
    probabilities = np.full((len(dataset.test_labels), 10), 0.1, np.float32)
    scores = evaluation.evaluate(dataset.test_labels, probabilities)
    run.save(model, probabilities, scores, history, 1.0)
    return model


def find(dataset):
    """Give the weights that are found, or None where one has to be trained."""
    trained = []

    def train():
        trained.append(build())
        return trained[0]

    model = earlier.load_or_train(NOTEBOOK, dataset, train)
    if trained:
        assert model is trained[0]
        return None
    return model.get_weights()


@pytest.mark.parametrize("folder", ["output", "build/run", "build/interactive"])
def test_a_model_is_found_where_runs_write(root, dataset, monkeypatch, capsys, folder):
    model = save_run(root / folder, dataset, monkeypatch)
    for found, saved in zip(find(dataset), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, saved)
    said = f"{NOTEBOOK}: from the earlier run in {(root / folder).resolve()}\n"
    assert capsys.readouterr().out == said


def test_without_a_run_it_is_trained(root, dataset, capsys):
    assert find(dataset) is None
    assert "no earlier run at its defaults left it, training" in capsys.readouterr().out


def change_results(path, change):
    results = json.loads(path.read_text())
    change(results)
    path.write_text(json.dumps(results))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda results, model: model.write_bytes(model.read_bytes() + b"x"),
        lambda results, model: model.unlink(),
        lambda results, model: results.unlink(),
        lambda results, model: results.write_text("{"),
        lambda results, model: change_results(results, lambda r: r["files"].clear()),
        lambda results, model: change_results(results, lambda r: r.pop("files")),
        lambda results, model: change_results(
            results, lambda r: r["dataset"].update(digest="another")
        ),
        lambda results, model: change_results(
            results, lambda r: r.update(notebook="04_cnn")
        ),
        lambda results, model: change_results(results, lambda r: r.pop("history")),
        lambda results, model: change_results(results, lambda r: r.update(history=[])),
        lambda results, model: change_results(
            results, lambda r: r["parameters"].clear()
        ),
    ],
)
def test_a_model_that_no_results_vouch_for_is_not_read(
    root, dataset, monkeypatch, spoil
):
    folder = root / "build" / "run"
    save_run(folder, dataset, monkeypatch)
    assert find(dataset) is not None
    results = folder / "results" / f"{NOTEBOOK}.json"
    spoil(results, folder / "models" / f"{NOTEBOOK}.keras")
    assert find(dataset) is None


def test_a_model_of_other_data_is_not_read(root, dataset, monkeypatch):
    save_run(root / "output", dataset, monkeypatch)
    assert find(dataset) is not None
    assert find(dataclasses.replace(dataset, digest="another")) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"HIDDEN_UNITS": 4},
        {"EPOCHS": 1},
        {"LEARNING_RATE": 0.01},
        {"VALIDATION_FRACTION": 0.5},
    ],
)
def test_a_model_of_other_parameters_is_not_read(
    root, dataset, monkeypatch, parameters
):
    save_run(root / "output", dataset, monkeypatch, **parameters)
    assert find(dataset) is None
    # One of the defaults, further down, is found all the same.
    save_run(root / "build" / "run", dataset, monkeypatch)
    assert find(dataset) is not None


def test_seed_and_switches_may_be_others(root, dataset, monkeypatch):
    save_run(root / "output", dataset, monkeypatch, SEED=2, EXTENDED=True)
    assert find(dataset) is not None


def test_a_model_of_an_interrupted_training_is_not_read(root, dataset, monkeypatch):
    save_run(root / "output", dataset, monkeypatch, history={"val_accuracy": 9 * [0.1]})
    assert find(dataset) is None


def test_no_folder_is_searched_twice(root, dataset, monkeypatch):
    searched = []
    monkeypatch.setattr(earlier, "_is_recorded", lambda *of: searched.append(of[0]))
    monkeypatch.setenv(
        folders.OUTPUT_VARIABLE, str(root / "build" / "run" / ".." / "interactive")
    )
    find(dataset)
    assert len(searched) == len(set(searched)) == 2


def test_a_notebook_that_is_not_there_is_refused(root, dataset):
    with pytest.raises(OSError, match="05_rnn"):
        earlier.load_or_train("05_rnn", dataset, build)
