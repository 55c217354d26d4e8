"""What a run of a notebook shows, and what it writes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnist_helpers import training
from mnist_helpers.data.mnist import MNIST_DIGEST, Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.results import run as runs
from mnist_helpers.results import training_run
from mnist_helpers.results.schema import read_run
from mnist_helpers.results.training_run import TrainingRun

NAME = "02_small_mlp"
PARAMETERS = {"SEED": 7, "EPOCHS": 2, "BATCH_SIZE": 10, "LEARNING_RATE": 0.001}
NAMESPACE = PARAMETERS | {
    "__annotations__": {name: type(value) for name, value in PARAMETERS.items()},
    "DEBUG": 1,  # such as IPython's start-up files may define
}


def make_dataset(digest: str = MNIST_DIGEST) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    labels = np.tile(np.arange(10), 2).astype(np.uint8)
    return Dataset("digits", images, labels, images, labels, "here", "here", digest)


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_OUTPUT", str(tmp_path))
    return tmp_path


@pytest.fixture
def displayed(monkeypatch):
    """Collect what is displayed: its data, and its metadata."""
    shown = []
    for module in (runs, training_run):
        monkeypatch.setattr(
            module,
            "display",
            lambda data, metadata, raw: shown.append((data, metadata)),
        )
    return shown


@pytest.mark.parametrize(
    ("notebook", "name"), [(NAME, "02_curve"), ("how_sure", "how_sure_curve")]
)
def test_a_figure_is_saved_shown_and_described(output, displayed, notebook, name):
    figure = Figure(figsize=(2, 1), label="A line that rises to <2>.")
    figure.suptitle("Curves")
    run = runs.Run(notebook, make_dataset("0" * 64), {})
    run.show(figure, "curve")
    path = output / "figures" / f"{name}.png"
    assert Image.open(path).format == "PNG"
    (image, metadata), (description, of_description) = displayed
    assert image["image/png"] == path.read_bytes()
    alt = "A line that rises to <2>."
    assert metadata == {"image/png": {"alt": alt, "name": name}}
    assert of_description == {"describes": name}
    assert "A line that rises to &lt;2&gt;." in description["text/html"]
    assert figure.get_suptitle() == "digits, not MNIST\nCurves"


def test_a_run_without_training_saves_its_findings_and_files(output, capsys):
    run = runs.Run("how_sure", make_dataset(), NAMESPACE)
    run.keep_table(pd.DataFrame({"width": [1, 2], "accuracy": [0.25, 0.5]}), "widths")
    run.record("temperature", 1.25)
    run.save()
    table = (output / "tables" / "widths.csv").read_text()
    assert table.split() == ["width,accuracy", "1,0.25", "2,0.5"]
    results = read_run(output)["how_sure"]
    assert results["findings"] == {"temperature": 1.25}
    assert results["parameters"] == PARAMETERS
    assert list(results["files"]) == ["tables/widths.csv"]
    assert "metrics" not in results
    assert "results/how_sure.json" in capsys.readouterr().out


@pytest.mark.slow
def test_a_training_is_saved_as_it_was(output, displayed):
    run = TrainingRun(NAME, make_dataset(), NAMESPACE)
    keras.utils.set_random_seed(0)
    digits = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((784,)), digits], name="softmax")
    run.check_network(model, 7850)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images = run.dataset.train_images.reshape(-1, 784) / np.float32(255)
    labels = run.dataset.train_labels
    keep_best = keras.callbacks.ModelCheckpoint(
        run.checkpoint(model), monitor="val_accuracy", save_best_only=True
    )
    history = training.fit(
        model,
        images,
        labels,
        validation_data=(images, labels),
        epochs=2,
        batch_size=10,
        seed=7,
        callbacks=[keep_best],
    ).history
    best = run.load_best()
    probabilities = best.predict(images, verbose=0)
    scores = run.evaluate(best, probabilities)
    run.check(scores)
    run.save()

    results = read_run(output)[NAME]
    table, metadata = displayed[-1]
    assert metadata == {"scores": results["metrics"]}
    assert "NOT MET" in table["text/plain"]
    saved = keras.models.load_model(output / "models" / f"{NAME}.keras")
    np.testing.assert_array_equal(saved.predict(images, verbose=0), probabilities)
    with np.load(output / "predictions" / f"{NAME}.npz") as predictions:
        assert predictions["probabilities"].dtype == np.float32
        np.testing.assert_array_equal(predictions["probabilities"], probabilities)
        assert predictions["labels"].dtype == np.uint8
        np.testing.assert_array_equal(predictions["labels"], labels)
    accuracy = np.mean(probabilities.argmax(axis=1) == labels)
    assert results["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert results["history"] == history
    best_accuracy = max(history["val_accuracy"])
    assert results["metrics"]["best_validation_accuracy"] == best_accuracy
    assert results["intervals"]["accuracy"] == list(scores.accuracy_interval)
    [claim] = results["claims"]
    assert (claim["measured"], claim["met"]) == (scores.accuracy, False)
    assert results["dataset"]["digest"] == MNIST_DIGEST
    assert results["seed"] == 7
    assert results["model"]["layers"] == "784 → Dense 10 softmax"
    assert results["model"]["parameters"] == 7850
    assert results["training"]["optimizer"]["class_name"] == "Adam"
    assert results["training"]["batch_size"] == 10
    assert results["training"]["kept_by"] == "val_accuracy"
    assert results["environment"]["versions"]["keras"] == keras.__version__
