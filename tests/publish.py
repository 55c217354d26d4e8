"""Refresh what is committed: executed notebooks, figures, the results table."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pandas as pd
from benchmarks.benchmark import (
    COMPARED,
    KERAS,
    OURS,
    PARTS,
    REPEATS,
    TORCH,
    benchmark,
    machine_line,
    races,
)
from rich.console import Console

from mnist_helpers.commands.execution import (
    CELL_TIMEOUT,
    Outcome,
    run_notebooks,
)
from mnist_helpers.commands.notebooks import assign_parameters, find_notebooks
from mnist_helpers.commands.own_work import cell_digests
from mnist_helpers.commands.summary import exit_code_of, summary_table
from mnist_helpers.data import Dataset, load_mnist
from mnist_helpers.environment.files import project_root, write_whole
from mnist_helpers.errors import ExitCode
from mnist_helpers.results import assignment
from mnist_helpers.results.published import (
    PUBLISHED_ABLATIONS,
    PUBLISHED_CELLS,
    PUBLISHED_SEEDS,
    PUBLISHED_SPEEDRUNS,
    PUBLISHED_WIDTHS,
)

PUBLISHED = ("speed", "widths", "ablations", "course")
SEEDS = range(1, 11)
SEED_JOBS = 2
# Seconds that an ablation may take, all in one cell.
ABLATION_TIMEOUT = 4 * 60 * 60
# A seed of all widths takes a minute and a half on two cores.
WIDTHS = {"HIDDEN_UNITS": [2**power for power in range(11)], "SEED": range(1, 11)}
# The columns of a sweep's table that are published, and how they are called then.
WIDTHS_COLUMNS = {
    "HIDDEN_UNITS": "hidden_units",
    "SEED": "seed",
    "model_parameters": "parameters",
    "accuracy": "accuracy",
    "best_validation_accuracy": "best_validation_accuracy",
    "training_seconds": "seconds",
    "dataset_digest": "dataset_digest",
    "processor": "processor",
    "tensorflow": "tensorflow",
}
NETWORKS = {
    "01_loading": "baseline: softmax regression",
    "02_small_mlp": "small MLP, 784-8-10",
    "03_wide_mlp": "wide MLP, 784-128-10",
    "04_cnn": "CNN",
}
# A score of the assignment: its name in the table, its column, its decimals.
SCORES = {
    "test accuracy": ("accuracy", "accuracy", 4),
    "test macro-F1": ("macro-F1", "macro_f1", 4),
    "lowest class F1": ("lowest class F1", "lowest_class_f1", 3),
}


class PublishingError(RuntimeError):
    """Nothing was published; the message says why, and the ending of what."""

    def __init__(
        self, message: str, ending: ExitCode = ExitCode.NOTEBOOK_FAILED
    ) -> None:
        super().__init__(message)
        self.ending = ending


TABLE_START = "<!-- results: written by make publish -->"
TABLE_END = "<!-- end of results -->"
# The tables of speed are in a README of their own, below the checkout's root.
SPEED_README = Path("tests", "benchmarks", "README.md")
SPEED_START = "<!-- speed: written by make publish -->"
SPEED_END = "<!-- end of speed -->"


def publish(root: Path, console: Console) -> list[Outcome]:
    """Run every notebook at ten seeds and then at its defaults, and keep the outcome.

    The defaults run one notebook at a time, so that the seconds that the notebooks
    show are those of an otherwise idle machine. Nothing is changed unless every
    notebook of every seed ran to the end.

    Parameters
    ----------
    root : Path
        The checkout.
    console : Console
        Where progress goes.

    Returns
    -------
    list of Outcome
        One a notebook, of the run at the defaults.

    Raises
    ------
    PublishingError
        If a notebook failed, or the README has no place for the table.
    """
    readme = root / "README.md"
    check_readme(root)
    notebooks = find_notebooks(root / "notebooks", [])
    further = find_notebooks(root / "notebooks", ["further"])
    # Before the runs: their results record a digest of all that the package holds.
    cells = {
        path.stem: cell_digests(nbformat.read(path, as_version=4)) for path in notebooks
    }
    text = json.dumps(cells, indent=1) + "\n"
    write_whole(PUBLISHED_CELLS, lambda file: file.write_text(text, encoding="utf-8"))
    build = root / "build" / "publish"
    shutil.rmtree(build, ignore_errors=True)
    before = PUBLISHED_SEEDS.read_bytes()
    seeds = _run_seeds(notebooks, build, console)
    # The notebooks show the table of the seeds, so it is in place before they run.
    _write_table(seeds, PUBLISHED_SEEDS)
    console.print("the defaults, one notebook at a time", highlight=False)
    # The further notebooks read their models from the default output folder.
    default = root / "build" / "run"
    try:
        outcomes = run_notebooks(
            {path: {} for path in notebooks}, default, 1, CELL_TIMEOUT, console
        )
        _check(outcomes)
        further_outcomes = run_notebooks(
            {path: {} for path in further}, default, 1, CELL_TIMEOUT, console
        )
        _check(further_outcomes)
    except BaseException:
        write_whole(PUBLISHED_SEEDS, lambda path: path.write_bytes(before))
        raise
    for path in (*notebooks, *further):
        _publish_notebook(default / "notebooks" / path.name, path)
    # An earlier run may have left other figures in the folder.
    figures = [
        default / name
        for outcome in (*outcomes, *further_outcomes)
        for name in outcome.results["files"]
        if name.startswith("figures/")
    ]
    published = root / "figures"
    # Those of the benchmark and of JupyterLab come from elsewhere.
    old = [
        path
        for path in published.glob("*.png")
        if not path.name.startswith(("bench_", "lab_"))
    ]
    _replace_figures(figures, old, published)
    _replace(readme, TABLE_START, TABLE_END, results_table(seeds))
    return [*outcomes, *further_outcomes]


def check_readme(root: Path) -> None:
    """Make sure that there are places for the tables, before they are measured.

    Parameters
    ----------
    root : Path
        The checkout.

    Raises
    ------
    PublishingError
        If one of the two places is missing.
    """
    _split(root / "README.md", TABLE_START, TABLE_END)
    _split(root / SPEED_README, SPEED_START, SPEED_END)


def publish_speed(root: Path, measured: Path) -> None:
    """Keep the outcome of a benchmark: its figures, and the tables of speed.

    Parameters
    ----------
    root : Path
        The checkout.
    measured : Path
        The folder that the benchmark wrote.

    Raises
    ------
    PublishingError
        If there is no place for the tables.
    """
    results = json.loads((measured / "bench.json").read_text(encoding="utf-8"))
    _replace(root / SPEED_README, SPEED_START, SPEED_END, speed_table(results))
    race = races(results["runs"]).assign(**_provenance(results))
    _write_table(race, PUBLISHED_SPEEDRUNS)
    figures = root / "figures"
    _replace_figures(
        list(measured.glob("bench_*.png")), list(figures.glob("bench_*.png")), figures
    )


def publish_widths(root: Path, dataset: Dataset, console: Console) -> None:
    """Sweep over the widths of the dense network at ten seeds, and keep the table.

    What an interrupted sweep has finished, this one does not run again.

    Parameters
    ----------
    root : Path
        The checkout.
    dataset : Dataset
        What this process has loaded.
    console : Console
        Where progress goes.

    Raises
    ------
    PublishingError
        If a point failed; the table is not changed then.
    """
    # Dask takes a second to import, which other parts do without.
    from mnist_helpers.commands import sweep

    [notebook] = find_notebooks(root / "notebooks", ["03"])
    grid = [f"{name}={','.join(map(str, values))}" for name, values in WIDTHS.items()]
    output = root / "build" / "widths"
    settings = sweep.Settings(resume=True)
    exit_code = sweep.sweep(notebook, grid, dataset, output, settings, console)
    if exit_code is not ExitCode.COMPLETED:
        raise PublishingError(f"nothing was published; see {output / 'sweep.csv'}")
    table = pd.read_csv(output / "sweep.csv").rename(columns=WIDTHS_COLUMNS)
    _write_table(table[list(WIDTHS_COLUMNS.values())], PUBLISHED_WIDTHS)


def publish_ablations(root: Path, console: Console) -> None:
    """Train every network by each of its recipes, and keep the tables.

    Parameters
    ----------
    root : Path
        The checkout.
    console : Console
        Where progress goes.

    Raises
    ------
    PublishingError
        If a notebook failed; no table is changed then.
    """
    build = root / "build" / "ablations"
    notebooks = find_notebooks(root / "notebooks", ["better_recipes"])
    assigned = assign_parameters(notebooks, {"EXTENDED": "True"})
    outcomes = run_notebooks(assigned, build, 1, ABLATION_TIMEOUT, console)
    _check(outcomes)
    [results] = [outcome.results for outcome in outcomes]
    commit = results["environment"]["commit"]
    for name in results["files"]:
        if name.startswith("tables/"):
            rungs = pd.read_csv(build / name)
            _write_table(
                rungs.assign(**_provenance(results), commit=commit),
                PUBLISHED_ABLATIONS / Path(name).name,
            )


def _run_seeds(notebooks: list[Path], build: Path, console: Console) -> pd.DataFrame:
    rows = []
    for seed in SEEDS:
        console.print(f"seed {seed} of {len(SEEDS)}", highlight=False)
        outcomes = run_notebooks(
            {path: {"SEED": seed} for path in notebooks},
            build / f"seed-{seed:02d}",
            SEED_JOBS,
            CELL_TIMEOUT,
            console,
        )
        _check(outcomes)
        rows += [_row(outcome.results) for outcome in outcomes]
    # Only one of the notebooks counts them.
    return pd.DataFrame(rows).astype({"plain_silent_units": "Int64"})


def _write_table(table: pd.DataFrame, target: Path) -> None:
    write_whole(
        target, lambda path: table.to_csv(path, index=False, lineterminator="\n")
    )


def _check(outcomes: list[Outcome]) -> None:
    failed = [each for each in outcomes if each.exit_code is not ExitCode.COMPLETED]
    if failed:
        messages = "; ".join(f"{each.name}: {each.message}" for each in failed)
        raise PublishingError(f"nothing was published; {messages}", failed[0].exit_code)


def _row(results: dict) -> dict[str, object]:
    f1 = [digit["f1"] for digit in results["per_class"].values()]
    # Notebook 02 also trains the network as plainly as it is assigned.
    plain = results["findings"].get("plain", {})
    return {
        "notebook": results["notebook"],
        "seed": results["seed"],
        "accuracy": results["metrics"]["accuracy"],
        "macro_f1": results["metrics"]["macro_f1"],
        "lowest_class_f1": min(f1),
        "best_validation_accuracy": results["metrics"]["best_validation_accuracy"],
        "plain_validation_accuracy": plain.get("validation_accuracy"),
        "plain_silent_units": plain.get("silent_units"),
    } | _provenance(results)


def _provenance(results: dict) -> dict[str, str]:
    """Say where a published number comes from."""
    return {
        "dataset_digest": results["dataset"]["digest"],
        "processor": results["environment"]["processor"],
        "tensorflow": results["environment"]["versions"]["tensorflow"],
    }


def _publish_notebook(executed: Path, target: Path) -> None:
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    write_whole(target, lambda path: nbformat.write(notebook, path))


def _replace_figures(new: list[Path], old: list[Path], folder: Path) -> None:
    for source in new:
        write_whole(
            folder / source.name,
            lambda path, source=source: shutil.copyfile(source, path),
        )
    for path in old:
        if path.name not in {source.name for source in new}:
            path.unlink()


def results_table(seeds: pd.DataFrame) -> str:
    """Write the README's table: what the assignment asks, and what the seeds reached.

    Parameters
    ----------
    seeds : DataFrame
        One row per notebook and seed, with the test set's ``accuracy``, ``macro_f1``
        and ``lowest_class_f1``.
    """
    lines = ["| notebook | asked | reached |", "|---|---|---|"]
    for notebook, rows in seeds.groupby("notebook"):
        part = assignment.PARTS[notebook]
        network = NETWORKS[notebook]
        if part.marks:
            network += f", {part.marks} marks"
        asked = [score.asked.replace(" %", "&nbsp;%") for score in part.scores]
        reached = []
        for metric in [score.metric for score in part.scores] or ["test accuracy"]:
            name, column, digits = SCORES[metric]
            reached.append(f"{name} {_spread(rows[column], digits)}")
        lines.append(
            f"| [{notebook}](notebooks/{notebook}.ipynb)<br>{network} "
            f"| {'<br>'.join(asked)} | {'<br>'.join(reached)} |"
        )
    return "\n".join(lines)


def _spread(values: pd.Series, digits: int) -> str:
    if len(values) == 1:
        return f"**{values.iloc[0]:.{digits}f}**"
    return (
        f"**{values.median():.{digits}f}** "
        f"({values.min():.{digits}f} to {values.max():.{digits}f})"
    )


def speed_table(results: dict) -> str:
    """Write the tables of speed: seconds of each contender, and the targets.

    Parameters
    ----------
    results : dict
        What a benchmark's ``bench.json`` holds.

    Returns
    -------
    str
        Two Markdown tables, and a line about the machine.
    """
    runs = pd.DataFrame(results["runs"])
    contenders = [OURS, KERAS, TORCH]
    lines = [
        f"| seconds, median (range) | {' | '.join(contenders)} |",
        "|---|" + "---|" * len(contenders),
    ]
    for part, (measure, title) in COMPARED.items():
        of_part = runs[runs.part == part].groupby("contender")[measure]
        cells = [
            _spread(of_part.get_group(contender), 1)
            if contender in of_part.groups
            else ""
            for contender in contenders
        ]
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += ["", "| target | required | measured | |", "|---|---|---|---|"]
    for target in results["targets"]:
        verdict = "met" if target["met"] else "not met"
        lines.append(
            f"| {target['name']} | {target['required']} "
            f"| {target['measured']:.4g} | {verdict} |"
        )
    return "\n".join([*lines, "", f"Measured on {machine_line(results)}."])


def _replace(readme: Path, start: str, end: str, table: str) -> None:
    head, tail = _split(readme, start, end)
    text = f"{head}\n{table}\n{tail}"
    write_whole(readme, lambda path: path.write_text(text, encoding="utf-8"))


def _split(readme: Path, start: str, end: str) -> tuple[str, str]:
    """Split the README into what comes before a generated table, and after."""
    text = readme.read_text(encoding="utf-8")
    head, found_start, rest = text.partition(start)
    _table, found_end, tail = rest.partition(end)
    if not (found_start and found_end):
        raise PublishingError(
            f"{readme}: the lines {start!r} and {end!r} are missing; "
            "the table goes between them"
        )
    return head + start, end + tail


def main() -> int:
    """Publish from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = ", ".join(PUBLISHED)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {known}")
    parts = parser.parse_args().parts or PUBLISHED
    if unknown := sorted(set(parts) - set(PUBLISHED)):
        parser.error(f"no part {unknown[0]!r}; there are {known}")
    dataset = load_mnist()
    if not dataset.is_mnist:
        print(
            f"error: {dataset.name} is not MNIST: nothing is published from it",
            file=sys.stderr,
        )
        return ExitCode.DATA_UNUSABLE
    try:
        return publish_parts(parts, dataset, Console())
    except PublishingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.ending


def publish_parts(parts: Sequence[str], dataset: Dataset, console: Console) -> ExitCode:
    """Publish some parts; those whose tables the notebooks show come first."""
    root = project_root()
    if "speed" in parts:
        check_readme(root)
        measured = root / "build" / "bench"
        benchmark(PARTS, REPEATS, measured, dataset, console)
        publish_speed(root, measured)
    if "widths" in parts:
        publish_widths(root, dataset, console)
    if "ablations" in parts:
        publish_ablations(root, console)
    if "course" not in parts:
        return ExitCode.COMPLETED
    outcomes = publish(root, console)
    console.print(summary_table(outcomes))
    return exit_code_of(outcomes)


if __name__ == "__main__":
    sys.exit(main())
