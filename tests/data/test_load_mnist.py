"""load_mnist: where it looks, what it believes, and how it says no."""

import gzip
import hashlib
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from mnist_files import (
    IDX_NAMES,
    digest_of,
    gzipped_files,
    npz_file,
    write_files,
)

from mnist_helpers.data import download, load_mnist, mnist
from mnist_helpers.errors import CourseError, ExitCode


def arrays_of(dataset: mnist.Dataset) -> list[np.ndarray]:
    names = ("train_images", "train_labels", "test_images", "test_labels")
    return [getattr(dataset, name) for name in names]


@pytest.fixture
def folder(tmp_path, monkeypatch, arrays) -> Path:
    folder = write_files(tmp_path / "chosen", gzipped_files(arrays))
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(folder))
    return folder


@pytest.fixture
def official() -> dict[str, bytes]:
    """Return the published files, from where MNIST_HELPERS_DATA has them."""
    folder = Path(os.environ.get("MNIST_HELPERS_DATA") or "nowhere")
    paths = [folder / f"{name}.gz" for name in IDX_NAMES]
    if not all(path.is_file() for path in paths):
        pytest.skip("MNIST_HELPERS_DATA names no folder with MNIST's gzipped files")
    return {path.name: path.read_bytes() for path in paths}


def test_the_digests_are_those_of_the_official_files(official):
    [published] = [
        files for address, files in download.MIRRORS.items() if "ossci" in address
    ]
    assert published == {
        name: hashlib.sha256(content).hexdigest() for name, content in official.items()
    }
    unpacked = b"".join(map(gzip.decompress, official.values()))
    assert hashlib.sha256(unpacked).hexdigest() == mnist.MNIST_DIGEST


def test_real_mnist_loads_and_is_genuine(official):
    dataset = load_mnist()
    assert dataset.is_mnist
    # Class counts and mean as published in many places.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(dataset.train_labels).tolist() == counts
    assert dataset.train_images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)


def test_keras_publishes_the_address_and_the_digest_that_we_have():
    # Keras is read, not imported: that would import TensorFlow.
    [keras] = find_spec("keras").submodule_search_locations
    source = Path(keras, "src", "datasets", "mnist.py").read_text()
    [digest] = re.findall(r"\b[0-9a-f]{64}\b", source)
    address = re.search(r"https://\S+/tf-keras-datasets/", source)[0]
    assert next(iter(download.MIRRORS.items())) == (address, {"mnist.npz": digest})


def test_importing_it_is_cheap():
    heavy = ["tensorflow", "keras", "sklearn", "pooch", "requests", "pandas"]
    code = (
        "import sys, mnist_helpers.data\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"[]"


def test_a_folder_is_loaded_and_described(folder, arrays, capsys):
    dataset = load_mnist()
    assert dataset.name == "MNIST"
    assert dataset.digest == digest_of(arrays_of(dataset)) == digest_of(arrays)
    assert dataset.describe().splitlines() == [
        "MNIST: 40 training and 20 test images, 28x28, uint8",
        "Source: local files, named by MNIST_HELPERS_DATA",
        f"Genuine MNIST: SHA-256 {digest_of(arrays)}",
    ]
    assert str(folder) in dataset.source
    assert capsys.readouterr().out == ""


def test_a_missing_path_is_an_error_not_the_stand_in(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_DATA", str(tmp_path / "missing"))
    with pytest.raises(CourseError, match=r"missing: .*No such file") as refusal:
        load_mnist()
    assert refusal.value.exit_code is ExitCode.DATA_UNUSABLE
    assert "set it to stand-in" in str(refusal.value)


def test_one_other_pixel_is_not_mnist(folder, arrays):
    arrays.test_images[3, 14, 14] ^= 1
    write_files(folder, gzipped_files(arrays))
    with pytest.raises(CourseError, match=r"not MNIST: .*\(20, 28, 28\)") as refusal:
        load_mnist()
    assert digest_of(arrays) in str(refusal.value)
    assert mnist.MNIST_DIGEST in str(refusal.value)


def test_the_stand_in_can_be_chosen(arrays, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    dataset = load_mnist()
    assert not dataset.is_mnist
    assert dataset.describe().splitlines() == [
        "NOT MNIST: stand-in (UCI digits): "
        "1,545 training and 252 test images, 28x28, uint8",
        "Source: scikit-learn's load_digits, built in",
        f"Not MNIST: SHA-256 {digest_of(arrays_of(dataset))}",
    ]
    assert capsys.readouterr().out == ""


def test_the_cache_is_read_where_no_path_is_chosen(folder, arrays, monkeypatch):
    cache = write_files(folder.parent / "cache", npz_file(arrays))
    assert str(folder) in load_mnist().source
    monkeypatch.setenv("MNIST_HELPERS_DATA", "")
    dataset = load_mnist()
    assert dataset.source == f"{cache / 'mnist.npz'} (cache)"
    for array in arrays_of(dataset):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
