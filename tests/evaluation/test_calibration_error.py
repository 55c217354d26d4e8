"""Reliability, calibration error and temperature, against known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from mnist_helpers.evaluation import calibration


def predictions(count: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, and those probabilities made too sure."""
    generator = np.random.default_rng(3)
    scores = generator.normal(0, 2, (count, 10))
    truth = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    sharp = np.exp(scores * temperature)
    return labels, sharp / sharp.sum(axis=1, keepdims=True)


def test_an_example_worked_by_hand(monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 2)
    # In one bin, five at 0.55, of which four are right; in the other, five at 0.91, of
    # which two are.
    digits = np.array([0, 1, 0, 1, 1, 0, 0, 0, 0, 1])
    rest = np.array([0.05, 0.01] * 5)[:, np.newaxis]
    probabilities = rest + np.eye(10)[digits] * (1 - 10 * rest)
    error = calibration.expected_calibration_error(np.zeros(10, int), probabilities)
    assert error == pytest.approx(0.5 * (4 / 5 - 0.55) + 0.5 * (0.91 - 2 / 5))


def test_the_bins_are_scikit_learns():
    labels, probabilities = predictions(3000, 2.0)
    bins = calibration.reliability(labels, probabilities)
    accuracy, confidence = calibration_curve(
        probabilities.argmax(axis=1) == labels,
        probabilities.max(axis=1),
        n_bins=calibration.BINS,
        strategy="quantile",
    )
    np.testing.assert_allclose(bins["accuracy"], accuracy)
    np.testing.assert_allclose(bins["confidence"], confidence)
    assert (bins["count"] == 3000 / calibration.BINS).all()


def test_certainty_that_is_always_right_or_always_wrong():
    labels, right = np.arange(10), np.eye(10)
    assert calibration.expected_calibration_error(labels, right) == 0
    assert calibration.expected_calibration_error(labels, right[::-1]) == 1


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_temperature_is_found(temperature):
    labels, probabilities = predictions(20_000, temperature)
    fitted = calibration.fit_temperature(labels, probabilities)
    assert fitted == pytest.approx(temperature, rel=0.05)
    _, truth = predictions(20_000, 1.0)
    softened = calibration.apply_temperature(probabilities, fitted)
    np.testing.assert_allclose(softened, truth, atol=0.02)


@given(st.integers(0, 2**32 - 1), st.floats(0.06, 19))
def test_a_temperature_changes_no_prediction(seed, temperature):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(10, 0.05), 20).astype(np.float32)
    softened = calibration.apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(softened.sum(axis=1), 1)
    # More than one may be the likeliest: all of a row can be as good as 0 but one.
    highest = softened[np.arange(20), probabilities.argmax(axis=1)]
    np.testing.assert_allclose(highest, softened.max(axis=1))
