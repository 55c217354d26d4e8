"""One run of a notebook: its folder, its figures, its claims and its results."""

import io
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Image, display
from matplotlib.figure import Figure

from mnist_helpers.claims import Claim
from mnist_helpers.data import Dataset
from mnist_helpers.environment import describe_environment
from mnist_helpers.evaluation import Scores
from mnist_helpers.files import file_digest, write_whole
from mnist_helpers.folders import (
    PUBLISHED_LADDERS,
    PUBLISHED_SEEDS,
    PUBLISHED_SPEEDRUNS,
    PUBLISHED_WIDTHS,
    output_folder,
    state_folder,
)
from mnist_helpers.quiet import keras
from mnist_helpers.quiet import tensorflow as tf
from mnist_helpers.results import SCHEMA

FIGURE_DPI = 110


class Stopwatch:
    """Wall-clock time of the block that it is used ``with``, in ``seconds``."""

    seconds: float

    def __enter__(self) -> "Stopwatch":
        """Start."""
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop."""
        self.seconds = time.perf_counter() - self._started


def published_seeds() -> pd.DataFrame:
    """Read the published results of every notebook at ten seeds, on MNIST.

    Returns
    -------
    DataFrame
        One row a notebook and seed: ``notebook``, ``seed``, the test set's
        ``accuracy``, ``macro_f1`` and ``lowest_class_f1``, and where it was measured.
    """
    return pd.read_csv(PUBLISHED_SEEDS)


def published_speedruns() -> pd.DataFrame:
    """Read the published races of the CNN against the clock, on MNIST.

    Returns
    -------
    DataFrame
        One row a seed: ``seed``, ``seconds``, ``macro_f1`` of the test set, and where
        it was measured.
    """
    return pd.read_csv(PUBLISHED_SPEEDRUNS)


def published_widths() -> pd.DataFrame:
    """Read the published trainings of dense networks of many widths, on MNIST.

    Returns
    -------
    DataFrame
        One row a width and seed: ``hidden_units``, ``seed``, ``parameters``, the test
        set's ``accuracy``, the ``best_validation_accuracy``, ``seconds`` of training,
        and where it was measured.
    """
    return pd.read_csv(PUBLISHED_WIDTHS)


def published_ladder(network: str) -> pd.DataFrame:
    """Read the published trainings of a network by better and better recipes, on MNIST.

    Parameters
    ----------
    network : str
        Such as ``cnn``.

    Returns
    -------
    DataFrame
        As of `ladders.climb`, and where it was measured.
    """
    return pd.read_csv(PUBLISHED_LADDERS / f"{network}.csv")


def measured_on(table: pd.DataFrame) -> str:
    """Say which machine a published table was measured on.

    Parameters
    ----------
    table : DataFrame
        With columns ``processor`` and ``tensorflow``.

    Returns
    -------
    str
        Each processor with its release of TensorFlow, such as ``AMD EPYC, TensorFlow
        2.21.0``.
    """
    machines = table[["processor", "tensorflow"]].drop_duplicates()
    return " and ".join(
        f"{machine.processor}, TensorFlow {machine.tensorflow}"
        for machine in machines.itertuples()
    )


class Run:
    """One run of a notebook.

    Parameters
    ----------
    name : str
        The notebook's file name without its ending, such as ``02_small_mlp``.
    dataset : Dataset
        What it is trained and judged on.
    parameters : dict
        The values of the notebook's parameters, ``SEED`` among them.
    """

    def __init__(
        self, name: str, dataset: Dataset, parameters: dict[str, object]
    ) -> None:
        self.name = name
        self.dataset = dataset
        self.parameters = parameters
        self.folder = output_folder()
        self.claims: list[Claim] = []
        self.findings: dict[str, object] = {}
        self.results: dict[str, object] = {}
        self._files: dict[str, str] = {}
        self._started = time.perf_counter()
        self._state = state_folder()
        self._checkpoints = tempfile.TemporaryDirectory(prefix=f"{name}-")

    def checkpoint_path(self, network: str) -> Path:
        """Where Keras's ``ModelCheckpoint`` keeps the best model while it trains.

        The folder is one of this run: a half-written model, or one that another run
        is writing, can never be taken for a result. It is a temporary one, unless a
        training that is killed can go on.

        Parameters
        ----------
        network : str
            Name of the network, such as ``small_mlp``.

        Returns
        -------
        Path
            A path ending in ``.keras``.
        """
        folder = self._state or Path(self._checkpoints.name)
        return folder / f"{network}.keras"

    def state_path(self, network: str) -> Path | None:
        """Where `training.fit` keeps its state, to go on after the run was killed.

        Parameters
        ----------
        network : str
            Name of the network, such as ``small_mlp``.

        Returns
        -------
        Path or None
            A path ending in ``.npz``; None in an interactive kernel, where a training
            always starts anew.
        """
        return self._state and self._state / f"{network}.npz"

    def show(self, figure: Figure, name: str, alt: str) -> None:
        """Display a figure with its alt text, and save it as PNG.

        A figure of data that is not MNIST says so in its title.

        Parameters
        ----------
        figure : Figure
            What to show.
        name : str
            Of the file: ``learning_curves`` becomes
            ``figures/02_learning_curves.png`` in notebook 02.
        alt : str
            What the figure shows, for those who cannot see it.
        """
        if not self.dataset.is_mnist:
            title = f"{self.dataset.name}, not MNIST\n{figure.get_suptitle()}"
            figure.suptitle(title.strip())
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=FIGURE_DPI)
        png = stream.getvalue()
        number = self.name.partition("_")[0]
        self._write(f"figures/{number}_{name}.png", lambda path: path.write_bytes(png))
        display(Image(data=png, format="png", metadata={"alt": alt}))

    def claim(
        self, metric: str, measured: float, minimum: float, assignment: str
    ) -> None:
        """Print a claim and whether it is met; claims are about MNIST only.

        Parameters
        ----------
        metric : str
            Such as ``test accuracy``.
        measured : float
            Its value in this run.
        minimum : float
            The least value that meets the claim.
        assignment : str
            What the assignment asks for, such as ``about 93 %``.
        """
        met = bool(measured >= minimum) if self.dataset.is_mnist else None
        claim = Claim(metric, float(minimum), float(measured), met, assignment)
        self.claims.append(claim)
        print(claim)

    def keep_table(self, table: pd.DataFrame, name: str) -> None:
        """Write a table that took long to make, for others to use.

        Parameters
        ----------
        table : DataFrame
            Its index is left out.
        name : str
            Of the file: ``cnn`` becomes ``tables/cnn.csv``.
        """
        self._write(f"tables/{name}.csv", lambda path: table.to_csv(path, index=False))

    def save(
        self,
        model: keras.Model,
        probabilities: np.ndarray,
        scores: Scores,
        history: dict[str, list[float]],
        training_seconds: float,
    ) -> None:
        """Write the model, the test predictions and, last, the results file.

        What is in ``findings`` by then goes into the results, and has to be what JSON
        can hold; ``results`` is then the content of that file. A training of fewer
        epochs than the notebook's parameter is told of.

        Parameters
        ----------
        model : keras.Model
            The model that was evaluated.
        probabilities : ndarray of shape (n, 10), float32
            Its predictions of the test set.
        scores : Scores
            What they scored.
        history : dict
            Of the training, a list of one number an epoch for each metric.
        training_seconds : float
            Wall-clock time of the training, compiling included.
        """
        trained, asked = len(history["val_accuracy"]), self.parameters.get("EPOCHS", 0)
        if trained < asked:
            print(f"The training ended after {trained} of {asked} epochs.")
        self._write(f"models/{self.name}.keras", model.save)
        self._write(
            f"predictions/{self.name}.npz",
            lambda path: np.savez_compressed(
                path,
                probabilities=probabilities.astype(np.float32),
                labels=self.dataset.test_labels.astype(np.uint8),
            ),
        )
        results = {
            "schema": SCHEMA,
            "notebook": self.name,
            "dataset": {
                "name": self.dataset.name,
                "digest": self.dataset.digest,
                "is_mnist": self.dataset.is_mnist,
                "training_images": len(self.dataset.train_images),
                "test_images": len(self.dataset.test_images),
            },
            "parameters": self.parameters,
            "seed": self.parameters["SEED"],
            "model": {
                "name": model.name,
                "parameters": model.count_params(),
                "jit_compile": model.jit_compile,
            },
            "metrics": {
                "accuracy": scores.accuracy,
                "macro_f1": scores.macro_f1,
                "loss": scores.loss,
                "best_validation_accuracy": max(history["val_accuracy"]),
            },
            "intervals": {
                "accuracy": scores.accuracy_interval,
                "macro_f1": scores.macro_f1_interval,
            },
            "per_class": scores.per_class.to_dict("index"),
            "history": history,
            "claims": [asdict(claim) for claim in self.claims],
            "findings": self.findings,
            "seconds": {
                "training": training_seconds,
                "notebook": time.perf_counter() - self._started,
            },
            "environment": describe_environment() | {"threads": _threads()},
            "files": self._files,
        }
        text = json.dumps(results, indent=1, allow_nan=False) + "\n"
        write_whole(
            self.folder / "results" / f"{self.name}.json",
            lambda path: path.write_text(text, encoding="utf-8"),
        )
        self.results = json.loads(text)

    def _write(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file of this run, and note its digest for the results."""
        path = self.folder / name
        write_whole(path, write)
        self._files[name] = file_digest(path)


def _threads() -> dict[str, int]:
    """Return TensorFlow's threads as configured; 0 leaves the number to TensorFlow."""
    threading = tf.config.threading
    return {
        "intra_op": threading.get_intra_op_parallelism_threads(),
        "inter_op": threading.get_inter_op_parallelism_threads(),
    }
