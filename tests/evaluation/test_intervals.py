"""Intervals, against statsmodels, SciPy and a published table."""

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import confusion_matrix, f1_score
from statsmodels.stats.proportion import proportion_confint

from mnist_helpers.evaluation.intervals import (
    Interval,
    accuracy_interval,
    macro_f1_interval,
)


def of_accuracy(correct: int, count: int) -> np.ndarray:
    return np.array([[correct, count - correct], [0, 0]])


@pytest.mark.parametrize("correct", [0, 37, 399, 400])
def test_the_accuracys_interval_is_wilsons(correct):
    interval = accuracy_interval(of_accuracy(correct, 400))
    expected = proportion_confint(correct, 400, alpha=0.05, method="wilson")
    assert interval == pytest.approx(expected, abs=1e-9)


def test_the_accuracys_interval_of_a_published_example():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, Wilson's score.
    interval = accuracy_interval(of_accuracy(81, 263))
    assert [round(bound, 4) for bound in interval] == [0.2553, 0.3662]


@pytest.mark.slow
def test_the_macro_f1s_interval_is_that_of_a_bootstrap_of_the_images():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 10, 400)
    wrong = generator.random(400) < 0.2
    predicted = np.where(wrong, generator.integers(0, 10, 400), labels)
    drawn = bootstrap(
        (labels, predicted),
        lambda true, called: f1_score(true, called, average="macro"),
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=generator,
    )
    interval = macro_f1_interval(confusion_matrix(labels, predicted))
    assert interval == pytest.approx(drawn.confidence_interval, abs=0.01)
    assert macro_f1_interval(confusion_matrix(labels, predicted)) == interval


def test_the_macro_f1s_interval_at_its_ends():
    perfect = np.diag(range(50, 60))
    assert macro_f1_interval(perfect) == (1.0, 1.0)
    assert macro_f1_interval(np.roll(perfect, 1, axis=1)) == (0.0, 0.0)
    # A class that is neither there nor predicted counts as 0, as in `evaluate`.
    only_3 = np.zeros((10, 10), int)
    only_3[3, 3] = 50
    assert macro_f1_interval(only_3) == pytest.approx((0.1, 0.1))


def test_an_interval_is_written_to_four_decimals():
    assert str(Interval(0.99, 0.99416)) == "0.9900 to 0.9942"
