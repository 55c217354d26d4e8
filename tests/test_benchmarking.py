"""The benchmark: what it counts, promises, draws and writes."""

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import benchmark as benchmarking
from benchmarks.benchmark import KERAS, OURS, PEAK, TORCH
from PIL import Image
from rich.console import Console

from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.environment.tensorflow import keras

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "tests" / "benchmarks"


def make_run(part: str, contender: str, seconds: float, **more: object) -> dict:
    run = {"part": part, "contender": contender, "seconds": seconds}
    return run | {"epoch_seconds": seconds / 10, "peak_memory_mb": 900.0} | more


def make_results(runs: list[dict]) -> dict:
    environment = {
        "processor": "some processor",
        "cores": 2,
        "vector_flags": ["avx2"],
        "python": "3.11",
        "versions": {"tensorflow": "2.21", "keras": "3.15", "numpy": "2.0"},
    }
    targets = [vars(target) for target in benchmarking.check_targets(runs)]
    dataset = {"name": "MNIST", "digest": "0"}
    return {
        "dataset": dataset,
        "environment": environment,
        "torch": "not installed",
        "runs": runs,
        "targets": targets,
    }


def shown(renderable) -> str:
    console = Console(width=120, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_a_target_is_judged_by_the_medians():
    runs = [make_run("small", OURS, seconds) for seconds in (2.0, 3.0, 40.0)]
    runs += [make_run("small", KERAS, seconds) for seconds in (10.0, 24.0, 25.0)]
    [ratio, memory] = benchmarking.check_targets(runs)
    assert ratio.measured == pytest.approx(8.0)
    assert ratio.met
    assert memory.measured == pytest.approx(1.0)
    runs[4]["seconds"] = 23.9
    assert not benchmarking.check_targets(runs)[0].met


@pytest.mark.parametrize(("part", "measure"), [("wide", 6.9), ("cnn", 1.79)])
def test_a_target_that_is_missed_says_so(part, measure):
    runs = [make_run(part, OURS, 1.0), make_run(part, KERAS, measure)]
    results = make_results(runs)
    assert results["targets"][0]["met"] is False
    assert "NOT MET" in shown(benchmarking.tables(results)[-1])


def test_memory_arithmetic_and_the_course_have_targets_too():
    runs = [
        make_run("small", OURS, 1.0, peak_memory_mb=1001.0),
        make_run("small", KERAS, 9.0, peak_memory_mb=900.0),
        make_run("arithmetic", OURS, 1.0, gflops=49.0),
        make_run("arithmetic", PEAK, 1.0, gflops=100.0),
        make_run("course", OURS, 75.1),
    ]
    targets = benchmarking.check_targets(runs)
    assert [target.met for target in targets] == [True, False, False, False]
    assert [target.measured for target in targets][1:] == pytest.approx(
        [1001 / 900, 0.49, 75.1]
    )


def test_the_speedrun_is_judged_by_score_and_time():
    seconds = (9.0, 10.0, 30.0)
    scores = (0.98, 0.9899, 0.995)
    runs = [
        make_run("speedrun", OURS, each, seed=1, macro_f1=score)
        for each, score in zip(seconds, scores, strict=True)
    ]
    score, time = benchmarking.check_targets(runs)
    assert (score.measured, score.met) == (0.9899, False)
    assert (time.measured, time.met) == (10.0, True)


def test_a_contender_that_is_not_there_has_no_target():
    names = [t.name for t in benchmarking.check_targets([make_run("small", OURS, 1.0)])]
    assert names == []


def test_scaling_takes_medians_and_fits_a_line():
    runs = [
        {
            "part": "scaling",
            "scaling": [
                ("epochs", number, 3 + 0.5 * number + shift) for number in (1, 2, 4)
            ],
        }
        for shift in (-0.2, 0.0, 5.0)
    ]
    medians = benchmarking.scaling(runs)
    assert list(medians.number) == [1, 2, 4]
    np.testing.assert_allclose(medians.seconds, [3.5, 4.0, 5.0])
    np.testing.assert_allclose(medians.slope, 0.5)
    np.testing.assert_allclose(medians.intercept, 3.0)
    assert set(medians.line) == {"3.0 s + 500 ms each"}


def test_the_tables_show_medians_and_ranges():
    runs = [make_run("small", OURS, seconds) for seconds in (2.0, 3.0, 4.5)]
    runs.append(make_run("small", TORCH, 7.0))
    text = shown(benchmarking.tables(make_results(runs))[0])
    assert "3.0 (2.0-4.5)" in text
    assert "0.30 (0.20-0.45)" in text
    assert "7.0 " in text
    assert "some processor, 2 cores, avx2" in benchmarking.machine_line(
        make_results(runs)
    )


def test_the_operations_of_the_cnn_are_those_of_its_layers(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    common = importlib.import_module("common")
    networks = importlib.import_module("keras_networks")
    model = networks.build(keras, "cnn")
    forward = []
    for layer in model.layers:
        if layer.weights:
            kernel = layer.get_weights()[0]
            # Each place of the output takes the whole kernel once.
            places = int(np.prod(layer.output.shape[1:-1]))
            forward.append(2 * places * kernel.size)
    trained = 3 * sum(forward) - forward[0]
    assert common.cnn_operations(1, 0) == trained
    assert common.cnn_operations(10, 3) == 10 * trained + 3 * sum(forward)


def test_a_program_that_fails_ends_the_benchmark_with_what_it_said(
    tmp_path, monkeypatch
):
    script = tmp_path / "broken.py"
    script.write_text("import sys; sys.exit('broken on purpose')")
    monkeypatch.setattr(
        benchmarking,
        "_steps",
        lambda part, _output: [benchmarking.Step(part, OURS, (str(script),))],
    )
    with pytest.raises(benchmarking.BenchmarkError, match="broken on purpose"):
        benchmarking.benchmark(["small"], 1, tmp_path / "out", load_mnist(), Console())
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tiny"], "no part 'tiny'; there are small"),
        (["--repeats", "0"], "repeats: got 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    ended = subprocess.run(
        [sys.executable, str(BENCHMARKS / "benchmark.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert message in ended.stderr


@pytest.mark.notebooks
def test_a_part_of_the_benchmark_runs_for_real(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    ended = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "benchmark.py"), "small", "arithmetic"),
            *("--repeats", "1", "--output", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    results = json.loads((tmp_path / "bench.json").read_text())
    measured = {(run["part"], run["contender"]): run for run in results["runs"]}
    ours, keras = measured["small", OURS], measured["small", KERAS]
    assert ours["validation_accuracy"] > 0.5
    assert keras["validation_accuracy"] > 0.5
    assert ours["seconds"] > 9 * ours["epoch_seconds"] > 0
    assert measured["arithmetic", PEAK]["gflops"] > 0
    assert measured["arithmetic", OURS]["gflops"] > 0
    assert "stand-in" in (tmp_path / "bench.txt").read_text()
    assert "matrix product" in (tmp_path / "bench.txt").read_text()
    with Image.open(tmp_path / "bench_seconds.png") as image:
        assert image.width > 500


@pytest.mark.notebooks
def test_the_race_is_the_notebooks_own(monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    ended = subprocess.run(
        [sys.executable, str(BENCHMARKS / "speedrun.py"), "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    raced = json.loads(ended.stdout.splitlines()[-1])
    assert raced["seed"] == 3
    assert raced["seconds"] > 0
    assert raced["macro_f1"] > 0.8
