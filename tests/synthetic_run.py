"""A finished run, made in a second: the committed notebooks over made-up predictions.

The notebooks, their text, outputs and figures are real; the predictions are drawn at
random to the published accuracy.
"""

import base64
import json
import os
import shutil
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from filelock import FileLock
from made_up_results import RESULTS
from notebook_runs import NOTEBOOKS

from mnist_helpers import __main__
from mnist_helpers.commands import data, evidence, execution, submission
from mnist_helpers.data.mnist import MNIST_DIGEST, Dataset
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.errors import ExitCode
from mnist_helpers.evaluation import evaluate
from mnist_helpers.files import file_digest
from mnist_helpers.results.assignment import PARTS, describe_network
from mnist_helpers.results.check import claims
from mnist_helpers.results.schema import write_results

# Of characters that Markdown, HTML, Typst and Rich take for their own.
AUTHOR = submission.Author('Ada O\'Hara | <b>&amp; [x] #1 $2 \\ "q"', "s-12_34*5*")
IMAGES = 10_000
ACCURACY = {
    "01_loading": 0.926,
    "02_small_mlp": 0.932,
    "03_wide_mlp": 0.982,
    "04_cnn": 0.993,
}
EPOCHS = {"01_loading": 10, "02_small_mlp": 10, "03_wide_mlp": 10, "04_cnn": 2}


def dense(units: int, activation: str) -> dict:
    return {
        "class_name": "Dense",
        "config": {"units": units, "activation": activation},
    }


def convolution(filters: int) -> dict:
    return {
        "class_name": "Conv2D",
        "config": {"filters": filters, "kernel_size": [3, 3], "activation": "relu"},
    }


def inputs(*shape: int) -> dict:
    return {"class_name": "InputLayer", "config": {"batch_shape": [None, *shape]}}


POOLING = {"class_name": "MaxPooling2D", "config": {"pool_size": [2, 2]}}
FLATTEN = {"class_name": "Flatten", "config": {}}
LAYERS = {
    "01_loading": [inputs(784), dense(10, "softmax")],
    "02_small_mlp": [inputs(784), dense(8, "relu"), dense(10, "softmax")],
    "03_wide_mlp": [inputs(784), dense(128, "relu"), dense(10, "softmax")],
    "04_cnn": [
        *(inputs(28, 28, 1), convolution(32), POOLING, convolution(64), POOLING),
        *(FLATTEN, dense(128, "relu"), dense(10, "softmax")),
    ],
}


def make_dataset() -> Dataset:
    """Make what stands for MNIST here: nothing but test labels, and MNIST's name."""
    labels = np.random.default_rng(0).permutation(np.arange(IMAGES) % 10)
    nothing = np.zeros((1, 28, 28), np.uint8)
    labels = labels.astype(np.uint8)
    return Dataset("MNIST", nothing, labels[:1], nothing, labels, "", "", MNIST_DIGEST)


def predict(labels: np.ndarray, accuracy: float) -> np.ndarray:
    """Answer with the right digit as often as the accuracy says."""
    predicted = labels.copy()
    wrong = round(IMAGES * (1 - accuracy))
    predicted[:wrong] = (predicted[:wrong] + 1) % 10
    probabilities = np.full((IMAGES, 10), 0.01, np.float32)
    probabilities[np.arange(IMAGES), predicted] = 0.91
    return probabilities


def make_run(folder: Path) -> None:
    """Write the output folder of a finished run, and its published results."""
    labels = make_dataset().test_labels
    rows = ["notebook,seed,accuracy,macro_f1,lowest_class_f1,best_validation_accuracy"]
    for path in NOTEBOOKS:
        results = write_notebook_run(path, folder, labels)
        metrics = results["metrics"]
        lowest = min(digit["f1"] for digit in results["per_class"].values())
        values = (
            *(metrics["accuracy"], metrics["macro_f1"], lowest),
            metrics["best_validation_accuracy"],
        )
        rows.append(f"{path.stem},1,{','.join(map(str, values))}")
    (folder / "seeds.csv").write_text("\n".join(rows))


def make_submission_once(factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a run and its submission by the command, once for all tests.

    Returns the run's folder, and that of the submission, with its zip unpacked.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    run, output = shared / "synthetic-run", shared / "synthetic-submission"
    with FileLock(shared / "synthetic.lock"):
        if not output.exists():
            make_run(run)
            ending = run_command(
                *("submission", "--run", run, "--output", output),
                *("--author", AUTHOR.name, "--student-id", AUTHOR.student_id),
                run=run,
            )
            assert ending is ExitCode.COMPLETED
            shutil.unpack_archive(output / submission.ARCHIVE, output / "unpacked")
    return run, output


def run_command(*arguments: object, run: Path) -> ExitCode:
    """Run a command where the data is `make_dataset`'s, and the run is up to date."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "PUBLISHED_SEEDS", run / "seeds.csv")
        patch.setattr(data, "load_mnist", make_dataset)
        patch.setattr(execution, "resume_notebooks", lambda *_arguments: [])
        return __main__.main([str(each) for each in arguments])


def write_notebook_run(path: Path, folder: Path, labels: np.ndarray) -> dict:
    name = path.stem
    for kind in ("notebooks", "predictions", "models", "figures"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    probabilities = predict(labels, ACCURACY[name])
    scores = evaluate(labels, probabilities)
    files = write_figures(path, folder)
    model = folder / "models" / f"{name}.keras"
    write_model(model, LAYERS[name])
    predictions = folder / "predictions" / f"{name}.npz"
    np.savez_compressed(predictions, probabilities=probabilities, labels=labels)
    for file in (model, predictions):
        files[file.relative_to(folder).as_posix()] = file_digest(file)
    part, epochs = PARTS[name], EPOCHS[name]
    accuracies = list(np.linspace(0.9, ACCURACY[name], epochs))
    results = RESULTS | {
        "notebook": name,
        "dataset": RESULTS["dataset"] | {"digest": MNIST_DIGEST},
        "model": {
            "name": name,
            "layers": describe_network({"layers": LAYERS[name]}),
            "parameters": part.parameters,
        },
        "metrics": {
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "loss": scores.loss,
            "best_validation_accuracy": max(accuracies),
        },
        "per_class": scores.per_class.to_dict("index"),
        "history": {"loss": [0.5] * epochs, "val_accuracy": accuracies},
        "claims": claims(part, scores, is_mnist=True),
        "environment": describe_environment(),
        "files": files,
    }
    write_results(folder / "results" / f"{name}.json", results)
    write_executed(path, folder / "notebooks" / path.name, results["metrics"])
    return results


def write_figures(path: Path, folder: Path) -> dict[str, str]:
    """Save the figures that a notebook shows, and return their digests."""
    digests = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                name = f"figures/{output.metadata['image/png']['name']}.png"
                (folder / name).write_bytes(base64.b64decode(output.data["image/png"]))
                digests[name] = file_digest(folder / name)
    return digests


def write_model(path: Path, layers: list[dict]) -> None:
    """Write as much of Keras's file as says what the network is."""
    configuration = {
        "config": {"layers": layers},
        "compile_config": {
            "optimizer": {"class_name": "Adam"},
            "loss": "sparse_categorical_crossentropy",
        },
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(configuration))


def write_executed(path: Path, target: Path, metrics: dict[str, float]) -> None:
    """Copy a committed notebook as papermill would have left it, at other scores."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.papermill = {
        "input_path": str(path),
        "output_path": None,
        "end_time": f"2026-03-0{path.stem[1]}T04:05:06.789+00:00",
    }
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "scores" in output.get("metadata", {}):
                output.metadata.scores = metrics
    nbformat.write(notebook, target)
