"""What came out of each item of the assignment, from made-up results."""

import numpy as np
import pytest
from made_up_results import RESULTS

from mnist_helpers.evaluation import evaluate
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.assignment_check import check_items, claims

WIDE = PARTS["03_wide_mlp"]
SMALL = {"accuracy": 0.93, "loss": 0.25, "val_accuracy": [0.9, 0.93, 0.94]}
RIGHT = {
    "model": {"layers": WIDE.network, "parameters": WIDE.parameters},
    "history": {"loss": [0.1] * 10, "val_accuracy": [0.95] + [0.97] * 9},
    "findings": {"comparison": SMALL},
    "files": {f"figures/03_{item.replace('-', '_')}.png": "" for item in WIDE.items},
}


def scores_at(accuracy: float):
    labels = np.arange(1000) % 10
    predicted = labels.copy()
    wrong = round(1000 * (1 - accuracy))
    predicted[:wrong] = (labels[:wrong] + 1) % 10
    return evaluate(labels, np.eye(10, dtype=np.float32)[predicted] * 0.9 + 0.01)


def verdicts(accuracy: float = 0.98, **changes) -> dict[str, str]:
    rows = check_items(WIDE, RESULTS | RIGHT | changes, scores_at(accuracy))
    assert {row.item for row in rows} == set(WIDE.items)
    return {row.what: row.verdict for row in rows}


def test_a_run_as_asked_meets_every_item():
    assert set(verdicts().values()) == {"met", "shown above"}


@pytest.mark.parametrize(
    ("changes", "what", "verdict"),
    [
        ({"accuracy": 0.97}, "Test accuracy", "NOT MET"),
        ({"model": RESULTS["model"]}, "Network", "NOT MET"),
        ({"model": RESULTS["model"]}, "Parameters", "NOT MET"),
        ({"history": RESULTS["history"]}, "Epochs", "NOT MET"),
        ({"files": {}}, "Confusion matrix", "NOT SHOWN"),
        ({"files": {}}, "Classification report", "shown above"),
        ({"metrics": SMALL}, "Higher test accuracy", "NOT MET"),
        ({"metrics": SMALL}, "Lower test loss", "NOT MET"),
        (
            {"history": {"loss": [1], "val_accuracy": [0.9]}},
            "Faster convergence",
            "NOT MET",
        ),
        (
            {"history": {"loss": [1], "val_accuracy": [0.9, 0.9, 0.95]}},
            "Faster convergence",
            "NOT MET",  # both in epoch 3
        ),
        ({"findings": {}}, "Comparison", "not checked"),
        ({"dataset": {"is_mnist": False}}, "Test accuracy", "not checked"),
        ({"dataset": {"is_mnist": False}}, "Lower test loss", "not checked"),
    ],
)
def test_what_is_not_as_asked_is_told(changes, what, verdict):
    assert verdicts(**changes)[what] == verdict


def test_the_lowest_digit_is_claimed_for_part_4():
    met = [claim["met"] for claim in claims(PARTS["04_cnn"], scores_at(0.995), True)]
    assert met == [True, True, True]
    *_, lowest = claims(PARTS["04_cnn"], scores_at(0.9), True)
    assert lowest["measured"] == pytest.approx(0.9)
