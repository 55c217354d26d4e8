"""The run of a notebook that trains a network: what was trained is what is recorded.

A notebook's cells can be run in any order. Each step here holds on to the objects of
the step before it, so that what is evaluated, checked and saved is one network, trained
once with the recorded parameters; anything else raises `CellOrderError`.
"""

import tempfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import display

from mnist_helpers.data import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.evaluation import Scores, evaluate
from mnist_helpers.results.assignment import PARTS, describe_network
from mnist_helpers.results.check import check_items, claims
from mnist_helpers.results.run import CellOrderError, Run, run_from

# The headings of the cells that build and that evaluate, as every notebook has them.
BUILD, EVALUATE = "Network", "Test scores"
# The figure of a training that needs no scores.
CURVES = "learning_curves.png"
# A notebook's parameter to what `training.fit` records it as.
TRAINING_PARAMETERS = {"EPOCHS": "epochs", "BATCH_SIZE": "batch_size", "SEED": "seed"}


class TrainingRun(Run):
    """A `Run` whose notebook trains, evaluates and saves one network.

    The steps, in order: `check_network`, `checkpoint`, `load_best`, `evaluate`,
    `check`, `save`.
    """

    def __init__(
        self, name: str, dataset: Dataset, namespace: dict[str, object]
    ) -> None:
        super().__init__(name, dataset, namespace)
        self._folder = tempfile.TemporaryDirectory(prefix=f"{name}-")
        self._trainings = 0
        self._model: keras.Model | None = None
        self._files_before_training: dict[str, str] = {}
        self._forget_training()

    def _forget_training(self) -> None:
        self._best_model: keras.Model | None = None
        self._scores: Scores | None = None

    def temporary_path(self, name: str) -> str:
        """Return a path that lasts as long as this run, for a model in training."""
        return str(Path(self._folder.name) / name)

    def check_network(self, model: keras.Model, expected_parameters: int) -> None:
        """Hold a new network to the predicted number of parameters.

        Parameters
        ----------
        model : keras.Model
            Built, not yet trained.
        expected_parameters : int
            What was predicted.

        Raises
        ------
        ValueError
            If the network has another number of parameters.
        """
        self._require_same_parameters()
        counted = model.count_params()
        if counted != expected_parameters:
            raise ValueError(
                f"expected {expected_parameters:,} parameters, got {counted:,}: change "
                "the prediction above, or the model back"
            )
        self._model, self._untrained = model, _weights_digest(model)
        if self._trainings == 0:
            self._files_before_training = dict(self._files)
        self._forget_training()

    def checkpoint(self, model: keras.Model) -> str:
        """Begin a training: return a new path for its ``ModelCheckpoint``.

        Parameters
        ----------
        model : keras.Model
            The network that `check_network` was given last.

        Returns
        -------
        str
            A path ending in ``.keras``, never used before.
        """
        self._require_same_parameters()
        if model is not self._model:
            raise CellOrderError(
                "model: built before the data was prepared. " + run_from(BUILD)
            )
        if _weights_digest(model) != self._untrained:
            raise CellOrderError(
                "model: it has been trained already, and would go on from its present "
                "weights. " + run_from(BUILD)
            )
        self._forget_training()
        # Figures of an earlier training say nothing about this one.
        self._files = dict(self._files_before_training)
        self._trainings += 1
        return self.temporary_path(f"training-{self._trainings}.keras")

    @property
    def history(self) -> keras.callbacks.History:
        """The history of the latest training of the network."""
        history = getattr(self._model, "history", None)
        if not getattr(history, "history", None):
            raise CellOrderError("no training of this network. " + run_from(BUILD))
        return history

    def load_best(self) -> keras.Model:
        """Load the model that the latest training has kept.

        Returns
        -------
        keras.Model
        """
        self._require_same_parameters()
        latest = self.temporary_path(f"training-{self._trainings}.keras")
        history = self.history
        if not Path(latest).exists():
            raise CellOrderError(
                "no ModelCheckpoint kept this training. " + run_from(BUILD)
            )
        self._require_trained_as_asked(history)
        self._history = history
        self._best_model = keras.models.load_model(latest)
        return self._best_model

    def _require_trained_as_asked(self, history: keras.callbacks.History) -> None:
        for name, key in TRAINING_PARAMETERS.items():
            asked, used = self.parameters.get(name), history.params.get(key)
            if asked is not None and used is not None and asked != used:
                raise CellOrderError(
                    f"the training used {key}={used}, but {name} is {asked}: pass "
                    f"{name} to fit(), or change it under 'Parameters'"
                )
        asked = self.parameters.get("LEARNING_RATE")
        rate = self._model.optimizer.get_config()["learning_rate"]
        rates = rate["config"].values() if isinstance(rate, dict) else [rate]
        used = [each for each in rates if isinstance(each, float)]
        if asked is not None and not np.isclose(used, asked).any():
            raise CellOrderError(
                f"the optimizer was compiled without LEARNING_RATE, which is {asked}: "
                "pass it to the optimizer, or change it under 'Parameters'"
            )

    def evaluate(self, model: keras.Model, probabilities: np.ndarray) -> Scores:
        """Score the predictions of the test set.

        Parameters
        ----------
        model : keras.Model
            The one that `load_best` returned.
        probabilities : ndarray of shape (n, 10), float32
            Its predictions of the test images.

        Returns
        -------
        Scores
        """
        self._require_same_parameters()
        if model is not self._best_model:
            raise CellOrderError(
                "best_model: not that of the latest training. " + run_from(EVALUATE)
            )
        # What was drawn of scores before these is of an earlier training.
        self._files = {
            name: digest
            for name, digest in self._files.items()
            if name in self._files_before_training or name.endswith(CURVES)
        }
        self._probabilities = probabilities
        self._scores = evaluate(self.dataset.test_labels, probabilities)
        return self._scores

    def check(self, scores: Scores) -> None:
        """Show what came out of each item of the assignment, and whether it is met.

        Parameters
        ----------
        scores : Scores
            What `evaluate` returned.
        """
        self._require_same_parameters()
        if scores is not self._scores:
            raise CellOrderError(
                "scores: not those of the latest training. " + run_from(EVALUATE)
            )
        record = self._record() | {"files": self._files}
        rows = check_items(PARTS[self.name], record, scores)
        table = pd.DataFrame(
            {
                "required": [row.required for row in rows],
                "result": [row.result for row in rows],
                "verdict": [row.verdict for row in rows],
            },
            index=[row.what for row in rows],
        )
        with pd.option_context("display.max_colwidth", None):
            shown = {"text/html": table.to_html(), "text/plain": table.to_string()}
        display(shown, metadata={"scores": record["metrics"]}, raw=True)

    def save(self) -> None:
        """Write the model, the test predictions, the figures and the results file."""
        self._require_same_parameters()
        if self._scores is None:
            raise CellOrderError(
                "nothing to save: the latest training has not been evaluated. "
                + run_from(EVALUATE)
            )
        trained = len(self._history.history["val_accuracy"])
        if trained < self.parameters["EPOCHS"]:
            asked = self.parameters["EPOCHS"]
            print(f"The training ended after {trained} of {asked} epochs.")
        self._write(f"models/{self.name}.keras", self._best_model.save)
        arrays = {
            "probabilities": self._probabilities.astype(np.float32),
            "labels": self.dataset.test_labels.astype(np.uint8),
        }
        self._write(
            f"predictions/{self.name}.npz",
            lambda path: np.savez_compressed(path, **arrays),
        )
        self._save(self._record())

    def _record(self) -> dict[str, object]:
        """Collect what was built, trained and scored."""
        model, history, scores = self._best_model, self._history, self._scores
        compiled = model.get_compile_config()
        part = PARTS[self.name]
        return {
            "seed": self.parameters["SEED"],
            "dataset": self._describe_dataset(),
            "model": {
                "name": model.name,
                "layers": describe_network(model.get_config()),
                "parameters": model.count_params(),
                "jit_compile": model.jit_compile,
            },
            "training": {
                "optimizer": compiled["optimizer"],
                "loss": compiled["loss"],
                "batch_size": history.params.get("batch_size"),
                "seconds": getattr(history, "seconds", None),
                "kept_by": getattr(history, "kept_by", None),
            },
            "metrics": {
                "accuracy": scores.accuracy,
                "macro_f1": scores.macro_f1,
                "loss": scores.loss,
                "best_validation_accuracy": max(history.history["val_accuracy"]),
            },
            "intervals": {
                "accuracy": scores.accuracy_interval,
                "macro_f1": scores.macro_f1_interval,
            },
            "per_class": scores.per_class.to_dict("index"),
            "history": history.history,
            "claims": claims(part, scores, self.dataset.is_mnist),
            "findings": self.findings,
        }


def _weights_digest(model: keras.Model) -> int:
    digest = 0
    for weights in model.get_weights():
        digest = zlib.crc32(weights.tobytes(), digest)
    return digest
