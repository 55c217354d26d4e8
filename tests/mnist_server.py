"""MNIST's bytes, and mirrors on the loopback interface that fail on demand."""

import gzip
import hashlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from mnist_helpers.data import download
from mnist_helpers.data import mnist as data
from mnist_helpers.data.containers import Arrays
from mnist_helpers.data.download import Mirror, RemoteFile

GZIP_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
NPZ_NAMES = ("x_train", "y_train", "x_test", "y_test")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CHILD = Path(__file__).with_name("data_child.py")


def to_idx(array: np.ndarray) -> bytes:
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def from_idx(content: bytes) -> np.ndarray:
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content[4 + 4 * dimensions :], np.uint8).reshape(shape)


def to_npz(
    members: dict[str, np.ndarray],
    method: int = zipfile.ZIP_DEFLATED,
    allow_pickle: bool = False,
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method, compresslevel=1) as archive:
        for name, array in members.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=allow_pickle)
    return packed.getvalue()


def small_arrays(train: int = 40, test: int = 20, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    return Arrays(
        random.integers(0, 256, (train, 28, 28), np.uint8),
        np.resize(np.arange(10, dtype=np.uint8), train),
        random.integers(0, 256, (test, 28, 28), np.uint8),
        np.resize(np.arange(10, dtype=np.uint8), test),
    )


def digest_of(arrays: Iterable[np.ndarray]) -> str:
    return hashlib.sha256(b"".join(map(to_idx, arrays))).hexdigest()


def arrays_of(dataset: data.Dataset) -> Arrays:
    return Arrays(*(getattr(dataset, name) for name in Arrays._fields))


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@dataclass(frozen=True)
class Corpus:
    """A data set in every form in which it is published."""

    arrays: Arrays
    files: dict[str, bytes]

    @cached_property
    def digest(self) -> str:
        return digest_of(self.arrays)

    @cached_property
    def published(self) -> dict[str, RemoteFile]:
        return {
            name: RemoteFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in self.files.items()
        }


def corpus_of(arrays: Arrays) -> Corpus:
    files = {
        name: gzip.compress(to_idx(array), 1)
        for name, array in zip(GZIP_NAMES, arrays, strict=True)
    }
    files["mnist.npz"] = to_npz(dict(zip(NPZ_NAMES, arrays, strict=True)))
    return Corpus(arrays, files)


def real_files() -> dict[str, bytes] | None:
    """Take the official files from MNIST_HELPERS_DATA, if that is what is there."""
    folder = Path(os.environ.get("MNIST_HELPERS_DATA") or "stand-in")
    files = {}
    for expected in download.IDX_FILES:
        path = folder / expected.name
        if not path.is_file() or path.stat().st_size != expected.size:
            return None
        files[expected.name] = path.read_bytes()
    return files


REAL_FILES = real_files()


def real_corpus(files: dict[str, bytes]) -> Corpus:
    arrays = Arrays(*(from_idx(gzip.decompress(files[name])) for name in GZIP_NAMES))
    npz = to_npz(dict(zip(NPZ_NAMES, arrays, strict=True)))
    return Corpus(arrays, {**files, "mnist.npz": npz})


def block_other_sockets(
    set_attribute: Callable[[object, str, object], None] = setattr,
) -> list[str]:
    """Let sockets reach this machine only; return the list of what was refused."""
    refused: list[str] = []
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: tuple) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            refused.append(str(address[0]))
            raise OSError(f"blocked by the test: {address[0]}")
        return connect(self, address)

    def look_up_here(host: str, *args: object, **keywords: object) -> list:
        if host not in LOOPBACK:
            refused.append(host)
            raise socket.gaierror(socket.EAI_NONAME, f"blocked by the test: {host}")
        return getaddrinfo(host, *args, **keywords)

    set_attribute(socket.socket, "connect", connect_here)
    set_attribute(socket, "getaddrinfo", look_up_here)
    return refused


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mirror: MirrorServer = self.server.mirror
        name = self.path.rpartition("/")[2]
        mirror.requests.append(name)
        answer = mirror.next_answer()
        answer(self, mirror, mirror.files[name])

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay quiet: a client that hangs up is what the tests are about."""


class MirrorServer:
    """One mirror: what it holds, what it was asked for, and how it misbehaves."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.requests: list[str] = []
        self.half_sent = threading.Event()
        self.released = threading.Event()
        self._fault: Callable | None = None
        self._faults_left = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mirror = self
        self.scheme = "http"
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._server.server_port}/mnist/"

    def fail(self, fault: Callable, times: float = float("inf")) -> None:
        self._fault, self._faults_left = fault, times

    def next_answer(self) -> Callable:
        if self._faults_left <= 0:
            return send_whole
        self._faults_left -= 1
        return self._fault

    def refuse(self) -> None:
        """Stop listening; the port stays known and closed."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def speak_tls(self, folder: Path) -> None:
        """Present a certificate that nobody vouches for."""
        import ssl

        key, certificate = folder / "key.pem", folder / "certificate.pem"
        command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1"
        extension = "subjectAltName=IP:127.0.0.1"
        files = ["-keyout", key, "-out", certificate, "-addext", extension]
        subprocess.run([*command.split(), *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.scheme = "https"


def _headers(
    handler: _Handler, length: int | None, status: int = 200, **others: str
) -> None:
    handler.send_response(status)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    for name, value in others.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def send_whole(handler: _Handler, _mirror: MirrorServer, body: bytes) -> None:
    _headers(handler, len(body))
    handler.wfile.write(body)


def _half(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _headers(handler, len(body))
    handler.wfile.write(body[: len(body) // 2])
    mirror.half_sent.set()


def reset(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _half(handler, mirror, body)
    linger_for_no_time = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time
    )
    os.close(handler.connection.detach())


def stalled(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _half(handler, mirror, body)
    mirror.released.wait()


def silent(_handler: _Handler, mirror: MirrorServer, _body: bytes) -> None:
    mirror.released.wait()


def trickling(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _headers(handler, len(body))
    while not mirror.released.wait(0.02):
        handler.wfile.write(b"\x1f")


def cut_short(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _half(handler, mirror, body)


def short_file(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    send_whole(handler, mirror, body[: len(body) // 2])


def endless(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    _headers(handler, None)
    while not mirror.released.is_set():
        handler.wfile.write(body)


def wrong_byte(handler: _Handler, mirror: MirrorServer, body: bytes) -> None:
    changed = bytearray(body)
    changed[len(body) // 2] ^= 1
    send_whole(handler, mirror, bytes(changed))


def html_page(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    page = b"<!DOCTYPE html><title>This domain is for sale</title>"
    _headers(handler, len(page), Content_Type="text/html")
    handler.wfile.write(page)


def not_found(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    _headers(handler, 0, status=404)


def forbidden(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    _headers(handler, 0, status=403)


def unavailable(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    _headers(handler, 0, status=503)


def redirect_loop(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    _headers(handler, 0, status=302, Location=handler.path)


def redirect_nowhere(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    _headers(handler, 0, status=302, Location="http://[")


def false_encoding(handler: _Handler, _mirror: MirrorServer, body: bytes) -> None:
    _headers(handler, len(body), Content_Encoding="gzip")
    handler.wfile.write(body)


def not_http(handler: _Handler, _mirror: MirrorServer, _body: bytes) -> None:
    handler.wfile.write(b"ftp ready\r\n\r\n")


@dataclass
class Mirrors:
    """The three mirrors of a test: the first has the npz, the others the IDX files."""

    servers: list[MirrorServer]
    corpus: Corpus
    cache: Path

    def specification(self) -> dict[str, object]:
        return {
            "digest": self.corpus.digest,
            "mirrors": [
                [server.address, [list(vars(file).values()) for file in files]]
                for server, files in zip(self.servers, self._files(), strict=True)
            ],
        }

    def _files(self) -> list[tuple[RemoteFile, ...]]:
        published = self.corpus.published
        idx = tuple(published[name] for name in GZIP_NAMES)
        return [(published["mnist.npz"],), idx, idx]

    def requests(self) -> list[list[str]]:
        return [server.requests for server in self.servers]

    def start_child(self, **more: object) -> subprocess.Popen:
        """Load in a process of its own, which prints what came of it as JSON."""
        specification = json.dumps({**self.specification(), **more})
        environment = os.environ | {
            "MNIST_HELPERS_DATA": "",
            "MNIST_HELPERS_CACHE": str(self.cache),
        }
        return subprocess.Popen(
            [sys.executable, CHILD, specification],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def apply_specification(
    specification: dict,
    set_attribute: Callable[[object, str, object], None] = setattr,
) -> None:
    mirrors = tuple(
        Mirror(address, tuple(RemoteFile(*file) for file in files))
        for address, files in specification["mirrors"]
    )
    set_attribute(download, "MIRRORS", mirrors)
    set_attribute(data, "MNIST_DIGEST", specification["digest"])
