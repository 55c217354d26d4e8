"""What a run of a notebook shows, and what it writes."""

import json

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import format_display_data
from matplotlib.figure import Figure
from PIL import Image

from mnist_helpers import training
from mnist_helpers.data.mnist import MNIST_DIGEST, Dataset
from mnist_helpers.environment.tensorflow import keras, tensorflow
from mnist_helpers.evaluation import Scores
from mnist_helpers.results import published, training_run
from mnist_helpers.results import run as runs
from mnist_helpers.results.schema import read_run
from mnist_helpers.results.training_run import TrainingRun

NAME = "02_small_mlp"
NAMESPACE = {
    "__annotations__": {"SEED": int, "EPOCHS": int, "BATCH_SIZE": int},
    **{"SEED": 7, "EPOCHS": 2, "BATCH_SIZE": 10},
}


def make_dataset(digest: str) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    labels = np.tile(np.arange(10), 2).astype(np.uint8)
    return Dataset(
        "some digits", images, labels, images, labels, "here", "here", digest
    )


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_OUTPUT", str(tmp_path))
    return tmp_path


@pytest.fixture
def displayed(monkeypatch):
    """Collect what is displayed: its data, and its metadata."""
    shown = []

    def display(data, metadata=None, raw=False):
        shown.append((data if raw else format_display_data(data)[0], metadata))

    for module in (runs, training_run):
        monkeypatch.setattr(module, "display", display)
    return shown


def drawn_figure(title: str = "") -> Figure:
    figure = Figure(figsize=(2, 1), label="A line that rises to <2>.")
    figure.subplots().plot([1, 2])
    figure.suptitle(title)
    return figure


@pytest.mark.parametrize(
    ("notebook", "name"), [(NAME, "02_curve"), ("how_sure", "how_sure_curve")]
)
def test_a_figure_is_saved_shown_and_described(output, displayed, notebook, name):
    run = runs.Run(notebook, make_dataset(MNIST_DIGEST), {})
    run.show(drawn_figure(), "curve")
    path = output / "figures" / f"{name}.png"
    assert Image.open(path).format == "PNG"
    (image, metadata), (description, of_description) = displayed
    assert image["image/png"] == path.read_bytes()
    alt = "A line that rises to <2>."
    assert metadata == {"image/png": {"alt": alt, "name": name}}
    assert of_description == {"describes": name}
    assert "A line that rises to &lt;2&gt;." in description["text/html"]


@pytest.mark.parametrize(
    ("digest", "title"),
    [("0" * 64, "some digits, not MNIST\nCurves"), (MNIST_DIGEST, "Curves")],
)
def test_a_figure_of_other_data_says_so_in_its_title(displayed, digest, title):
    figure = drawn_figure("Curves")
    runs.Run(NAME, make_dataset(digest), {}).show(figure, "curve")
    assert figure.get_suptitle() == title


def test_a_run_without_training_saves_its_findings_and_files(output, capsys):
    run = runs.Run("how_sure", make_dataset(MNIST_DIGEST), NAMESPACE)
    table = pd.DataFrame({"hidden_units": [1, 2], "accuracy": [0.25, 0.5]})
    run.keep_table(table, "widths")
    run.findings["temperature"] = 1.25
    run.save()
    path = output / "tables" / "widths.csv"
    assert path.read_text().split() == ["hidden_units,accuracy", "1,0.25", "2,0.5"]
    results = read_run(output)["how_sure"]
    assert results["findings"] == {"temperature": 1.25}
    assert list(results["files"]) == ["tables/widths.csv"]
    assert "metrics" not in results
    assert "results/how_sure.json" in capsys.readouterr().out


def train(run: TrainingRun) -> tuple[np.ndarray, Scores]:
    """Take the steps of a notebook up to its evaluation."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")],
        name="softmax",
    )
    run.check_network(model, 7850)
    model.compile(
        optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    images = run.dataset.train_images.reshape(-1, 784) / np.float32(255)
    labels = run.dataset.train_labels
    keep_best = keras.callbacks.ModelCheckpoint(
        run.checkpoint(model), monitor="val_accuracy", save_best_only=True
    )
    training.fit(
        model,
        images,
        labels,
        validation_data=(images, labels),
        epochs=2,
        batch_size=10,
        seed=7,
        callbacks=[keep_best],
    )
    best = run.load_best()
    probabilities = best.predict(images, verbose=0)
    return probabilities, run.evaluate(best, probabilities)


@pytest.mark.slow
def test_a_training_is_saved_as_it_was(output, displayed):
    run = TrainingRun(NAME, make_dataset(MNIST_DIGEST), NAMESPACE)
    probabilities, scores = train(run)
    run.check(scores)
    run.save()
    results = read_run(output)[NAME]
    table, metadata = displayed[-1]
    assert metadata == {"scores": results["metrics"]}
    assert "NOT MET" in table["text/plain"]

    model = keras.models.load_model(output / "models" / f"{NAME}.keras")
    images = run.dataset.test_images.reshape(-1, 784) / np.float32(255)
    np.testing.assert_array_equal(model.predict(images, verbose=0), probabilities)
    with np.load(output / "predictions" / f"{NAME}.npz") as predictions:
        assert predictions["probabilities"].dtype == np.float32
        np.testing.assert_array_equal(predictions["probabilities"], probabilities)
        assert predictions["labels"].dtype == np.uint8
        np.testing.assert_array_equal(predictions["labels"], run.dataset.test_labels)
    accuracy = np.mean(probabilities.argmax(axis=1) == run.dataset.test_labels)
    assert results["metrics"]["accuracy"] == pytest.approx(accuracy)
    history = results["history"]["val_accuracy"]
    assert results["metrics"]["best_validation_accuracy"] == max(history)
    assert results["intervals"]["accuracy"] == list(scores.accuracy_interval)
    assert list(results["per_class"]) == [str(digit) for digit in range(10)]
    [claim] = results["claims"]
    assert (claim["measured"], claim["met"]) == (scores.accuracy, False)
    assert results["dataset"]["is_mnist"] is True
    assert results["dataset"]["digest"] == MNIST_DIGEST
    assert results["seed"] == 7
    assert results["parameters"] == {"SEED": 7, "EPOCHS": 2, "BATCH_SIZE": 10}
    assert results["model"] == {
        "name": "softmax",
        "layers": "784 → Dense 10 softmax",
        "parameters": 7850,
        "jit_compile": model.jit_compile,
    }
    recorded = results["training"]
    assert recorded["optimizer"]["class_name"] == "Adam"
    assert recorded["batch_size"] == 10
    assert recorded["kept_by"] == "val_accuracy"
    assert recorded["seconds"] > 0
    assert results["environment"]["versions"]["keras"] == keras.__version__
    assert results["environment"]["threads"] == {
        "intra_op": tensorflow.config.threading.get_intra_op_parallelism_threads(),
        "inter_op": tensorflow.config.threading.get_inter_op_parallelism_threads(),
    }


@pytest.mark.slow
def test_claims_on_other_data_are_not_checked(output):
    run = TrainingRun(NAME, make_dataset("0" * 64), NAMESPACE)
    train(run)
    run.save()
    [claim] = json.loads((output / "results" / f"{NAME}.json").read_text())["claims"]
    assert claim["met"] is None


def test_another_number_of_parameters_than_predicted_is_refused():
    run = TrainingRun(NAME, make_dataset(MNIST_DIGEST), NAMESPACE)
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
    with pytest.raises(ValueError, match="expected 7,851 parameters, got 7,850: cha"):
        run.check_network(model, 7851)


def test_a_published_table_says_where_it_was_measured():
    table = pd.DataFrame(
        {"processor": ["A", "A", "B"], "tensorflow": ["2.1", "2.1", "2.2"]}
    )
    assert published.measured_on(table) == "A, TensorFlow 2.1 and B, TensorFlow 2.2"
