"""Zips: ours are reproducible; a stranger's is read in memory, within bounds."""

import io
import re
import stat
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from mnist_helpers.errors import CourseError, ExitCode

# A submission has about twelve megabytes, packed or not.
LARGEST = 64 * 2**20
MOST_MEMBERS = 1000
# A notebook has about two thousand.
MOST_VALUES = 100_000
LONGEST_TEXT = 500
# The earliest date that a zip can hold.
NO_DATE = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files, name to content, into a zip; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, NO_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, on whatever system
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return stream.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Read a zip, which may be a stranger's, into memory: name to content.

    Raises
    ------
    CourseError
        If it is not a zip, is damaged, holds more than `LARGEST` bytes or
        `MOST_MEMBERS` files, a name twice, or anything but plain files in folders.
    """
    if len(content) > LARGEST:
        raise _refusal(f"larger than the {LARGEST:,} bytes allowed")
    # An entry of the table of contents begins so; zipfile makes an object of each.
    if content.count(b"PK\1\2") > MOST_MEMBERS:
        raise _refusal(f"holds more than the {MOST_MEMBERS:,} files allowed")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # A folder comes along where somebody has packed the files again.
            members = [each for each in archive.infolist() if not each.is_dir()]
            _check_members(members)
            return {member.filename: _read(archive, member) for member in members}
    except CourseError:
        raise
    # zipfile and zlib raise a dozen types between them.
    except Exception as error:
        raise _refusal(f"not a zip, or damaged: {error or type(error)}") from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    # Without a limit, whatever the declared size, all of it would be unpacked.
    with archive.open(member) as stream:
        return stream.read(member.file_size)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read a zip that somebody has unpacked, within the same bounds."""
    paths = list(islice(folder.rglob("*"), MOST_MEMBERS + 1))
    if len(paths) > MOST_MEMBERS:
        raise _refusal(f"holds more than the {MOST_MEMBERS:,} files allowed")
    files = {
        path.relative_to(folder).as_posix(): path
        for path in paths
        if path.is_file() and not path.is_symlink()
    }
    total = sum(path.stat().st_size for path in files.values())
    if total > LARGEST:
        raise _refusal(f"has {total:,} bytes, expected at most {LARGEST:,}")
    return {name: path.read_bytes() for name, path in files.items()}


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    # No more than the declared sizes is read, so they are a bound.
    total = sum(member.file_size for member in members)
    if total > LARGEST:
        raise _refusal(f"unpacks to {total:,} bytes, expected at most {LARGEST:,}")
    if len({member.filename for member in members}) < len(members):
        raise _refusal("holds a name twice")
    for member in members:
        name = member.orig_filename
        if not is_plain(name):
            raise _refusal(f"holds {name!r}, which is not a plain relative path")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refusal(f"holds {name!r}, which is a link or a special file")
        # The other methods of zip have no bound on the memory that they unpack with.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refusal(f"holds {name!r}, packed in an unusual way")


def is_plain(name: str) -> bool:
    """Tell whether a path stays in its folder, on Windows too."""
    parts = name.split("/")
    is_harmless = name.isprintable() and not re.search(r'[\\:*?"<>|]', name)
    return is_harmless and all(part not in ("", ".", "..") for part in parts)


def _refusal(reason: str) -> CourseError:
    return CourseError(reason, ExitCode.SUBMISSION_FAULTY)


def check_json(content: bytes) -> bytes:
    """Return a stranger's JSON if reading it takes a second at most.

    Raises `CourseError` for more values than any file of the course has.
    """
    values = sum(map(content.count, (b",", b"[", b"{")))
    if values > MOST_VALUES:
        raise _refusal(f"has some {values:,} values, expected at most {MOST_VALUES:,}")
    return content


def printable(text: str) -> str:
    """Cut a stranger's text, and replace what could steer a terminal by "?"."""
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} ..."
    return "".join(each if each.isprintable() else "?" for each in shown)
