"""Every figure's alt text says what the figure shows, whatever the data."""

import numpy as np
import pytest
from figure_examples import (
    FIGURES,
    HISTORY,
    calibration,
    clusters,
    corrupted,
    counts,
    drawing_steps,
    drawn,
    heat_of,
    layers,
    medians,
    mistaken,
    perfect_history,
    random_images,
    random_weights,
    rungs,
    seconds,
    widths,
    within,
)

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


def labelled(*counts_of_digits):
    """Random images with so many of 0, of 1 and so on."""
    labels = np.repeat(np.arange(len(counts_of_digits)), counts_of_digits)
    return random_images(len(labels))[0], labels


def inked(*greys):
    """Two images of each digit, all their pixels of that digit's grey."""
    labels = np.repeat(np.arange(len(greys)), 2)
    images = np.ones((len(labels), 28, 28), np.uint8)
    return images * np.array(greys, np.uint8)[labels, np.newaxis, np.newaxis], labels


def weights_with(value):
    weights = random_weights(3)
    weights[1, 4, 5] = value
    return weights


def matrix_with(errors):
    matrix = np.diag([90] * 10)
    matrix[4, 9] = errors
    return matrix


def seeing(images, wrong):
    images_of_them, labels, probabilities = mistaken(images, wrong)
    return images_of_them, heat_of(images_of_them), labels, probabilities


def alone(level):
    """F1 scores that are highest for one network at digit 7 only."""
    f1 = {"small MLP": np.full(10, 0.9), "CNN": np.linspace(0.95, 0.99, 10)}
    f1["small MLP"][7] = level
    return f1


def within_from(accuracy):
    parts = within(4)
    parts["accuracy"][0] = accuracy
    return parts


def seconds_of(factor):
    table = seconds()
    table["seconds"] *= factor
    return table


# Function to: a call, what its text must say, and a call of it with other data.
CASES = {
    "class_balance": (
        lambda: plotting.class_balance({"test": np.array([3, 3, 3, 5])}),
        ["test", "4 images", "75.0 % (digit 3)", "0.0 % (digit 0)"],
        lambda: plotting.class_balance({"test": np.array([3, 3, 5, 5, 5])}),
    ),
    "compare_curves": (
        lambda: plotting.compare_curves({"a": HISTORY, "b": perfect_history(2)}),
        ["a 0.8900 after", "0.9250 after epoch 3 of 4", "0.3100", "at best: b."],
        lambda: plotting.compare_curves({"a": HISTORY, "b": perfect_history(3)}),
    ),
    "compare_f1": (
        lambda: plotting.compare_f1(alone(0.995)),
        ["0.9950 (digit 7)", "CNN for 0, 1, 2, 3, 4, 5, 6, 8, 9", "small MLP for 7"],
        lambda: plotting.compare_f1(alone(0.9)),
    ),
    "compare_seconds": (
        lambda: plotting.compare_seconds(seconds_of(1)),
        ["small MLP (the course 2, Keras 3, PyTorch 4)", "CNN (the course 3, Keras 4"],
        lambda: plotting.compare_seconds(seconds_of(2)),
    ),
    "confusion_matrix": (
        lambda: plotting.confusion_matrix(matrix_with(100)),
        ["900 of 1,000 images", "90.00 %", "4 taken for 9 (100 images)"],
        lambda: plotting.confusion_matrix(counts()),
    ),
    "confusion_pairs": (
        lambda: plotting.confusion_pairs(*mistaken(252, 1)),
        ["1 mistake", "252", "(1 image)"],
        lambda: plotting.confusion_pairs(*mistaken(252, 3)),
    ),
    "corruption_samples": (
        lambda: plotting.corruption_samples({"blur": random_images(5)[0]}),
        ["1 corruption,", "blur"],
        lambda: plotting.corruption_samples({"noise": random_images(5)[0]}),
    ),
    "drawing_steps": (
        lambda: drawing_steps(1),
        ["1 drawing,", "0 as 0 (> 99 %)", "0 as 1 (30 %)"],
        lambda: drawing_steps(2),
    ),
    "embedding": (
        lambda: plotting.embedding(
            np.array([[0, 0], [0, 1], [9, 9], [9, 8], [5, 5], [0, 0]]),
            np.array([1, 1, 7, 7, 8, 8]),
        ),
        ["6 images", "83 %", "of 1 and 8"],
        lambda: plotting.embedding(*clusters(100)),
    ),
    "error_sheet": (
        lambda: plotting.error_sheet(*mistaken(1000, 120)),
        ["120 wrong predictions of 1,000"],
        lambda: plotting.error_sheet(*mistaken(1000, 0)),
    ),
    "feature_maps": (
        lambda: plotting.feature_maps(
            random_images(1)[0][0], {"strokes": np.linspace(0, 3, 18).reshape(3, 3, 2)}
        ),
        ["strokes", "2 channels of 3x3", "0.00 to 3.00"],
        lambda: plotting.feature_maps(random_images(1)[0][0], layers()),
    ),
    "growth": (
        lambda: plotting.growth(medians()),
        ["epochs: 1.5 with 1, 11 with 20", "training images: 1.6 with 6,000"],
        lambda: plotting.growth(medians().assign(seconds=3)),
    ),
    "ladder": (
        lambda: plotting.ladder(rungs().assign(accuracy=0.99)),
        ["5 seeds", "longer 1.00 % in 90 s", "nine shifts 1.00 % in 210 s"],
        lambda: plotting.ladder(rungs()),
    ),
    "learning_curves": (
        lambda: plotting.learning_curves(HISTORY, "", within_from(0.125)),
        [
            "4 epochs",
            "40 points",
            "0.1250 to 0.9375",
            "0.8900 to 0.9250",
            "0.9250, after epoch 3",
        ],
        lambda: plotting.learning_curves(HISTORY),
    ),
    "mean_images": (
        lambda: plotting.mean_images(*inked(10, 40, 90, 130, 200)),
        ["10 images", "Most ink: 4", "200 of 255", "least: 0, ", "10", "are 0 and 1"],
        lambda: plotting.mean_images(*inked(10, 40, 50, 130)),
    ),
    "prediction_gallery": (
        lambda: plotting.prediction_gallery(*(part[:2] for part in mistaken(10, 1))),
        ["1 of 2 images", "as", "(99 %)", "(92 %)"],
        lambda: plotting.prediction_gallery(*mistaken(10, 1)),
    ),
    "reliability": (
        lambda: plotting.reliability({"CNN": calibration(7)}),
        ["CNN", "0.30 %", "9,784 images", "99.7 %", "99.4 %"],
        lambda: plotting.reliability({"CNN": calibration(1)}),
    ),
    "robustness": (
        lambda: plotting.robustness(corrupted(["small MLP", "CNN"], ["blur", "noise"])),
        ["small MLP", "blur small MLP (89 %)", "noise small MLP (79 %)"],
        lambda: plotting.robustness(corrupted(["CNN"], ["blur"])),
    ),
    "saliency": (
        lambda: plotting.saliency(*seeing(2, 1)),
        ["1 of 2 images", "(99 %)", "(40 %)"],
        lambda: plotting.saliency(*seeing(2, 0)),
    ),
    "sample_images": (
        lambda: plotting.sample_images(*labelled(3, 1), 2),
        ["4 images", "2 of 0, 1 of 1, 0 of 2"],
        lambda: plotting.sample_images(*labelled(*[2] * 10), 2),
    ),
    "trial_curves": (
        lambda: plotting.trial_curves([[0.5, 0.88], [0.9, 0.95, 0.94], [0.85, 0.9]]),
        ["3 trainings", "0.8500 to 0.9000", "0.9500, of network 2 after epoch 2"],
        lambda: plotting.trial_curves([[0.9]]),
    ),
    "weight_images": (
        lambda: plotting.weight_images(weights_with(-9.5), ["a", "b", "c"]),
        ["3 images", "28x28", "from -9.50", "row 5, column 6", "titled b"],
        lambda: plotting.weight_images(weights_with(9.5), ["a", "b", "c"]),
    ),
    "width": (
        lambda: plotting.width(widths((1, 8, 32), 1).assign(accuracy=0.75), (8,)),
        ["25 % with 1, 25 % with 8, 25 % with 32", "805 to 25,450"],
        lambda: plotting.width(widths(), (8,)),
    ),
}


def test_every_figure_has_a_case():
    assert {*CASES, "set_style"} == set(plotting.__all__)


@pytest.mark.parametrize("name", CASES)
def test_alt_text_is_computed_from_the_data(name):
    figure, expected, other = CASES[name]
    text = figure().get_label()
    for words in expected:
        assert words in text
    assert other().get_label() != text


@pytest.mark.parametrize("name", [name for name in FIGURES if "_long" not in name])
def test_alt_text_is_short_and_plain(name):
    text = drawn(name)[0].get_label()
    assert 20 <= len(text) <= 450
    assert text.endswith(".")
    assert " nan" not in text
