"""Fixtures of the tests of the data: a corpus, mirrors, an empty cache, no network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnist_server import (
    REAL_FILES,
    Corpus,
    Mirrors,
    MirrorServer,
    apply_specification,
    block_other_sockets,
    corpus_of,
    real_corpus,
    small_arrays,
)

from mnist_helpers.data import download


@pytest.fixture(scope="session")
def small_corpus() -> Corpus:
    return corpus_of(small_arrays())


@pytest.fixture(scope="session")
def corpus(small_corpus: Corpus) -> Corpus:
    """Give real MNIST where it is at hand, a small set of the same form elsewhere."""
    return small_corpus if REAL_FILES is None else real_corpus(REAL_FILES)


@pytest.fixture
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for variable in list(os.environ):
        if variable.lower().endswith("_proxy"):
            monkeypatch.delenv(variable)
    return block_other_sockets(monkeypatch.setattr)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have data looked for in an empty cache first, as on a fresh machine."""
    folder = tmp_path / "cache"
    monkeypatch.delenv("MNIST_HELPERS_DATA", raising=False)
    monkeypatch.setenv("MNIST_HELPERS_CACHE", str(folder))
    monkeypatch.setattr(download, "BACK_OFF_SECONDS", 0.0)
    return folder


def _serve(
    corpus: Corpus, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mirrors]:
    servers = [MirrorServer(corpus.files) for _ in range(3)]
    started = Mirrors(servers, corpus, cache)
    apply_specification(started.specification(), monkeypatch.setattr)
    yield started
    for server in servers:
        server.refuse()
    # pytest keeps the folders of its last runs; MNIST is too large for that.
    shutil.rmtree(cache.parent, ignore_errors=True)


@pytest.fixture
def mirrors(
    corpus: Corpus,
    empty_cache: Path,
    only_loopback: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Mirrors]:
    yield from _serve(corpus, empty_cache, monkeypatch)


@pytest.fixture
def small_mirrors(
    small_corpus: Corpus,
    empty_cache: Path,
    only_loopback: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Mirrors]:
    """Serve the small set, for tests that are about what is around the data."""
    yield from _serve(small_corpus, empty_cache, monkeypatch)
