"""Download MNIST from the first mirror that delivers it unharmed."""

import sys
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import BinaryIO
from urllib.parse import urlsplit

import pooch

from mnist_helpers.data.containers import Arrays, DataError, read_container

# No answer, or no further 64 KiB, for so long: the host is given up. Two hosts that
# cannot be reached therefore cost 10 seconds in all.
SILENCE_SECONDS = 5.0
ATTEMPTS = 3
BACK_OFF_SECONDS = 0.25

_CHUNK = 2**16

# Its log would land in the notebooks as an error output.
pooch.get_logger().setLevel("WARNING")


@dataclass(frozen=True)
class RemoteFile:
    """A file as its publisher describes it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Mirror:
    """A host's folder, and the files in it that together are MNIST."""

    address: str
    files: tuple[RemoteFile, ...]


# SHA-256: keras/src/datasets/mnist.py. Size: what Keras reports when it downloads it.
KERAS_ARCHIVE = RemoteFile(
    "mnist.npz",
    11_490_434,
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
# tensorflow_datasets/url_checksums/mnist.txt
IDX_FILES = (
    RemoteFile(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    RemoteFile(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    RemoteFile(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    RemoteFile(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)
# Those of Keras, TensorFlow Datasets and PyTorch, in that order.
MIRRORS = (
    Mirror(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        (KERAS_ARCHIVE,),
    ),
    Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/", IDX_FILES),
    Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", IDX_FILES),
)


def download(folder: Path) -> tuple[Arrays, str]:
    """Fetch and decode the files of the first mirror that delivers them all.

    Every failure leads to the next mirror, and after the last one, with a growing
    pause, to the first again. A host that stays silent is not asked again. On a
    terminal a progress bar is shown.

    Parameters
    ----------
    folder : Path
        Where the files land. Each gets its name only once its size and its SHA-256
        are right.

    Returns
    -------
    Arrays
        What the files hold.
    str
        The address of the mirror.

    Raises
    ------
    DataError
        If no mirror delivers, with the last reason of each.
    """
    reasons: dict[str, str] = {}
    silent_hosts: set[str] = set()
    for attempt in range(ATTEMPTS):
        time.sleep(BACK_OFF_SECONDS * attempt)
        for mirror in MIRRORS:
            host = urlsplit(mirror.address).netloc
            if host in silent_hosts:
                reasons.setdefault(mirror.address, "not tried, the host is silent")
                continue
            try:
                for file in mirror.files:
                    _fetch(mirror.address + file.name, file, folder)
                return read_container(folder), mirror.address
            except TimeoutError as error:
                silent_hosts.add(host)
                reasons[mirror.address] = str(error)
            # Whatever the failure is, another mirror may not have it.
            except Exception as error:
                reasons[mirror.address] = _describe_cause(error)
    raise DataError("\n".join(f"{name}: {reason}" for name, reason in reasons.items()))


def _fetch(address: str, file: RemoteFile, folder: Path) -> None:
    def receive(url: str, output_file: str, _pooch: object) -> None:
        with Path(output_file).open("wb") as opened:
            _receive(url, _Receiver(opened, file.size))

    pooch.retrieve(
        address,
        known_hash=f"sha256:{file.sha256}",
        fname=file.name,
        path=folder,
        downloader=receive,
    )


class _Receiver:
    """A file to write to that counts its bytes and knows when the last ones came."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._received = 0
        self._last_sign_of_life = time.monotonic()

    def write(self, chunk: bytes) -> None:
        self._received += len(chunk)
        self._last_sign_of_life = time.monotonic()
        if self._received > self.size:
            raise ValueError(f"more than {self.size:,} bytes")
        self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()

    def patience(self) -> float:
        return self._last_sign_of_life + SILENCE_SECONDS - time.monotonic()

    def check_complete(self) -> None:
        if self._received != self.size:
            raise ValueError(f"only {self._received:,} of {self.size:,} bytes")


def _receive(url: str, receiver: _Receiver) -> None:
    """Download in a thread that can be given up.

    The timeouts of a socket bound neither the look-up of a name nor the number of
    addresses tried, and a byte now and then renews them.

    Raises
    ------
    TimeoutError
        If nothing comes for ``SILENCE_SECONDS``.
    """
    outcome: Future[None] = Future()

    def run() -> None:
        try:
            get = pooch.HTTPDownloader(
                progressbar=sys.stderr.isatty(),
                chunk_size=_CHUNK,
                # For the thread's sake: by then it has been given up.
                timeout=2 * SILENCE_SECONDS,
            )
            get(url, receiver, None)
            receiver.check_complete()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    Thread(target=run, daemon=True).start()
    while not outcome.done():
        if receiver.patience() <= 0:
            raise TimeoutError(f"silent for {SILENCE_SECONDS:g} s")
        wait([outcome], timeout=receiver.patience())
    outcome.result()


def _describe_cause(error: BaseException) -> str:
    """Say what was wrong at bottom, without the layers that passed it on."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
