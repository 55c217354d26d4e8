"""Results files: written and read back, and whatever else is there refused."""

import json

import pytest
from made_up_results import RESULTS, UNTRAINED, changed

from mnist_helpers.errors import CourseError
from mnist_helpers.results.schema import SCHEMA, read_run, write_results


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a results file"),
        (b"{}", "not a results file"),
        (b'{"schema": 99}', f"got schema 99, expected {SCHEMA}"),
        (b'{"schema": %d}' % SCHEMA, "data must contain"),
        (changed("metrics", []), "data.metrics must be object"),
        (changed("metrics", {}), "data.metrics must contain"),
        (changed("metrics", "loss", float("nan")), "got NaN, expected finite"),
        (changed("metrics", "loss", 10**400), "data.metrics.loss must be smaller"),
        (changed("metrics", "macro_f1", "0.9"), "data.metrics.macro_f1 must be number"),
        (changed("per_class", "3", {}), "data.per_class.3 must contain"),
        (changed("files", "a\n" * 999, 1), "data.files.a a"),
        (UNTRAINED | {"seed": 1}, "data missing dependency"),
    ],
)
def test_a_file_that_is_no_results_file_is_refused(tmp_path, content, message):
    path = tmp_path / "04_cnn.json"
    is_raw = isinstance(content, bytes)
    path.write_bytes(content if is_raw else json.dumps(content).encode())
    with pytest.raises(CourseError) as raised:
        read_run(path)
    assert str(raised.value).startswith(f"{path}: {message}")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("results", [RESULTS, UNTRAINED])
def test_what_is_written_is_read_back(tmp_path, results):
    write_results(tmp_path / "results" / "a.json", results)
    assert read_run(tmp_path) == {"04_cnn": results}


def test_what_does_not_fit_is_not_written(tmp_path):
    with pytest.raises(CourseError, match="got NaN"):
        write_results(tmp_path / "a.json", changed("findings", "a", float("nan")))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_results_is_refused(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".04_cnn-unfinished.json").write_text("{")
    with pytest.raises(CourseError, match="no results there, expected the"):
        read_run(tmp_path)
