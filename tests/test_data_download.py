"""MNIST over the network: real HTTP on the loopback interface, with real faults."""

import hashlib
import json
import re
import shutil
import socket
import sys
import threading
from pathlib import Path

import mnist_server
import numpy as np
import pytest
from mnist_server import (
    GZIP_NAMES,
    Mirrors,
    apply_specification,
    arrays_of,
    digest_of,
)

from mnist_helpers.data import download
from mnist_helpers.data import mnist as data
from mnist_helpers.data.download import Mirror, RemoteFile
from mnist_helpers.data.mnist import DataError, load_mnist

pytestmark = pytest.mark.slow

pytest_plugins = ["data_fixtures"]

FAULTS = [
    mnist_server.reset,
    mnist_server.cut_short,
    mnist_server.short_file,
    mnist_server.endless,
    mnist_server.wrong_byte,
    mnist_server.html_page,
    mnist_server.not_found,
    mnist_server.forbidden,
    mnist_server.unavailable,
    mnist_server.redirect_loop,
    mnist_server.redirect_nowhere,
    mnist_server.false_encoding,
    mnist_server.not_http,
]
SILENCES = [mnist_server.silent, mnist_server.stalled, mnist_server.trickling]


def check_mnist(dataset: data.Dataset, mirrors: Mirrors, source: str) -> None:
    assert dataset.name == "MNIST"
    assert dataset.is_mnist
    assert source in dataset.source
    assert digest_of(arrays_of(dataset)) == mirrors.corpus.digest


def check_cache(mirrors: Mirrors) -> None:
    """See that the cache holds MNIST whole, and nothing that is unfinished."""
    assert {path.name for path in mirrors.cache.iterdir()} <= {
        "mnist.npz",
        "mnist.lock",
    }
    with np.load(mirrors.cache / "mnist.npz", allow_pickle=False) as archive:
        stored = [archive[name] for name in mnist_server.NPZ_NAMES]
    assert digest_of(stored) == mirrors.corpus.digest


def test_first_mirror_first_then_the_cache(mirrors, capsys):
    check_mnist(load_mnist(), mirrors, mirrors.servers[0].address)
    check_cache(mirrors)
    check_mnist(load_mnist(), mirrors, str(mirrors.cache))
    assert mirrors.requests() == [["mnist.npz"], [], []]
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "")


def check_download(mirrors: Mirrors, folder: Path, from_server: int) -> None:
    arrays, address = download.download(folder)
    assert address == mirrors.servers[from_server].address
    assert digest_of(arrays) == mirrors.corpus.digest
    published = mirrors.corpus.published
    for path in folder.iterdir():
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        assert found == published[path.name].sha256


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_leads_to_the_next_mirror(fault, mirrors, tmp_path, capsys):
    mirrors.servers[0].fail(fault)
    check_download(mirrors, tmp_path, from_server=1)
    assert mirrors.requests()[1:] == [list(GZIP_NAMES), []]
    assert set(mirrors.requests()[0]) == {"mnist.npz"}
    assert capsys.readouterr().err == ""


def test_a_refused_connection_leads_to_the_next_mirror(mirrors, tmp_path):
    mirrors.servers[0].refuse()
    check_download(mirrors, tmp_path, from_server=1)


def test_a_fault_in_the_last_of_four_files_leads_to_the_next_mirror(mirrors, tmp_path):
    last = GZIP_NAMES[-1]
    mirrors.servers[0].refuse()
    mirrors.servers[1].files = mirrors.corpus.files | {last: b"?" * 4542}
    check_download(mirrors, tmp_path, from_server=2)
    # What was sound is not fetched again.
    assert mirrors.requests()[1:] == [list(GZIP_NAMES), [last]]


def test_a_file_that_cannot_be_decoded_leads_to_the_next_mirror(
    small_mirrors, tmp_path, monkeypatch
):
    """As if Keras published, under a digest that we trust, what we cannot read."""
    packed = b"neither zip nor IDX"
    small_mirrors.servers[0].files = {"mnist.npz": packed}
    file = RemoteFile("mnist.npz", len(packed), hashlib.sha256(packed).hexdigest())
    first, *others = download.MIRRORS
    monkeypatch.setattr(download, "MIRRORS", (Mirror(first.address, (file,)), *others))
    arrays, address = download.download(tmp_path)
    assert address == small_mirrors.servers[1].address
    assert digest_of(arrays) == small_mirrors.corpus.digest


@pytest.mark.parametrize("silence", SILENCES, ids=lambda silence: silence.__name__)
def test_a_silent_mirror_is_given_up(silence, mirrors, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.7)
    mirrors.servers[0].fail(silence)
    mirrors.servers[1].fail(mnist_server.not_found)
    mirrors.servers[2].fail(mnist_server.unavailable, times=1)
    check_download(mirrors, tmp_path, from_server=2)
    # The others are asked again, the silent one is not.
    assert [len(requests) for requests in mirrors.requests()] == [1, 2, 5]


def test_a_name_look_up_that_hangs_is_given_up(small_mirrors, tmp_path, monkeypatch):
    looked_up = []
    released = threading.Event()
    getaddrinfo = socket.getaddrinfo

    def hang(host: str, *args: object, **keywords: object) -> list:
        if host == "localhost":
            looked_up.append(host)
            released.wait()
        return getaddrinfo(host, *args, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.7)
    first, *others = download.MIRRORS
    hanging = Mirror(first.address.replace("127.0.0.1", "localhost"), first.files)
    monkeypatch.setattr(download, "MIRRORS", (hanging, hanging, *others))
    check_download(small_mirrors, tmp_path, from_server=1)
    released.set()
    # The second mirror on the same host was not tried.
    assert looked_up == ["localhost"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(
    small_mirrors, tmp_path, monkeypatch
):
    small_mirrors.servers[0].speak_tls(tmp_path)
    apply_specification(small_mirrors.specification(), monkeypatch.setattr)
    assert download.MIRRORS[0].address.startswith("https://")
    check_mnist(load_mnist(), small_mirrors, small_mirrors.servers[1].address)
    assert small_mirrors.requests()[0] == []


def test_a_server_without_tls_behind_https_is_refused(small_mirrors, monkeypatch):
    small_mirrors.servers[0].scheme = "https"
    apply_specification(small_mirrors.specification(), monkeypatch.setattr)
    check_mnist(load_mnist(), small_mirrors, small_mirrors.servers[1].address)


REASONS = {
    mnist_server.reset: r"reset by peer",
    mnist_server.cut_short: r"IncompleteRead\(\d+ bytes read",
    mnist_server.short_file: r"only [\d,]+ of [\d,]+ bytes",
    mnist_server.html_page: r"only 53 of [\d,]+ bytes",
    mnist_server.endless: r"more than [\d,]+ bytes",
    mnist_server.wrong_byte: r"expected \S*[0-9a-f]{64} but got [0-9a-f]{64}",
    mnist_server.not_found: r"404",
    mnist_server.forbidden: r"403",
    mnist_server.unavailable: r"503",
    mnist_server.redirect_loop: r"Exceeded 30 redirects",
    mnist_server.silent: r"silent for 0\.2 s",
}


@pytest.mark.parametrize("fault", REASONS, ids=lambda fault: fault.__name__)
def test_the_reason_given_is_the_fault(fault, small_mirrors, tmp_path, monkeypatch):
    if fault is mnist_server.silent:
        # The others answer, which a busy machine may take longer for.
        monkeypatch.setattr(download, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    small_mirrors.servers[0].fail(fault)
    for server in small_mirrors.servers[1:]:
        server.refuse()
    with pytest.raises(DataError) as failure:
        download.download(tmp_path)
    first, second, third = str(failure.value).splitlines()
    assert first.startswith(f"{small_mirrors.servers[0].address}: ")
    assert re.search(REASONS[fault], first)
    refused = r"http://127\.0\.0\.1:\d+/mnist/: \[Errno \d+\] Connection refused"
    assert re.fullmatch(refused, second)
    assert re.fullmatch(refused, third)
    assert list(tmp_path.iterdir()) == []


def test_passing_faults_are_retried_with_a_growing_pause(small_mirrors, monkeypatch):
    pauses = []
    monkeypatch.setattr(download, "BACK_OFF_SECONDS", 0.25)
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    for server in small_mirrors.servers:
        server.fail(mnist_server.unavailable, times=2)
    check_mnist(load_mnist(), small_mirrors, small_mirrors.servers[0].address)
    assert small_mirrors.requests()[0] == ["mnist.npz"] * 3
    assert pauses == [0, 0.25, 0.5]


def test_the_stand_in_takes_over_loudly_and_names_every_reason(small_mirrors, capsys):
    small_mirrors.servers[0].fail(mnist_server.wrong_byte)
    small_mirrors.servers[1].fail(mnist_server.forbidden)
    small_mirrors.servers[2].refuse()
    dataset = load_mnist()
    assert not dataset.is_mnist
    assert dataset.name == "stand-in (UCI digits)"
    assert [len(requests) for requests in small_mirrors.requests()] == [3, 3, 0]
    output = capsys.readouterr()
    assert output.err == ""
    expected = small_mirrors.corpus.published["mnist.npz"].sha256
    for clue in (
        "NOT MNIST",
        str(small_mirrors.cache / "mnist.npz"),
        *(server.address for server in small_mirrors.servers),
        expected,
        "403",
        "refused",
        "MNIST_HELPERS_DATA",
    ):
        assert clue in output.out
    assert " at 0x" not in output.out
    assert not (small_mirrors.cache / "mnist.npz").exists()
    assert not (small_mirrors.cache / ".mnist-unfinished").exists()


def test_a_fresh_machine_without_network_gets_the_stand_in(
    empty_cache, only_loopback, capsys
):
    assert load_mnist().name == "stand-in (UCI digits)"
    output = capsys.readouterr().out
    for mirror in download.MIRRORS:
        assert mirror.address in output
        assert mirror.address.startswith("https://")
    hosts = ["storage.googleapis.com"] * 2 + ["ossci-datasets.s3.amazonaws.com"]
    assert only_loopback == hosts * 3


def damage_by_flipping_a_bit(cached: Path) -> None:
    with cached.open("r+b") as file:
        file.seek(cached.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def damage_by_cutting(cached: Path) -> None:
    with cached.open("r+b") as file:
        file.truncate(cached.stat().st_size // 2)


def damage_by_other_data(cached: Path) -> None:
    members = zip(
        mnist_server.NPZ_NAMES, mnist_server.small_arrays(seed=9), strict=True
    )
    cached.write_bytes(mnist_server.to_npz(dict(members)))


@pytest.mark.parametrize(
    "damage", [damage_by_flipping_a_bit, damage_by_cutting, damage_by_other_data]
)
def test_a_damaged_cache_repairs_itself_once_and_says_so(damage, small_mirrors, capsys):
    load_mnist()
    damage(small_mirrors.cache / "mnist.npz")
    check_mnist(load_mnist(), small_mirrors, small_mirrors.servers[0].address)
    said = capsys.readouterr().out
    assert str(small_mirrors.cache / "mnist.npz") in said
    assert "damaged" in said
    check_cache(small_mirrors)
    check_mnist(load_mnist(), small_mirrors, str(small_mirrors.cache))
    assert capsys.readouterr().out == ""
    assert small_mirrors.requests()[0] == ["mnist.npz"] * 2


def test_a_damaged_cache_is_never_taken_for_mnist(small_mirrors, capsys):
    load_mnist()
    damage_by_flipping_a_bit(small_mirrors.cache / "mnist.npz")
    for server in small_mirrors.servers:
        server.refuse()
    assert not load_mnist().is_mnist
    assert str(small_mirrors.cache / "mnist.npz") in capsys.readouterr().out


def test_a_cache_that_can_only_be_read_still_loads(small_mirrors, monkeypatch):
    load_mnist()
    (small_mirrors.cache / "mnist.lock").unlink(missing_ok=True)
    before = {path.name: path.stat() for path in small_mirrors.cache.iterdir()}

    def refuse_to_write(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("mkdir", "unlink", "rename", "replace"):
        monkeypatch.setattr(f"os.{name}", refuse_to_write)
    monkeypatch.setattr(data.filelock, "FileLock", refuse_to_write)
    check_mnist(load_mnist(), small_mirrors, str(small_mirrors.cache))
    assert {path.name: path.stat() for path in small_mirrors.cache.iterdir()} == before


def test_a_cache_that_cannot_be_written_says_what_to_set(
    small_mirrors, tmp_path, monkeypatch, capsys
):
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.setenv("MNIST_HELPERS_CACHE", str(tmp_path / "a file" / "cache"))
    assert not load_mnist().is_mnist
    said = capsys.readouterr().out
    assert "MNIST_HELPERS_CACHE" in said
    assert str(tmp_path / "a file") in said
    assert small_mirrors.requests() == [[], [], []]


def test_a_full_disk_loses_the_cache_but_not_the_download(
    small_mirrors, monkeypatch, capsys
):
    def fill_the_disk(path: Path, _arrays: object) -> None:
        path.write_bytes(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(data, "write_archive", fill_the_disk)
    check_mnist(load_mnist(), small_mirrors, small_mirrors.servers[0].address)
    assert "No space left" in capsys.readouterr().out
    assert not (small_mirrors.cache / "mnist.npz").exists()
    assert not (small_mirrors.cache / ".mnist-unfinished").exists()


def test_an_interrupt_leaves_nothing_behind(small_mirrors, monkeypatch):
    small_mirrors.servers[0].fail(mnist_server.stalled)
    real_wait = download.wait

    def interrupt(*args: object, **keywords: object) -> None:
        if small_mirrors.servers[0].half_sent.is_set():
            raise KeyboardInterrupt
        real_wait(args[0], timeout=0.01)

    monkeypatch.setattr(download, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_mnist()
    assert [path.name for path in small_mirrors.cache.iterdir()] in ([], ["mnist.lock"])


def test_many_processes_share_one_download(mirrors):
    children = [mirrors.start_child() for _ in range(4)]
    outputs = [child.communicate(timeout=60) for child in children]
    expected = ["MNIST", mirrors.corpus.digest]
    assert [json.loads(output) for output, _ in outputs] == [expected] * 4
    assert [errors for _, errors in outputs] == [""] * 4
    assert mirrors.requests() == [["mnist.npz"], [], []]
    check_cache(mirrors)


def test_killed_during_the_download(mirrors):
    mirrors.servers[0].fail(mnist_server.stalled, times=1)
    child = mirrors.start_child()
    assert mirrors.servers[0].half_sent.wait(30)
    child.kill()
    child.communicate()
    assert not (mirrors.cache / "mnist.npz").exists()
    check_mnist(load_mnist(), mirrors, mirrors.servers[0].address)
    check_cache(mirrors)


def test_killed_while_the_cache_is_written(mirrors):
    child = mirrors.start_child(stop_in_write=True)
    assert child.stdout.readline() == "half written\n"
    child.kill()
    child.communicate()
    assert not (mirrors.cache / "mnist.npz").exists()
    check_mnist(load_mnist(), mirrors, mirrors.servers[0].address)
    check_cache(mirrors)


def test_progress_is_shown_on_a_terminal_only(small_mirrors, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    load_mnist()
    assert "100%" in capsys.readouterr().err
