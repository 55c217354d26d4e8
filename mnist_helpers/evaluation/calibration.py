"""Whether a network's probabilities can be taken at their word.

The confidence of a prediction is the probability of the digit that is predicted. Of
the images predicted with a confidence of 80 %, 80 % should be right.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from mnist_helpers.evaluation.scores import check_predictions, cross_entropy

BINS = 15
# Beyond these, probabilities are all equal, or all certain.
TEMPERATURES = (0.05, 20.0)


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Compare confidence with accuracy, in bins of like confidence.

    The 15 bins have equal width, as in Guo et al., "On Calibration of Modern Neural
    Networks" (2017); a confidence on the border of two belongs to the lower one.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    DataFrame
        One row a bin that is not empty, the least confident first: the mean
        ``confidence`` of its images, their ``accuracy``, and their ``count``.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_right = probabilities.argmax(axis=1) == labels
    upper_borders = np.arange(1, BINS) / BINS
    images = pd.DataFrame(
        {
            "bin": np.searchsorted(upper_borders, confidence),
            "confidence": confidence,
            "accuracy": is_right,
        }
    )
    bins = images.groupby("bin").agg(
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
        count=("accuracy", "size"),
    )
    return bins.reset_index(drop=True)


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Average how far confidence is from accuracy, over the bins of `reliability`.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    float
        0 if they agree in every bin; each bin counts by its number of images (Naeini
        et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015).

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    return calibration_error(reliability(labels, probabilities))


def calibration_error(bins: pd.DataFrame) -> float:
    """Average how far confidence is from accuracy, over bins.

    Parameters
    ----------
    bins : DataFrame
        Of `reliability`.

    Returns
    -------
    float
        As of `expected_calibration_error`.
    """
    gaps = (bins["confidence"] - bins["accuracy"]).abs()
    return float(np.average(gaps, weights=bins["count"]))


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Find the temperature that makes probabilities fit the labels best.

    Parameters
    ----------
    labels : ndarray of shape (n,), any integer dtype
        The true digits: of validation images, never of those that judge.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Returns
    -------
    float
        For `apply_temperature`: the one with the lowest cross-entropy, between 0.05
        and 20. Above 1, the network was too sure of itself. Where it made no mistake,
        no temperature is too low, and the value says nothing.

    Raises
    ------
    ValueError
        If labels or probabilities are not what they should be, or n is 0.
    """
    check_predictions(labels, probabilities)

    def loss(logarithm: float) -> float:
        scaled = apply_temperature(probabilities, float(np.exp(logarithm)))
        return cross_entropy(labels, scaled)

    fitted = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(fitted.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Soften or sharpen probabilities; which digit is the likeliest stays.

    A softmax's scores are divided by the temperature (Guo et al., 2017). The logarithms
    of its probabilities are such scores, up to a constant that softmax ignores.

    Parameters
    ----------
    probabilities : ndarray of shape (n, 10), any floating dtype
        What a network predicts.
    temperature : float
        Above 0. Above 1 brings the probabilities closer together, 1 leaves them.

    Returns
    -------
    ndarray of shape (n, 10), dtype float64

    Raises
    ------
    ValueError
        If the temperature is not a number above 0.
    """
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"temperature: got {temperature}, expected a finite number above 0"
        )
    # softmax in float32 can round a probability to 0, which has no logarithm.
    floor = np.finfo(np.float32).tiny
    scores = np.log(np.maximum(probabilities.astype(np.float64), floor))
    return softmax(scores / temperature, axis=1)
