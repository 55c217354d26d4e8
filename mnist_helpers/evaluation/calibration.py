"""Whether a network's probabilities are calibrated.

The confidence of a prediction is the probability of the predicted digit. Of the images
predicted with a confidence of 80 %, 80 % should be right.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from mnist_helpers.evaluation.scores import cross_entropy

BINS = 20
# Beyond these, probabilities are all equal, or all certain.
TEMPERATURES = (0.05, 20.0)


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Compare confidence with accuracy, in 20 bins of equally many images.

    Nguyen and O'Connor, "Posterior Calibration and Exploratory Analysis for Natural
    Language Processing Models" (2015). Of bins of equal width, most would hold next to
    no images of a good network.

    Returns
    -------
    DataFrame
        One row per bin, the least confident first: the mean ``confidence`` of its
        images, their ``accuracy``, and their ``count``.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_right = probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    rows = [
        (confidence[rows].mean(), is_right[rows].mean(), len(rows))
        for rows in bins
        if len(rows)
    ]
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "count"])


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Average how far confidence is from accuracy, over the bins of `reliability`."""
    return calibration_error(reliability(labels, probabilities))


def calibration_error(bins: pd.DataFrame) -> float:
    """Return the expected calibration error of the bins of `reliability`."""
    gaps = (bins["confidence"] - bins["accuracy"]).abs()
    return float(np.average(gaps, weights=bins["count"]))


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Find the temperature, from 0.05 to 20, with the lowest cross-entropy.

    The images should be validation images, never those that judge. Above 1, the network
    was overconfident. Where it made no mistake, no temperature is too low, and the
    value says nothing.
    """

    def loss(logarithm: float) -> float:
        scaled = apply_temperature(probabilities, float(np.exp(logarithm)))
        return cross_entropy(labels, scaled)

    fitted = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(fitted.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Soften probabilities by a temperature above 1, sharpen them by one below.

    A softmax's scores are divided by the temperature (Guo et al., 2017). The logarithms
    of its probabilities are such scores, up to a constant that softmax ignores. The
    result is float64; the likeliest digit stays the likeliest.
    """
    # softmax in float32 can round a probability to 0, which has no logarithm.
    floor = np.finfo(np.float32).tiny
    scores = np.log(np.maximum(probabilities.astype(np.float64), floor))
    return softmax(scores / temperature, axis=1)
