"""Scores of predicted probabilities.

``labels`` are the true digits, integers of shape (n,); ``probabilities`` are floats of
shape (n, 10), a row for each image and a column for each digit. The prediction is the
digit with the highest. Every table has all ten digits, whichever of them occur.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import metrics

from mnist_helpers.evaluation.intervals import (
    Interval,
    accuracy_interval,
    macro_f1_interval,
)
from mnist_helpers.preprocessing import CLASSES, check_labels

DIGITS = list(range(CLASSES))
# softmax in float32 can round a probability to 0, whose logarithm is infinite; this
# floor keeps the loss finite.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


def check_probabilities(probabilities: np.ndarray, count: int) -> None:
    """Raise ValueError unless these are ``count`` rows of ten that sum to 1."""
    expected = f"an array of shape ({count}, {CLASSES}), one row per image"
    if probabilities.shape != (count, CLASSES):
        got = probabilities.shape
        raise ValueError(f"probabilities: got shape {got}, expected {expected}")
    # NaN fails the comparison, so it is refused here too.
    sums = probabilities.sum(axis=1, dtype=np.float64)
    if not (np.abs(sums - 1) <= 1e-3).all():
        raise ValueError(
            f"probabilities: got rows with sums from {sums.min():.4f} to "
            f"{sums.max():.4f}, expected 1, as softmax makes it"
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """How well one network predicts one set of labels.

    The loss is the mean cross-entropy in nats: ln 10, about 2.303, for a blind guess.
    The intervals say where the scores may lie over all such images, at 95 %.
    ``per_class`` has a row per digit: ``precision``, ``recall``, ``f1``, ``support``; a
    ratio with nothing to divide by is 0. ``confusion`` counts the images by true digit
    (rows) and predicted digit (columns).
    """

    accuracy: float
    macro_f1: float
    loss: float
    accuracy_interval: Interval
    macro_f1_interval: Interval
    per_class: pd.DataFrame
    confusion: np.ndarray


def evaluate(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Score predicted probabilities against the true digits.

    Raises
    ------
    ValueError
        If a label is no digit, or the probabilities do not belong to the labels.
    """
    check_labels(labels)
    check_probabilities(probabilities, len(labels))
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=DIGITS, zero_division=0
    )
    per_class = pd.DataFrame(
        {"precision": precision, "recall": recall, "f1": f1, "support": support},
        index=pd.Index(DIGITS, name="digit"),
    )
    confusion = metrics.confusion_matrix(labels, predicted, labels=DIGITS)
    return Scores(
        accuracy=float(metrics.accuracy_score(labels, predicted)),
        macro_f1=float(f1.mean()),
        loss=cross_entropy(labels, probabilities),
        accuracy_interval=accuracy_interval(confusion),
        macro_f1_interval=macro_f1_interval(confusion),
        per_class=per_class,
        confusion=confusion,
    )


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Average minus the logarithm of the probability given to the true digit."""
    # Not metrics.log_loss: it warns of rows that sum to 1 only as far as float16 goes,
    # and its floor depends on the dtype.
    given_to_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(given_to_truth, SMALLEST_PROBABILITY, 1)).mean())


def classification_report(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Return scikit-learn's report on every digit, as text to four decimals."""
    return metrics.classification_report(
        labels,
        probabilities.argmax(axis=1),
        labels=DIGITS,
        digits=4,
        zero_division=0,
    )


def comparison_table(
    scores: Mapping[str, Scores], **further_columns: Mapping[str, object]
) -> pd.DataFrame:
    """Put the scores of several networks side by side, as text to four decimals.

    There is one row per network. A further column has a value for each, such as
    ``parameters={"small MLP": 6370, "wide MLP": 101770}``.
    """
    rows = {
        name: {
            "accuracy": f"{score.accuracy:.4f}",
            "accuracy, interval": str(score.accuracy_interval),
            "macro-F1": f"{score.macro_f1:.4f}",
            "macro-F1, interval": str(score.macro_f1_interval),
            "loss": f"{score.loss:.4f}",
            "lowest class F1": f"{score.per_class['f1'].min():.4f}",
        }
        for name, score in scores.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
    for column, values in further_columns.items():
        table[column] = [values[name] for name in scores]
    return table


def epochs_to_reach(values: Sequence[float], threshold: float) -> int | None:
    """Count the epochs until a metric first reaches a threshold; None if never."""
    reached = (epoch for epoch, value in enumerate(values, 1) if value >= threshold)
    return next(reached, None)


def sample_correct(
    labels: np.ndarray, probabilities: np.ndarray, seed: int
) -> np.ndarray:
    """Pick the row of one correct prediction of each digit at random.

    The rows come in the order of the digits. A digit that is never predicted correctly
    is left out.
    """
    generator = np.random.default_rng(seed)
    is_correct = probabilities.argmax(axis=1) == labels
    candidates = [np.flatnonzero(is_correct & (labels == digit)) for digit in DIGITS]
    picked = [generator.choice(rows) for rows in candidates if len(rows)]
    return np.array(picked, dtype=np.intp)


def most_confident_mistakes(
    labels: np.ndarray, probabilities: np.ndarray, count: int
) -> np.ndarray:
    """Find the rows of the most confident mistakes, the most confident first.

    There are fewer than ``count`` if the network made fewer mistakes.
    """
    mistakes = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    confidence = probabilities[mistakes].max(axis=1)
    return mistakes[np.argsort(-confidence, kind="stable")][:count]


def doubtful_labels(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Find the rows of images that all networks call by the same other digit.

    Networks that differ in kind and agree against a label, which none of them was
    trained on, are a reason to look at the label. Those rows come first whose label the
    networks give the least probability on average.
    """
    together = np.stack(list(probabilities.values()))
    predicted = together.argmax(axis=2)
    agree = (predicted == predicted[0]).all(axis=0)
    rows = np.flatnonzero(agree & (predicted[0] != labels))
    given_to_label = together[:, rows, labels[rows]].mean(axis=0)
    return rows[np.argsort(given_to_label, kind="stable")]


def describe_confusions(confusion: np.ndarray, count: int) -> str:
    """Name the digits that are most often taken for another, the most frequent first.

    For example ``4 taken for 9 (26 images), 7 taken for 9 (1 image)``; ``no digit`` if
    every prediction is right.
    """
    errors = confusion * (1 - np.eye(CLASSES, dtype=int))
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, errors.shape), strict=True)
    phrases = [
        f"{true} taken for {predicted} ({images} image{'s' if images > 1 else ''})"
        for true, predicted in pairs
        if (images := errors[true, predicted])
    ]
    return ", ".join(phrases) or "no digit"


def format_confidence(probability: float) -> str:
    """Write a percentage that is never rounded up to 100: ``> 99 %``, ``87 %``."""
    return "> 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def seeds_table(seeds: pd.DataFrame, notebooks: Mapping[str, str]) -> pd.DataFrame:
    """Show how much the scores of the same recipe differ from seed to seed, as text.

    ``seeds`` has a row per notebook and seed: ``notebook``, ``accuracy``, ``macro_f1``;
    ``notebooks`` is the notebook of each network, in the order to show.
    """
    rows = {}
    for network, notebook in notebooks.items():
        of_notebook = seeds[seeds["notebook"] == notebook]
        rows[network] = {"seeds": len(of_notebook)}
        for metric, column in (("accuracy", "accuracy"), ("macro-F1", "macro_f1")):
            values = of_notebook[column]
            rows[network] |= {
                f"{metric}, median": f"{values.median():.4f}",
                f"{metric}, range": f"{values.min():.4f} to {values.max():.4f}",
            }
    return pd.DataFrame.from_dict(rows, orient="index")
