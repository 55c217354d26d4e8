"""Zips: those of ours are the same to the byte, those of strangers stay in memory."""

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

# A submission has about ten megabytes, packed or not.
LARGEST = 64 * 2**20
MOST_MEMBERS = 1000
# The earliest date that a zip can hold.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x07"
_END_SIZE = 22


class ArchiveError(ValueError):
    """Bytes that are not an archive, or one that is not safe to read."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files into a zip: in the order of their names, and without a date.

    Parameters
    ----------
    files : mapping
        Name, with ``/`` between folders, to content.

    Returns
    -------
    bytes
        The zip. The same files give the same bytes.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _NO_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, on whatever system
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return stream.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Read all files of a zip into memory; nothing is written to disk.

    Parameters
    ----------
    content : bytes
        The zip, which may be anybody's.

    Returns
    -------
    dict
        Name to content.

    Raises
    ------
    ArchiveError
        If it is not a zip, or is damaged, or holds more than `LARGEST` bytes or
        `MOST_MEMBERS` files, or a name twice, or a name that leads elsewhere, or
        anything but plain files.
    """
    if len(content) > LARGEST:
        raise ArchiveError(f"is larger than the {LARGEST:,} bytes allowed")
    _check_member_count(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_members(members)
            return {member.filename: archive.read(member) for member in members}
    except ArchiveError:
        raise
    # zipfile and zlib raise a dozen types between them.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ArchiveError(f"is no zip, or a damaged one: {reason}") from None


def _check_member_count(content: bytes) -> None:
    """Refuse a long list of contents before zipfile makes an object of each entry."""
    start = content.rfind(_END, -(_END_SIZE + 2**16))
    if start < 0:
        return
    size = int.from_bytes(content[start + 12 : start + 16], "little")
    # An entry has at least 46 bytes, and in a zip of ours less than 200. The larger
    # form of zip, which only larger files need, has another list of contents.
    if size > 200 * MOST_MEMBERS or content[start - 20 : start].startswith(_END_64):
        raise ArchiveError(f"lists more files than the {MOST_MEMBERS:,} allowed")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise ArchiveError(
            f"lists {len(members):,} files, expected at most {MOST_MEMBERS:,}"
        )
    # Reading stops at the size that is declared, so the declared sizes are a bound.
    total = sum(member.file_size for member in members)
    if total > LARGEST:
        raise ArchiveError(f"unpacks to {total:,} bytes, expected at most {LARGEST:,}")
    names = set()
    for member in members:
        name = member.filename
        if name in names:
            raise ArchiveError(f"holds {name!r} twice")
        names.add(name)
        if not is_plain(name) or member.orig_filename != name:
            raise ArchiveError(f"holds {name!r}, which is not a plain relative path")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ArchiveError(f"holds {name!r}, which is a link or a special file")
        # The other methods of zip have no bound on the memory that they unpack with.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"holds {name!r}, packed in an unusual way")


def is_plain(name: str) -> bool:
    """Tell whether a name is a relative path that stays below its folder everywhere.

    Parameters
    ----------
    name : str
        Of a file, with ``/`` between folders.

    Returns
    -------
    bool
        False for absolute paths, for ``..``, and for what Windows takes for a path.
    """
    path = PurePosixPath(name)
    return (
        name == str(path)
        and name.isprintable()
        and name not in ("", ".")
        and not path.is_absolute()
        and ".." not in path.parts
        and not set(name) & set('\\:*?"<>|')
    )


def printable(text: str) -> str:
    """Make a stranger's text safe for a terminal, which control characters can steer.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same with a question mark for what cannot be printed.
    """
    return "".join(each if each.isprintable() else "?" for each in text)
