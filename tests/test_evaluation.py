"""The scores, against loops that count by hand."""

import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from mnist_helpers.evaluation import scores as evaluation
from mnist_helpers.evaluation.intervals import accuracy_interval, macro_f1_interval


def random_predictions(count=300, seed=0, dtype=np.float32):
    """Labels and probabilities that are right about half the time."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count).astype(np.uint8)
    weights = generator.random((count, 10)) ** 3
    weights[np.arange(count), labels] += 0.4
    return labels, (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)


def certain(predicted):
    """Probabilities of a network that is quite sure of what it predicts."""
    return np.eye(10, dtype=np.float32)[predicted]


def ratio(part, whole):
    return part / whole if whole else 0.0


def count_by_hand(labels, probabilities):
    """Confusion, precision, recall and F1 in plain loops."""
    confusion = [[0] * 10 for _ in range(10)]
    for label, row in zip(labels.tolist(), probabilities.tolist(), strict=True):
        confusion[label][row.index(max(row))] += 1
    precision, recall, f1 = [], [], []
    for digit in range(10):
        hits = confusion[digit][digit]
        claimed = sum(confusion[true][digit] for true in range(10))
        actual = sum(confusion[digit])
        precision.append(ratio(hits, claimed))
        recall.append(ratio(hits, actual))
        f1.append(ratio(2 * hits, claimed + actual))
    return confusion, precision, recall, f1


def assert_is_counted_right(scores, labels, probabilities):
    confusion, precision, recall, f1 = count_by_hand(labels, probabilities)
    assert scores.confusion.tolist() == confusion
    assert scores.confusion.shape == (10, 10)
    assert np.issubdtype(scores.confusion.dtype, np.integer)
    table = scores.per_class
    assert list(table.index) == list(range(10))
    assert table.index.name == "digit"
    assert list(table.columns) == ["precision", "recall", "f1", "support"]
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    np.testing.assert_allclose(table["f1"], f1)
    assert table["support"].tolist() == [sum(row) for row in confusion]
    right = sum(confusion[digit][digit] for digit in range(10))
    assert scores.accuracy == pytest.approx(right / len(labels))
    assert scores.macro_f1 == pytest.approx(sum(f1) / 10)


# --- check_probabilities


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_of_every_float_type_pass(dtype):
    labels, probabilities = random_predictions(dtype=dtype)
    evaluation.check_probabilities(probabilities, len(labels))


def test_rounding_of_a_float32_softmax_passes():
    probabilities = certain([3, 5])
    probabilities[0, 3] = np.nextafter(np.float32(1), np.float32(2))
    probabilities[1, 6] = 0.0009
    evaluation.check_probabilities(probabilities, 2)


def spoiled(row, digit, value):
    probabilities = random_predictions(5)[1]
    probabilities[row, digit] = value
    return probabilities


@pytest.mark.parametrize(
    ("probabilities", "got"),
    [
        (certain([1, 2]).tolist(), "list"),
        (certain([1, 2, 3, 4, 5]).astype(int), "dtype int64"),
        (certain([1, 2, 3, 4, 5]).astype(bool), "dtype bool"),
        (certain([1, 2, 3, 4]), r"shape \(4, 10\)"),
        (np.zeros((5, 9)), r"shape \(5, 9\)"),
        (np.zeros(5), r"shape \(5,\)"),
        (np.zeros((0, 10)), r"shape \(0, 10\)"),
        (spoiled(2, 7, np.nan), "nan in row 2"),
        (spoiled(1, 7, -0.1), "-0.1.* in row 1"),
        (spoiled(4, 0, -np.inf), "-inf in row 4"),
        (spoiled(3, 0, np.inf), "sum of inf in row 3"),
        (np.full((5, 10), 0.2), r"sum of 2\.0000 in row 0"),
        (np.full((5, 10), 0.1002), r"sum of 1\.0020 in row 0"),
        (np.full((5, 10), 0.0998), r"sum of 0\.9980 in row 0"),
        (100 * certain([1, 2, 3, 4, 5]), r"sum of 100\.0000 in row 0"),
    ],
)
def test_anything_but_probabilities_is_refused(probabilities, got):
    with pytest.raises(ValueError, match=f"^guesses: got .*{got}.*expected"):
        evaluation.check_probabilities(probabilities, 5, "guesses")


# --- evaluate


@pytest.mark.parametrize("seed", range(5))
def test_scores_agree_with_counting_by_hand(seed):
    labels, probabilities = random_predictions(seed=seed)
    scores = evaluation.evaluate(labels, probabilities)
    assert_is_counted_right(scores, labels, probabilities)
    loss = -sum(
        math.log(row[label])
        for label, row in zip(labels.tolist(), probabilities.tolist(), strict=True)
    ) / len(labels)
    assert scores.loss == pytest.approx(loss, rel=1e-12)
    assert 0.3 < scores.accuracy < 0.9


def test_rows_are_the_true_digit_and_columns_the_predicted():
    scores = evaluation.evaluate(np.array([4, 4, 9]), certain([9, 9, 9]))
    assert scores.confusion[4, 9] == 2
    assert scores.confusion[9, 9] == 1
    assert scores.confusion.sum() == 3


def test_all_right():
    labels = np.arange(10)
    scores = evaluation.evaluate(labels, certain(labels))
    assert (scores.accuracy, scores.macro_f1, scores.loss) == (1, 1, 0)
    assert (scores.per_class[["precision", "recall", "f1"]] == 1).all(axis=None)


def test_none_right_has_a_finite_loss():
    labels = np.arange(10)
    scores = evaluation.evaluate(labels, certain((labels + 1) % 10))
    assert (scores.accuracy, scores.macro_f1) == (0, 0)
    # -ln of float32's eps, 2 ** -23.
    assert scores.loss == pytest.approx(23 * math.log(2))


def test_a_blind_guess_loses_ln_10():
    labels = np.arange(10)
    scores = evaluation.evaluate(labels, np.full((10, 10), 0.1, np.float32))
    assert scores.loss == pytest.approx(math.log(10), rel=1e-6)
    assert scores.accuracy == pytest.approx(0.1)


def test_a_missing_digit_shrinks_nothing():
    labels, probabilities = random_predictions()
    kept = (labels != 4) & (probabilities.argmax(axis=1) != 4)
    labels, probabilities = labels[kept], probabilities[kept]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = evaluation.evaluate(labels, probabilities)
    assert_is_counted_right(scores, labels, probabilities)
    assert scores.per_class.loc[4].tolist() == [0, 0, 0, 0]


def test_one_sample():
    scores = evaluation.evaluate(np.array([7], np.uint8), certain([7]))
    assert scores.accuracy == 1
    assert scores.macro_f1 == pytest.approx(0.1)
    assert scores.confusion.shape == (10, 10)


def test_rounding_warns_of_nothing():
    labels, probabilities = random_predictions(dtype=np.float16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluation.evaluate(labels, probabilities)


def test_scores_cannot_be_reassigned():
    scores = evaluation.evaluate(np.array([7]), certain([7]))
    with pytest.raises(AttributeError):
        scores.accuracy = 0.5


TAKING_PREDICTIONS = [
    evaluation.evaluate,
    evaluation.classification_report,
    evaluation.cross_entropy,
    lambda labels, probabilities: evaluation.sample_correct(labels, probabilities, 0),
    lambda labels, probabilities: evaluation.most_confident_mistakes(
        labels, probabilities, 3
    ),
]


@pytest.mark.parametrize("function", TAKING_PREDICTIONS)
@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([1, 2], certain([1, 2]), "labels: got list"),
        (np.array([1.0, 2.0]), certain([1, 2]), "labels: got dtype float64"),
        (np.array([[1, 2]]), certain([1, 2]), "labels: got shape"),
        (np.array([1, 10]), certain([1, 2]), "labels: got values from 1 to 10"),
        (np.array([1, -1]), certain([1, 2]), "labels: got values from -1 to 1"),
        (np.array([], int), np.zeros((0, 10)), "labels: got none"),
        (np.array([1, 2, 3]), certain([1, 2]), "probabilities: got shape"),
        (np.array([1]), certain([1, 2]), "probabilities: got shape"),
        (np.array([1, 2]), np.full((2, 10), np.nan), "probabilities: got nan"),
    ],
)
def test_bad_predictions_are_refused(function, labels, probabilities, message):
    with pytest.raises(ValueError, match=f"^{message}.*expected"):
        function(labels, probabilities)


# --- classification_report


def test_report_has_every_digit_to_four_decimals():
    labels, probabilities = random_predictions()
    kept = (labels != 4) & (probabilities.argmax(axis=1) != 4)
    labels, probabilities = labels[kept], probabilities[kept]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = evaluation.classification_report(labels, probabilities)
    _, precision, recall, f1 = count_by_hand(labels, probabilities)
    for digit in range(10):
        support = (labels == digit).sum()
        numbers = rf"{precision[digit]:.4f} +{recall[digit]:.4f} +{f1[digit]:.4f}"
        assert re.search(rf"^ +{digit} +{numbers} +{support}$", report, re.MULTILINE)


# --- tables


@pytest.fixture(scope="module")
def scores():
    return {
        "small": evaluation.evaluate(*random_predictions(seed=1)),
        "wide": evaluation.evaluate(*random_predictions(seed=2)),
    }


def test_comparison_has_one_row_a_network(scores):
    table = evaluation.comparison_table(
        scores,
        parameters={"wide": 101770, "small": 6370},
        seconds={"small": 1.5, "wide": 2.5},
    )
    assert table.index.name == "network"
    assert list(table.index) == ["small", "wide"]
    assert list(table.columns) == [
        "accuracy",
        "accuracy, interval",
        "macro-F1",
        "macro-F1, interval",
        "loss",
        "lowest class F1",
        "parameters",
        "seconds",
    ]
    for name, row in table.iterrows():
        assert row["accuracy"] == f"{scores[name].accuracy:.4f}"
        assert row["macro-F1"] == f"{scores[name].macro_f1:.4f}"
        for metric, interval in (
            ("accuracy", accuracy_interval),
            ("macro-F1", macro_f1_interval),
        ):
            bounds = interval(scores[name].confusion)
            assert row[f"{metric}, interval"] == str(bounds)
            assert bounds.low < float(row[metric]) < bounds.high
        assert row["loss"] == f"{scores[name].loss:.4f}"
        lowest = min(scores[name].per_class["f1"])
        assert row["lowest class F1"] == f"{lowest:.4f}"
    assert table["parameters"].tolist() == [6370, 101770]
    assert table["seconds"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize("values", [{"small": 1}, {"small": 1, "wide": 2, "CNN": 3}])
def test_a_column_about_other_networks_is_refused(scores, values):
    with pytest.raises(ValueError, match=r"^parameters: got .*expected"):
        evaluation.comparison_table(scores, parameters=values)


def test_a_column_cannot_replace_another(scores):
    with pytest.raises(ValueError, match=r"^loss: got .*expected"):
        evaluation.comparison_table(scores, loss={"small": 1, "wide": 2})


def test_a_table_of_no_network_is_refused():
    with pytest.raises(ValueError, match=r"^scores: got none, expected"):
        evaluation.comparison_table({})


# --- doubtful_labels


def test_a_label_is_doubtful_if_all_networks_call_it_the_same_other_digit():
    labels = np.array([1, 2, 3, 4, 5])
    first = certain([1, 7, 8, 9, 5])
    second = certain([7, 7, 8, 0, 5])
    second[2] = 0.05
    second[2, 8] = 0.55
    rows = evaluation.doubtful_labels(labels, {"A": first, "B": second})
    # Row 1 first: no network gives its label anything; to row 2's, one does.
    assert rows.tolist() == [1, 2]
    again = evaluation.doubtful_labels(labels, {"A": second, "B": first})
    assert again.tolist() == [1, 2]
    none = evaluation.doubtful_labels(labels, {"A": certain(labels), "B": first})
    assert none.tolist() == []
    with pytest.raises(ValueError, match="got 1 networks, expected at least 2"):
        evaluation.doubtful_labels(labels, {"A": first})


# --- epochs_to_reach


@pytest.mark.parametrize(
    ("values", "threshold", "epoch"),
    [
        ([0.90, 0.95, 0.93, 0.97], 0.95, 2),
        ([0.90, 0.95, 0.93, 0.97], 0.951, 4),
        ([0.90], 0.9, 1),
        ([0.90, 0.95], 0.96, None),
        ([], 0.5, None),
        ([math.nan, 0.6], 0.5, 2),
    ],
)
def test_epochs_are_counted_from_one(values, threshold, epoch):
    assert evaluation.epochs_to_reach(values, threshold) == epoch
    assert evaluation.epochs_to_reach(np.array(values), threshold) == epoch


# --- which predictions to show


def test_sample_has_one_correct_prediction_of_each_digit():
    labels, probabilities = random_predictions()
    rows = evaluation.sample_correct(labels, probabilities, seed=3)
    assert labels[rows].tolist() == list(range(10))
    assert probabilities[rows].argmax(axis=1).tolist() == list(range(10))


def test_sample_depends_on_the_seed_alone():
    labels, probabilities = random_predictions(2000)
    first, again, other = (
        evaluation.sample_correct(labels, probabilities, seed) for seed in (3, 3, 4)
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_sample_can_draw_every_correct_prediction():
    labels = np.array([6, 6, 6, 2])
    probabilities = certain([6, 6, 1, 2])
    drawn = {
        tuple(evaluation.sample_correct(labels, probabilities, seed).tolist())
        for seed in range(30)
    }
    assert drawn == {(3, 0), (3, 1)}


def test_sample_is_empty_if_none_is_right():
    rows = evaluation.sample_correct(np.array([1, 2]), certain([2, 1]), seed=0)
    assert rows.shape == (0,)
    assert np.array([5, 6])[rows].shape == (0,)


def test_mistakes_come_with_the_most_confident_first():
    confidence = [0.9, 0.5, 0.8, 0.6, 0.8]
    probabilities = np.zeros((5, 10))
    probabilities[:, 3] = confidence
    probabilities[:, 7] = 1 - np.array(confidence)
    labels = np.array([3, 7, 7, 7, 1])
    rows = evaluation.most_confident_mistakes(labels, probabilities, 10)
    # Row 0 is right; rows 2 and 4 are equally sure.
    assert rows.tolist() == [2, 4, 3, 1]
    assert evaluation.most_confident_mistakes(labels, probabilities, 3).tolist() == [
        2,
        4,
        3,
    ]


def test_mistakes_agree_with_sorting_by_hand():
    labels, probabilities = random_predictions()
    mistakes = [
        (-max(row), place)
        for place, (label, row) in enumerate(
            zip(labels.tolist(), probabilities.tolist(), strict=True)
        )
        if row.index(max(row)) != label
    ]
    rows = evaluation.most_confident_mistakes(labels, probabilities, 12)
    assert rows.tolist() == [place for _, place in sorted(mistakes)][:12]


def test_no_mistake_gives_no_row():
    labels = np.arange(10)
    rows = evaluation.most_confident_mistakes(labels, certain(labels), 10)
    assert rows.shape == (0,)
    assert labels[rows].shape == (0,)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match=f"^count: got {count}, expected"):
        evaluation.most_confident_mistakes(np.array([1]), certain([2]), count)


# --- words and tables for notebooks


def test_confusions_are_told_most_frequent_first():
    confusion = np.diag(np.full(10, 50))
    confusion[4, 9] = 12
    confusion[9, 4] = 7
    confusion[3, 5] = 7
    assert evaluation.describe_confusions(confusion, 2) == (
        "4 taken for 9 (12 images), 3 taken for 5 (7 images)"
    )
    assert evaluation.describe_confusions(confusion, 9).count("taken for") == 3
    assert evaluation.describe_confusions(np.diag(np.full(10, 5)), 3) == "no digit"


def test_predictions_are_told_without_false_certainty():
    probabilities = np.zeros((3, 10))
    probabilities[0, 7] = 0.9999
    probabilities[0, 1] = 0.0001
    probabilities[1, 9] = 0.87
    probabilities[1, 4] = 0.13
    probabilities[2] = 0.1
    told = evaluation.describe_predictions(np.array([7, 4, 0]), probabilities)
    assert told == "7 as 7 (> 99 %), 4 as 9 (87 %), 0 as 0 (10 %)"
    nobody = evaluation.describe_predictions(np.zeros(0, int), np.zeros((0, 10)))
    assert nobody == "none"


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
    with pytest.raises(ValueError, match=r"got \['04'\], which has no seeds"):
        evaluation.seeds_table(seeds, {"CNN": "04"})
