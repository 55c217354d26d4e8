"""What a run writes, and what it says of its claims."""

import json

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure
from PIL import Image

from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.tensorflow import keras, tensorflow
from mnist_helpers.evaluation import scores as evaluation
from mnist_helpers.results import published
from mnist_helpers.results import run as runs

MNIST_DIGEST = "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a"


def make_dataset(digest: str) -> Dataset:
    images = np.zeros((20, 28, 28), np.uint8)
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
    shown = []
    monkeypatch.setattr(runs, "display", shown.append)
    return shown


def make_run(digest: str = MNIST_DIGEST) -> runs.Run:
    return runs.Run("02_small_mlp", make_dataset(digest), {"SEED": 7, "EPOCHS": 2})


def drawn_figure() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return figure


def test_claims_on_mnist_are_met_or_not(capsys):
    run = make_run()
    run.claim("test accuracy", 0.93, 0.925, "about 93 %")
    run.claim("test accuracy", 0.925, 0.925, "about 93 %")
    run.claim("test accuracy", 0.9249, 0.925, "about 93 %")
    assert [claim.met for claim in run.claims] == [True, True, False]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "test accuracy of at least 0.925: measured 0.9300, met"
    assert lines[2] == "test accuracy of at least 0.925: measured 0.9249, NOT MET"


def test_claims_on_other_data_are_not_checked(capsys):
    run = make_run("0" * 64)
    run.claim("test accuracy", 1.0, 0.925, "about 93 %")
    assert run.claims[0].met is None
    assert "not checked" in capsys.readouterr().out


def test_a_figure_is_saved_and_displayed_with_its_alt_text(output, displayed):
    make_run().show(drawn_figure(), "curve", "A line that rises.")
    path = output / "figures" / "02_curve.png"
    assert Image.open(path).format == "PNG"
    data, metadata = DisplayFormatter().format(displayed[0])
    assert metadata["image/png"]["alt"] == "A line that rises."
    assert data["image/png"]


def test_a_figure_of_other_data_says_so_in_its_title(displayed):
    figure = drawn_figure()
    figure.suptitle("Learning curves")
    make_run("0" * 64).show(figure, "curve", "A line.")
    assert figure.get_suptitle() == "some digits, not MNIST\nLearning curves"
    figure = drawn_figure()
    figure.suptitle("Learning curves")
    make_run().show(figure, "curve", "A line.")
    assert figure.get_suptitle() == "Learning curves"


def test_save_writes_model_predictions_and_results(output, capsys):
    run = make_run()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")],
        name="softmax",
    )
    inputs = np.random.default_rng(0).random((20, 784), dtype=np.float32)
    probabilities = model.predict(inputs, verbose=0)
    scores = evaluation.evaluate(run.dataset.test_labels, probabilities)
    run.claim("test accuracy", scores.accuracy, 0.0, "anything")
    history = {"val_accuracy": [0.25, 0.75], "loss": [2.0, 1.0]}
    run.findings["temperature"] = 1.25
    run.save(model, probabilities, scores, history, training_seconds=1.5)
    assert "epochs" not in capsys.readouterr().out

    loaded = keras.models.load_model(output / "models" / "02_small_mlp.keras")
    np.testing.assert_array_equal(
        loaded.predict(inputs, verbose=0), model.predict(inputs, verbose=0)
    )
    with np.load(output / "predictions" / "02_small_mlp.npz") as predictions:
        assert predictions["probabilities"].dtype == np.float32
        np.testing.assert_array_equal(predictions["probabilities"], probabilities)
        assert predictions["labels"].dtype == np.uint8
        np.testing.assert_array_equal(predictions["labels"], run.dataset.test_labels)
    results = json.loads((output / "results" / "02_small_mlp.json").read_text())
    predicted = probabilities.argmax(axis=1)
    accuracy = np.mean(predicted == run.dataset.test_labels)
    assert results["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert results["metrics"]["best_validation_accuracy"] == 0.75
    assert results["claims"][0]["met"] is True
    assert results["dataset"]["is_mnist"] is True
    assert results["dataset"]["digest"] == MNIST_DIGEST
    assert results["intervals"]["accuracy"] == list(scores.accuracy_interval)
    assert results["intervals"]["macro_f1"] == list(scores.macro_f1_interval)
    assert results["findings"] == {"temperature": 1.25}
    assert run.results == results
    assert results["seed"] == 7
    assert results["parameters"] == {"SEED": 7, "EPOCHS": 2}
    assert results["model"] == {
        "name": "softmax",
        "parameters": 7850,
        "jit_compile": model.jit_compile,
    }
    assert results["seconds"]["training"] == 1.5
    assert list(results["per_class"]) == [str(digit) for digit in range(10)]
    assert results["environment"]["versions"]["keras"] == keras.__version__
    assert results["environment"]["cores"] >= 1
    assert results["environment"]["threads"] == {
        "intra_op": tensorflow.config.threading.get_intra_op_parallelism_threads(),
        "inter_op": tensorflow.config.threading.get_inter_op_parallelism_threads(),
    }
    assert results["schema"] == runs.SCHEMA

    interrupted = {name: values[:1] for name, values in history.items()}
    run.save(model, probabilities, scores, interrupted, training_seconds=1.5)
    assert "The training ended after 1 of 2 epochs." in capsys.readouterr().out


def test_a_table_is_kept_with_the_run(output):
    run = make_run()
    table = pd.DataFrame({"hidden_units": [1, 2], "accuracy": [0.25, 0.5]})
    run.keep_table(table, "widths")
    path = output / "tables" / "widths.csv"
    assert path.read_text().split() == ["hidden_units,accuracy", "1,0.25", "2,0.5"]


def test_checkpoints_of_two_runs_do_not_meet():
    first, second = make_run(), make_run()
    paths = {run.checkpoint_path("small_mlp") for run in (first, second)}
    assert len(paths) == 2
    assert all(path.suffix == ".keras" and path.parent.is_dir() for path in paths)


def test_a_published_table_says_where_it_was_measured():
    table = pd.DataFrame(
        {"processor": ["A", "A", "B"], "tensorflow": ["2.1", "2.1", "2.2"]}
    )
    assert published.measured_on(table) == "A, TensorFlow 2.1 and B, TensorFlow 2.2"


def test_stopwatch_measures_its_block():
    with runs.Stopwatch() as outer, runs.Stopwatch() as inner:
        sum(range(1000))
    assert 0 < inner.seconds <= outer.seconds
