"""Files are written whole or not at all."""

import pytest

from mnist_helpers.environment.files import write_whole


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "new folder" / "result.txt"
    write_whole(path, lambda temporary: temporary.write_text("first"))
    with path.open() as reader:
        write_whole(path, lambda temporary: temporary.write_text("second"))
        # Whoever had opened the old file still reads it whole.
        assert reader.read() == "first"
    assert path.read_text() == "second"
    assert [entry.name for entry in path.parent.iterdir()] == ["result.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half of the new")
        # Writers choose the format by the ending.
        assert temporary.suffix == ".txt"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.txt"]
