"""Zips of ours are the same for the same files; strangers' zips do no harm."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_helpers.commands import archives
from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.errors import CourseError

FILES = {"a.txt": b"first" * 100, "folder/b.bin": bytes(range(256)), "empty": b""}


def write_zip(*members: tuple[zipfile.ZipInfo | str, bytes], method=0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def test_what_is_packed_is_unpacked_and_the_order_does_not_matter():
    backwards = dict(reversed(FILES.items()))
    assert pack(backwards) == pack(FILES)
    assert unpack(pack(FILES)) == FILES


def test_no_more_is_unpacked_than_a_size_says():
    packed = write_zip(("a", bytes(10**6)), method=zipfile.ZIP_DEFLATED)
    size = (10**6).to_bytes(4, "little")
    lying = packed.replace(size, (10).to_bytes(4, "little"))
    assert packed.count(size) == 2
    with pytest.raises(CourseError, match="damaged"):
        unpack(lying)


def test_entries_of_folders_are_skipped():
    assert unpack(write_zip(("folder/", b""), ("folder/a", b"b"))) == {"folder/a": b"b"}


def test_json_of_too_many_values_is_refused():
    assert archives.check_json(b"[1, 2]") == b"[1, 2]"
    with pytest.raises(CourseError, match="has some 200,000 values"):
        archives.check_json(b"{" * 200_000)


@pytest.mark.parametrize(
    "name",
    [
        *("../a", "a/../../b", "/etc/passwd", "C:/a", "a\\b", "\\\\a\\b", "."),
        *("a//b", "./a", "a\nb", "a:stream", "a\x00b"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name):
    member = zipfile.ZipInfo()
    member.filename = name
    with pytest.raises(CourseError, match="not a plain relative path"):
        unpack(write_zip((member, b"")))


def test_a_name_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        content = write_zip(("a", b"first"), ("a", b"second"))
    with pytest.raises(CourseError, match="a name twice"):
        unpack(content)


def named_a(**settings) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("a")
    for name, value in settings.items():
        setattr(member, name, value)
    return member


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (named_a(external_attr=(stat.S_IFLNK | 0o777) << 16), "a link or a special"),
        (named_a(external_attr=(stat.S_IFIFO | 0o777) << 16), "a link or a special"),
        (named_a(compress_type=zipfile.ZIP_BZIP2), "packed in an unusual way"),
        (named_a(compress_type=zipfile.ZIP_LZMA), "packed in an unusual way"),
    ],
)
def test_unusual_files_are_refused(member, words):
    with pytest.raises(CourseError, match=words):
        unpack(write_zip((member, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 2**20)
    content = write_zip(("a", bytes(2**21)), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(CourseError, match="unpacks to 2,097,152 bytes"):
        unpack(content)
    # Nor does it help to declare less, in the table of contents.
    entry = content.rindex(b"PK\x01\x02")
    small = content[: entry + 24] + struct.pack("<I", 10) + content[entry + 28 :]
    with pytest.raises(CourseError, match="damaged"):
        unpack(small)


def test_a_large_file_and_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 2**20)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 10)
    with pytest.raises(CourseError, match="larger than the 1,048,576"):
        unpack(bytes(2**21))
    with pytest.raises(CourseError, match="more than the 10 files"):
        unpack(write_zip(*((str(number), b"") for number in range(11))))


def test_an_encrypted_file_is_refused():
    content = bytearray(write_zip(("a", b"content")))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(CourseError, match=r"password|encrypted"):
        unpack(bytes(content))


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
    except CourseError:
        return
    # Names and attributes have no checksum; contents have.
    assert set(unpacked.values()) <= set(FILES.values())
