"""Measure the course against plain Keras and PyTorch, on this machine, in one run."""

import argparse
import importlib.metadata
import importlib.util
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console, Group
from rich.table import Table

from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.data import Dataset, load_mnist
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.environment.files import project_root, write_whole
from mnist_helpers.errors import ExitCode
from mnist_helpers.plotting.style import as_png

OURS, KERAS, TORCH = "ours", "plain Keras", "PyTorch, eager"
TRAININGS = {OURS: "train_ours.py", KERAS: "train_keras.py", TORCH: "train_torch.py"}
# The dense networks at the assignment's recipe; of the CNN, of which plain Keras does
# an epoch in half a minute, epochs of a third of the images.
TASKS = {
    "small": ("small", "--epochs", "10", "--training-images", "54000"),
    "wide": ("wide", "--epochs", "10", "--training-images", "54000"),
    "cnn": ("cnn", "--epochs", "3", "--training-images", "18000"),
}
PEAK = "matrix product"
PARTS = (*TASKS, "arithmetic", "speedrun", "course", "scaling")
# These repeat themselves, or take minutes.
ONCE = ("speedrun", "course", "scaling")
REPEATS = 3
RACE_SEEDS = range(1, 11)

# Times as fast as the other: a whole training of a dense network, an epoch of the CNN.
LEAST_RATIOS = {
    ("small", KERAS): ("seconds", 8.0),
    ("small", TORCH): ("seconds", 2.0),
    ("wide", KERAS): ("seconds", 7.0),
    ("wide", TORCH): ("seconds", 2.0),
    ("cnn", KERAS): ("epoch_seconds", 1.8),
}
# What of each part is drawn.
COMPARED = {
    "small": ("seconds", "784-8-10: 10 epochs"),
    "wide": ("seconds", "784-128-10: 10 epochs"),
    "cnn": ("epoch_seconds", "CNN: an epoch of 18,000 images, batches of 32"),
    "course": (
        "seconds",
        "the course; plain Keras: its three networks, 10 epochs each",
    ),
}
FIGURE_DPI = 110
MOST_MEMORY = 1.1
LEAST_SHARE_OF_PEAK = 0.5
MOST_COURSE_SECONDS = 75
LEAST_RACE_F1 = 0.99
MOST_RACE_SECONDS = 10

VERSIONS = ("tensorflow", "keras", "numpy", "torch")
# What is shown of each contender, and with how many decimals.
MEASURES = {
    "seconds": 1,
    "start_seconds": 1,
    "epoch_seconds": 2,
    "peak_memory_mb": 0,
    "gflops": 0,
}


class BenchmarkError(RuntimeError):
    """A benchmarked program failed; the message holds what it said last."""


@dataclass(frozen=True)
class Step:
    """One program to run and time, turn by turn."""

    part: str
    contender: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """What the course promises of its speed, and what one benchmark measured."""

    name: str
    required: str
    measured: float
    met: bool


def benchmark(
    parts: Iterable[str],
    repeats: int,
    output: Path,
    dataset: Dataset,
    console: Console,
) -> dict:
    """Run parts of the benchmark, show its tables, and write them to a folder.

    The contenders take turns, so that a machine that is slow for a while is slow for
    all of them.

    Parameters
    ----------
    parts : iterable of str
        Some of `PARTS`.
    repeats : int
        How often each program runs, at least 1; the parts in `ONCE` run once.
    output : Path
        Folder that gets ``bench.json`` and ``bench.txt``.
    dataset : Dataset
        What the programs load, for the record.
    console : Console
        Where progress and tables go.

    Returns
    -------
    dict
        What ``bench.json`` holds: ``dataset``, ``environment``, ``torch`` (its
        version), ``runs`` (a dictionary a run, times in seconds, memory in MB) and
        ``targets``.

    Raises
    ------
    BenchmarkError
        If the folder cannot be made, or a program failed. Nothing is written then.
    """
    # Before an hour of measuring, and not after it.
    output = output.resolve()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"cannot write to {output}: {error}") from None
    steps = [step for part in parts for step in _steps(part, output)]
    turns = [
        (turn, step)
        for turn in range(1, repeats + 1)
        for step in steps
        if turn == 1 or step.part not in ONCE
    ]
    runs = []
    with counted_progress(console) as progress:
        task = progress.add_task("", total=len(turns))
        for turn, step in turns:
            name = f"{step.part}: {step.contender}"
            if step.part not in ONCE:
                name += f", {turn} of {repeats}"
            progress.update(task, description=name)
            if not console.is_terminal:
                console.print(name, highlight=False)
            runs.append(_run(step))
            progress.advance(task)
    results = {
        "dataset": {"name": dataset.name, "digest": dataset.digest},
        "environment": describe_environment(),
        "torch": _torch_version(),
        "runs": runs,
        "targets": [asdict(target) for target in check_targets(runs)],
    }
    report = Group(machine_line(results), *tables(results))
    console.print(report)
    plain = Console(file=io.StringIO(), width=110)
    plain.print(report)
    for name, text in {
        "bench.json": json.dumps(results, indent=1, allow_nan=False) + "\n",
        "bench.txt": plain.file.getvalue(),
    }.items():
        write_whole(
            output / name,
            lambda path, text=text: path.write_text(text, encoding="utf-8"),
        )
    for name, figure in figures(results).items():
        write_whole(
            output / f"{name}.png",
            lambda path, figure=figure: path.write_bytes(as_png(figure, FIGURE_DPI)),
        )
    return results


def _steps(part: str, output: Path) -> list[Step]:
    folder = project_root() / "tests" / "benchmarks"

    def step(contender: str, script: str, *arguments: str) -> Step:
        return Step(part, contender, (str(folder / script), *arguments))

    match part:
        case "arithmetic":
            # At the batch size of the CNN's own notebook.
            recipe = (*TASKS["cnn"], "--batch-size", "64")
            return [
                step(PEAK, "matrix_peak.py"),
                step(OURS, TRAININGS[OURS], *recipe),
            ]
        case "course":
            run = ("-m", "mnist_helpers", "run", "--output", str(output / "course"))
            return [Step(part, OURS, run), step(KERAS, "plain_course.py")]
        case "speedrun":
            return [step(OURS, "speedrun.py", str(seed)) for seed in RACE_SEEDS]
        case "scaling":
            return [step(OURS, "scaling.py")]
        case _:
            return [
                step(contender, script, *TASKS[part])
                for contender, script in TRAININGS.items()
                if contender != TORCH or _torch_version() != "not installed"
            ]


def _torch_version() -> str:
    if not importlib.util.find_spec("torch"):
        return "not installed"
    return importlib.metadata.version("torch")


def _run(step: Step) -> dict:
    started = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, *step.command],
        # Plain Keras is Keras on TensorFlow, whatever this machine has it set to.
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    # A claim that is not met is the notebooks' business.
    if ended.returncode not in (ExitCode.COMPLETED, ExitCode.CLAIM_NOT_MET):
        raise BenchmarkError(
            f"{step.part}, {step.contender}: exit code {ended.returncode}\n"
            f"{ended.stderr[-2000:]}"
        )
    # The course itself reports in its results files.
    last_line = ended.stdout.strip().rpartition("\n")[2]
    reported = json.loads(last_line) if last_line.startswith("{") else {}
    whole = {"part": step.part, "contender": step.contender, "seconds": seconds}
    return whole | reported


def check_targets(runs: list[dict]) -> list[Target]:
    """Compare the medians of what was measured with what the course promises.

    Parameters
    ----------
    runs : list of dict
        ``part``, ``contender`` and what was measured, a dictionary a run.

    Returns
    -------
    list of Target
        One for each promise that these runs can tell about.
    """
    medians = (
        pd.DataFrame(runs).groupby(["part", "contender"]).median(numeric_only=True)
    )
    targets = []
    for (part, other), (measure, least) in LEAST_RATIOS.items():
        if {(part, OURS), (part, other)} <= set(medians.index):
            ratio = medians[measure][part, other] / medians[measure][part, OURS]
            name = f"{part}: {other} / {OURS}, {measure.replace('_', ' ')}"
            targets.append(Target(name, f">= {least}", ratio, bool(ratio >= least)))
    for part in TASKS:
        if {(part, OURS), (part, KERAS)} <= set(medians.index):
            memory = medians.peak_memory_mb
            ratio = memory[part, OURS] / memory[part, KERAS]
            name = f"{part}: {OURS} / {KERAS}, peak memory"
            met = bool(ratio <= MOST_MEMORY)
            targets.append(Target(name, f"<= {MOST_MEMORY}", ratio, met))
    if ("arithmetic", OURS) in medians.index:
        share = medians.gflops["arithmetic", OURS] / medians.gflops["arithmetic", PEAK]
        met = bool(share >= LEAST_SHARE_OF_PEAK)
        name = "cnn: share of the matrix product's GFLOP/s"
        targets.append(Target(name, f">= {LEAST_SHARE_OF_PEAK}", share, met))
    race = races(runs)
    if len(race):
        f1, seconds = race.macro_f1.median(), race.seconds.median()
        name = f"speedrun: macro-F1, median of {len(race)} seeds"
        targets.append(
            Target(name, f">= {LEAST_RACE_F1}", f1, bool(f1 >= LEAST_RACE_F1))
        )
        met = bool(seconds <= MOST_RACE_SECONDS)
        targets.append(
            Target("speedrun: seconds", f"<= {MOST_RACE_SECONDS}", seconds, met)
        )
    if ("course", OURS) in medians.index:
        seconds = medians.seconds["course", OURS]
        met = bool(seconds <= MOST_COURSE_SECONDS)
        name = "course: seconds, headless"
        targets.append(Target(name, f"<= {MOST_COURSE_SECONDS}", seconds, met))
    return targets


def machine_line(results: dict) -> str:
    """Say on what the benchmark ran: processor, cores, flags, versions, data."""
    environment = results["environment"]
    versions = environment["versions"] | {"torch": results["torch"]}
    named = [f"{name} {versions[name]}" for name in VERSIONS]
    flags = " ".join(environment["vector_flags"]) or "flags unknown"
    return (
        f"{environment['processor']}, {environment['cores']} cores, {flags}; "
        f"Python {environment['python']}, {', '.join(named)}; "
        f"{results['dataset']['name']}"
    )


def tables(results: dict) -> list[Table]:
    """Lay out a benchmark: medians with their ranges, scaling, targets."""
    runs = pd.DataFrame(results["runs"])
    times = Table(
        *("part", "contender", "seconds", "start", "an epoch", "memory, MB", "GFLOP/s"),
        title="Median (lowest to highest)",
        title_justify="left",
    )
    for (part, contender), group in runs.groupby(["part", "contender"], sort=False):
        if part not in ("speedrun", "scaling"):
            times.add_row(
                part,
                contender,
                *(
                    _spread(group.get(measure), digits)
                    for measure, digits in MEASURES.items()
                ),
            )
    laid_out = [times] if times.rows else []
    race = races(results["runs"])
    if len(race):
        laid_out.append(_race_table(race))
    growth = scaling(results["runs"])
    if len(growth):
        laid_out.append(_scaling_table(growth))
    targets = Table("target", "required", "measured", "met?")
    for target in results["targets"]:
        verdict = "met" if target["met"] else "NOT MET"
        measured = f"{target['measured']:.4g}"
        targets.add_row(target["name"], target["required"], measured, verdict)
    return [*laid_out, targets]


def figures(results: dict) -> dict[str, Figure]:
    """Draw a benchmark: the contenders' seconds, and how training time grows.

    Parameters
    ----------
    results : dict
        As `benchmark` returns them.

    Returns
    -------
    dict
        Name to figure; what was not measured is not drawn.
    """
    # A script finds the modules beside it; publishing imports this one from elsewhere.
    sys.path.append(str(Path(__file__).parent))
    # Here, because measuring should not wait for seaborn.
    import performance_figures

    from mnist_helpers.plotting import set_style

    set_style()
    runs = pd.DataFrame(results["runs"])
    drawn = {}
    times = pd.concat(
        pd.DataFrame(
            {
                "task": title,
                "contender": runs.contender,
                "seconds": runs.get(measure),
            }
        )[runs.part == part]
        for part, (measure, title) in COMPARED.items()
    )
    if len(times):
        drawn["bench_seconds"] = performance_figures.compare_seconds(times)
    medians = scaling(results["runs"])
    if len(medians):
        drawn["bench_scaling"] = performance_figures.growth(medians)
    return drawn


def _spread(values: pd.Series | None, digits: int) -> str:
    if values is None or values.isna().all():
        return ""
    median = f"{values.median():.{digits}f}"
    if len(values) == 1:
        return median
    return f"{median} ({values.min():.{digits}f}-{values.max():.{digits}f})"


def races(runs: list[dict]) -> pd.DataFrame:
    """Collect the speedruns.

    Parameters
    ----------
    runs : list of dict
        Those of the part ``speedrun`` have ``seed``, ``seconds`` and ``macro_f1``.

    Returns
    -------
    DataFrame
        One row a race: ``seed``, ``seconds``, and ``macro_f1`` of the test images.
    """
    measured = [run for run in runs if run["part"] == "speedrun"]
    return pd.DataFrame(measured, columns=["seed", "seconds", "macro_f1"])


def scaling(runs: list[dict]) -> pd.DataFrame:
    """Collect how training time grows, and fit a line to each growth.

    Parameters
    ----------
    runs : list of dict
        Those of the part ``scaling`` have ``scaling``, a list of quantity, number and
        seconds.

    Returns
    -------
    DataFrame
        One row a measured number: ``quantity``, ``number``, ``seconds`` (the median
        of the runs), the ``slope`` and ``intercept`` in seconds of the least squares
        line through the quantity's rows, and that ``line`` in words.
    """
    points = pd.DataFrame(
        [point for run in runs if run["part"] == "scaling" for point in run["scaling"]],
        columns=["quantity", "number", "seconds"],
    )
    medians = points.groupby(["quantity", "number"], as_index=False).seconds.median()
    for _quantity, group in medians.groupby("quantity"):
        slope, intercept = np.polyfit(group.number, group.seconds, 1)
        medians.loc[group.index, ["slope", "intercept"]] = slope, intercept
        line = f"{intercept:.1f} s + {_format_seconds(slope)} each"
        medians.loc[group.index, "line"] = line
    return medians


def _format_seconds(seconds: float) -> str:
    if seconds < 0.0001:
        return f"{1e6 * seconds:.1f} µs"
    return f"{1000 * seconds:.3g} ms"


def _race_table(race: pd.DataFrame) -> Table:
    table = Table(
        *("", "median", "lowest", "highest"),
        title="CNN against the clock: one epoch over all training images",
        title_justify="left",
    )
    for name, digits in (("seconds", 1), ("macro_f1", 4)):
        values = race[name]
        table.add_row(
            name,
            *(
                f"{value:.{digits}f}"
                for value in (values.median(), values.min(), values.max())
            ),
        )
    return table


def _scaling_table(medians: pd.DataFrame) -> Table:
    table = Table(
        *("number of", "seconds of training", "line fitted"),
        title="How the training of a dense network grows",
        title_justify="left",
    )
    for quantity, group in medians.groupby("quantity", sort=False):
        points = ", ".join(
            f"{row.number:,}: {row.seconds:.1f}" for row in group.itertuples()
        )
        table.add_row(quantity.replace("\n", ": "), points, group.line.iloc[0])
    return table


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join(PARTS)}; all by default",
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=project_root() / "build/bench")
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - set(PARTS)):
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    if options.repeats < 1:
        parser.error(f"repeats: got {options.repeats}, expected 1 or more")
    parts = options.parts or PARTS
    try:
        benchmark(parts, options.repeats, options.output, load_mnist(), Console())
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.NOTEBOOK_FAILED
    print(f"written to {options.output}")
    return ExitCode.COMPLETED


if __name__ == "__main__":
    sys.exit(main())
