"""load_mnist: where it looks, what it believes, and how it says no."""

import gzip
import hashlib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from mnist_server import (
    GZIP_NAMES,
    REAL_FILES,
    apply_specification,
    arrays_of,
    corpus_of,
    digest_of,
    from_idx,
    write_files,
)

from mnist_helpers.data import download
from mnist_helpers.data import mnist as data
from mnist_helpers.data.containers import Arrays
from mnist_helpers.data.mnist import DataError, load_mnist

pytest_plugins = ["data_fixtures"]
pytestmark = pytest.mark.usefixtures("only_loopback")

needs_mnist = pytest.mark.skipif(
    REAL_FILES is None, reason="MNIST_HELPERS_DATA names no folder with MNIST's files"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_corpus) -> Path:
    """Hold the small set, which the product is told is MNIST."""
    monkeypatch.setattr(data, "MNIST_DIGEST", small_corpus.digest)
    files = {name: small_corpus.files[name] for name in GZIP_NAMES}
    folder = write_files(tmp_path / "idx", files)
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(folder))
    return folder


def replace_data(folder: Path, arrays: Arrays) -> None:
    files = corpus_of(arrays).files
    write_files(folder, {name: files[name] for name in GZIP_NAMES})


# --- the published figures -------------------------------------------------------


@needs_mnist
def test_the_published_checksums_are_those_of_the_official_files():
    for file in download.IDX_FILES:
        content = REAL_FILES[file.name]
        assert (file.size, file.sha256) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    unpacked = [gzip.decompress(REAL_FILES[name]) for name in GZIP_NAMES]
    digests = [hashlib.sha256(content).hexdigest() for content in unpacked]
    assert list(data.MNIST_ARRAY_DIGESTS) == digests
    assert hashlib.sha256(b"".join(unpacked)).hexdigest() == data.MNIST_DIGEST


@needs_mnist
def test_real_mnist_loads_and_is_genuine(tmp_path, monkeypatch):
    folder = write_files(tmp_path, REAL_FILES)
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(folder))
    dataset = load_mnist()
    assert dataset.is_mnist
    for name, array in zip(GZIP_NAMES, arrays_of(dataset), strict=True):
        expected = from_idx(gzip.decompress(REAL_FILES[name]))
        np.testing.assert_array_equal(array, expected)
    # Class counts and mean as published in many places.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(dataset.train_labels).tolist() == counts
    assert dataset.train_images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert dataset.describe() == (
        "MNIST: 60,000 training and 10,000 test images, 28x28, uint8\n"
        "Source: local files, named by MNIST_HELPERS_DATA\n"
        f"Genuine MNIST: SHA-256 {data.MNIST_DIGEST}"
    )


def test_keras_publishes_the_digest_that_we_expect():
    # Keras is read, not imported: that would import TensorFlow.
    [keras] = find_spec("keras").submodule_search_locations
    source = Path(keras, "src", "datasets", "mnist.py").read_text()
    published = re.findall(r"\b[0-9a-f]{64}\b", source)
    assert published == [download.KERAS_ARCHIVE.sha256]
    folder = re.search(r"https://\S+/tf-keras-datasets/", source)[0]
    assert download.MIRRORS[0].address == folder


def test_importing_it_is_cheap():
    heavy = ["tensorflow", "keras", "sklearn", "scipy", "pooch", "requests", "pandas"]
    code = (
        "import sys, mnist_helpers.data.mnist\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


# --- MNIST_HELPERS_DATA ----------------------------------------------------------


def test_a_folder_is_loaded_and_described(folder, small_corpus, capsys):
    dataset = load_mnist()
    assert dataset.name == "MNIST"
    assert dataset.is_mnist
    assert dataset.digest == small_corpus.digest
    assert digest_of(arrays_of(dataset)) == small_corpus.digest
    assert dataset.describe().splitlines() == [
        "MNIST: 40 training and 20 test images, 28x28, uint8",
        "Source: local files, named by MNIST_HELPERS_DATA",
        f"Genuine MNIST: SHA-256 {small_corpus.digest}",
    ]
    assert "array" not in repr(dataset)
    assert capsys.readouterr() == ("", "")


def test_an_npz_is_loaded(folder, small_corpus, tmp_path, monkeypatch):
    path = tmp_path / "keras.npz"
    path.write_bytes(small_corpus.files["mnist.npz"])
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(path))
    assert load_mnist().digest == load_mnist().digest == small_corpus.digest


def test_the_home_folder_is_understood(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("MNIST_HELPERS_DATA", "~/idx")
    assert load_mnist().source == f"{folder} (MNIST_HELPERS_DATA)"


@pytest.mark.parametrize("is_stand_in", [False, True])
def test_the_arrays_cannot_be_changed_behind_the_digest(
    is_stand_in, folder, monkeypatch
):
    if is_stand_in:
        monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    for array in arrays_of(load_mnist()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize("path", ["missing", "stand-in ", "Stand-in", "./stand-in"])
def test_a_path_that_cannot_be_used_is_an_error_at_once(
    path, empty_cache, monkeypatch, capsys, tmp_path, only_loopback
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNIST_HELPERS_DATA", path)
    with pytest.raises(DataError) as refusal:
        load_mnist()
    for clue in (str(tmp_path / path), "No such file", "MNIST_HELPERS_DATA"):
        assert clue in str(refusal.value)
    assert capsys.readouterr().out == ""
    assert only_loopback == []
    assert not empty_cache.exists()


def test_a_bad_file_is_named_in_the_error(folder):
    (folder / GZIP_NAMES[2]).write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(DataError, match=GZIP_NAMES[2]) as refusal:
        load_mnist()
    assert "MNIST_HELPERS_DATA" in str(refusal.value)


def change_a_pixel(arrays: Arrays) -> Arrays:
    images = arrays.test_images.copy()
    images[3, 14, 14] ^= 1
    return arrays._replace(test_images=images)


def change_a_label(arrays: Arrays) -> Arrays:
    labels = arrays.train_labels.copy()
    labels[0] = 9 - labels[0]
    return arrays._replace(train_labels=labels)


def reverse(arrays: Arrays) -> Arrays:
    return Arrays(*(array[::-1].copy() for array in arrays))


def swap_the_sets(arrays: Arrays) -> Arrays:
    return Arrays(*arrays[2:], *arrays[:2])


def drop_the_last(arrays: Arrays) -> Arrays:
    return Arrays(*(array[:-1] for array in arrays))


@pytest.mark.parametrize(
    "change",
    [change_a_pixel, change_a_label, reverse, swap_the_sets, drop_the_last],
    ids=lambda change: change.__name__,
)
def test_what_is_not_mnist_loads_only_by_another_name(change, folder, small_corpus):
    changed = change(small_corpus.arrays)
    replace_data(folder, changed)
    with pytest.raises(DataError, match="not MNIST") as refusal:
        load_mnist()
    assert 'load_mnist("Fashion-MNIST")' in str(refusal.value)
    dataset = load_mnist("our digits")
    assert dataset.name == "our digits"
    assert not dataset.is_mnist
    assert digest_of(arrays_of(dataset)) == digest_of(changed)
    first, _, last = dataset.describe().splitlines()
    assert first.startswith("NOT MNIST: our digits: ")
    assert last == f"Not MNIST: SHA-256 {digest_of(changed)}"


def test_the_error_says_which_file_differs_and_how(folder, small_corpus, monkeypatch):
    def idx_digests(arrays: Arrays) -> Arrays:
        return Arrays(*(digest_of([array]) for array in arrays))

    expected = idx_digests(small_corpus.arrays)
    monkeypatch.setattr(data, "MNIST_ARRAY_DIGESTS", expected)
    changed = change_a_pixel(small_corpus.arrays)
    replace_data(folder, changed)
    with pytest.raises(DataError) as refusal:
        load_mnist()
    found = re.findall(r"(\S+): SHA-256 .* (\S+), expected (\S+)", str(refusal.value))
    digest = idx_digests(changed).test_images
    assert found == [("t10k-images-idx3-ubyte", digest, expected.test_images)]


def test_mnist_does_not_load_by_another_name(folder):
    with pytest.raises(DataError, match="this is MNIST, not Fashion-MNIST"):
        load_mnist("Fashion-MNIST")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "mnist",
        "Mnist",
        " MNIST",
        "MNIST\n",
        "our\ndigits",
        "stand-in (UCI digits)",
    ],
)
def test_a_name_that_would_mislead_is_refused(name, folder, small_corpus):
    replace_data(folder, reverse(small_corpus.arrays))
    with pytest.raises(DataError, match="name: got"):
        load_mnist(name)


@pytest.mark.parametrize("value", [None, "", "stand-in"])
def test_other_data_needs_a_path(value, empty_cache, monkeypatch, only_loopback):
    if value is not None:
        monkeypatch.setenv("MNIST_HELPERS_DATA", value)
    with pytest.raises(DataError, match="set MNIST_HELPERS_DATA"):
        load_mnist("Fashion-MNIST")
    assert only_loopback == []


# --- the stand-in ----------------------------------------------------------------


def test_the_stand_in_can_be_chosen(empty_cache, monkeypatch, capsys, only_loopback):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    dataset = load_mnist()
    assert dataset.name == "stand-in (UCI digits)"
    assert not dataset.is_mnist
    assert dataset.describe().splitlines() == [
        "NOT MNIST: stand-in (UCI digits): "
        "1,545 training and 252 test images, 28x28, uint8",
        "Source: scikit-learn's load_digits, built in",
        f"Not MNIST: SHA-256 {digest_of(arrays_of(dataset))}",
    ]
    assert capsys.readouterr() == ("", "")
    assert only_loopback == []
    assert not empty_cache.exists()


def test_an_empty_value_is_no_value(small_mirrors, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "")
    assert small_mirrors.servers[0].address in load_mnist().source


# --- the cache -------------------------------------------------------------------


def test_the_cache_is_the_platforms_unless_told_otherwise(
    small_mirrors, tmp_path, monkeypatch
):
    monkeypatch.delenv("MNIST_HELPERS_CACHE")
    monkeypatch.setattr(
        data.platformdirs, "user_cache_path", lambda name, **_: tmp_path / name
    )
    load_mnist()
    assert (tmp_path / "mnist-helpers" / "mnist.npz").is_file()
    assert load_mnist().source == f"{tmp_path / 'mnist-helpers' / 'mnist.npz'} (cache)"
    assert small_mirrors.requests() == [["mnist.npz"], [], []]


def test_the_chosen_path_comes_before_the_cache(
    small_mirrors, folder, tmp_path, monkeypatch
):
    monkeypatch.delenv("MNIST_HELPERS_DATA")
    load_mnist()
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(folder))
    assert load_mnist().source == f"{folder} (MNIST_HELPERS_DATA)"
    apply_specification(small_mirrors.specification(), monkeypatch.setattr)
    replace_data(folder, reverse(small_mirrors.corpus.arrays))
    with pytest.raises(DataError):
        load_mnist()
