"""The scores, against loops that count by hand."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from mnist_helpers import evaluation
from mnist_helpers.evaluation.scores import format_confidence


def random_predictions(seed=0, dtype=np.float32):
    """Labels and probabilities that are right about half the time."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, 300).astype(np.uint8)
    weights = generator.random((300, 10)) ** 3
    weights[np.arange(300), labels] += 0.4
    return labels, (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)


def certain(predicted):
    """Probabilities of a network that is quite sure of what it predicts."""
    return np.eye(10, dtype=np.float32)[predicted]


def ratio(part, whole):
    return part / whole if whole else 0.0


def assert_is_counted_right(scores, labels, probabilities):
    """Count confusion, precision, recall and F1 in plain loops."""
    confusion = [[0] * 10 for _ in range(10)]
    for label, row in zip(labels.tolist(), probabilities.tolist(), strict=True):
        confusion[label][row.index(max(row))] += 1
    assert scores.confusion.tolist() == confusion
    f1 = []
    for digit, counted in scores.per_class.iterrows():
        hits = confusion[digit][digit]
        claimed = sum(confusion[true][digit] for true in range(10))
        actual = sum(confusion[digit])
        f1.append(ratio(2 * hits, claimed + actual))
        expected = [ratio(hits, claimed), ratio(hits, actual), f1[-1], actual]
        assert counted.tolist() == pytest.approx(expected)
    right = sum(confusion[digit][digit] for digit in range(10))
    assert scores.accuracy == pytest.approx(right / len(labels))
    assert scores.macro_f1 == pytest.approx(sum(f1) / 10)


@pytest.mark.parametrize("seed", range(3))
def test_scores_agree_with_counting_by_hand(seed):
    labels, probabilities = random_predictions(seed)
    scores = evaluation.evaluate(labels, probabilities)
    assert_is_counted_right(scores, labels, probabilities)
    loss = log_loss(labels, probabilities, labels=range(10))
    assert scores.loss == pytest.approx(loss, rel=1e-6)
    assert 0.3 < scores.accuracy < 0.9


def test_rows_are_the_true_digit_and_columns_the_predicted():
    scores = evaluation.evaluate(np.array([4, 4, 9]), certain([9, 9, 9]))
    assert scores.confusion[4, 9] == 2
    assert scores.confusion.sum() == 3


def test_a_missing_digit_shrinks_no_table_and_warns_of_nothing():
    labels, probabilities = random_predictions(dtype=np.float16)
    kept = (labels != 4) & (probabilities.argmax(axis=1) != 4)
    labels, probabilities = labels[kept], probabilities[kept]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = evaluation.evaluate(labels, probabilities)
        report = evaluation.classification_report(labels, probabilities)
    assert_is_counted_right(scores, labels, probabilities)
    row = scores.per_class.loc[3]
    assert f"{row['precision']:.4f}    {row['recall']:.4f}" in report
    assert "0.0000    0.0000    0.0000         0" in report


def test_the_loss_is_finite_without_a_right_answer_and_ln_10_without_a_clue():
    labels = np.arange(10)
    wrong = evaluation.evaluate(labels, certain((labels + 1) % 10))
    assert (wrong.accuracy, wrong.macro_f1) == (0, 0)
    # -ln of float32's eps, 2 ** -23.
    assert wrong.loss == pytest.approx(23 * math.log(2))
    blind = evaluation.evaluate(labels, np.full((10, 10), 0.1, np.float32))
    assert blind.loss == pytest.approx(math.log(10), rel=1e-6)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (np.array([1.0, 2.0]), certain([1, 2]), "labels: got .*float64"),
        (np.array([1, 10]), certain([1, 2]), "labels: got values from 1 to 10"),
        (np.array([1, 2, 3]), certain([1, 2]), r"probabilities: got shape \(2, 10\)"),
        (np.array([1, 2]), np.array([1, 2]), r"probabilities: got shape \(2,\)"),
        (np.array([1, 2]), 5 * certain([1, 2]), "sums from 5.0000"),
        (np.array([1, 2]), np.full((2, 10), np.nan), "sums from nan"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        evaluation.evaluate(labels, probabilities)


def test_comparison_has_one_row_per_network():
    scores = {
        "small": evaluation.evaluate(*random_predictions(1)),
        "wide": evaluation.evaluate(*random_predictions(2)),
    }
    parameters = {"wide": 101770, "small": 6370}
    table = evaluation.comparison_table(scores, parameters=parameters)
    assert table["parameters"].to_dict() == parameters
    for name, row in table.iterrows():
        assert row["accuracy"] == f"{scores[name].accuracy:.4f}"
        assert row["accuracy, interval"] == str(scores[name].accuracy_interval)
        assert row["macro-F1"] == f"{scores[name].macro_f1:.4f}"
        assert row["macro-F1, interval"] == str(scores[name].macro_f1_interval)
        assert row["loss"] == f"{scores[name].loss:.4f}"
        assert row["lowest class F1"] == f"{min(scores[name].per_class['f1']):.4f}"


def test_a_label_is_doubtful_if_all_networks_call_it_the_same_other_digit():
    labels = np.array([1, 2, 3, 4, 5])
    first, second = certain([1, 7, 8, 9, 5]), certain([7, 7, 8, 0, 5])
    second[2] = 0.05
    second[2, 8] = 0.55
    # Row 1 first: no network gives its label anything; to row 2's, one does.
    for pair in ([first, second], [second, first]):
        networks = dict(zip("AB", pair, strict=True))
        assert evaluation.doubtful_labels(labels, networks).tolist() == [1, 2]
    agreed = evaluation.doubtful_labels(labels, {"A": certain(labels), "B": first})
    assert agreed.tolist() == []


@pytest.mark.parametrize(
    ("values", "threshold", "epoch"),
    [
        ([0.90, 0.95, 0.93, 0.97], 0.95, 2),
        ([0.90, 0.95, 0.93, 0.97], 0.951, 4),
        ([0.90, 0.95], 0.96, None),
        ([math.nan, 0.6], 0.5, 2),
    ],
)
def test_epochs_are_counted_from_one(values, threshold, epoch):
    assert evaluation.epochs_to_reach(values, threshold) == epoch


def test_sample_draws_any_correct_prediction_of_each_digit():
    labels = np.array([6, 6, 6, 2])
    probabilities = certain([6, 6, 1, 2])
    drawn = {
        tuple(evaluation.sample_correct(labels, probabilities, seed).tolist())
        for seed in [*range(30), *range(30)]
    }
    assert drawn == {(3, 0), (3, 1)}
    again = [evaluation.sample_correct(labels, probabilities, 5) for _ in range(2)]
    assert again[0].tolist() == again[1].tolist()
    none = evaluation.sample_correct(labels, certain([1, 1, 1, 1]), 0)
    assert labels[none].tolist() == []


def test_mistakes_agree_with_sorting_by_hand():
    labels, probabilities = random_predictions()
    probabilities = probabilities.round(1)  # so that some are equally confident
    mistakes = [
        (-max(row), place)
        for place, (label, row) in enumerate(
            zip(labels.tolist(), probabilities.tolist(), strict=True)
        )
        if row.index(max(row)) != label
    ]
    rows = evaluation.most_confident_mistakes(labels, probabilities, 12)
    assert rows.tolist() == [place for _, place in sorted(mistakes)][:12]
    none = evaluation.most_confident_mistakes(labels, certain(labels), 10)
    assert labels[none].tolist() == []


def test_confusions_are_named_most_frequent_first():
    confusion = np.diag(np.full(10, 50))
    assert evaluation.describe_confusions(confusion, 3) == "no digit"
    confusion[4, 9], confusion[9, 4], confusion[3, 5] = 12, 1, 7
    assert evaluation.describe_confusions(confusion, 9) == (
        "4 taken for 9 (12 images), 3 taken for 5 (7 images), 9 taken for 4 (1 image)"
    )
    assert evaluation.describe_confusions(confusion, 1).count("taken for") == 1


def test_confidence_is_never_rounded_up_to_certainty():
    assert format_confidence(0.9999) == "> 99 %"
    assert format_confidence(0.87) == "87 %"


def test_seeds_are_summed_up_by_notebook():
    seeds = pd.DataFrame(
        {
            "notebook": ["02"] * 3 + ["03"],
            "accuracy": [0.91, 0.95, 0.92, 0.98],
            "macro_f1": [0.9, 0.94, 0.91, 0.97],
        }
    )
    table = evaluation.seeds_table(seeds, {"wide": "03", "small": "02"})
    assert list(table.index) == ["wide", "small"]
    assert table.loc["small"].to_dict() == {
        "seeds": 3,
        "accuracy, median": "0.9200",
        "accuracy, range": "0.9100 to 0.9500",
        "macro-F1, median": "0.9100",
        "macro-F1, range": "0.9000 to 0.9400",
    }
