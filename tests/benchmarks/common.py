"""What the benchmarked trainings share: arguments, data, the clock and the report."""

import argparse
import json
import resource
import statistics
import sys
import time
from dataclasses import dataclass

import numpy as np

from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import load_mnist

HIDDEN_UNITS = {"small": 8, "wide": 128}


@dataclass
class Task:
    """One training: the assignment's recipe on a number of training images."""

    network: str
    epochs: int
    batch_size: int
    seed: int
    train_inputs: np.ndarray
    train_labels: np.ndarray
    validation_inputs: np.ndarray
    validation_labels: np.ndarray


def read_task() -> Task:
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=("small", "wide", "cnn"))
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--training-images", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    mnist = load_mnist()
    train_images, train_labels, validation_images, validation_labels = (
        preprocessing.split_validation(mnist.train_images, mnist.train_labels, 0.1, 1)
    )
    count = min(options.training_images, len(train_images))
    return Task(
        options.network,
        options.epochs,
        options.batch_size,
        options.seed,
        to_inputs(options.network, train_images[:count]),
        train_labels[:count],
        to_inputs(options.network, validation_images),
        validation_labels,
    )


def to_inputs(network: str, images: np.ndarray) -> np.ndarray:
    scaled = preprocessing.scale_images(images)
    if network == "cnn":
        return preprocessing.add_channel(scaled)
    return preprocessing.flatten_images(scaled)


# Multiplications of the CNN for one image: outputs times weights of each output.
FIRST_CONVOLUTION = 26 * 26 * 32 * (3 * 3)
CNN = FIRST_CONVOLUTION + 11 * 11 * 64 * (3 * 3 * 32) + 1600 * 128 + 128 * 10


def cnn_operations(training_images: int, validation_images: int) -> int:
    """Count the floating-point operations of an epoch of the CNN.

    A multiplication comes with an addition. Going backward takes a layer twice what
    going forward does, once for its weights and once for its inputs, which the first
    layer is spared. Pooling, activations and the optimizer are not counted.
    """
    training = 3 * CNN - FIRST_CONVOLUTION
    return 2 * (training_images * training + validation_images * CNN)


class Clock:
    """Wall-clock seconds of a training and of each of its epochs."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.started = self.epoch_started = time.perf_counter()
        self.epochs: list[float] = []

    def epoch_ended(self) -> None:
        now = time.perf_counter()
        self.epochs.append(now - self.epoch_started)
        self.epoch_started = now

    def report(self, validation_accuracy: float) -> None:
        seconds = time.perf_counter() - self.started
        # The first epoch traces and compiles.
        epoch_seconds = statistics.median(self.epochs[1:])
        # Kilobytes on Linux, bytes on macOS.
        unit = 1024 if sys.platform == "darwin" else 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024
        measured = {
            "seconds": seconds,
            "start_seconds": seconds - len(self.epochs) * epoch_seconds,
            "epoch_seconds": epoch_seconds,
            "peak_memory_mb": peak,
            "validation_accuracy": float(validation_accuracy),
        }
        if self.task.network == "cnn":
            operations = cnn_operations(
                len(self.task.train_inputs), len(self.task.validation_inputs)
            )
            measured["gflops"] = operations / epoch_seconds / 1e9
        print(json.dumps(measured))
