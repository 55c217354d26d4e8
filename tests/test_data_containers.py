"""The files that hold MNIST: what is read, and what is refused in bounded memory."""

import gzip
import io
import os
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fuzz_data
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnist_server import (
    GZIP_NAMES,
    NPZ_NAMES,
    digest_of,
    small_arrays,
    to_idx,
    to_npz,
    write_files,
)

from mnist_helpers.data import containers
from mnist_helpers.data.containers import DataError, read_container

pytest_plugins = ["data_fixtures"]

PLAIN_NAMES = [name.removesuffix(".gz") for name in GZIP_NAMES]
ZEROS = bytes(2**20)


def gzipped(arrays: containers.Arrays) -> dict[str, bytes]:
    contents = (gzip.compress(to_idx(array), 1) for array in arrays)
    return dict(zip(GZIP_NAMES, contents, strict=True))


def npz_file(**members: np.ndarray) -> dict[str, bytes]:
    originals = dict(zip(NPZ_NAMES, small_arrays(), strict=True))
    return {"mnist.npz": to_npz(originals | members)}


@contextmanager
def bounded_memory(mebibytes: float) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mebibytes * 2**20
    finally:
        tracemalloc.stop()


def check_arrays(found: containers.Arrays, expected: containers.Arrays) -> None:
    for name in containers.Arrays._fields:
        array = getattr(found, name)
        assert array.dtype == np.uint8
        assert np.array_equal(array, getattr(expected, name))


def plain(arrays: containers.Arrays) -> dict[str, bytes]:
    return dict(zip(PLAIN_NAMES, map(to_idx, arrays), strict=True))


def plain_with_dots(arrays: containers.Arrays) -> dict[str, bytes]:
    return {name.replace("-idx", ".idx"): c for name, c in plain(arrays).items()}


def gzipped_with_dots(arrays: containers.Arrays) -> dict[str, bytes]:
    return {name.replace("-idx", ".idx"): c for name, c in gzipped(arrays).items()}


def unpacked_under_the_packed_name(arrays: containers.Arrays) -> dict[str, bytes]:
    return {f"{name}.gz": content for name, content in plain(arrays).items()}


def in_several_gzip_members(arrays: containers.Arrays) -> dict[str, bytes]:
    return {
        f"{name}.gz": gzip.compress(content[:10]) + gzip.compress(content[10:])
        for name, content in plain(arrays).items()
    }


def mixed(arrays: containers.Arrays) -> dict[str, bytes]:
    forms = (plain, gzipped, plain_with_dots, gzipped_with_dots)
    return dict(list(form(arrays).items())[i] for i, form in enumerate(forms))


def npz_deflated(arrays: containers.Arrays) -> dict[str, bytes]:
    return {"mnist.npz": to_npz(dict(zip(NPZ_NAMES, arrays, strict=True)))}


def npz_by_numpy(arrays: containers.Arrays) -> dict[str, bytes]:
    packed = io.BytesIO()
    np.savez(packed, **dict(zip(NPZ_NAMES, arrays, strict=True)))
    return {"mnist.npz": packed.getvalue()}


FORMS = [
    gzipped,
    plain,
    plain_with_dots,
    gzipped_with_dots,
    unpacked_under_the_packed_name,
    in_several_gzip_members,
    mixed,
    npz_deflated,
    npz_by_numpy,
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_container_holds_the_same_data(form, tmp_path):
    arrays = small_arrays()
    write_files(tmp_path, form(arrays))
    check_arrays(read_container(tmp_path), arrays)


def test_an_npz_is_read_under_any_name(tmp_path):
    path = tmp_path / "my digits.npz"
    path.write_bytes(npz_deflated(small_arrays())["mnist.npz"])
    check_arrays(read_container(path), small_arrays())


def test_folders_that_bear_the_name_of_a_file_are_passed_over(tmp_path):
    """As a popular archive has them: a folder and a file for each array."""
    for name in PLAIN_NAMES:
        (tmp_path / name).mkdir()
    write_files(tmp_path, plain_with_dots(small_arrays()))
    check_arrays(read_container(tmp_path), small_arrays())


@given(train=st.integers(1, 30), test=st.integers(1, 30), seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, train, test, seed):
    arrays = small_arrays(train, test, seed)
    folder = tmp_path_factory.mktemp("written")
    containers.write_archive(folder / "mnist.npz", arrays)
    check_arrays(read_container(folder), arrays)
    # The independent digest: the plain files' bytes, one file after the other.
    assert containers.digest(*arrays) == digest_of(arrays)


def test_the_digest_sees_order_and_shape():
    images = small_arrays().train_images
    assert containers.digest(images) != containers.digest(images[::-1])
    assert containers.digest(images) != containers.digest(images.reshape(-1))
    assert containers.digest(images[::2]) == containers.digest(images[::2].copy())


def idx_header(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


BAD_IMAGES = {
    "empty": (b"", "magic number 2051"),
    "only a magic number": (idx_header(2051), "shape"),
    "half a header": (idx_header(2051, 40), "shape"),
    "labels": (to_idx(small_arrays().train_labels), "magic number 2051"),
    "a web page": (b"<!DOCTYPE html><title>Sale</title>", "magic number 2051"),
    "of floats": (idx_header(0x0D03, 40, 28, 28) + bytes(40 * 3136), "2051"),
    "little-endian": (struct.pack("<4I", 2051, 40, 28, 28) + bytes(31360), "2051"),
    "of another size": (idx_header(2051, 40, 32, 32) + bytes(40960), "(40, 32, 32)"),
    "none": (idx_header(2051, 0, 28, 28), "promises 0 items"),
    "cut": (to_idx(small_arrays().train_images)[:-1], "ends after 31,359 of 31,360"),
    "too long": (to_idx(small_arrays().train_images) + b"\0", "goes on after 31,360"),
    "a billion": (idx_header(2051, 2**32 - 1, 28, 28), "promises 4,294,967,295"),
    "cut early": (idx_header(2051, 300_000, 28, 28) + b"0", "ends after 1 of"),
}


@pytest.mark.parametrize("is_gzip", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_an_unsound_idx_file_is_refused(case, is_gzip, tmp_path):
    content, clue = BAD_IMAGES[case]
    files = plain(small_arrays()) | {PLAIN_NAMES[0]: content}
    if is_gzip:
        files = {f"{name}.gz": gzip.compress(body) for name, body in files.items()}
    write_files(tmp_path, files)
    with bounded_memory(mebibytes=4), pytest.raises(DataError) as refusal:
        read_container(tmp_path)
    assert PLAIN_NAMES[0] in str(refusal.value)
    assert clue in str(refusal.value)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def cut_before_the_checksum(content: bytes) -> bytes:
    return content[:-8]


def wrong_checksum(content: bytes) -> bytes:
    return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]


def followed_by_rubbish(content: bytes) -> bytes:
    return content + b"<html>"


def only_the_start(_content: bytes) -> bytes:
    return b"\x1f\x8b"


@pytest.mark.parametrize(
    "damage",
    [cut, cut_before_the_checksum, wrong_checksum, followed_by_rubbish, only_the_start],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_gzip_file_is_refused(damage, tmp_path):
    files = gzipped(small_arrays())
    write_files(tmp_path, files | {GZIP_NAMES[2]: damage(files[GZIP_NAMES[2]])})
    with pytest.raises(DataError, match=GZIP_NAMES[2]):
        read_container(tmp_path)


def test_labels_beside_the_wrong_images_are_refused(tmp_path):
    files = gzipped(small_arrays())
    write_files(tmp_path, files | {GZIP_NAMES[1]: files[GZIP_NAMES[3]]})
    with pytest.raises(DataError, match="20 labels, but 40 images") as refusal:
        read_container(tmp_path)
    assert GZIP_NAMES[0] in str(refusal.value)
    assert GZIP_NAMES[1] in str(refusal.value)


@pytest.mark.parametrize("row", [1, 3])
def test_labels_beyond_nine_are_refused(row, tmp_path):
    arrays = list(small_arrays())
    arrays[row] = np.where(arrays[row] == 7, 10, arrays[row]).astype(np.uint8)
    for folder, form in (("idx", gzipped), ("npz", npz_deflated)):
        write_files(tmp_path / folder, form(containers.Arrays(*arrays)))
        with pytest.raises(DataError, match="a label of 10"):
            read_container(tmp_path / folder)


def test_what_a_folder_lacks_is_named(tmp_path):
    files = gzipped(small_arrays())
    del files[GZIP_NAMES[3]]
    write_files(tmp_path, files)
    with pytest.raises(DataError, match="no t10k-labels-idx1-ubyte;"):
        read_container(tmp_path)


@pytest.mark.parametrize("name", ["empty folder", "nothing", "/dev/zero", "x" * 300])
def test_a_path_without_data_is_refused(name, tmp_path):
    (tmp_path / "empty folder").mkdir()
    with pytest.raises(DataError):
        read_container(tmp_path / name)


def test_a_file_that_is_neither_is_refused(tmp_path):
    (tmp_path / "page.npz").write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(DataError, match=r"page\.npz: .*zip"):
        read_container(tmp_path / "page.npz")


IMAGES = small_arrays().train_images
BAD_MEMBERS = {
    "floats": (IMAGES / 255.0, "float64"),
    "wider integers": (IMAGES.astype(np.int64), "int64"),
    "Fortran order": (np.asfortranarray(IMAGES), "C order"),
    "flat": (IMAGES.reshape(40, 784), r"\(40, 784\)"),
    "a channel": (IMAGES[..., np.newaxis], r"\(40, 28, 28, 1\)"),
    "none": (IMAGES[:0], "0 items"),
    "fewer": (IMAGES[:-1], "40 labels, but 39 images"),
    "a scalar": (np.uint8(1), r"shape \(\)"),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_an_unsound_npz_member_is_refused(case, tmp_path):
    array, clue = BAD_MEMBERS[case]
    write_files(tmp_path, npz_file(x_train=np.asanyarray(array)))
    with pytest.raises(DataError, match=clue):
        read_container(tmp_path)


class _Bomb:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def test_a_pickle_is_never_loaded(tmp_path):
    made = tmp_path / "made by unpickling"
    pickled = np.array([_Bomb(made)], dtype=object)
    packed = io.BytesIO()
    np.savez(packed, x_train=pickled)
    # The bomb is live: NumPy, told to unpickle, sets it off.
    packed.seek(0)
    np.load(packed, allow_pickle=True)["x_train"]
    made.rmdir()

    members = dict(zip(NPZ_NAMES, small_arrays(), strict=True))
    for name in NPZ_NAMES:
        content = to_npz(members | {name: pickled}, allow_pickle=True)
        (tmp_path / "mnist.npz").write_bytes(content)
        with pytest.raises(DataError, match="object"):
            read_container(tmp_path / "mnist.npz")
    assert not made.exists()


def test_a_missing_member_is_named(tmp_path):
    members = dict(zip(NPZ_NAMES[:3], small_arrays()[:3], strict=True))
    write_files(tmp_path, {"mnist.npz": to_npz(members)})
    with pytest.raises(DataError, match=r"y_test\.npy"):
        read_container(tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_a_bound_on_memory_are_refused(method, tmp_path):
    members = dict(zip(NPZ_NAMES, small_arrays(), strict=True))
    write_files(tmp_path, {"mnist.npz": to_npz(members, method)})
    with pytest.raises(DataError, match="packed in a way"):
        read_container(tmp_path)


def npy_header(*shape: int) -> bytes:
    header = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def gzip_bomb(start: bytes) -> bytes:
    """Gzip what starts soundly and goes on with 4 GiB of zeros."""
    return gzip.compress(start) + gzip.compress(ZEROS, 9) * 4096


def npz_bomb(start: bytes) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x_train.npy", "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(128):
            member.write(ZEROS)
    return packed.getvalue()


BOMBS = {
    "gzip, 40 images promised": lambda: gzip_bomb(idx_header(2051, 40, 28, 28)),
    "gzip, 4 billion promised": lambda: gzip_bomb(idx_header(2051, 2**32 - 1, 28, 28)),
    "npz, 40 images promised": lambda: npz_bomb(npy_header(40, 28, 28)),
    "npz, 4 billion promised": lambda: npz_bomb(npy_header(2**32, 28, 28)),
    "npz, a header of 64 KiB": lambda: npz_bomb(b"\x93NUMPY\1\0\xff\xff"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_decompression_bomb_is_refused_in_bounded_memory(case, tmp_path):
    files, name = {}, "mnist.npz"
    if case.startswith("gzip"):
        files, name = gzipped(small_arrays()), GZIP_NAMES[0]
    write_files(tmp_path, files | {name: BOMBS[case]()})
    with bounded_memory(mebibytes=6), pytest.raises(DataError, match=name):
        read_container(tmp_path)


def test_a_member_that_lies_about_its_length_is_refused(tmp_path):
    """A zip's directory can promise less or more than its data unpacks to."""
    content = bytearray(npz_file()["mnist.npz"])
    length = struct.pack("<I", len(npy_header(40, 28, 28)) + IMAGES.size)
    at = content.rindex(length)
    for promised in (0, 100, 31_000):
        content[at : at + 4] = struct.pack("<I", promised)
        write_files(tmp_path, {"mnist.npz": bytes(content)})
        with pytest.raises(DataError):
            read_container(tmp_path)
    # Too high a promise is harmless: the data ends where its header says.
    content[at : at + 4] = struct.pack("<I", 2**31)
    write_files(tmp_path, {"mnist.npz": bytes(content)})
    with bounded_memory(mebibytes=6):
        check_arrays(read_container(tmp_path), small_arrays())


@given(draw=st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_no_changed_file_yields_other_arrays(tmp_path_factory, draw):
    folder = tmp_path_factory.getbasetemp() / "changed"
    fuzz_data.check_case(fuzz_data.make_case(draw), folder)


@given(start=st.sampled_from([b"", b"\x1f\x8b", b"PK"]), rest=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_arbitrary_bytes_yield_arrays(tmp_path_factory, start, rest):
    folder = tmp_path_factory.getbasetemp() / "arbitrary"
    content = start + rest
    for name in (GZIP_NAMES[1], PLAIN_NAMES[2]):
        files = gzipped(small_arrays()) | {name: content}
        write_files(folder, files)
        with pytest.raises(DataError):
            read_container(folder)
        (folder / name).unlink()
    (folder / "x.npz").write_bytes(content)
    with pytest.raises(DataError):
        read_container(folder / "x.npz")


@pytest.mark.slow
def test_fuzzing_for_a_bounded_time_finds_nothing():
    assert fuzz_data.fuzz(seconds=3, seed=random.randrange(2**32)) > 50


def test_most_changes_are_seen_as_such(tmp_path):
    """The fuzzer does change something: most of its cases are refused."""
    draw = random.Random(1)
    refused = [
        fuzz_data.check_case(fuzz_data.make_case(draw), tmp_path) for _ in range(200)
    ]
    assert np.mean(refused) > 0.3


@pytest.mark.parametrize("form", ["folder", "npz"])
def test_the_corpus_reads_as_an_independent_reader_reads_it(form, corpus, tmp_path):
    names = GZIP_NAMES if form == "folder" else ["mnist.npz"]
    write_files(tmp_path, {name: corpus.files[name] for name in names})
    check_arrays(read_container(tmp_path), corpus.arrays)
