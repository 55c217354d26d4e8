"""Whether one network is better than another, by the same test images.

``probabilities`` are the predictions of each network, of shape (n, 10), by its name.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests


def right_and_wrong(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Count the images by which of two networks is right about them.

    Returns
    -------
    DataFrame of shape (2, 2), integer
        Rows: the first network is right, wrong; columns: the second one.
    """
    first, second = _is_right(labels, probabilities).values()
    [first_name, second_name] = probabilities
    return pd.DataFrame(
        [
            [int((one & other).sum()) for other in (second, ~second)]
            for one in (first, ~first)
        ],
        index=[f"{first_name} right", f"{first_name} wrong"],
        columns=[f"{second_name} right", f"{second_name} wrong"],
    )


def compare_pairs(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Test for every two networks whether one is right more often than the other.

    McNemar's exact test (1947) looks at the images that just one of the two gets
    right: were the networks equally good, each such image would go either way like a
    tossed coin. With several pairs, one of them is more likely to look different by
    chance; Holm's correction (1979) raises the p-values to make up for it.

    Returns
    -------
    DataFrame
        One row per pair: how many images ``only the first`` and ``only the second``
        gets right, the test's two-sided ``p``, and the same by Holm, ``p (Holm)``.
    """
    is_right = _is_right(labels, probabilities)
    rows = {}
    for first, second in combinations(is_right, 2):
        only_first = int((is_right[first] & ~is_right[second]).sum())
        only_second = int((is_right[second] & ~is_right[first]).sum())
        decided = only_first + only_second
        rows[f"{first}, {second}"] = {
            "only the first": only_first,
            "only the second": only_second,
            "p": binomtest(only_first, decided).pvalue if decided else 1.0,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["p (Holm)"] = multipletests(table["p"], method="holm")[1]
    return table


def format_p(p: float) -> str:
    """Write a p-value as a reader needs it: ``0.031``, or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _is_right(
    labels: np.ndarray, probabilities: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    return {
        name: of_network.argmax(axis=1) == labels
        for name, of_network in probabilities.items()
    }
