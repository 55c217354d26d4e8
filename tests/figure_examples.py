"""Figures of every kind to draw, of data made up for it."""

import functools

import numpy as np
import pandas as pd
from figure_reading import draw

from mnist_helpers import plotting

HISTORY = {
    "accuracy": [0.82, 0.90, 0.92, 0.93],
    "loss": [0.61, 0.34, 0.30, 0.28],
    "val_accuracy": [0.89, 0.91, 0.925, 0.925],
    "val_loss": [0.37, 0.33, 0.31, 0.32],
}
ONE_EPOCH = {"accuracy": [0.3], "loss": [2.1], "val_accuracy": [0.5], "val_loss": [1.7]}


def perfect_history(epochs):
    ones, zeros = [1.0] * epochs, [0.0] * epochs
    return {"accuracy": ones, "loss": zeros, "val_accuracy": ones, "val_loss": zeros}


def within(epochs):
    """Training metrics of each tenth of an epoch, the first of them far off."""
    done = np.arange(1, 10 * epochs + 1) / 10
    return {"epoch": done, "accuracy": 0.95 - 0.05 / done, "loss": 0.1 + 0.2 / done}


def random_images(count, seed=0):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, generator.integers(0, 10, count).astype(np.uint8)


def probabilities_of(predicted, confidence):
    """Confidence for the predicted digits, the rest shared by the other nine."""
    rows = np.repeat((1 - np.array(confidence))[:, np.newaxis] / 9, 10, axis=1)
    rows[np.arange(len(predicted)), predicted] = confidence
    return rows.astype(np.float32)


def counts(diagonal=900, seed=0):
    """A confusion matrix like the small network's, at every depth of colour."""
    matrix = np.random.default_rng(seed).geometric(0.06, (10, 10)) - 1
    np.fill_diagonal(matrix, diagonal)
    return matrix


def gallery(count, right=0):
    """A gallery whose first predictions are right, and the rest wrong."""
    images, labels = random_images(count)
    predicted = np.where(np.arange(count) < right, labels, (labels + 3) % 10)
    confidence = np.linspace(0.9999, 0.4, count)
    return plotting.prediction_gallery(
        images, labels, probabilities_of(predicted, confidence), "A gallery"
    )


NETWORKS = ("small MLP", "wide MLP", "CNN")


def mistaken(count, wrong):
    """Random images and predictions, the first of which are wrong."""
    images, labels = random_images(count)
    predicted = np.where(np.arange(count) < wrong, (labels + 1) % 10, labels)
    confidence = np.linspace(0.99, 0.4, count)
    return images, labels, probabilities_of(predicted, confidence)


def calibration(first=1):
    """Bins of a good network: nearly every image in the last one."""
    confidence = np.array([0.35, 0.46, 0.55, 0.65, 0.76, 0.85, 0.997])[first - 1 :]
    count = np.array([2, 9, 30, 40, 55, 80, 9784])[first - 1 :]
    right = np.round(count * confidence**2)
    return pd.DataFrame(
        {"confidence": confidence, "accuracy": right / count, "count": count}
    )


def heat_of(images):
    generator = np.random.default_rng(0)
    return generator.random(images.shape) * (images > 128)


def layers(channels=(32, 32, 64, 64)):
    """The output of a CNN's layers, with rectified units."""
    generator = np.random.default_rng(0)
    return {
        f"layer {place}": np.maximum(generator.normal(size=(side, side, count)), 0)
        for place, (side, count) in enumerate(
            zip((26, 13, 11, 5), channels, strict=False), 1
        )
    }


def clusters(count, digits=range(10)):
    """Points around ten places of a circle, and their digits."""
    generator = np.random.default_rng(0)
    labels = generator.choice(digits, count)
    angles = labels * 0.2 * np.pi
    centres = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres + generator.normal(size=(count, 2)), labels


def widths(units=tuple(2**power for power in range(11)), seeds=3):
    generator = np.random.default_rng(0)
    rows = [
        {
            "hidden_units": number,
            "seed": seed,
            "accuracy": 1 - (0.6 / number + 0.016) * generator.uniform(0.9, 1.1),
            "parameters": 795 * number + 10,
            "seconds": (5 + 0.03 * number) * generator.uniform(0.9, 1.1),
        }
        for number in units
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def rungs(steps=("baseline", "longer", "distorted images", "nine shifts")):
    generator = np.random.default_rng(0)
    rows = [
        {
            "step": step,
            "seed": seed,
            "accuracy": 0.99 + 0.002 * place + generator.normal(scale=0.0003),
            "seconds": 30 + 60 * place,
        }
        for seed in range(1, 6)
        for place, step in enumerate(steps)
    ]
    return pd.DataFrame(rows)


CORRUPTIONS = ("shift", "rotation", "noise", "blur", "occlusion", "contrast")


def corrupted(networks=NETWORKS, corruptions=CORRUPTIONS):
    """Accuracy on corrupted images, the rows in no order."""
    rows = [
        {
            "corruption": corruption,
            "severity": severity,
            "network": network,
            "accuracy": 0.99 - 0.02 * severity * (1 + place) - 0.01 * number,
        }
        for place, corruption in enumerate(corruptions)
        for severity in (3, 0, 5, 1, 4, 2)
        for number, network in enumerate(networks)
    ]
    return pd.DataFrame(rows)


def drawing_steps(count):
    """Squares and bars as drawings; the first is read right, the last wrong."""
    drawings = np.zeros((count, 280, 280), np.uint8)
    drawings[:, 20:120, 200:260] = 255
    images, _labels = random_images(2 * count)
    boxes = [np.full((20, 12), 255, np.uint8)] * count
    labels = np.arange(count)
    probabilities = probabilities_of(
        np.arange(2 * count), np.linspace(0.999, 0.3, 2 * count)
    )
    return plotting.drawing_steps(drawings, boxes, images, labels, probabilities)


def random_weights(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 28, 28))


def seconds():
    rows = [
        (task, contender, place + at + run)
        for place, task in enumerate(("small MLP", "CNN"), 1)
        for at, contender in enumerate(("the course", "Keras", "PyTorch"))
        for run in (0.5, 1, 2)
    ]
    return pd.DataFrame(rows, columns=["task", "contender", "seconds"])


def medians():
    rows = [
        (quantity, number, 1 + slope * number, slope, 1, f"1 s + {slope} s each")
        for quantity, slope, numbers in (
            ("epochs", 0.5, (1, 5, 20)),
            ("training images", 0.0001, (6000, 60000)),
        )
        for number in numbers
    ]
    columns = ["quantity", "number", "seconds", "slope", "intercept", "line"]
    return pd.DataFrame(rows, columns=columns)


FIGURES = {
    "sample_images": lambda: plotting.sample_images(*random_images(300)),
    "sample_images_few": lambda: plotting.sample_images(*random_images(12), 1),
    "sample_images_wide": lambda: plotting.sample_images(*random_images(300), 15),
    "class_balance": lambda: plotting.class_balance(
        {
            "training": np.arange(54000) % 10,
            "validation": np.arange(6000) % 10,
            "test": np.arange(10000) % 10,
        }
    ),
    "class_balance_four": lambda: plotting.class_balance(
        {f"quite a long name {part}": np.arange(10000) % 10 for part in range(4)}
    ),
    "mean_images": lambda: plotting.mean_images(*random_images(200)),
    "mean_images_missing": lambda: plotting.mean_images(*random_images(4)),
    "weight_images": lambda: plotting.weight_images(
        random_weights(8), [f"unit {number}" for number in range(1, 9)]
    ),
    "weight_images_many": lambda: plotting.weight_images(
        random_weights(32), [f"unit {number}" for number in range(97, 129)]
    ),
    "learning_curves": lambda: plotting.learning_curves(HISTORY),
    "learning_curves_one": lambda: plotting.learning_curves(ONE_EPOCH),
    "learning_curves_long": lambda: plotting.learning_curves(perfect_history(137)),
    "learning_curves_within": lambda: plotting.learning_curves(
        HISTORY, "Within epochs", within(4)
    ),
    "learning_curves_two_epochs": lambda: plotting.learning_curves(
        {key: values[:2] for key, values in HISTORY.items()}, "Two epochs", within(2)
    ),
    "compare_curves": lambda: plotting.compare_curves(
        dict(zip(NETWORKS, (HISTORY, ONE_EPOCH, perfect_history(12)), strict=True))
    ),
    "compare_curves_long": lambda: plotting.compare_curves(
        {f"a network with a really long name, {n}": HISTORY for n in range(4)}
    ),
    "trial_curves": lambda: plotting.trial_curves(
        [[0.5, 0.88, 0.9, 0.91], [0.9, 0.95, 0.94, 0.93], [0.85, 0.9, 0.92, 0.93]]
    ),
    "trial_curves_one": lambda: plotting.trial_curves([[0.9]]),
    "trial_curves_many": lambda: plotting.trial_curves([[0.8, 0.9]] * 101),
    "confusion_matrix": lambda: plotting.confusion_matrix(counts()),
    "confusion_matrix_large": lambda: plotting.confusion_matrix(7 * counts(100)),
    "gallery_mixed": lambda: gallery(10, right=5),
    "gallery_one": lambda: gallery(1),
    "gallery_none": lambda: gallery(0),
    "saliency": lambda: plotting.saliency(
        mistaken(10, 5)[0], heat_of(mistaken(10, 5)[0]), *mistaken(10, 5)[1:]
    ),
    "saliency_one": lambda: plotting.saliency(
        mistaken(1, 0)[0], np.zeros((1, 28, 28)), *mistaken(1, 0)[1:]
    ),
    "error_sheet": lambda: plotting.error_sheet(*mistaken(1000, 120)),
    "error_sheet_one": lambda: plotting.error_sheet(*mistaken(252, 1)),
    "error_sheet_none": lambda: plotting.error_sheet(*mistaken(1, 0)),
    "confusion_pairs": lambda: plotting.confusion_pairs(*mistaken(1000, 500), 10, 15),
    "confusion_pairs_one": lambda: plotting.confusion_pairs(*mistaken(252, 1), 3, 2),
    "corruption_samples": lambda: plotting.corruption_samples(
        {name: random_images(5)[0] for name in CORRUPTIONS}
    ),
    "corruption_samples_one": lambda: plotting.corruption_samples(
        {"a corruption of long name": random_images(5)[0]}
    ),
    "drawing_steps": lambda: drawing_steps(3),
    "drawing_steps_one": lambda: drawing_steps(1),
    "feature_maps": lambda: plotting.feature_maps(random_images(1)[0][0], layers()),
    "feature_maps_one": lambda: plotting.feature_maps(
        random_images(1)[0][0], layers((1,))
    ),
    "embedding": lambda: plotting.embedding(*clusters(10000)),
    "embedding_one": lambda: plotting.embedding(*clusters(1)),
    "reliability": lambda: plotting.reliability(
        {"as trained": calibration(), "after temperature scaling": calibration(2)}
    ),
    "reliability_long": lambda: plotting.reliability(
        {f"a network with a really long name, {n}": calibration(n) for n in range(1, 5)}
    ),
    "reliability_one": lambda: plotting.reliability({"CNN": calibration(7)}),
    "robustness": lambda: plotting.robustness(corrupted()),
    "robustness_long": lambda: plotting.robustness(
        corrupted([f"a network with a really long name, {n}" for n in range(4)])
    ),
    "robustness_one": lambda: plotting.robustness(corrupted(["CNN"], ["blur"])),
    "width": lambda: plotting.width(widths()),
    "width_ends": lambda: plotting.width(widths(), (1, 1024)),
    "width_few": lambda: plotting.width(widths((8, 128), 1), (128,)),
    "ladder": lambda: plotting.ladder(rungs()),
    "ladder_one": lambda: plotting.ladder(rungs(["a step with a really long name"])),
    "compare_seconds": lambda: plotting.compare_seconds(seconds()),
    "growth": lambda: plotting.growth(medians()),
    "compare_f1": lambda: plotting.compare_f1(
        {name: np.linspace(0.88, 1, 10) for name in NETWORKS}
    ),
}


@functools.cache
def drawn(name):
    figure = FIGURES[name]()
    return figure, draw(figure)
