"""A small data set in MNIST's form, and the files that hold it."""

import gzip
import hashlib
import io
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mnist_helpers.data.formats import Arrays

IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
NPZ_NAMES = ("x_train", "y_train", "x_test", "y_test")


def small_arrays(seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    return Arrays(
        random.integers(0, 256, (40, 28, 28), np.uint8),
        np.resize(np.arange(10, dtype=np.uint8), 40),
        random.integers(0, 256, (20, 28, 28), np.uint8),
        np.resize(np.arange(10, dtype=np.uint8), 20),
    )


def to_idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def digest_of(arrays: Iterable[np.ndarray]) -> str:
    return hashlib.sha256(b"".join(map(to_idx, arrays))).hexdigest()


def idx_files(arrays: Arrays) -> dict[str, bytes]:
    return dict(zip(IDX_NAMES, map(to_idx, arrays), strict=True))


def gzipped_files(arrays: Arrays) -> dict[str, bytes]:
    files = idx_files(arrays)
    return {f"{name}.gz": gzip.compress(files[name]) for name in files}


def npz_file(arrays: Arrays, **others: np.ndarray) -> dict[str, bytes]:
    packed = io.BytesIO()
    members = dict(zip(NPZ_NAMES, arrays, strict=True)) | others
    np.savez_compressed(packed, **members)
    return {"mnist.npz": packed.getvalue()}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
