"""Comparing two runs: what differs beyond tolerance, and what may explain it."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_results import RESULTS, UNTRAINED, changed
from mnist_helpers.commands.exit_codes import Ending
from rich.console import Console

from mnist_helpers.commands.comparing import TOLERANCES, compare_runs, print_comparison
from mnist_helpers.results import published
from mnist_helpers.results.schema import (
    METRICS,
    SCHEMA,
    ResultsError,
    read_run,
    write_results,
)

pytestmark = pytest.mark.slow


def write_run(folder: Path, *of_notebooks: dict) -> Path:
    (folder / "results").mkdir(parents=True)
    for results in of_notebooks:
        path = folder / "results" / f"{results['notebook']}.json"
        path.write_text(json.dumps(results))
    return folder


def compare(first: dict, second: dict):
    name = first["notebook"]
    (comparison,) = compare_runs({name: first}, {name: second})
    return comparison


def beyond_tolerance(first: dict, second: dict) -> list[str]:
    return [m.name for m in compare(first, second).metrics if not m.agrees]


def command(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mnist_helpers", "compare", *map(str, arguments)],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        *((("metrics", metric), metric, metric) for metric in METRICS),
        (("per_class", "7", "f1"), "F1 of 7", "class_f1"),
    ],
)
def test_a_metric_may_move_by_its_tolerance_and_no_further(path, name, kind):
    tolerance = TOLERANCES["04_cnn"][kind]
    start = changed(*path, 0.5)
    for sign in (1, -1):
        within = changed(*path, 0.5 + sign * tolerance)
        assert beyond_tolerance(start, within) == []
        beyond = changed(*path, 0.5 + sign * (tolerance + 1e-6))
        assert beyond_tolerance(start, beyond) == [name]
        assert beyond_tolerance(beyond, start) == [name]


def test_a_notebook_that_was_never_published_has_to_be_equal():
    mine = changed("notebook", "05_mine")
    assert beyond_tolerance(mine, mine) == []
    moved = changed("metrics", "loss", 0.0200001, results=mine)
    assert beyond_tolerance(mine, moved) == ["loss"]


def test_the_tolerances_are_the_published_ranges_rounded_up():
    by_notebook = published.published_seeds().groupby("notebook")
    assert set(by_notebook.groups) == set(TOLERANCES)
    for notebook, seeds in by_notebook:
        tolerances = TOLERANCES[notebook]
        assert set(tolerances) == {*METRICS, "class_f1"}
        for metric in ("accuracy", "macro_f1", "best_validation_accuracy"):
            spread = seeds[metric].max() - seeds[metric].min()
            assert spread <= tolerances[metric] <= 1.5 * spread, (notebook, metric)
        lowest = seeds.lowest_class_f1
        spread = lowest.max() - lowest.min()
        assert spread <= tolerances["class_f1"] <= 3 * spread, notebook


@pytest.mark.parametrize(
    ("results", "name", "second"),
    [
        (changed("parameters", "EPOCHS", 2), "parameters EPOCHS", 2),
        (changed("dataset", "digest", "cd" * 32), "dataset digest", "cd" * 32),
        (changed("seed", 7), "seed", 7),
        (
            changed("environment", "versions", "keras", "4"),
            "environment versions keras",
            "4",
        ),
        (
            changed("environment", "processor", "other"),
            "environment processor",
            "other",
        ),
        (
            changed("environment", "vector_flags", ["avx2"]),
            "environment vector_flags",
            ["avx2"],
        ),
        (
            changed("environment", "settings", "XLA_FLAGS", "x"),
            "environment settings XLA_FLAGS",
            "x",
        ),
        (changed("environment", "commit", "unknown"), "environment commit", "unknown"),
        (changed("model", "jit_compile", True), "model jit_compile", True),
        (
            changed("training", "optimizer", "config", "learning_rate", 0.01),
            "training optimizer config learning_rate",
            0.01,
        ),
    ],
)
def test_what_else_differed_is_named(results, name, second):
    differing = [
        (each.name, each.second)
        for each in compare(RESULTS, results).circumstances
        if each.first != each.second
    ]
    assert differing == [(name, second)]


def test_what_only_one_run_records_differs():
    without = copy.deepcopy(RESULTS)
    del without["environment"]["commit"]
    (difference,) = [
        each
        for each in compare(without, RESULTS).circumstances
        if each.first != each.second
    ]
    assert difference.name == "environment commit"
    assert difference.first == "(none)"


def test_what_is_unchanged_takes_a_line(capsys):
    second = changed("metrics", "accuracy", 0.9)
    second = changed("per_class", "3", "f1", 0.991, results=second)
    print_comparison(compare(RESULTS, second), Console(width=200))
    printed = capsys.readouterr().out
    assert "04_cnn: 1 of 14 metrics differ beyond tolerance" in printed
    (row,) = [line for line in printed.splitlines() if "accuracy " in line]
    assert re.findall(r"[\d.]+", row) == ["0.9930", "0.9000", "0.093", "0.002"]
    assert "\nwithin tolerance: F1 of 3 by 0.001\n" in printed
    assert "\nequal: macro_f1, loss, best_validation_accuracy, F1 of 0, " in printed
    assert re.search(r"what else is recorded: 0 differ, \d+ are equal\n$", printed)


def test_equal_runs_end_with_exit_code_0(tmp_path):
    further = UNTRAINED | {"notebook": "how_sure"}
    slower = changed("training", "seconds", 9.0)
    first = write_run(
        tmp_path / "a", RESULTS, changed("notebook", "01_loading"), further
    )
    second = write_run(
        tmp_path / "b", slower, changed("notebook", "02_small_mlp"), further
    )
    ended = command(first, second)
    assert ended.returncode == 0, ended.stderr
    assert "04_cnn: all 14 metrics are equal" in ended.stdout
    assert "only in A, not compared: 01_loading\n" in ended.stdout
    assert "only in B, not compared: 02_small_mlp\n" in ended.stdout
    assert "without metrics, not compared: how_sure\n" in ended.stdout
    assert "what else is recorded: 0 differ" in ended.stdout


def test_different_files_end_with_an_exit_code_of_their_own(tmp_path):
    first = write_run(tmp_path / "a", RESULTS) / "results" / "04_cnn.json"
    other = changed("seed", 2, results=changed("metrics", "loss", 0.5))
    second = tmp_path / "copy.json"
    second.write_text(json.dumps(other))
    ended = command(first, second)
    assert ended.returncode == Ending.RUNS_DIFFER, ended.stderr
    assert "1 of 14 metrics differ" in ended.stdout
    (row,) = [line for line in ended.stdout.splitlines() if "seed" in line]
    assert re.findall(r"\w+", row) == ["seed", "1", "2"]


def test_a_run_that_is_not_there_ends_with_exit_code_2(tmp_path):
    missing = tmp_path / "missing"
    ended = command(missing, missing)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {missing}: no results there, exp")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a results file"),
        (b"{}", "not a results file"),
        (b'{"schema": 99}', f"got schema 99, expected {SCHEMA}"),
        (json.dumps({"schema": SCHEMA}).encode(), "$: 'notebook' is a required"),
        (changed("metrics", []), "$.metrics: [] is not of type 'object'"),
        (changed("environment", None), "$.environment: None is not"),
        (changed("metrics", {}), "$.metrics: 'accuracy' is a required property"),
        (changed("metrics", "loss", float("nan")), "got NaN, expected finite"),
        (changed("metrics", "loss", 10**400), "$.metrics.loss: 1000"),
        (changed("metrics", "macro_f1", "0.9"), "$.metrics.macro_f1: '0.9' is not"),
        (changed("per_class", "3", {}), "$.per_class['3']: 'f1' is a"),
        (UNTRAINED | {"seed": 1}, "$: 'model' is a dependency of 'seed'"),
    ],
)
def test_a_file_that_is_no_results_file_is_refused(tmp_path, content, message):
    path = tmp_path / "04_cnn.json"
    is_raw = isinstance(content, bytes)
    path.write_bytes(content if is_raw else json.dumps(content).encode())
    with pytest.raises(ResultsError) as raised:
        read_run(path)
    assert str(raised.value).startswith(f"{path}: {message}")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("results", [RESULTS, UNTRAINED])
def test_what_is_written_is_read_back(tmp_path, results):
    write_results(tmp_path / "results" / "a.json", results)
    assert read_run(tmp_path) == {"04_cnn": results}


def test_what_does_not_fit_is_not_written(tmp_path):
    with pytest.raises(ResultsError, match="got NaN"):
        write_results(tmp_path / "a.json", changed("findings", "a", float("nan")))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_results_is_refused(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".04_cnn-unfinished.json").write_text("{")
    with pytest.raises(ResultsError, match="no results there, expected the"):
        read_run(tmp_path)


def test_two_files_of_one_notebook_are_refused(tmp_path):
    folder = write_run(tmp_path / "run", RESULTS)
    (folder / "results" / "copy.json").write_text(json.dumps(RESULTS))
    with pytest.raises(ResultsError, match="a second file of 04_cnn"):
        read_run(folder)


def test_runs_of_other_notebooks_cannot_be_compared():
    with pytest.raises(ResultsError, match="no notebook with metrics in both runs: 04"):
        compare_runs({"04_cnn": RESULTS}, {"05_mine": changed("notebook", "05_mine")})
