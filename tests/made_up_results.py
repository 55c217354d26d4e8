"""The results of a training that nobody has run, for tests to change."""

import copy

from mnist_helpers.results.schema import SCHEMA

RESULTS = {
    "schema": SCHEMA,
    "notebook": "04_cnn",
    "dataset": {
        "name": "MNIST",
        "digest": "ab" * 32,
        "is_mnist": True,
        "training_images": 60_000,
        "test_images": 10_000,
    },
    "parameters": {"SEED": 1, "EPOCHS": 3},
    "seed": 1,
    "model": {
        "name": "cnn",
        "layers": "784 → Dense 10 softmax",
        "parameters": 225_034,
        "jit_compile": False,
    },
    "training": {
        "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.001}},
        "loss": "sparse_categorical_crossentropy",
        "batch_size": 32,
        "seconds": 1.5,
        "kept_by": "val_accuracy",
    },
    "metrics": {
        "accuracy": 0.993,
        "macro_f1": 0.992,
        "loss": 0.02,
        "best_validation_accuracy": 0.99,
    },
    "intervals": {"accuracy": [0.991, 0.994], "macro_f1": [0.99, 0.994]},
    "per_class": {
        str(digit): {"precision": 0.99, "recall": 0.99, "f1": 0.99, "support": 1000}
        for digit in range(10)
    },
    "history": {"loss": [0.3, 0.2, 0.1], "val_accuracy": [0.97, 0.98, 0.99]},
    "claims": [
        {
            "metric": "test accuracy",
            "asked": "about 99 %",
            "minimum": 0.99,
            "measured": 0.993,
            "met": True,
        }
    ],
    "findings": {},
    "notebook_seconds": 30.5,
    "environment": {
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "python": "3.11.7",
        "system": "a system",
        "processor": "a processor",
        "vector_flags": ["avx2", "fma"],
        "cores": 2,
        "settings": {"TF_CPP_MIN_LOG_LEVEL": "3"},
        "commit": "0123456789abcdef" + "0" * 24,
        "package": "cd" * 32,
    },
    "files": {},
}
TRAINED = (
    *("seed", "model", "training", "metrics", "intervals", "per_class", "history"),
    "claims",
)
# What a notebook in further/ saves.
UNTRAINED = {name: value for name, value in RESULTS.items() if name not in TRAINED}


def changed(*path_and_value, results=RESULTS) -> dict:
    """Copy results, with the value at a path of keys replaced."""
    *path, last, value = path_and_value
    results = copy.deepcopy(results)
    section = results
    for key in path:
        section = section[key]
    section[last] = value
    return results
