"""Tests between networks, against statsmodels and what is known of them."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from mnist_helpers.evaluation import significance


def one_hot(digits) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[digits]


def with_right(labels: np.ndarray, is_right: np.ndarray) -> np.ndarray:
    """Probabilities that predict a label where they are to be right, else another."""
    return one_hot(np.where(is_right, labels, (labels + 1) % 10))


@pytest.fixture(scope="module")
def labels():
    return np.random.default_rng(0).integers(0, 10, 400)


def test_right_and_wrong_are_counted(labels):
    first, second = np.arange(400) < 300, np.arange(400) % 2 == 0
    table = significance.right_and_wrong(
        labels, {"A": with_right(labels, first), "B": with_right(labels, second)}
    )
    assert table.to_numpy().tolist() == [[150, 150], [50, 50]]
    assert list(table.index) == ["A right", "A wrong"]
    assert list(table.columns) == ["B right", "B wrong"]


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 0), (1, 0), (5, 5), (3, 12), (40, 10)]
)
def test_mcnemars_test_is_statsmodels(labels, only_first, only_second):
    first = np.ones(400, bool)
    second = np.ones(400, bool)
    second[:only_first] = False
    first[only_first : only_first + only_second] = False
    pair = {"A": with_right(labels, first), "B": with_right(labels, second)}
    [row] = significance.compare_pairs(labels, pair).to_dict("records")
    assert row["only the first"] == only_first
    assert row["only the second"] == only_second
    counts = significance.right_and_wrong(labels, pair).to_numpy()
    expected = mcnemar(counts, exact=True).pvalue if only_first + only_second else 1
    assert row["p"] == pytest.approx(expected)
    assert row["p (Holm)"] == row["p"]


def test_holms_correction_of_three_pairs(labels):
    generator = np.random.default_rng(2)
    networks = {
        name: with_right(labels, generator.random(400) < accuracy)
        for name, accuracy in (("A", 0.80), ("B", 0.86), ("C", 0.95))
    }
    table = significance.compare_pairs(labels, networks)
    assert list(table.index) == ["A, B", "A, C", "B, C"]
    # Holm: the smallest times 3, the next times 2, the last, never falling.
    smallest, middle, largest = np.sort(table["p"])
    expected = [
        min(1, 3 * smallest),
        min(1, max(3 * smallest, 2 * middle)),
        min(1, max(3 * smallest, 2 * middle, largest)),
    ]
    assert np.sort(table["p (Holm)"]).tolist() == pytest.approx(expected)


def test_a_p_value_is_written_as_it_is_read():
    assert significance.format_p(0.0004) == "< 0.001"
    assert significance.format_p(0.0314) == "0.031"
    assert significance.format_p(1.0) == "1.000"
