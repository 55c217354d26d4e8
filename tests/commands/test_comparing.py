"""Comparing two runs: what differs beyond tolerance, and what may explain it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_results import RESULTS, UNTRAINED, changed

from mnist_helpers.__main__ import main
from mnist_helpers.commands.comparing import (
    TOLERANCES,
    compare_circumstances,
    compare_metrics,
)
from mnist_helpers.results import published
from mnist_helpers.results.schema import METRICS


def write_run(folder: Path, *of_notebooks: dict) -> Path:
    (folder / "results").mkdir(parents=True)
    for results in of_notebooks:
        path = folder / "results" / f"{results['notebook']}.json"
        path.write_text(json.dumps(results))
    return folder


def beyond_tolerance(first: dict, second: dict) -> list[str]:
    metrics = compare_metrics(first, second)
    return list(metrics.index[metrics.apart > metrics.tolerance])


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
        # A notebook that was never published has no tolerance.
        mine = changed("notebook", "05_mine", results=start)
        assert beyond_tolerance(mine, within) == [name]


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
    ("path", "before", "after"),
    [
        (("parameters", "EPOCHS"), "3", 2),
        (("seed",), "1", 7),
        (("environment", "versions", "keras"), "3.15.1", "4"),
        (("environment", "vector_flags"), "['avx2', 'fma']", ["avx2"]),
        (("environment", "settings", "XLA_FLAGS"), "(none)", "x"),
        (("training", "optimizer", "config", "learning_rate"), "0.001", 0.01),
    ],
)
def test_what_else_differed_is_named(path, before, after):
    name = " ".join(path)
    differing = compare_circumstances(RESULTS, changed(*path, after))
    assert list(differing.itertuples(name=None)) == [(name, before, str(after))]
    backwards = compare_circumstances(changed(*path, after), RESULTS)
    assert list(backwards.itertuples(name=None)) == [(name, str(after), before)]


def test_equal_runs_end_with_exit_code_0(tmp_path, capsys):
    slower = changed("training", "seconds", 9.0)
    further = UNTRAINED | {"notebook": "how_sure"}
    first = write_run(tmp_path / "a", RESULTS, changed("notebook", "01_x"), further)
    second = write_run(tmp_path / "b", slower, further)
    assert main(["compare", str(first), str(second)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "a; not compared: 01_x, how_sure B:" in printed
    assert printed.endswith("04_cnn: 0 of 14 metrics differ beyond tolerance")


def test_different_files_end_with_exit_code_5(tmp_path, capsys):
    first = write_run(tmp_path / "a", RESULTS) / "results" / "04_cnn.json"
    other = changed("seed", 2, results=changed("metrics", "accuracy", 0.9))
    other = changed("per_class", "3", "f1", 0.991, results=other)
    second = tmp_path / "copy.json"
    second.write_text(json.dumps(other))
    assert main(["compare", str(first), str(second)]) == 5
    printed = capsys.readouterr().out
    assert "1 of 14 metrics differ beyond tolerance" in printed
    accuracy, seed = (
        [re.findall(r"[\w.]+", line) for line in printed.splitlines() if name in line]
        for name in ("accuracy ", "seed ")
    )
    assert accuracy == [["accuracy", "0.993", "0.9", "0.093", "0.002"]]
    assert seed == [["seed", "1", "2"]]


def test_runs_that_cannot_be_compared_end_with_exit_code_2(tmp_path, capsys):
    cnn = write_run(tmp_path / "a", RESULTS)
    mine = write_run(tmp_path / "b", changed("notebook", "05_mine"))
    assert main(["compare", str(cnn), str(mine)]) == 2
    errors = capsys.readouterr().err
    assert errors == (
        "error: no notebook has metrics in both runs: 04_cnn in A, 05_mine in B\n"
    )
    assert main(["compare", str(cnn), str(tmp_path / "none")]) == 2
    assert f"error: {tmp_path / 'none'}: no results" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_console_makes_it_fail_on_what_it_prints(tmp_path, encoding):
    named = changed("dataset", "name", "digits → drawn by Łukasz")
    first, second = write_run(tmp_path / "a", RESULTS), write_run(tmp_path / "b", named)
    ended = subprocess.run(
        [sys.executable, "-m", "mnist_helpers", "compare", first, second],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"drawn by" in ended.stdout
