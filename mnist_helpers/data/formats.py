"""Read the files that MNIST comes in: four IDX files, plain or gzipped, or an npz."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.preprocessing import IMAGE_SHAPE

ARCHIVE_NAME = "mnist.npz"
# A file or zip member that unpacks to more than MNIST's training images is none of
# MNIST's. The longest npy header there is adds 64 KiB.
LARGEST_IDX = 16 + 60_000 * 28 * 28
LARGEST_NPY = LARGEST_IDX + 2**16


class Arrays(NamedTuple):
    """Images, uint8 of shape (n, 28, 28), and their labels, uint8 of shape (n,)."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


# Both in the order of `Arrays`. Some archives write .idx3- for -idx3-.
IDX_PATTERNS = (
    "train-images?idx3-ubyte",
    "train-labels?idx1-ubyte",
    "t10k-images?idx3-ubyte",
    "t10k-labels?idx1-ubyte",
)
NPZ_MEMBERS = ("x_train", "y_train", "x_test", "y_test")


def read_files(path: Path) -> Arrays:
    """Read an npz, or the npz or the four IDX files in a folder.

    The arrays are uint8, but nothing says yet that they are MNIST.

    Raises
    ------
    CourseError
        If a file is missing, damaged, larger than MNIST's or of another format.
    """
    if not path.is_dir():
        return _read(_read_npz, path)
    if (path / ARCHIVE_NAME).is_file():
        return _read(_read_npz, path / ARCHIVE_NAME)
    return Arrays(*(_read(_read_idx, _find(path, pattern)) for pattern in IDX_PATTERNS))


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write an npz like Keras's, but uncompressed, which loads several times faster."""
    np.savez(path, **dict(zip(NPZ_MEMBERS, arrays, strict=True)))


def digest(arrays: Arrays) -> str:
    """Return the SHA-256 of the plain IDX files that hold the arrays, end to end.

    ``zcat train-images* train-labels* t10k-images* t10k-labels* | sha256sum`` prints
    the same.
    """
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(_idx_header(array))
        sha256.update(np.ascontiguousarray(array))
    return sha256.hexdigest()


def _idx_header(array: np.ndarray) -> bytes:
    # 8 is the IDX code of uint8.
    return np.array([8 << 8 | array.ndim, *array.shape], ">u4").tobytes()


def _find(folder: Path, pattern: str) -> Path:
    found = [*folder.glob(pattern), *folder.glob(f"{pattern}.gz")]
    missing = folder / pattern.replace("?", "-")
    return next((path for path in found if path.is_file()), missing)


def _read(read: Callable[[Path], Any], path: Path) -> Any:
    try:
        return read(path)
    # gzip, zipfile, zlib and NumPy raise a dozen types between them.
    except Exception as error:
        raise CourseError(
            f"{path}: {str(error) or type(error).__name__}; expected MNIST's four IDX "
            f"files in a folder, plain or gzipped, or Keras's {ARCHIVE_NAME}",
            ExitCode.DATA_UNUSABLE,
        ) from error


def _read_idx(path: Path) -> np.ndarray:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        content = stream.read(LARGEST_IDX + 1)
    item_shape = IMAGE_SHAPE if "idx3" in path.name else ()
    header_size = 4 * (2 + len(item_shape))
    items = np.frombuffer(content, np.uint8, offset=header_size)
    array = items.reshape(-1, *item_shape)
    if content[:header_size] != _idx_header(array):
        raise ValueError(f"does not begin as an IDX file of shape {array.shape}")
    return array


def _read_npz(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as archive:
        for member in archive.zip.infolist():
            if member.file_size > LARGEST_NPY:
                raise ValueError(f"{member.filename} is larger than MNIST")
        arrays = Arrays(*(archive[name] for name in NPZ_MEMBERS))
    for name, array in zip(NPZ_MEMBERS, arrays, strict=True):
        if array.dtype != np.uint8:
            raise ValueError(f"{name} is {array.dtype}, expected uint8")
    return arrays
