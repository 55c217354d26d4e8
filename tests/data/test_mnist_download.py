"""MNIST over the network: real HTTP on the loopback interface, with real faults."""

import hashlib
import re
import socket
import sys

import mirror_server
import pytest
from mirror_server import FAULTS, MirrorServer
from mnist_files import gzipped_files, npz_file, small_arrays, write_files

from mnist_helpers.data import download, load_mnist

pytestmark = pytest.mark.slow


def publish(address: str, files: dict[str, bytes]) -> tuple[str, dict[str, str]]:
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in files}
    return address, digests


@pytest.fixture
def mirrors(arrays, monkeypatch):
    """Serve the npz, and the IDX files on a second mirror."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    published = (npz_file(arrays), gzipped_files(arrays))
    servers = [MirrorServer(files) for files in published]
    addresses = [publish(server.address, server.files) for server in servers]
    monkeypatch.setattr(download, "MIRRORS", dict(addresses))
    yield servers
    for server in servers:
        server.close()


def test_the_first_mirror_first_then_the_cache(mirrors, capfd):
    dataset = load_mnist()
    assert dataset.is_mnist
    assert dataset.origin == mirrors[0].address
    assert load_mnist().origin == "the cache"
    assert [server.requests for server in mirrors] == [["mnist.npz"], []]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_leads_to_the_next_mirror(fault, mirrors, capfd, monkeypatch):
    if fault in (mirror_server.stalled, mirror_server.silent):
        monkeypatch.setattr(download, "READ_SECONDS", 1)
    mirrors[0].answer = fault
    dataset = load_mnist()
    assert dataset.is_mnist
    assert dataset.origin == mirrors[1].address
    assert mirrors[1].requests == list(mirrors[1].files)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="relies on Linux's backlog")
def test_a_host_that_drops_packets_is_given_up(mirrors, monkeypatch, capsys):
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.5)
    # Linux drops the packets that would open more connections than are waited for.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(busy.getsockname())
        address = f"http://127.0.0.1:{busy.getsockname()[1]}/"
        dropping = publish(address, mirrors[0].files)
        monkeypatch.setattr(download, "MIRRORS", dict([dropping]))
        assert not load_mnist().is_mnist
        for each in waiting:
            each.close()
    # Without a timeout of ours, the system's own would read: Connection timed out.
    assert f"{address}: timed out" in capsys.readouterr().out


def test_the_stand_in_takes_over_loudly_with_the_reasons(mirrors, capsys, tmp_path):
    mirrors[0].answer = mirror_server.wrong_byte
    mirrors[1].close()
    assert load_mnist().name == "stand-in (UCI digits)"
    said = capsys.readouterr().out
    assert "NOT MNIST" in said
    assert "set MNIST_HELPERS_DATA" in said
    expected = download.MIRRORS[mirrors[0].address]["mnist.npz"]
    assert re.search(f"{mirrors[0].address}: .*{expected}", said)
    assert re.search(f"{mirrors[1].address}: .*[Rr]efused", said)
    assert not (tmp_path / "cache").exists()


def test_a_damaged_cache_is_replaced_and_reported(mirrors, tmp_path, capsys):
    cache = write_files(tmp_path / "cache", npz_file(small_arrays(seed=9)))
    assert load_mnist().origin == mirrors[0].address
    assert re.search(f"{cache / 'mnist.npz'}.*\n.* damaged", capsys.readouterr().out)
    assert load_mnist().origin == "the cache"


def test_a_cache_that_cannot_be_written_does_not_lose_the_download(
    mirrors, tmp_path, monkeypatch, capsys
):
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.setenv("MNIST_HELPERS_CACHE", str(tmp_path / "a file" / "cache"))
    assert load_mnist().origin == mirrors[0].address
    assert "set MNIST_HELPERS_CACHE" in capsys.readouterr().out


def test_progress_is_shown_on_a_terminal_only(mirrors, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    load_mnist()
    assert "100%" in capsys.readouterr().err
