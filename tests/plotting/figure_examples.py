"""Figures of every kind to draw, of data made up for it."""

import functools

import numpy as np
import pandas as pd
from figure_reading import draw

from mnist_helpers import plotting
from mnist_helpers.plotting.calibration import reliability_diagram
from mnist_helpers.plotting.drawings import preparation_steps
from mnist_helpers.plotting.features import embedding, feature_maps, saliency
from mnist_helpers.plotting.mistakes import error_sheet
from mnist_helpers.plotting.recipes import compare_recipes, compare_widths
from mnist_helpers.plotting.robustness import corruption_samples, robustness_curves

NETWORKS = ("small MLP", "wide MLP", "CNN")
CORRUPTIONS = ("shift", "rotation", "noise", "blur", "occlusion", "contrast")
HISTORY = {
    "accuracy": [0.82, 0.90, 0.92, 0.93],
    "loss": [0.61, 0.34, 0.30, 0.28],
    "val_accuracy": [0.89, 0.91, 0.925, 0.925],
    "val_loss": [0.37, 0.33, 0.31, 0.32],
}
ONE_EPOCH = {key: values[:1] for key, values in HISTORY.items()}


def within(epochs):
    """Training metrics of each tenth of an epoch, the first of them far off."""
    done = np.arange(1, 10 * epochs + 1) / 10
    return {"epoch": done, "accuracy": 0.95 - 0.05 / done, "loss": 0.1 + 0.2 / done}


def random_images(count, seed=0):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, (np.arange(count) % 10).astype(np.uint8)


def mistaken(count, wrong):
    """Random images and predictions, the first of which are wrong, ever less sure."""
    images, labels = random_images(count)
    predicted = np.where(np.arange(count) < wrong, (labels + 1) % 10, labels)
    confidence = np.linspace(0.99, 0.4, count)[:, np.newaxis]
    probabilities = np.eye(10)[predicted]
    probabilities = np.where(probabilities, confidence, (1 - confidence) / 9)
    return images, labels, probabilities


def counts(diagonal=900):
    """A confusion matrix like the small network's, at every depth of colour."""
    matrix = np.random.default_rng(0).geometric(0.06, (10, 10)) - 1
    np.fill_diagonal(matrix, diagonal)
    return matrix


def calibration():
    """Bins of a good network, which is certain of nearly every image."""
    confidence = np.array([0.5, 0.81, 0.93, 0.98, 0.999, 0.9999])
    right = np.round(500 * confidence**2)
    return pd.DataFrame(
        {"confidence": confidence, "accuracy": right / 500, "count": 500}
    )


def saliency_of(images, labels, probabilities):
    return saliency(images, images / 255, labels, probabilities)


def layers():
    """The output of a CNN's layers, with rectified units."""
    generator = np.random.default_rng(0)
    return {
        name: np.maximum(generator.normal(size=(side, side, count)), 0)
        for name, side, count in (
            ("strokes", 26, 32),
            ("pool", 13, 32),
            ("parts", 11, 64),
        )
    }


def clusters(count):
    """Points around ten places of a circle, and their digits."""
    generator = np.random.default_rng(0)
    labels = generator.choice(10, count)
    angles = labels * 0.2 * np.pi
    centres = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres + generator.normal(size=(count, 2)), labels


def widths():
    generator = np.random.default_rng(0)
    rows = [
        {
            "hidden_units": units,
            "seed": seed,
            "best_validation_accuracy": 1
            - (0.6 / units + 0.016) * generator.uniform(0.9, 1.1),
            "parameters": 795 * units + 10,
            "seconds": (5 + 0.03 * units) * generator.uniform(0.9, 1.1),
        }
        for units in 2 ** np.arange(11)
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def recipes():
    generator = np.random.default_rng(0)
    rows = [
        {
            "step": step,
            "seed": seed,
            "accuracy": 0.99 + 0.002 * place + generator.normal(scale=0.0003),
        }
        for seed in range(1, 6)
        for place, step in enumerate(("baseline", "longer", "distorted", "nine shifts"))
    ]
    return pd.DataFrame(rows)


def corrupted():
    """Accuracy on corrupted images, the rows in no order."""
    rows = [
        {
            "corruption": corruption,
            "severity": severity,
            "network": network,
            "accuracy": 0.99 - 0.02 * severity * (1 + place) - 0.01 * number,
            "images": 1000,
        }
        for place, corruption in enumerate(CORRUPTIONS)
        for severity in (3, 0, 5, 1, 4, 2)
        for number, network in enumerate(NETWORKS)
    ]
    return pd.DataFrame(rows)


def prepare():
    """Squares as drawings; the first is read right, the last wrong."""
    drawing = np.zeros((280, 280), np.uint8)
    drawing[20:120, 200:260] = 255
    images, labels, probabilities = mistaken(6, 2)
    steps = {
        "as photographed": [np.dstack([drawing, drawing, drawing])] * 3,
        "fitted to 20x20": [np.full((20, 12), 255, np.uint8)] * 3,
        "centred on 28x28,\nas MNIST's digits are": images[:3],
        "only shrunk to 28x28": images[3:],
    }
    first, second = np.split(probabilities, 2)
    predictions = dict(zip([*steps][2:], (first, second), strict=True))
    return preparation_steps(steps, labels[:3], predictions)


FIGURES = {
    "sample_images": lambda: plotting.sample_images(*random_images(300)),
    "class_balance": lambda: plotting.class_balance(
        {part: random_images(n)[1] for part, n in (("a", 540), ("b", 60), ("c", 101))}
    ),
    "mean_images": lambda: plotting.mean_images(*random_images(200)),
    "weight_images": lambda: plotting.weight_images(
        np.random.default_rng(0).normal(size=(8, 28, 28)), list("abcdefgh")
    ),
    "weight_images_many": lambda: plotting.weight_images(
        np.random.default_rng(0).normal(size=(32, 3, 3)),
        [f"unit {number}" for number in range(97, 129)],
    ),
    "learning_curves": lambda: plotting.learning_curves(HISTORY),
    "learning_curves_one": lambda: plotting.learning_curves(ONE_EPOCH),
    "learning_curves_within": lambda: plotting.learning_curves(
        HISTORY, "Within epochs", within(4)
    ),
    "compare_curves": lambda: plotting.compare_curves(
        dict(zip(NETWORKS, (HISTORY, ONE_EPOCH, HISTORY), strict=True))
    ),
    "confusion_matrix": lambda: plotting.confusion_matrix(counts()),
    "confusion_matrix_perfect": lambda: plotting.confusion_matrix(np.diag([980] * 10)),
    "compare_f1": lambda: plotting.compare_f1(
        {name: np.linspace(0.88, 1, 10) for name in NETWORKS}
    ),
    "gallery": lambda: plotting.prediction_gallery(*mistaken(10, 5), "A gallery"),
    "gallery_few": lambda: plotting.prediction_gallery(*mistaken(3, 3)),
    "gallery_none": lambda: plotting.prediction_gallery(*mistaken(0, 0)),
    "error_sheet": lambda: error_sheet(*mistaken(1000, 120)),
    "error_sheet_one": lambda: error_sheet(*mistaken(252, 1)),
    "error_sheet_none": lambda: error_sheet(*mistaken(9, 0)),
    "saliency": lambda: saliency_of(*mistaken(10, 5)),
    "feature_maps": lambda: feature_maps(random_images(1)[0][0], layers()),
    "embedding": lambda: embedding(*clusters(2000)),
    "reliability": lambda: reliability_diagram(dict.fromkeys(NETWORKS, calibration())),
    "robustness": lambda: robustness_curves(corrupted()),
    "corruption_samples": lambda: corruption_samples(
        {name: random_images(5)[0] for name in CORRUPTIONS}
    ),
    "drawing_steps": prepare,
    "recipes": lambda: compare_recipes(recipes()),
    "widths": lambda: compare_widths(widths()),
}


@functools.cache
def drawn(name):
    figure = FIGURES[name]()
    # As a run marks the figures of other data.
    figure.suptitle(f"stand-in, not MNIST\n{figure.get_suptitle()}")
    return figure, draw(figure)
