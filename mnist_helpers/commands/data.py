"""The data that a command works on, loaded once and named."""

import os

from rich.console import Console

from mnist_helpers.data import Dataset, load_mnist
from mnist_helpers.data.mnist import DATA_VARIABLE, STAND_IN
from mnist_helpers.errors import CourseError, ExitCode


def prepare_data(console: Console) -> Dataset:
    """Load the data once, before any kernel starts and would try the same sources."""
    dataset = load_mnist()
    console.print(f"{dataset.name} from {dataset.source}")
    if not dataset.is_mnist:
        os.environ[DATA_VARIABLE] = STAND_IN
    return dataset


def prepare_mnist() -> Dataset:
    """Load the data, which must be MNIST."""
    dataset = load_mnist()
    if not dataset.is_mnist:
        raise CourseError(
            f"{dataset.name} is not MNIST: nothing is handed in or judged by it",
            ExitCode.DATA_UNUSABLE,
        )
    return dataset
