"""What the user's environment says changes no number and no figure."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebook_runs import ROOT
from tiny_notebooks import KERNEL

PARAMETERS = """
SEED: int = 1  # of all
EPOCHS: int = 2  # passes over the training set
LEARNING_RATE: float = 0.005  # of Adam
"""
# A training, scores and a figure, as the four notebooks have them, in a second.
TRAIN = """
from mnist_helpers.environment.tensorflow import describe_versions
import keras
from mnist_helpers import plotting, preprocessing
from mnist_helpers.data import load_mnist
from mnist_helpers.results.training_run import TrainingRun

plotting.set_style()
mnist = load_mnist()
run = TrainingRun("04_cnn", mnist, globals())
inputs = preprocessing.scale_images(mnist.train_images)[:400, ..., None]
labels = mnist.train_labels[:400]
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(2, 3, activation="relu"),
    keras.layers.MaxPooling2D(4),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(
    keras.optimizers.Adam(LEARNING_RATE),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
run.check_network(model, model.count_params())
keep = keras.callbacks.ModelCheckpoint(
    run.checkpoint(model), monitor="val_accuracy", save_best_only=True
)
model.fit(
    inputs, labels, 20, EPOCHS, 0, [keep], validation_data=(inputs, labels)
)
best = run.load_best()
test_inputs = preprocessing.scale_images(mnist.test_images)[..., None]
scores = run.evaluate(best, best.predict(test_inputs, verbose=0))
run.show(plotting.confusion_matrix(scores.confusion, "Cost in $: $x_1"), "confusion")
run.save()
"""
MATPLOTLIBRC = """
font.size: 30
text.usetex: True
savefig.bbox: tight
axes.formatter.use_locale: True
figure.autolayout: True
"""
KERAS_JSON = {
    "floatx": "float16",
    "epsilon": 0.5,
    "backend": "numpy",
    "image_data_format": "channels_first",
}
STARTUP = """
EDITOR = "vim"
print("good morning")
import numpy, matplotlib.pyplot
numpy.set_printoptions(precision=1)
matplotlib.pyplot.rcParams["font.size"] = 30
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout with one notebook."""
    root = tmp_path_factory.mktemp("hostile") / "course"
    shutil.copytree(ROOT / "mnist_helpers", root / "mnist_helpers")
    shutil.copy(ROOT / "pyproject.toml", root)
    cells = [
        new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]}),
        new_code_cell(TRAIN),
    ]
    (root / "notebooks").mkdir()
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, root / "notebooks" / "04_cnn.ipynb")
    return root


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Files and variables of a user who works on other things too."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "keras.json").write_text(json.dumps(KERAS_JSON))
    (folder / "matplotlibrc").write_text(MATPLOTLIBRC)
    startup = folder / "profile_default" / "startup" / "00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(STARTUP)
    return {
        "KERAS_HOME": str(folder),
        "KERAS_BACKEND": "numpy",
        "KERAS_MAX_EPOCHS": "1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "MATPLOTLIBRC": str(folder),
        "IPYTHONDIR": str(folder),
        "GIT_DIR": "/nowhere",
        "FORCE_COLOR": "1",
        "COLUMNS": "30",
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "TZ": "Asia/Kathmandu",
    }


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What would keep any other kernel from starting."""
    folder = tmp_path_factory.mktemp("jupyter")
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "of another project", "language": ""}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    return {
        "JUPYTER_PATH": str(folder),
        "XLA_FLAGS": "--no_such_flag",
        "MPLBACKEND": "no such backend",
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "error",
    }


def execute(course: Path, *command: object, **variables: str) -> str:
    environment = os.environ | {"MNIST_HELPERS_DATA": "stand-in"} | variables
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=course,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.decode()


def read(output: Path) -> tuple[np.ndarray, bytes, dict]:
    predictions = np.load(output / "predictions" / "04_cnn.npz")["probabilities"]
    figure = (output / "figures" / "04_confusion.png").read_bytes()
    results = json.loads((output / "results" / "04_cnn.json").read_text())
    return predictions, figure, results["history"]


@pytest.fixture(scope="module")
def clean(course):
    output = course / "clean"
    execute(course, "-m", "mnist_helpers", "run", "--output", output)
    return read(output)


def assert_same(one, other) -> None:
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1:] == other[1:]


@pytest.mark.slow
def test_a_run_and_a_sweep_give_the_same(course, clean, settings, broken):
    hostile = settings | broken
    output = course / "x {a} {epoch} [red] %s $HOME" / "o"
    command = ("-m", "mnist_helpers", "run", "--output", output)
    said = execute(course, *command, **hostile)
    assert_same(read(output), clean)
    assert "\033" not in said
    assert str(output) in said
    # The kernel had none of these settings, so a run without them is the same.
    said = execute(course, *command, "--resume", "-p", "SEED", "1")
    assert "04_cnn runs:" not in said

    grid = ("--grid", "LEARNING_RATE=5e-3", "--workers", "1")
    swept = course / "sweep {b}"
    command = ("-m", "mnist_helpers", "sweep", "04", *grid, "--output", swept)
    execute(course, *command, **hostile)
    row = pd.read_csv(swept / "sweep.csv").iloc[0]
    assert row["best_validation_accuracy"] == max(clean[2]["val_accuracy"])


@pytest.mark.slow
def test_papermill_by_itself_gives_the_same(course, clean, settings):
    output = course / "papermill {a} {epoch}"
    executed = course / "executed.ipynb"
    execute(
        *(course, "-m", "papermill", course / "notebooks" / "04_cnn.ipynb", executed),
        *("-y", "LEARNING_RATE: 5e-3", "--inject-paths"),
        **settings | {"MNIST_HELPERS_OUTPUT": str(output)},
    )
    assert_same(read(output), clean)
    results = json.loads((output / "results" / "04_cnn.json").read_text())
    assert results["parameters"] == {"SEED": 1, "EPOCHS": 2, "LEARNING_RATE": 0.005}


@pytest.mark.slow
def test_what_cannot_be_undone_is_said(course, settings):
    code = "from mnist_helpers.environment.tensorflow import describe_versions\n"
    code += "print(describe_versions())"
    said = execute(course, "-c", code, **settings, OMP_NUM_THREADS="1")
    assert said.endswith("\nNumbers may depend on OMP_NUM_THREADS=1\n")
