"""Fuzz the readers of MNIST's files for a given time.

python tests/fuzz_data.py --seconds 60 [--seed 1]

A case is a data set in one of its containers, changed below or above the packing.
It must end in a DataError, or in arrays that are exactly those that were packed; if
the caller names other data, in arrays that keep every promise of the format. Nothing
else may be raised, and the memory stays bounded.
"""

import argparse
import contextlib
import gzip
import io
import os
import random
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
from mnist_server import (
    GZIP_NAMES,
    NPZ_NAMES,
    arrays_of,
    digest_of,
    small_arrays,
    to_idx,
    write_files,
)

from mnist_helpers.data import mnist as data
from mnist_helpers.data.mnist import DataError, load_mnist

ARRAYS = small_arrays(train=13, test=11)
DIGEST = digest_of(ARRAYS)
IDX = dict(zip(GZIP_NAMES, map(to_idx, ARRAYS), strict=True))
MAXIMUM_MEMORY = 16 * 2**20


def to_npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, allow_pickle=False)
    return content.getvalue()


MEMBERS = {
    f"{name}.npy": to_npy(array) for name, array in zip(NPZ_NAMES, ARRAYS, strict=True)
}


def change(content: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Flip, cut, drop, double or splice some bytes, more often near the start."""
    position = draw.choice([draw.randrange(len(content) + 1), draw.randrange(32)])
    length = draw.choice([1, 4, draw.randrange(1, 200)])
    head, tail = content[:position], content[position + length :]
    middle = content[position : position + length]
    donor = draw.choice(others)
    taken_from = draw.randrange(len(donor) + 1)
    return draw.choice(
        [
            head + draw.randbytes(length) + tail,
            head + bytes(byte ^ (1 << draw.randrange(8)) for byte in middle) + tail,
            head,
            head + tail,
            head + middle + middle + tail,
            content + draw.randbytes(length),
            head + donor[taken_from : taken_from + length] + tail,
            head + donor[taken_from:],
            donor,
        ]
    )


def change_one(
    files: dict[str, bytes], donors: dict[str, bytes], draw: random.Random
) -> dict[str, bytes]:
    name = draw.choice(list(files))
    return files | {name: change(files[name], list(donors.values()), draw)}


def zip_members(members: dict[str, bytes], method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def make_case(draw: random.Random) -> dict[str, bytes]:
    """Make a folder's files: IDX plain or gzipped, or an npz stored or deflated."""
    below_the_packing = draw.random() < 0.5
    if draw.random() < 0.5:
        is_gzip = draw.random() < 0.5
        files = change_one(IDX, IDX, draw) if below_the_packing else IDX
        if is_gzip:
            files = {name: gzip.compress(body, 1) for name, body in files.items()}
        if not below_the_packing:
            files = change_one(files, files | IDX, draw)
        return files
    method = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    members = change_one(MEMBERS, MEMBERS, draw) if below_the_packing else MEMBERS
    files = {"mnist.npz": zip_members(members, method)}
    return files if below_the_packing else change_one(files, files | IDX, draw)


def check_case(files: dict[str, bytes], folder: Path) -> bool:
    """Load a changed data set; return whether it was refused as MNIST."""
    write_files(folder, files)
    try:
        with (
            mock.patch.dict(os.environ, MNIST_HELPERS_DATA=str(folder)),
            mock.patch.object(data, "MNIST_DIGEST", DIGEST),
        ):
            return _is_refused("MNIST") & _is_refused("changed digits")
    finally:
        for name in files:
            (folder / name).unlink()


def _is_refused(name: str) -> bool:
    try:
        dataset = load_mnist(name)
    except DataError:
        return True
    arrays = arrays_of(dataset)
    is_original = digest_of(arrays) == DIGEST
    if is_original != dataset.is_mnist or is_original != (name == "MNIST"):
        raise AssertionError(f"taken for what it is not: {dataset}")
    for images, labels in (arrays[:2], arrays[2:]):
        if not (
            images.dtype == labels.dtype == np.uint8
            and images.shape == (len(labels), 28, 28)
            and len(labels) > 0
            and labels.max() <= 9
        ):
            raise AssertionError(f"not of the form that was promised: {dataset}")
    return False


def fuzz(seconds: float, seed: int) -> int:
    """Check changed data sets until the time is over; return how many."""
    draw = random.Random(seed)
    end = time.monotonic() + seconds
    cases = 0
    tracemalloc.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            while time.monotonic() < end:
                tracemalloc.reset_peak()
                case = make_case(draw)
                try:
                    check_case(case, Path(folder))
                except BaseException as error:
                    error.add_note(f"seed {seed}, case {cases}")
                    raise
                if tracemalloc.get_traced_memory()[1] > MAXIMUM_MEMORY:
                    raise AssertionError(f"too much memory: seed {seed}, case {cases}")
                cases += 1
    finally:
        tracemalloc.stop()
    return cases


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with contextlib.suppress(KeyboardInterrupt):
        print(f"{fuzz(options.seconds, options.seed)} cases, no failure")
