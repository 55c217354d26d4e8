"""Figures of every kind to draw, of data made up for it."""

import functools

import numpy as np
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


def random_weights(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 28, 28))


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
    "compare_curves": lambda: plotting.compare_curves(
        dict(zip(NETWORKS, (HISTORY, ONE_EPOCH, perfect_history(12)), strict=True))
    ),
    "compare_curves_long": lambda: plotting.compare_curves(
        {f"a network with a really long name, {n}": HISTORY for n in range(4)}
    ),
    "confusion_matrix": lambda: plotting.confusion_matrix(counts()),
    "confusion_matrix_large": lambda: plotting.confusion_matrix(7 * counts(100)),
    "gallery_mixed": lambda: gallery(10, right=5),
    "gallery_one": lambda: gallery(1),
    "gallery_none": lambda: gallery(0),
    "compare_f1": lambda: plotting.compare_f1(
        {name: np.linspace(0.88, 1, 10) for name in NETWORKS}
    ),
}


@functools.cache
def drawn(name):
    figure = FIGURES[name]()
    return figure, draw(figure)
