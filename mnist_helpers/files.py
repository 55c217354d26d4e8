"""Files that are written whole or not at all, and fingerprints of their bytes."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


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
