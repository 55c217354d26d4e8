"""A small data set that load_mnist is told is MNIST."""

import pytest
from mnist_files import digest_of, small_arrays

from mnist_helpers.data import mnist
from mnist_helpers.data.formats import Arrays


@pytest.fixture
def arrays(tmp_path, monkeypatch) -> Arrays:
    """Have the small arrays pass for MNIST, an empty cache, and no chosen path."""
    monkeypatch.delenv("MNIST_HELPERS_DATA", raising=False)
    monkeypatch.setenv("MNIST_HELPERS_CACHE", str(tmp_path / "cache"))
    arrays = small_arrays()
    monkeypatch.setattr(mnist, "MNIST_DIGEST", digest_of(arrays))
    return arrays
