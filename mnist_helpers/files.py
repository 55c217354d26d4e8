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


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it to ``path``.

    Whoever reads ``path`` sees the old file or the new one, never a part of it.

    Parameters
    ----------
    path : Path
        The final name. Missing folders are created.
    write : callable
        Called with the temporary path, which has the same suffix as ``path``.

    Raises
    ------
    OSError
        If the folder cannot be written. Nothing is left behind then, nor when
        ``write`` itself raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        # For writing too, which Windows asks for before it flushes a file.
        with temporary.open("r+b") as written:
            os.fsync(written.fileno())
        # mkstemp makes files private; results are to be read like any other file.
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """Fingerprint of a file's bytes.

    Parameters
    ----------
    path : Path
        An existing file.

    Returns
    -------
    str
        Its SHA-256, in hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def project_root() -> Path:
    """Folder of the checkout that this package is installed from.

    Returns
    -------
    Path
        The folder that holds ``notebooks``; where the package was installed
        without its checkout, the current folder.
    """
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def output_folder() -> Path:
    """Folder that runs write into.

    Returns
    -------
    Path
        The environment variable ``MNIST_HELPERS_OUTPUT`` if it is set, otherwise
        ``build/interactive`` of the checkout.
    """
    named = os.environ.get(OUTPUT_VARIABLE)
    return Path(named) if named else project_root() / "build" / "interactive"
