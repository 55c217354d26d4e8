"""The model card says what the results say."""

from made_up_results import RESULTS

from mnist_helpers.results.model_card import model_card

FINDINGS = {
    "calibration": {"temperature": 1.25, "error": 0.004, "error_after": 0.002},
    "robustness": {
        "images": 1000,
        "accuracies": {"blur": [0.99, 0.98, 0.9, 0.7, 0.5, 0.4]},
    },
    "probes": {"an empty image": {"answer": 5, "confidence": 0.314}},
}


def test_the_card_has_every_number():
    card = model_card(RESULTS | {"findings": FINDINGS})
    for words in (
        "`cnn`, 225,034 parameters",
        "60,000 training images",
        "`SEED` 1, `EPOCHS` 3",
        "Accuracy 0.9930 (0.9910 to 0.9940), macro-F1 0.9920, cross-entropy 0.0200",
        "0.0040; 0.0020 at a temperature of 1.25",
        "| blur | 0.990 | 0.980 | 0.900 | 0.700 | 0.500 | 0.400 |",
        "an empty image: 5, with a confidence of 0.3140",
    ):
        assert words in card
