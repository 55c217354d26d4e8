"""The files that hold MNIST: four IDX files, plain or gzipped, or one npz."""

import gzip
import hashlib
import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.preprocessing import CLASSES, IMAGE_SHAPE

# EMNIST's digits, the largest set of this form in circulation, are 240,000. The
# limit keeps a file that claims or unpacks to more from filling the memory.
MAXIMUM_COUNT = 300_000

_CHUNK = 2**20


class DataError(CourseError):
    """The data could not be had, or is not what it should be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.DATA_UNUSABLE)


class Arrays(NamedTuple):
    """A data set as decoded, whatever held it.

    Images are uint8 of shape (n, 28, 28), labels uint8 of shape (n,), 0 to 9.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


# In the order of Arrays.
IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
ARCHIVE_NAME = "mnist.npz"
ARCHIVE_MEMBERS = ("x_train", "y_train", "x_test", "y_test")
_ITEM_SHAPES = (IMAGE_SHAPE, (), IMAGE_SHAPE, ())


def read_container(path: Path) -> Arrays:
    """Read a folder with the four IDX files or an mnist.npz, or an npz itself.

    Parameters
    ----------
    path : Path
        The IDX files may be plain or gzipped, and named with ``-idx3-`` or
        ``.idx3-``. The npz has the members x_train, y_train, x_test and y_test.

    Returns
    -------
    Arrays
        Complete and consistent, but not yet known to be MNIST.

    Raises
    ------
    DataError
        If the path holds no such files, or a file is damaged, truncated, of another
        form, longer than its header says, or beside a file of another length.
    """
    with _naming(path):
        if not path.is_dir():
            return _read_archive(path)
        has_idx = any(_idx_paths(path, name) for name in IDX_NAMES)
        if not has_idx and (path / ARCHIVE_NAME).is_file():
            return _read_archive(path / ARCHIVE_NAME)
        return _read_folder(path)


def write_archive(path: Path, arrays: Arrays) -> None:
    """Write an npz with the members of Keras's mnist.npz.

    It is not compressed, so that it is read several times as fast.
    """
    np.savez(path, **dict(zip(ARCHIVE_MEMBERS, arrays, strict=True)))


def digest(*arrays: np.ndarray) -> str:
    """Hash arrays as the plain IDX files that hold them, one after the other.

    Parameters
    ----------
    *arrays : ndarray of shape (n, 28, 28) or (n,), dtype uint8

    Returns
    -------
    str
        SHA-256 in hexadecimal. For one array ``zcat FILE | sha256sum`` prints the
        same, for all four ``zcat train-images* train-labels* t10k-images*
        t10k-labels* | sha256sum``.
    """
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(np.array([2048 + array.ndim, *array.shape], ">u4").tobytes())
        sha256.update(np.ascontiguousarray(array))
    return sha256.hexdigest()


def _idx_paths(folder: Path, name: str) -> list[Path]:
    """Find the files in a folder that hold one array, the fastest to read first."""
    spellings = (name, name.replace("-idx", ".idx"))
    candidates = [folder / (name + end) for end in ("", ".gz") for name in spellings]
    return [path for path in candidates if path.is_file()]


def _read_folder(folder: Path) -> Arrays:
    found = [_idx_paths(folder, name) for name in IDX_NAMES]
    missing = [name for name, paths in zip(IDX_NAMES, found, strict=True) if not paths]
    if missing:
        raise DataError(
            f"{folder}: no {' or '.join(missing)}; expected the four files "
            f"{', '.join(IDX_NAMES)}, plain or with .gz, or {ARCHIVE_NAME}"
        )
    paths = [paths[0] for paths in found]
    arrays = Arrays(*map(_read_idx, paths, _ITEM_SHAPES))
    _check_arrays(arrays, paths)
    return arrays


def _read_archive(path: Path) -> Arrays:
    # A pipe or a device would be read for ever.
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: neither a file nor a folder")
    with _naming(path), zipfile.ZipFile(path) as archive:
        arrays = Arrays(
            *(
                _read_member(archive, f"{name}.npy", item_shape)
                for name, item_shape in zip(ARCHIVE_MEMBERS, _ITEM_SHAPES, strict=True)
            )
        )
    _check_arrays(arrays, [f"{path}, {name}" for name in ARCHIVE_MEMBERS])
    return arrays


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file causes into an error that names the file."""
    try:
        yield
    except DataError:
        raise
    # zipfile, gzip, zlib and NumPy's header parser raise a dozen types between them.
    except Exception as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise DataError(f"{path}: {reason}") from error


def _read_idx(path: Path, item_shape: tuple[int, ...]) -> np.ndarray:
    with _naming(path):
        with path.open("rb") as file:
            # Some browsers unpack a .gz and keep its name.
            is_gzip = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_gzip else path.open("rb") as stream:
            magic = 2048 + 1 + len(item_shape)
            start = stream.read(4 * (2 + len(item_shape)))
            if start[:4] != magic.to_bytes(4, "big"):
                kind = "images" if item_shape else "labels"
                raise ValueError(
                    f"starts with {start[:4]!r}, expected {magic.to_bytes(4, 'big')!r} "
                    f"(magic number {magic}, an IDX file of {kind})"
                )
            shape = tuple(np.frombuffer(start[4 : len(start) // 4 * 4], ">u4").tolist())
            return _read_values(stream, shape, item_shape)


def _read_member(
    archive: zipfile.ZipFile, name: str, item_shape: tuple[int, ...]
) -> np.ndarray:
    member = archive.getinfo(name)
    # The other methods of zip have no bound on the memory that they unpack with.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that NumPy does not write")
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"{name} has version {version}, expected (1, 0)")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        # A dtype other than uint8 may stand for a pickle, which is never loaded.
        if dtype != np.uint8 or is_fortran:
            raise ValueError(f"{name} is {dtype}, expected uint8 in C order")
        return _read_values(stream, shape, item_shape)


def _read_values(
    stream: BinaryIO, shape: tuple[int, ...], item_shape: tuple[int, ...]
) -> np.ndarray:
    """Read as many bytes as the shape promises, and make sure that there are no more.

    Reading in chunks takes no more memory than the stream has bytes, whatever the
    shape promises; reading to the end makes gzip and zip compare their checksums.
    """
    if len(shape) != 1 + len(item_shape) or shape[1:] != item_shape:
        expected = ", ".join(["n", *map(str, item_shape)])
        raise ValueError(f"holds an array of shape {shape}, expected ({expected})")
    if not 1 <= shape[0] <= MAXIMUM_COUNT:
        raise ValueError(
            f"promises {shape[0]:,} items, expected 1 to {MAXIMUM_COUNT:,}"
        )
    size = math.prod(shape)
    chunks = []
    missing = size
    while missing and (chunk := stream.read(min(missing, _CHUNK))):
        chunks.append(chunk)
        missing -= len(chunk)
    if missing:
        raise ValueError(f"ends after {size - missing:,} of {size:,} bytes promised")
    if stream.read(1):
        raise ValueError(f"goes on after {size:,} bytes promised")
    return np.frombuffer(b"".join(chunks), np.uint8).reshape(shape)


def _check_arrays(arrays: Arrays, origins: Sequence[object]) -> None:
    for images, labels, images_origin, labels_origin in (
        (*arrays[:2], *origins[:2]),
        (*arrays[2:], *origins[2:]),
    ):
        if len(images) != len(labels):
            raise DataError(
                f"{labels_origin}: {len(labels):,} labels, but {len(images):,} images "
                f"in {images_origin}; the two do not belong together"
            )
        if labels.max() >= CLASSES:
            raise DataError(
                f"{labels_origin}: a label of {labels.max()}, expected labels from "
                f"0 to {CLASSES - 1}"
            )
