"""Files written whole or not at all, their digests, and where runs write."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

# Names the folder that a run writes into.
OUTPUT_VARIABLE = "MNIST_HELPERS_OUTPUT"
# Folder, in the output folder, of what notebooks that still run have written.
RUNNING = ".running"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file of the same name, then move it to ``path``.

    Whoever reads ``path`` sees the old file or the new one, never a part of it. Missing
    folders are created. If ``write`` raises, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        temporary = Path(folder, path.name)
        write(temporary)
        # Windows flushes only what is open for writing.
        with temporary.open("r+b") as written:
            os.fsync(written.fileno())
        temporary.replace(path)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def project_root() -> Path:
    """Return the checkout that holds ``notebooks``, or else the current folder."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def output_folder() -> Path:
    """Return where runs write: MNIST_HELPERS_OUTPUT, or else build/interactive."""
    named = os.environ.get(OUTPUT_VARIABLE)
    return Path(named) if named else project_root() / "build" / "interactive"
