"""Load MNIST and prove that it is MNIST.

The sources, in order: the path that MNIST_HELPERS_DATA names; the cache (the
platform's, or the folder that MNIST_HELPERS_CACHE names); the network; and, with a
notice that nobody can miss, a stand-in that is built in. What is verified is the
decoded arrays, so that every container of the same data is the same data.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import numpy as np
import platformdirs

from mnist_helpers.data.containers import (
    ARCHIVE_NAME,
    IDX_NAMES,
    Arrays,
    DataError,
    digest,
    read_container,
    write_archive,
)
from mnist_helpers.files import write_whole

DATA_VARIABLE = "MNIST_HELPERS_DATA"
CACHE_VARIABLE = "MNIST_HELPERS_CACHE"

MNIST = "MNIST"
STAND_IN = "stand-in"
STAND_IN_NAME = "stand-in (UCI digits)"

# Computed from the four files whose own SHA-256 TensorFlow Datasets publishes:
# zcat train-images* train-labels* t10k-images* t10k-labels* | sha256sum
MNIST_DIGEST = "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a"

# SHA-256 of each file as unpacked; `zcat FILE | sha256sum` prints it.
MNIST_ARRAY_DIGESTS = (
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)

# As long as the slowest download that is not given up, a little faster than 13 KB/s.
LOCK_SECONDS = 900


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, and where they came from. The arrays are read-only.

    Attributes
    ----------
    name : str
        "MNIST", "stand-in (UCI digits)", or the name that the caller gave.
    train_images, test_images : ndarray of shape (n, 28, 28), dtype uint8
        0 is background, 255 is ink.
    train_labels, test_labels : ndarray of shape (n,), dtype uint8
        The digit of each image.
    origin : str
        How the bytes came, without any path: fit for a notebook that is passed on.
    source : str
        The path or the address of the bytes, for a person to read.
    digest : str
        SHA-256 of the arrays, in hexadecimal.
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
        """Say what the data is, how it came, and whether it is genuine.

        Returns
        -------
        str
            Three lines, of which only the second depends on the machine.
        """
        return (
            f"{'' if self.is_mnist else 'NOT MNIST: '}{self.name}: "
            f"{len(self.train_images):,} training and "
            f"{len(self.test_images):,} test images, 28x28, uint8\n"
            f"Source: {self.origin}\n"
            f"{'Genuine' if self.is_mnist else 'Not'} MNIST: SHA-256 {self.digest}"
        )


def load_mnist(name: str = MNIST) -> Dataset:
    """Load MNIST, or say on standard output that the stand-in takes its place.

    Parameters
    ----------
    name : str
        What the data at MNIST_HELPERS_DATA must be. Any name but the default stands
        for data in MNIST's form that is not MNIST, such as "Fashion-MNIST".

    Returns
    -------
    Dataset
        With the name "MNIST" only if its arrays are MNIST's.

    Raises
    ------
    DataError
        If MNIST_HELPERS_DATA is set and what it names cannot be read or is not what
        ``name`` says; or if data that is not MNIST is asked for without it.

    Notes
    -----
    The value "stand-in" of MNIST_HELPERS_DATA chooses the stand-in, without a look
    at the cache or the network.
    """
    _check_name(name)
    chosen = os.environ.get(DATA_VARIABLE)
    if name != MNIST and chosen in (None, "", STAND_IN):
        raise DataError(
            f"{name} is neither downloaded nor built in: set {DATA_VARIABLE} to the "
            f"folder with its four IDX files, or to its npz (now: {chosen!r})"
        )
    if chosen == STAND_IN:
        return _load_stand_in()
    if chosen:
        return _load_chosen(_absolute(chosen), name)
    try:
        return _load_cached_or_download(_cache_folder() / ARCHIVE_NAME)
    except DataError as error:
        print(_stand_in_notice(error))
        return _load_stand_in()


def _check_name(name: str) -> None:
    reserved = (MNIST.casefold(), STAND_IN_NAME.casefold())
    misleads = not name.isprintable() or name.strip().casefold() in ("", *reserved)
    if name != MNIST and misleads:
        raise DataError(
            f"name: got {name!r}, expected the name of data that is not MNIST, "
            'such as "Fashion-MNIST"'
        )


def _cache_folder() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return _absolute(chosen)
    return platformdirs.user_cache_path("mnist-helpers", appauthor=False)


def _absolute(path: str) -> Path:
    return Path(os.path.expanduser(path)).absolute()


def _load_stand_in() -> Dataset:
    # It imports scikit-learn, which takes longer than loading MNIST.
    from mnist_helpers.data.stand_in import make_stand_in

    source = "scikit-learn's load_digits, built in"
    return _verify(make_stand_in(), STAND_IN_NAME, source, source)


def _load_chosen(path: Path, name: str) -> Dataset:
    try:
        return _verify(
            read_container(path),
            name,
            f"local files, named by {DATA_VARIABLE}",
            f"{path} ({DATA_VARIABLE})",
        )
    except DataError as error:
        raise DataError(
            f"{error}\n"
            f"{DATA_VARIABLE} must name a folder with the four IDX files of MNIST or "
            f"an npz like Keras's, or be {STAND_IN}; unset it to have MNIST "
            "downloaded. Data that is not MNIST is loaded by its name: "
            'load_mnist("Fashion-MNIST").'
        ) from error


def _verify(arrays: Arrays, name: str, origin: str, source: str) -> Dataset:
    """Label the arrays by their name, if they are what the name says."""
    for array in arrays:
        array.setflags(write=False)
    dataset = Dataset(name, *arrays, origin, source, digest(*arrays))
    if name == MNIST and not dataset.is_mnist:
        raise DataError(
            f"{source}: in MNIST's form, but not MNIST\n{_differences(arrays)}"
        )
    if name != MNIST and dataset.is_mnist:
        raise DataError(f"{source}: this is MNIST, not {name}; load it without a name")
    return dataset


def _differences(arrays: Arrays) -> str:
    found = map(digest, arrays)
    return "\n".join(
        f"{name}: SHA-256 of the unpacked file {actual}, expected {expected}"
        for name, actual, expected in zip(
            IDX_NAMES, found, MNIST_ARRAY_DIGESTS, strict=True
        )
        if actual != expected
    )


def _load_cached_or_download(cached: Path) -> Dataset:
    try:
        return _load_cached(cached)
    except DataError as error:
        reason = str(error)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(cached.parent / "mnist.lock", timeout=LOCK_SECONDS)
        with lock:
            return _load_cached_or_fill(cached)
    except filelock.Timeout as error:
        raise DataError(
            f"{reason}\n{error.lock_file}: another process has been downloading for "
            f"{LOCK_SECONDS} seconds; end it, or set {CACHE_VARIABLE} to another folder"
        ) from error
    except OSError as error:
        raise DataError(
            f"{reason}\n{cached.parent}: the cache cannot be filled ({error}); set "
            f"{CACHE_VARIABLE} to a folder that can be written"
        ) from error
    except DataError as error:
        raise DataError(f"{reason}\n{error}") from error


def _load_cached_or_fill(cached: Path) -> Dataset:
    # Another process may have filled the cache while this one waited for the lock.
    try:
        return _load_cached(cached)
    except DataError as error:
        if cached.exists():
            print(f"{error}\nThis cached copy is damaged; it is downloaded again.")
    return _download_into(cached)


def _load_cached(cached: Path) -> Dataset:
    arrays = read_container(cached)
    return _verify(arrays, MNIST, "the cache", f"{cached} (cache)")


def _download_into(cached: Path) -> Dataset:
    # It imports pooch, and with it what speaks HTTP; most loads need neither.
    from mnist_helpers.data.download import download

    # Whatever is unfinished stays here: a killed process leaves nothing elsewhere.
    unfinished = cached.parent / ".mnist-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        arrays, address = download(unfinished)
        dataset = _verify(arrays, MNIST, address, f"{address} (download)")
        _store(arrays, cached, unfinished)
        return dataset
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _store(arrays: Arrays, cached: Path, unfinished: Path) -> None:
    fresh = unfinished / cached.name
    try:
        write_whole(fresh, lambda path: write_archive(path, arrays))
        fresh.replace(cached)
    except OSError as error:
        print(f"MNIST was downloaded but cannot be kept in {cached.parent}: {error}")


def _stand_in_notice(error: DataError) -> str:
    rule = "=" * 72
    return (
        f"{rule}\nNOT MNIST. The {STAND_IN_NAME} takes its place: 1,797 small images\n"
        "with which everything runs, and about which no claim on MNIST can be made.\n"
        f"\nMNIST could not be had:\n{error}\n\n"
        f"To use MNIST, set {DATA_VARIABLE} to a folder with its four IDX files\n"
        f"(plain or gzipped) or to Keras's {ARCHIVE_NAME}, or connect to the network.\n"
        f"{rule}"
    )
