"""One network, recipe after recipe: what each change is worth."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.evaluation.scores import evaluate
from mnist_helpers.evaluation.significance import format_p
from mnist_helpers.preprocessing import split_validation
from mnist_helpers.training.fitting import fit


@dataclass(frozen=True)
class Split:
    """What a seed trains with: inputs and labels, of the training and validation set.

    Parameters
    ----------
    inputs : ndarray of shape (n, ...), float32
        What the network takes.
    labels : ndarray of shape (n,), uint8
        The digits.
    validation_data : tuple of (ndarray, ndarray)
        Inputs and labels that are held out.
    """

    inputs: np.ndarray
    labels: np.ndarray
    validation_data: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Step:
    """A recipe, named after what it changes in the one before.

    Parameters
    ----------
    name : str
        Of the change.
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

    Parameters
    ----------
    network : keras.Model
        Compiled, with accuracy among its metrics.
    split : Split
        What it is trained with; the validation accuracy tells the best epoch.
    seed : int
        Of the batches' order, 0 or more.
    epochs : int
        Passes over the training set, at least 1. None is left out.
    batch_size : int
        Inputs a gradient step.

    Returns
    -------
    keras.Model
        The network. Of epochs that are equally good, the first one's.

    Raises
    ------
    ValueError
        If an argument is not as `training.fit` takes it.
    KeyboardInterrupt
        If an interrupt has ended the training before its last epoch: half a training
        says nothing about a recipe.
    """
    # With so much patience it stops nothing: it only puts the best weights back.
    keep_best = keras.callbacks.EarlyStopping(
        monitor="val_accuracy",
        mode="max",
        patience=epochs,
        restore_best_weights=True,
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
    """Predict every input as it is, in large batches.

    Parameters
    ----------
    model : keras.Model
        Gives probabilities.
    inputs : ndarray of shape (n, ...), float32
        What the model takes.

    Returns
    -------
    ndarray of shape (n, classes), dtype float32
        The probabilities.
    """
    return model.predict(inputs, batch_size=1000, verbose=0)


def climb(
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
        At least one; the first is where the ladder stands.
    dataset : Dataset
        What is split, and what judges.
    to_inputs : callable
        Given images of shape (n, 28, 28), uint8, returns what the network takes.
    validation_fraction : float
        Share of the training set that is held out.
    seeds : sequence of int
        Each 0 or more.

    Returns
    -------
    DataFrame
        One row a step and seed: ``step``, ``seed``, ``seconds`` of training,
        ``validation_accuracy``, and the test set's ``accuracy`` and ``macro_f1``.
    """
    test_inputs = to_inputs(dataset.test_images)
    rows: list[dict[str, object]] = []
    for seed in seeds:
        split = _split(dataset, to_inputs, validation_fraction, seed)
        trained_by = None
        for step in steps:
            if step.train is not trained_by:
                started = time.perf_counter()
                network = step.train(split, seed)
                seconds = time.perf_counter() - started
                trained_by = step.train
            validation_inputs, validation_labels = split.validation_data
            validation = evaluate(
                validation_labels, step.predict(network, validation_inputs)
            )
            test = evaluate(dataset.test_labels, step.predict(network, test_inputs))
            rows.append(
                {
                    "step": step.name,
                    "seed": seed,
                    "seconds": seconds,
                    "validation_accuracy": validation.accuracy,
                    "accuracy": test.accuracy,
                    "macro_f1": test.macro_f1,
                }
            )
            print(
                f"{len(rows)} of {len(steps) * len(seeds)}: seed {seed}, {step.name}: "
                f"validation accuracy {validation.accuracy:.4f}, "
                f"trained in {seconds:.0f} s",
                flush=True,
            )
    return pd.DataFrame(rows)


def ladder_table(rungs: pd.DataFrame) -> pd.DataFrame:
    """Lay out what recipes gain over the first one, the baseline.

    Parameters
    ----------
    rungs : DataFrame
        See `climb`; at least two seeds.

    Returns
    -------
    DataFrame
        One row per step: median ``test accuracy`` with its ``lowest`` and ``highest``
        seed, median ``validation`` accuracy and ``seconds``; and, as text, the mean
        ``gain`` over the baseline in percentage points, and the p-value ``p (Holm)``
        of a paired t-test over the seeds, corrected by Holm.

    Raises
    ------
    ValueError
        If there are fewer than two seeds.
    """
    if rungs["seed"].nunique() < 2:
        raise ValueError("rungs: got one seed, expected two or more to compare steps")
    baseline, *others = rungs["step"].unique()
    accuracies = rungs.pivot(index="seed", columns="step", values="accuracy")
    accuracies = accuracies[[baseline, *others]]
    by_step = rungs.groupby("step", sort=False)
    p_values = [_paired_p(accuracies[baseline], accuracies[step]) for step in others]
    if others:
        p_values = multipletests(p_values, method="holm")[1]
    gains = 100 * (accuracies.mean() - accuracies[baseline].mean())
    return pd.DataFrame(
        {
            "test accuracy": accuracies.median().round(4),
            "lowest": accuracies.min().round(4),
            "highest": accuracies.max().round(4),
            "validation": by_step["validation_accuracy"].median().round(4),
            "seconds": by_step["seconds"].median().round(1),
            "gain": ["", *(f"{gains[step]:+.2f}" for step in others)],
            "p (Holm)": ["", *map(format_p, p_values)],
        }
    )


def _split(
    dataset: Dataset,
    to_inputs: Callable[[np.ndarray], np.ndarray],
    validation_fraction: float,
    seed: int,
) -> Split:
    images, labels, validation_images, validation_labels = split_validation(
        dataset.train_images, dataset.train_labels, validation_fraction, seed
    )
    return Split(
        to_inputs(images), labels, (to_inputs(validation_images), validation_labels)
    )


def _paired_p(before: pd.Series, now: pd.Series) -> float:
    """Return the p-value of a paired t-test, which has none where nothing differs."""
    return float(ttest_rel(now, before).pvalue) if (now != before).any() else 1.0
