"""Reliability, calibration error and temperature, against worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator

from mnist_helpers.evaluation import calibration
from mnist_helpers.evaluation.scores import evaluate


def confident(digits: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Probabilities with this confidence in these digits, the rest shared out."""
    rest = ((1 - confidence) / 9)[:, np.newaxis]
    probabilities = np.repeat(rest, 10, axis=1)
    probabilities[np.arange(len(digits)), digits] = confidence
    return probabilities


def predictions(count: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, and those probabilities made too sure."""
    generator = np.random.default_rng(3)
    scores = generator.normal(0, 2, (count, 10))
    truth = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    sharp = np.exp(scores * temperature)
    return labels, sharp / sharp.sum(axis=1, keepdims=True)


def test_an_example_worked_by_hand():
    labels = np.zeros(10, int)
    # Four at 0.5, of which one is right; six at 0.95, of which five are.
    digits = np.array([0, 1, 1, 1, 0, 0, 0, 0, 0, 1])
    confidence = np.array([0.5] * 4 + [0.95] * 6)
    probabilities = confident(digits, confidence)
    bins = calibration.reliability(labels, probabilities)
    assert bins["confidence"].tolist() == pytest.approx([0.5, 0.95])
    assert bins["accuracy"].tolist() == pytest.approx([1 / 4, 5 / 6])
    assert bins["count"].tolist() == [4, 6]
    error = calibration.expected_calibration_error(labels, probabilities)
    assert error == pytest.approx(0.4 * 0.25 + 0.6 * (0.95 - 5 / 6))


def test_the_bins_are_scikit_learns():
    labels, probabilities = predictions(3000, 2.0)
    bins = calibration.reliability(labels, probabilities)
    accuracy, confidence = calibration_curve(
        probabilities.argmax(axis=1) == labels,
        probabilities.max(axis=1),
        n_bins=calibration.BINS,
    )
    np.testing.assert_allclose(bins["accuracy"], accuracy)
    np.testing.assert_allclose(bins["confidence"], confidence)
    assert bins["count"].sum() == 3000


def test_certainty_that_is_always_right_or_always_wrong():
    labels = np.arange(10)
    right = np.eye(10)
    assert calibration.expected_calibration_error(labels, right) == 0
    wrong = np.roll(right, 1, axis=1)
    assert calibration.expected_calibration_error(labels, wrong) == 1
    [[confidence, accuracy, count]] = calibration.reliability(labels, right).to_numpy()
    assert (confidence, accuracy, count) == (1, 1, 10)


class _AsGiven(ClassifierMixin, BaseEstimator):
    """A classifier whose inputs are its probabilities."""

    def fit(self, inputs, labels):
        self.classes_ = np.arange(10)
        self.n_features_in_ = 10
        return self

    def predict_proba(self, inputs):
        return inputs

    def predict(self, inputs):
        return inputs.argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_the_temperature_is_found(temperature):
    labels, probabilities = predictions(20_000, temperature)
    fitted = calibration.fit_temperature(labels, probabilities)
    assert fitted == pytest.approx(temperature, rel=0.05)
    softened = calibration.apply_temperature(probabilities, fitted)
    classifier = _AsGiven().fit(probabilities, labels)
    scaled = CalibratedClassifierCV(FrozenEstimator(classifier), method="temperature")
    expected = scaled.fit(probabilities, labels).predict_proba(probabilities)
    np.testing.assert_allclose(softened, expected, atol=0.01)
    if temperature == 4.0:
        before = calibration.expected_calibration_error(labels, probabilities)
        after = calibration.expected_calibration_error(labels, softened)
        assert after < before / 5
        assert evaluate(labels, softened).loss < evaluate(labels, probabilities).loss


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.06, 19),
)
def test_a_temperature_changes_no_prediction(seed, temperature):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(10, 0.05), 20).astype(np.float32)
    softened = calibration.apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(softened.sum(axis=1), 1)
    # More than one may be the likeliest: all of a row can be as good as 0 but one.
    highest = softened[np.arange(20), probabilities.argmax(axis=1)]
    np.testing.assert_allclose(highest, softened.max(axis=1))


def test_a_temperature_of_one_leaves_what_is_above_rounding():
    labels, probabilities = predictions(100, 2.0)
    same = calibration.apply_temperature(probabilities, 1.0)
    np.testing.assert_allclose(same, probabilities, atol=1e-6)
    assert evaluate(labels, same).accuracy == evaluate(labels, probabilities).accuracy


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature: got"):
        calibration.apply_temperature(np.full((1, 10), 0.1), temperature)


@pytest.mark.parametrize(
    "function",
    [
        calibration.reliability,
        calibration.expected_calibration_error,
        calibration.fit_temperature,
    ],
)
def test_no_predictions_are_refused(function):
    with pytest.raises(ValueError, match="got none"):
        function(np.zeros(0, int), np.zeros((0, 10)))
