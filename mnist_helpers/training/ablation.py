"""One network, recipe after recipe: what each change is worth."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.evaluation.scores import evaluate
from mnist_helpers.evaluation.significance import format_p
from mnist_helpers.preprocessing import split_validation
from mnist_helpers.training.fitting import fit

COLUMNS = ["seed", "step", "validation_accuracy", "accuracy", "macro_f1"]


@dataclass(frozen=True)
class Split:
    """The inputs and labels that a seed trains with, and those that it holds out."""

    inputs: np.ndarray
    labels: np.ndarray
    validation_data: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Step:
    """A recipe, named after what it changes in the one before.

    Attributes
    ----------
    train : callable
        Given a `Split` and a seed, returns a trained network. Where two steps in a
        row have the same one, they share the training.
    predict : callable
        Given the network and inputs, returns probabilities of shape (n, 10).
    """

    name: str
    train: Callable[[Split, int], keras.Model]
    predict: Callable[[keras.Model, np.ndarray], np.ndarray]


def fit_best(
    network: keras.Model, split: Split, seed: int, epochs: int, batch_size: int
) -> keras.Model:
    """Train a compiled network, and leave it as it was after its best epoch.

    Raises
    ------
    KeyboardInterrupt
        If an interrupt has ended the training before its last epoch: half a training
        says nothing about a recipe.
    """
    # With so much patience it stops nothing: it only puts the best weights back.
    keep_best = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=epochs, restore_best_weights=True
    )
    history = fit(
        network,
        split.inputs,
        split.labels,
        validation_data=split.validation_data,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        callbacks=[keep_best],
    )
    if len(history.epoch) < epochs:
        raise KeyboardInterrupt(f"after epoch {len(history.epoch)} of {epochs}")
    return network


def predict(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Predict every input as it is, in large batches."""
    return model.predict(inputs, batch_size=1000, verbose=0)


def compare_steps(
    steps: Sequence[Step],
    dataset: Dataset,
    to_inputs: Callable[[np.ndarray], np.ndarray],
    validation_fraction: float,
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Train and judge a network by every recipe, at every seed.

    A seed draws the split, the initial weights, the batches and the distortions. The
    steps are given: choose them by the validation images of other seeds, and the
    test images judge them once.

    Parameters
    ----------
    steps : sequence of Step
        The first is the baseline.
    to_inputs : callable
        Given images of shape (n, 28, 28), uint8, returns what the network takes.

    Returns
    -------
    DataFrame
        One row per seed and step, with `COLUMNS`: ``accuracy`` and ``macro_f1`` are
        those of the test set.
    """
    test_inputs = to_inputs(dataset.test_images)
    rows: list[tuple] = []
    for seed in seeds:
        images, labels, validation_images, validation_labels = split_validation(
            dataset.train_images, dataset.train_labels, validation_fraction, seed
        )
        validation_data = to_inputs(validation_images), validation_labels
        split = Split(to_inputs(images), labels, validation_data)
        trained_by = None
        for step in steps:
            if step.train is not trained_by:
                started = time.perf_counter()
                network = step.train(split, seed)
                seconds = time.perf_counter() - started
                trained_by = step.train
            validation = evaluate(
                validation_labels, step.predict(network, validation_data[0])
            )
            test = evaluate(dataset.test_labels, step.predict(network, test_inputs))
            scores = (validation.accuracy, test.accuracy, test.macro_f1)
            rows.append((seed, step.name, *scores))
            print(f"seed {seed}, {step.name}: trained in {seconds:.0f} s", flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)


def ablation_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Lay out what recipes gain over the first one, the baseline.

    Parameters
    ----------
    runs : DataFrame
        See `compare_steps`; at least two steps and two seeds.

    Returns
    -------
    DataFrame
        One row per step: median ``test accuracy`` with its ``lowest`` and ``highest``
        seed, and median ``validation`` accuracy; and, as text, the median ``gain``
        over the baseline with the same seed in percentage points, at how many seeds
        the step is ``better``, and the p-value ``p (Holm)`` of Wilcoxon's signed-rank
        test over the seeds, corrected by Holm.
    """
    baseline, *others = runs["step"].unique()
    accuracies = runs.pivot(index="seed", columns="step", values="accuracy")
    accuracies = accuracies[[baseline, *others]]
    validation = runs.groupby("step", sort=False)["validation_accuracy"].median()
    # Without rounding, equal gains would differ in their last bit.
    gains = accuracies[others].sub(accuracies[baseline], axis=0).round(8)
    p_values = [wilcoxon(gains[step]).pvalue for step in others]
    corrected = multipletests(p_values, method="holm")[1]
    better = (gains > 0).sum()
    return pd.DataFrame(
        {
            "test accuracy": accuracies.median().round(4),
            "lowest": accuracies.min().round(4),
            "highest": accuracies.max().round(4),
            "validation": validation.round(4),
            "gain": ["", *(f"{100 * gains[step].median():+.2f}" for step in others)],
            "better": ["", *(f"{better[step]} of {len(gains)}" for step in others)],
            "p (Holm)": ["", *map(format_p, corrected)],
        }
    )
