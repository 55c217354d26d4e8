"""MNIST's files: every published form is read, and what is damaged is refused."""

import gzip
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mnist_files import (
    IDX_NAMES,
    NPZ_NAMES,
    digest_of,
    gzipped_files,
    idx_files,
    npz_file,
    small_arrays,
    to_idx,
    write_files,
)

from mnist_helpers.data import formats, load_mnist
from mnist_helpers.errors import CourseError

ARRAYS = small_arrays()
IMAGES = IDX_NAMES[0]


def with_dots(arrays: formats.Arrays) -> dict[str, bytes]:
    files = idx_files(arrays)
    return {name.replace("-idx", ".idx"): files[name] for name in files}


def half_gzipped(arrays: formats.Arrays) -> dict[str, bytes]:
    return dict([*gzipped_files(arrays).items()][:2] + [*with_dots(arrays).items()][2:])


FORMS = [idx_files, gzipped_files, with_dots, half_gzipped, npz_file]


def is_same(found: formats.Arrays) -> bool:
    return all(map(np.array_equal, found, ARRAYS)) and {a.dtype for a in found} == {
        np.dtype(np.uint8)
    }


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_holds_the_same_arrays(form, tmp_path):
    assert is_same(formats.read_files(write_files(tmp_path, form(ARRAYS))))


def test_an_npz_is_written_and_read_under_any_name(tmp_path):
    formats.write_npz(tmp_path / "my digits.npz", ARRAYS)
    assert is_same(formats.read_files(tmp_path / "my digits.npz"))


def test_a_folder_that_bears_the_name_of_a_file_is_passed_over(tmp_path):
    """A popular archive has both."""
    (tmp_path / IMAGES).mkdir()
    assert is_same(formats.read_files(write_files(tmp_path, with_dots(ARRAYS))))


def test_the_digest_is_that_of_the_plain_files():
    assert formats.digest(ARRAYS) == digest_of(ARRAYS)
    backwards = [array[::-1] for array in ARRAYS]
    assert formats.digest(backwards) == digest_of(backwards) != digest_of(ARRAYS)


BAD_IMAGES = {
    "empty": b"",
    "half a header": struct.pack(">2I", 2051, 40),
    "labels": to_idx(ARRAYS.train_labels),
    "a web page": b"<!DOCTYPE html><title>This domain is for sale</title>",
    "of floats": struct.pack(">4I", 0x0D03, 40, 28, 28) + bytes(40 * 784),
    "of another size": struct.pack(">4I", 2051, 40, 32, 32) + bytes(40 * 1024),
    "cut": to_idx(ARRAYS.train_images)[:-1],
    "an image fewer than promised": to_idx(ARRAYS.train_images)[:-784],
    "too long": to_idx(ARRAYS.train_images) + bytes(784),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_an_unsound_idx_file_is_refused_by_name(case, tmp_path):
    write_files(tmp_path, idx_files(ARRAYS) | {IMAGES: BAD_IMAGES[case]})
    with pytest.raises(CourseError, match=IMAGES):
        formats.read_files(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    files = gzipped_files(ARRAYS)
    del files[f"{IDX_NAMES[3]}.gz"]
    with pytest.raises(CourseError, match=f"No such file.*{IDX_NAMES[3]}"):
        formats.read_files(write_files(tmp_path, files))


@pytest.mark.parametrize("name", NPZ_NAMES)
def test_other_numbers_than_bytes_are_refused(name, tmp_path):
    for wrong in (np.zeros((40, 28, 28)), np.zeros(40, np.int8)):
        write_files(tmp_path, npz_file(ARRAYS, **{name: wrong}))
        with pytest.raises(CourseError, match=f"{name} is .*, expected uint8"):
            formats.read_files(tmp_path)


def test_an_npz_without_a_member_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=ARRAYS.train_images)
    with pytest.raises(CourseError, match="y_train"):
        formats.read_files(tmp_path)


class Bomb:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def test_a_pickle_is_never_loaded(tmp_path):
    made = tmp_path / "made by unpickling"
    pickled = np.array([Bomb(made)], dtype=object)
    write_files(tmp_path, npz_file(ARRAYS, x_train=pickled))
    with pytest.raises(CourseError, match="Object arrays"):
        formats.read_files(tmp_path)
    assert not made.exists()
    # The bomb is live: NumPy, told to unpickle, sets it off.
    np.load(tmp_path / "mnist.npz", allow_pickle=True)["x_train"]
    assert made.exists()


@pytest.mark.parametrize("container", ["gzip", "npz"])
def test_a_decompression_bomb_is_refused_in_bounded_memory(container, tmp_path):
    """Each would unpack to far more than MNIST."""
    start, zeros = to_idx(ARRAYS.train_images), bytes(2**20)
    if container == "gzip":
        bomb = gzip.compress(start) + gzip.compress(zeros) * 1024
        write_files(tmp_path, gzipped_files(ARRAYS) | {f"{IMAGES}.gz": bomb})
    else:
        with (
            zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as file,
            file.open("x_train.npy", "w") as member,
        ):
            header = {"descr": "|u1", "fortran_order": False, "shape": (100 * 2**20,)}
            np.lib.format.write_array_header_1_0(member, header)
            for _ in range(100):
                member.write(zeros)
    tracemalloc.start()
    try:
        with pytest.raises(CourseError):
            formats.read_files(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * formats.LARGEST_IDX
    finally:
        tracemalloc.stop()


# The folder and the environment may stay from example to example.
FUZZ = settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(data=st.data())
def test_changed_bytes_never_pass_for_mnist(data, arrays, tmp_path, monkeypatch):
    """Bytes are replaced, dropped or inserted, more often near the start."""
    files = data.draw(st.sampled_from(FORMS))(arrays)
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name]
    start = data.draw(st.integers(0, 40) | st.integers(0, len(content)))
    stop = start + data.draw(st.integers(0, 40) | st.just(len(content)))
    files[name] = content[:start] + data.draw(st.binary(max_size=40)) + content[stop:]
    folder = write_files(tmp_path / "changed", files)
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(folder))
    try:
        dataset = load_mnist()
    except CourseError:
        return
    finally:
        for path in folder.iterdir():
            path.unlink()
    assert dataset.is_mnist
    assert is_same(
        [getattr(dataset, name) for name in formats.Arrays._fields]
    )  # what was changed is of no effect, such as a time in a header


@FUZZ
@given(start=st.sampled_from([b"", b"\x1f\x8b", b"PK\3\4"]), rest=st.binary())
def test_arbitrary_bytes_are_refused(start, rest, tmp_path):
    for name in (IDX_NAMES[0], f"{IDX_NAMES[0]}.gz", "mnist.npz"):
        path = tmp_path / name
        path.write_bytes(start + rest)
        with pytest.raises(CourseError, match=name):
            formats.read_files(tmp_path)
        path.unlink()
