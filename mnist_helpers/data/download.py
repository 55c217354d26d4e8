"""Download MNIST from the first mirror that delivers it whole."""

import json
import sys
import tempfile
from pathlib import Path

import pooch

from mnist_helpers.data.formats import Arrays, read_files
from mnist_helpers.errors import CourseError, ExitCode

# Where packets are dropped, the first passes for each of a host's addresses.
CONNECT_SECONDS = 2
# Longest wait for a server's next bytes.
READ_SECONDS = 10

# Address of a folder to the SHA-256 of the files in it that together are MNIST: Keras's
# (keras/src/datasets/mnist.py), then PyTorch's, on another host
# (tensorflow_datasets/url_checksums/mnist.txt).
MIRRORS = json.loads(Path(__file__).with_name("mirrors.json").read_text("utf-8"))

# Its log would land in the notebooks as an error output.
pooch.get_logger().setLevel("WARNING")


def download() -> tuple[Arrays, str]:
    """Return MNIST and the address of the mirror that it came from.

    A terminal shows a progress bar.

    Raises
    ------
    CourseError
        If no mirror delivers, with the reason of each.
    """
    fetch = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    reasons = []
    for address, files in MIRRORS.items():
        try:
            with tempfile.TemporaryDirectory() as folder:
                for name, sha256 in files.items():
                    pooch.retrieve(address + name, sha256, name, folder, None, fetch)
                return read_files(Path(folder)), address
        # ValueError: another SHA-256. All of requests' errors are OSErrors.
        except (OSError, ValueError) as error:
            reasons.append(f"{address}: {_first_cause(error)}")
    raise CourseError("\n".join(reasons), ExitCode.DATA_UNUSABLE)


def _first_cause(error: BaseException) -> BaseException:
    """Return what went wrong at bottom, without the layers that passed it on."""
    while error.__context__ is not None:
        error = error.__context__
    return error
