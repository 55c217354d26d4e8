"""Load MNIST and confirm by its SHA-256 that it is MNIST.

The sources, in order: the path that MNIST_HELPERS_DATA names; the cache (the
platform's, or the folder that MNIST_HELPERS_CACHE names); the network; and, loudly, a
built-in stand-in. The decoded arrays are what is verified, whichever files held them.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import platformdirs

from mnist_helpers.data.formats import (
    ARCHIVE_NAME,
    Arrays,
    digest,
    read_files,
    write_npz,
)
from mnist_helpers.environment.files import write_whole
from mnist_helpers.errors import CourseError, ExitCode

DATA_VARIABLE = "MNIST_HELPERS_DATA"
CACHE_VARIABLE = "MNIST_HELPERS_CACHE"

MNIST = "MNIST"
# As a value of MNIST_HELPERS_DATA, chooses the stand-in.
STAND_IN = "stand-in"
STAND_IN_NAME = "stand-in (UCI digits)"

# Computed from the four files whose own SHA-256 TensorFlow Datasets publishes:
# zcat train-images* train-labels* t10k-images* t10k-labels* | sha256sum
MNIST_DIGEST = "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, and where they came from.

    The arrays are read-only uint8: images of shape (n, 28, 28), where 0 is background
    and 255 is ink, and labels of shape (n,). ``origin`` says how the bytes came,
    without any path, as a notebook that is passed on may show it; ``source`` is the
    path or address. ``digest`` is the SHA-256 of the arrays.
    """

    name: str
    train_images: np.ndarray = field(repr=False)
    train_labels: np.ndarray = field(repr=False)
    test_images: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    origin: str
    source: str
    digest: str

    @property
    def is_mnist(self) -> bool:
        """Whether the arrays are MNIST's, to the byte."""
        return self.digest == MNIST_DIGEST

    def describe(self) -> str:
        """Say in three lines what the data is, how it came, and if it is genuine."""
        return (
            f"{'' if self.is_mnist else 'NOT MNIST: '}{self.name}: "
            f"{len(self.train_images):,} training and "
            f"{len(self.test_images):,} test images, 28x28, uint8\n"
            f"Source: {self.origin}\n"
            f"{'Genuine' if self.is_mnist else 'Not'} MNIST: SHA-256 {self.digest}"
        )


def load_mnist() -> Dataset:
    """Load MNIST, or say on standard output that the stand-in takes its place.

    Raises
    ------
    CourseError
        If MNIST_HELPERS_DATA names anything but MNIST.
    """
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen == STAND_IN:
        return _load_stand_in()
    if chosen:
        return _load_chosen(Path(chosen).expanduser().absolute())
    folder = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir(
        "mnist-helpers", appauthor=False
    )
    cached = Path(folder).expanduser() / ARCHIVE_NAME
    if cached.exists():
        try:
            return _confirm(read_files(cached), "the cache", f"{cached} (cache)")
        except CourseError as error:
            print(f"{error}\nThis cached copy is damaged; downloading it again.")
    try:
        return _download(cached)
    except CourseError as error:
        print(_stand_in_notice(error))
        return _load_stand_in()


def _load_chosen(path: Path) -> Dataset:
    try:
        origin = f"local files, named by {DATA_VARIABLE}"
        return _confirm(read_files(path), origin, f"{path} ({DATA_VARIABLE})")
    except CourseError as error:
        raise CourseError(
            f"{error}\nCorrect {DATA_VARIABLE}, set it to {STAND_IN}, or unset it to "
            "have MNIST downloaded.",
            ExitCode.DATA_UNUSABLE,
        ) from error


def _confirm(arrays: Arrays, origin: str, source: str) -> Dataset:
    dataset = _make_dataset(MNIST, arrays, origin, source)
    if not dataset.is_mnist:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise CourseError(
            f"{source}: not MNIST: SHA-256 {dataset.digest} of the arrays {shapes}, "
            f"expected {MNIST_DIGEST}",
            ExitCode.DATA_UNUSABLE,
        )
    return dataset


def _make_dataset(name: str, arrays: Arrays, origin: str, source: str) -> Dataset:
    for array in arrays:
        array.setflags(write=False)
    return Dataset(name, *arrays, origin, source, digest(arrays))


def _download(cached: Path) -> Dataset:
    # pooch brings what speaks HTTP, which most loads do without.
    from mnist_helpers.data.download import download

    arrays, address = download()
    dataset = _confirm(arrays, address, f"{address} (download)")
    try:
        write_whole(cached, lambda path: write_npz(path, arrays))
    except OSError as error:
        print(
            f"MNIST was downloaded but cannot be kept: {error}; set {CACHE_VARIABLE} "
            "to a folder that can be written"
        )
    return dataset


def _load_stand_in() -> Dataset:
    # scikit-learn takes longer to import than MNIST takes to load.
    from mnist_helpers.data.stand_in import make_stand_in

    source = "scikit-learn's load_digits, built in"
    return _make_dataset(STAND_IN_NAME, make_stand_in(), source, source)


def _stand_in_notice(error: CourseError) -> str:
    rule = "=" * 72
    return (
        f"{rule}\nNOT MNIST. The {STAND_IN_NAME} takes its place: 1,797 small images\n"
        "with which everything runs, and about which no claim on MNIST can be made.\n"
        f"\nMNIST could not be downloaded:\n{error}\n\n"
        f"To use MNIST, set {DATA_VARIABLE} to a folder with its four IDX files\n"
        f"(plain or gzipped) or to Keras's {ARCHIVE_NAME}, or connect to the network.\n"
        f"{rule}"
    )
