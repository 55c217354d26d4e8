"""The model card says what the results say, as Markdown tables that are whole."""

import copy

import pytest

from mnist_helpers.results.model_card import model_card

RESULTS = {
    "model": {"name": "cnn", "parameters": 225034},
    "dataset": {
        "name": "MNIST",
        "digest": "b2d8",
        "training_images": 60000,
        "test_images": 10000,
    },
    "parameters": {"SEED": 1, "EPOCHS": 4},
    # Of a training that was interrupted.
    "history": {"val_accuracy": [0.97, 0.98, 0.99]},
    "metrics": {"accuracy": 0.9925, "macro_f1": 0.9924, "loss": 0.0214},
    "intervals": {"accuracy": [0.9906, 0.994], "macro_f1": [0.9907, 0.9941]},
    "per_class": {
        str(digit): {"precision": 0.9, "recall": 0.8, "f1": digit / 10}
        for digit in range(10)
    },
    "findings": {
        "calibration": {"temperature": 1.25, "error": 0.004, "error_after": 0.002},
        "robustness": {
            "images": 1000,
            "accuracies": {
                "blur": [0.99, 0.98, 0.9, 0.7, 0.5, 0.4],
                "rotation": [0.99, 0.98, 0.95, 0.9, 0.6, 0.3],
            },
        },
        "probes": {"an empty image": {"answer": 5, "confidence": 0.314}},
    },
    "environment": {
        "python": "3.11",
        "versions": {"tensorflow": "2.21", "keras": "3.15"},
        "processor": "some processor",
        "commit": "abc",
    },
}


def tables(card: str) -> list[list[list[str]]]:
    found = []
    for paragraph in card.split("\n\n"):
        if paragraph.startswith("|"):
            rows = [line.strip("| ").split(" | ") for line in paragraph.splitlines()]
            found.append(rows)
    return found


def test_the_card_has_every_number():
    card = model_card(RESULTS)
    for words in (
        "`cnn`, 225,034 parameters",
        "MNIST (SHA-256 `b2d8`): 60,000 training images",
        "10,000 test images",
        "Accuracy on 1,000 test images",
        "`EPOCHS` 4. Epochs trained: 3.",
        "0.0040; 0.0020 at a temperature of 1.25",
        "an empty image: 5, with a confidence of 0.31",
        "tensorflow 2.21, keras 3.15; some processor; commit `abc`",
    ):
        assert words in card
    metrics, digits, robustness = tables(card)
    assert metrics[2] == ["accuracy", "0.9925", "0.9906 to 0.9940"]
    assert metrics[3] == ["macro-F1", "0.9924", "0.9907 to 0.9941"]
    assert [row[0] for row in digits[2:]] == list(map(str, range(10)))
    assert digits[7] == ["5", "0.9000", "0.8000", "0.5000"]
    assert robustness[0] == ["corruption", "0", "1", "2", "3", "4", "5"]
    assert robustness[3][0] == "rotation"
    assert robustness[3][-1] == "0.300"
    for paragraph in card.split("\n\n"):
        columns = {line.count("|") for line in paragraph.splitlines()}
        assert len(columns) == 1


def test_no_heading_is_above_those_of_a_notebooks_section():
    headings = [line for line in model_card(RESULTS).splitlines() if line[:1] == "#"]
    assert len(headings) == 9
    assert all(line.startswith("#### ") for line in headings)


@pytest.mark.parametrize("finding", ["calibration", "robustness", "probes"])
def test_a_card_without_a_finding_is_refused(finding):
    results = copy.deepcopy(RESULTS)
    del results["findings"][finding]
    with pytest.raises(ValueError, match=f"no finding {finding}"):
        model_card(results)
