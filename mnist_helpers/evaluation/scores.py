"""Scores of predicted probabilities.

A network answers each image with ten probabilities, one a digit; its prediction is
the digit with the highest. Every table here has all ten digits, whichever of them
occur in the labels or in the predictions.
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
_FOUR_DECIMALS = "{:.4f}".format
# softmax in float32 can round a probability to 0, whose logarithm is infinite; this
# floor keeps the loss finite.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


def check_probabilities(
    probabilities: np.ndarray, count: int, name: str = "probabilities"
) -> None:
    """Refuse anything but ``count`` rows of ten probabilities that sum to 1.

    Parameters
    ----------
    probabilities : ndarray of shape (count, 10), any floating dtype
        What a network predicts: a row an image, a column a digit.
    count : int
        How many rows there must be: one an image.
    name : str
        How the error message calls the argument.

    Raises
    ------
    ValueError
        If the type, the dtype or the shape is another, a value is negative or not a
        number, or a row does not sum to 1 within 0.001.
    """
    expected = f"a float array of shape ({count}, {CLASSES}), one row an image"
    if not isinstance(probabilities, np.ndarray):
        raise ValueError(
            f"{name}: got {type(probabilities).__name__}, expected {expected}"
        )
    if not np.issubdtype(probabilities.dtype, np.floating):
        raise ValueError(
            f"{name}: got dtype {probabilities.dtype}, expected {expected}"
        )
    if probabilities.shape != (count, CLASSES):
        raise ValueError(
            f"{name}: got shape {probabilities.shape}, expected {expected}"
        )
    # NaN fails every comparison, so it is refused here too.
    is_negative = ~(probabilities >= 0)
    if is_negative.any():
        row, digit = np.argwhere(is_negative)[0]
        raise ValueError(
            f"{name}: got {probabilities[row, digit]} in row {row}, "
            "expected values in [0, 1]"
        )
    # Values above 1 end here: beside values that are not negative they spoil the sum.
    sums = probabilities.sum(axis=1, dtype=np.float64)
    is_uneven = np.abs(sums - 1) > 1e-3
    if is_uneven.any():
        row = np.argmax(is_uneven)
        raise ValueError(
            f"{name}: got a sum of {sums[row]:.4f} in row {row}, "
            "expected every row to sum to 1, as softmax makes it"
        )


def check_predictions(labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Refuse labels and probabilities that cannot be scored.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_labels(labels, np.size(labels))
    if len(labels) == 0:
        raise ValueError("labels: got none, expected at least one")
    check_probabilities(probabilities, len(labels))


@dataclass(frozen=True, eq=False)
class Scores:
    """How well one network predicts one set of labels.

    Attributes
    ----------
    accuracy : float
        The share of images predicted right.
    macro_f1 : float
        The mean of the ten F1 scores: every digit counts the same.
    loss : float
        The mean cross-entropy in nats: ln 10, about 2.303, for a blind guess.
    accuracy_interval, macro_f1_interval : Interval
        Where they may lie over all such images, judging by these, at 95 %.
    per_class : DataFrame
        One row a digit (index ``digit``); columns ``precision``, ``recall``, ``f1``
        and ``support`` (how many images show that digit). A ratio with nothing to
        divide by is 0.
    confusion : ndarray of shape (10, 10), integer
        Images counted by true digit (rows) and predicted digit (columns).
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

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)
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
    """Average how surprising the true digits are, by the predicted probabilities.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    float
        In nats: ln 10, about 2.303, for a blind guess.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)
    # Not metrics.log_loss: it warns of rows that sum to 1 only as far as float32 goes.
    given_to_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(given_to_truth, SMALLEST_PROBABILITY, 1)).mean())


def classification_report(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Lay out precision, recall and F1 of every digit as text, to four decimals.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    str
        scikit-learn's report, ready to print.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)
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
    """Put the scores of several networks side by side.

    Parameters
    ----------
    scores : dict of str to Scores
        The scores of each network, by its name.
    **further_columns : dict of str to object
        One more column each, a value a network, such as
        ``parameters={"small MLP": 6370, "wide MLP": 101770}``.

    Returns
    -------
    DataFrame
        One row a network; columns ``accuracy`` and ``macro-F1``, each with its 95 %
        ``interval``, ``loss`` and ``lowest class F1``, as text with four decimals,
        then the further ones.

    Raises
    ------
    ValueError
        If there is no network, or a further column has the name of another or is not
        about the same networks.
    """
    if not scores:
        raise ValueError("scores: got none, expected at least one network's")
    rows = {
        name: {
            "accuracy": _FOUR_DECIMALS(score.accuracy),
            "accuracy, interval": str(score.accuracy_interval),
            "macro-F1": _FOUR_DECIMALS(score.macro_f1),
            "macro-F1, interval": str(score.macro_f1_interval),
            "loss": _FOUR_DECIMALS(score.loss),
            "lowest class F1": _FOUR_DECIMALS(score.per_class["f1"].min()),
        }
        for name, score in scores.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
    for column, values in further_columns.items():
        if column in table:
            raise ValueError(f"{column}: got this name twice, expected another")
        if set(values) != set(scores):
            raise ValueError(
                f"{column}: got a value for {list(values)}, "
                f"expected one for each of {list(scores)}"
            )
        table[column] = [values[name] for name in scores]
    return table


def epochs_to_reach(values: Sequence[float], threshold: float) -> int | None:
    """Count the epochs until a metric that should rise first reaches a threshold.

    Parameters
    ----------
    values : sequence of float
        The metric after each epoch, such as ``history["val_accuracy"]``.
    threshold : float
        The value to reach or exceed.

    Returns
    -------
    int or None
        The epoch, counted from 1; None if none reaches it.
    """
    for epoch, value in enumerate(values, start=1):
        if value >= threshold:
            return epoch
    return None


def sample_correct(
    labels: np.ndarray, probabilities: np.ndarray, seed: int
) -> np.ndarray:
    """Pick one correct prediction of each digit at random.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    ndarray of shape (at most 10,), integer
        Row numbers, in the order of the digits. A digit that is never predicted
        right is left out.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)
    generator = np.random.default_rng(seed)
    is_correct = probabilities.argmax(axis=1) == labels
    candidates = [np.flatnonzero(is_correct & (labels == digit)) for digit in DIGITS]
    picked = [generator.choice(rows) for rows in candidates if len(rows)]
    return np.array(picked, dtype=np.intp)


def most_confident_mistakes(
    labels: np.ndarray, probabilities: np.ndarray, count: int
) -> np.ndarray:
    """Find the wrong predictions that the network was surest of.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.
    count : int
        How many to return at most.

    Returns
    -------
    ndarray of shape (at most count,), integer
        Row numbers, the highest probability of the predicted digit first, equal ones
        in the order of the rows. Empty if every prediction is right.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, n is 0, or count is
        below 1.
    """
    check_predictions(labels, probabilities)
    if count < 1:
        raise ValueError(f"count: got {count}, expected at least 1")
    mistakes = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    confidence = probabilities[mistakes].max(axis=1)
    return mistakes[np.argsort(-confidence, kind="stable")][:count]


def doubtful_labels(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Find the images that several networks agree to call by another digit.

    Networks that differ in kind and are of one mind against a label, which none of
    them was trained on, are a reason to look at the label.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The given digits.
    probabilities : dict of str to ndarray of shape (n, 10)
        The predictions of two networks or more, by name.

    Returns
    -------
    ndarray of shape (at most n,), integer
        Row numbers, those first whose label the networks give the least probability
        on average.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, n is 0, or there are
        fewer than two networks.
    """
    if len(probabilities) < 2:
        raise ValueError(
            f"probabilities: got {len(probabilities)} networks, expected at least 2"
        )
    for of_network in probabilities.values():
        check_predictions(labels, of_network)
    together = np.stack(list(probabilities.values()))
    predicted = together.argmax(axis=2)
    agree = (predicted == predicted[0]).all(axis=0)
    rows = np.flatnonzero(agree & (predicted[0] != labels))
    given_to_label = together[:, rows, labels[rows]].mean(axis=0)
    return rows[np.argsort(given_to_label, kind="stable")]


def describe_confusions(confusion: np.ndarray, count: int) -> str:
    """Say in words which digits are most often taken for which.

    Parameters
    ----------
    confusion : ndarray of shape (10, 10), integer
        Images counted by true digit (rows) and predicted digit (columns).
    count : int
        How many pairs to name at most.

    Returns
    -------
    str
        Such as ``4 taken for 9 (26 images), 7 taken for 9 (12 images)``, the most
        frequent first; ``no digit`` if every prediction is right.
    """
    errors = confusion * (1 - np.eye(CLASSES, dtype=int))
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, errors.shape), strict=True)
    return (
        ", ".join(
            f"{true} taken for {predicted} ({images} image{'s' if images > 1 else ''})"
            for true, predicted in pairs
            if (images := errors[true, predicted])
        )
        or "no digit"
    )


def format_confidence(probability: float) -> str:
    """Write a probability as a percentage that is never rounded up to certainty.

    Parameters
    ----------
    probability : float
        From 0 to 1.

    Returns
    -------
    str
        Such as ``87 %``; ``> 99 %`` for anything above 0.99.
    """
    return "> 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def describe_predictions(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Say in words what was predicted for a few images.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    str
        Such as ``7 as 7 (> 99 %), 4 as 9 (87 %)``; ``none`` for no image.
    """
    check_labels(labels, len(probabilities))
    return (
        ", ".join(
            f"{label} as {row.argmax()} ({format_confidence(row.max())})"
            for label, row in zip(labels, probabilities, strict=True)
        )
        or "none"
    )


def seeds_table(seeds: pd.DataFrame, notebooks: Mapping[str, str]) -> pd.DataFrame:
    """Lay out how much the scores of the same recipe differ from seed to seed.

    Parameters
    ----------
    seeds : DataFrame
        One row a notebook and seed: ``notebook``, ``accuracy`` and ``macro_f1``.
    notebooks : dict of str to str
        Network to its notebook, in the order to show.

    Returns
    -------
    DataFrame
        One row a network: the number of ``seeds``, and the median and the range of
        test accuracy and macro-F1, as text.

    Raises
    ------
    ValueError
        If there are no seeds of a notebook.
    """
    missing = set(notebooks.values()) - set(seeds["notebook"])
    if missing:
        raise ValueError(f"notebooks: got {sorted(missing)}, which has no seeds")
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
