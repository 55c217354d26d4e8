"""The run of a notebook that trains a network: what was trained is what is recorded.

A notebook's cells can be run in any order. Each step here holds on to the objects of
the step before it, so that what is evaluated, checked and saved is one network, trained
once with the recorded parameters; anything else raises `CourseError`.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import display

from mnist_helpers.data import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.errors import CourseError
from mnist_helpers.evaluation import Scores, evaluate
from mnist_helpers.results.assignment import PARTS, describe_network
from mnist_helpers.results.assignment_check import check_items, claims
from mnist_helpers.results.run import Run, require

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
        self._temporary = tempfile.TemporaryDirectory(prefix=f"{name}-")
        self._trainings = 0
        self._model: keras.Model | None = None
        self._best_model: keras.Model | None = None
        self._scores: Scores | None = None
        self._files_before_training: dict[str, str] = {}

    def temporary_path(self, name: str) -> str:
        """Return a path that lasts as long as this run, for a model in training."""
        return str(Path(self._temporary.name) / name)

    def check_network(self, model: keras.Model, expected_parameters: int) -> None:
        """Compare a new network's number of parameters with the predicted one."""
        self._require_same_parameters()
        counted = model.count_params()
        if counted != expected_parameters:
            raise CourseError(
                f"expected {expected_parameters:,} parameters, got {counted:,}: change "
                "the prediction above, or the model back"
            )
        self._model, self._untrained = model, model.get_weights()
        self._best_model = self._scores = None
        if self._trainings == 0:
            self._files_before_training = dict(self._files)

    def checkpoint(self, model: keras.Model) -> str:
        """Begin a training: return a new path for its ``ModelCheckpoint``."""
        self._require_same_parameters()
        require(
            model is self._model, "model: built before the data was prepared.", BUILD
        )
        is_new = all(map(np.array_equal, self._untrained, model.get_weights()))
        require(is_new, "model: it has been trained already.", BUILD)
        self._best_model = self._scores = None
        # Figures of an earlier training say nothing about this one.
        self._files = dict(self._files_before_training)
        self._trainings += 1
        return self._latest_path()

    def _latest_path(self) -> str:
        return self.temporary_path(f"training-{self._trainings}.keras")

    @property
    def history(self) -> keras.callbacks.History:
        """The history of the latest training of the network."""
        history = getattr(self._model, "history", None)
        require(history and history.epoch, "no training of this network.", BUILD)
        return history

    def load_best(self) -> keras.Model:
        """Load the model that the latest training has kept."""
        self._require_same_parameters()
        history, latest = self.history, self._latest_path()
        kept = Path(latest).exists()
        require(kept, "no ModelCheckpoint kept this training.", BUILD)
        self._require_trained_as_asked(history)
        self._history = history
        self._best_model = keras.models.load_model(latest)
        return self._best_model

    def _require_trained_as_asked(self, history: keras.callbacks.History) -> None:
        rate = self._model.optimizer.get_config()["learning_rate"]
        rates = rate["config"].values() if isinstance(rate, dict) else [rate]
        used = {"LEARNING_RATE": [each for each in rates if isinstance(each, float)]}
        for name, key in TRAINING_PARAMETERS.items():
            # Keras's own fit records its epochs only.
            used[name] = [history.params.get(key, self.parameters.get(name))]
        for name in used.keys() & self.parameters.keys():
            values, asked = used[name], self.parameters[name]
            as_asked = np.isclose(values, asked).any()
            require(as_asked, f"trained with {name} {values}, not {asked}.", BUILD)

    def evaluate(self, model: keras.Model, probabilities: np.ndarray) -> Scores:
        """Score the predictions of the test set.

        Parameters
        ----------
        model : keras.Model
            The one that `load_best` returned.
        probabilities : ndarray of shape (n, 10), float32
            Its predictions of the test images.
        """
        self._require_same_parameters()
        is_latest = model is self._best_model
        require(is_latest, "best_model: not that of the latest training.", EVALUATE)
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
        """Show what came out of each item of the assignment, and whether it is met."""
        self._require_same_parameters()
        is_latest = scores is self._scores
        require(is_latest, "scores: not those of the latest training.", EVALUATE)
        results = self._results()
        rows = check_items(PARTS[self.name], results, scores)
        columns = ("required", "result", "verdict")
        table = pd.DataFrame(
            [[getattr(row, column) for column in columns] for row in rows],
            [row.what for row in rows],
            columns,
        )
        with pd.option_context("display.max_colwidth", None):
            shown = {"text/html": table.to_html(), "text/plain": table.to_string()}
        display(shown, metadata={"scores": results["metrics"]}, raw=True)

    def save(self) -> None:
        """Write the model, the test predictions, the figures and the results file."""
        self._require_same_parameters()
        require(self._scores, "the latest training was not evaluated.", EVALUATE)
        self._write(f"models/{self.name}.keras", self._best_model.save)
        arrays = {
            "probabilities": self._probabilities.astype(np.float32),
            "labels": self.dataset.test_labels.astype(np.uint8),
        }
        self._write(
            f"predictions/{self.name}.npz",
            lambda path: np.savez_compressed(path, **arrays),
        )
        super().save()

    def _results(self) -> dict[str, object]:
        model, history, scores = self._best_model, self._history, self._scores
        compiled = model.get_compile_config()
        return super()._results() | {
            "seed": self.parameters["SEED"],
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
            "claims": claims(PARTS[self.name], scores, self.dataset.is_mnist),
        }
