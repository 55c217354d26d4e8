"""Zips of ours are the same for the same files; strangers' zips do no harm."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_helpers.commands import archives
from mnist_helpers.commands.archives import ArchiveError, pack, unpack

FILES = {"a.txt": b"first" * 100, "folder/b.bin": bytes(range(256)), "empty": b""}


def write_zip(*members: tuple[zipfile.ZipInfo | str, bytes], method=0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def test_what_is_packed_is_unpacked():
    assert unpack(pack(FILES)) == FILES


def test_the_order_of_the_files_and_the_time_do_not_matter():
    backwards = dict(reversed(FILES.items()))
    assert pack(backwards) == pack(FILES)
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../a",
            "a/../../b",
            "/etc/passwd",
            "C:/a",
            "C:a",
            "a\\b",
            "..\\a",
            "\\\\a\\b",
        ),
        *("a//b", "./a", "a/.", "folder/", "a\nb", "a:stream", ".", "a\x00b"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name):
    member = zipfile.ZipInfo()
    member.filename = name
    with pytest.raises(ArchiveError, match="not a plain relative path"):
        unpack(write_zip((member, b"")))


def test_a_name_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        content = write_zip(("a", b"first"), ("a", b"second"))
    with pytest.raises(ArchiveError, match="'a' twice"):
        unpack(content)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind):
    member = zipfile.ZipInfo("a")
    member.create_system = 3
    member.external_attr = (kind | 0o777) << 16
    with pytest.raises(ArchiveError, match="link or a special file"):
        unpack(write_zip((member, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 2**20)
    content = write_zip(("a", bytes(2**21)), method=zipfile.ZIP_DEFLATED)
    assert len(content) < 2**12
    with pytest.raises(ArchiveError, match="unpacks to 2,097,152 bytes"):
        unpack(content)


def test_a_bomb_that_declares_little_is_not_unpacked_further():
    content = bytearray(write_zip(("a", bytes(2**21)), method=zipfile.ZIP_DEFLATED))
    # The size before packing, in the list of contents.
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(bytes(content))


def test_a_large_file_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 2**10)
    with pytest.raises(ArchiveError, match="larger than the 1,024"):
        unpack(bytes(2**11))


@pytest.mark.parametrize("count", [11, 2000])
def test_too_many_files_are_refused(count, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 10)
    content = write_zip(*((str(number), b"") for number in range(count)))
    with pytest.raises(ArchiveError, match=r"more files|11 files"):
        unpack(content)


def test_another_list_of_contents_is_refused():
    content = pack(FILES)
    end = content.rindex(b"PK\x05\x06")
    locator = b"PK\x06\x07".ljust(20, b"\0")
    with pytest.raises(ArchiveError, match="more files"):
        unpack(content[:end] + locator + content[end:])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method):
    with pytest.raises(ArchiveError, match="unusual"):
        unpack(write_zip(("a", b"content"), method=method))


def test_an_encrypted_file_is_refused():
    content = bytearray(write_zip(("a", b"content")))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(ArchiveError, match=r"password|encrypted"):
        unpack(bytes(content))


@settings(deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    end=st.integers(0, 10_000),
)
def test_a_damaged_zip_is_refused_or_holds_what_it_held(places, end):
    content = bytearray(pack(FILES))
    for place, value in places:
        content[place % len(content)] = value
    try:
        unpacked = unpack(bytes(content[: max(1, len(content) - end % 40)]))
    except ArchiveError:
        return
    # Names and attributes have no checksum; contents have.
    assert set(unpacked.values()) <= set(FILES.values())


@given(st.binary(max_size=400))
def test_bytes_that_are_no_zip_are_refused(content):
    with pytest.raises(ArchiveError):
        unpack(content)
