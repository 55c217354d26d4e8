"""Refresh what is committed: executed notebooks, figures, the results table."""

import shutil
from pathlib import Path

import nbformat
import pandas as pd
from rich.console import Console

from mnist_helpers.execution import (
    CELL_TIMEOUT,
    Outcome,
    find_notebooks,
    run_notebooks,
)
from mnist_helpers.files import write_whole
from mnist_helpers.folders import PUBLISHED_SEEDS

SEEDS = range(1, 11)
SEED_JOBS = 2
# How people write what Keras calls a model.
NETWORKS = {
    "softmax_regression": "softmax regression, 784-10",
    "small_mlp": "small MLP, 784-8-10",
    "wide_mlp": "wide MLP, 784-128-10",
    "cnn": "CNN",
}


class PublishingError(RuntimeError):
    """Nothing was published; the message says why."""


TABLE_START = "<!-- results: written by make publish -->"
TABLE_END = "<!-- end of results -->"


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
    _find_table(readme)
    notebooks = find_notebooks(root / "notebooks", [])
    build = root / "build" / "publish"
    shutil.rmtree(build, ignore_errors=True)
    before = PUBLISHED_SEEDS.read_bytes()
    seeds = _run_seeds(notebooks, build, console)
    # The notebooks show the table of the seeds, so it is in place before they run.
    _write_seeds(seeds)
    console.print("the defaults, one notebook at a time", highlight=False)
    default = build / "default"
    try:
        outcomes = run_notebooks(
            {path: {} for path in notebooks}, default, 1, CELL_TIMEOUT, console
        )
        _check(outcomes)
    except BaseException:
        write_whole(PUBLISHED_SEEDS, lambda path: path.write_bytes(before))
        raise
    for path in notebooks:
        _publish_notebook(default / "notebooks" / path.name, path)
    _replace_figures(default / "figures", root / "figures")
    head, tail = _find_table(readme)
    text = f"{head}\n{results_table(seeds, outcomes)}\n{tail}"
    write_whole(readme, lambda path: path.write_text(text, encoding="utf-8"))
    return outcomes


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
    return pd.DataFrame(rows)


def _write_seeds(seeds: pd.DataFrame) -> None:
    write_whole(
        PUBLISHED_SEEDS,
        lambda path: seeds.to_csv(path, index=False, lineterminator="\n"),
    )


def _check(outcomes: list[Outcome]) -> None:
    failed = [f"{o.name}: {o.message}" for o in outcomes if o.message]
    if failed:
        raise PublishingError("nothing was published; " + "; ".join(failed))


def _row(results: dict) -> dict[str, object]:
    f1 = [digit["f1"] for digit in results["per_class"].values()]
    return {
        "notebook": results["notebook"],
        "seed": results["seed"],
        "accuracy": results["metrics"]["accuracy"],
        "macro_f1": results["metrics"]["macro_f1"],
        "lowest_class_f1": min(f1),
        "best_validation_accuracy": results["metrics"]["best_validation_accuracy"],
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


def _replace_figures(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    new = {path.name for path in source.glob("*.png")}
    for path in target.glob("[0-9][0-9]_*.png"):
        if path.name not in new:
            path.unlink()
    for name in sorted(new):
        write_whole(
            target / name, lambda path, name=name: shutil.copyfile(source / name, path)
        )


def results_table(seeds: pd.DataFrame, outcomes: list[Outcome]) -> str:
    """Write the README's table: what is asked, what ten seeds gave, how long it took.

    Parameters
    ----------
    seeds : DataFrame
        One row a notebook and seed, with ``notebook``, ``accuracy``, ``macro_f1`` and
        ``lowest_class_f1``, of the test set.
    outcomes : list of Outcome
        Of the run at the defaults, for the seconds.

    Returns
    -------
    str
        A Markdown table.
    """
    lines = [
        "| network | the assignment asks | test accuracy | macro-F1 "
        "| lowest class F1 | notebook | run time |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        rows = seeds[seeds.notebook == outcome.name]
        name = outcome.results["model"]["name"]
        lines.append(
            f"| {NETWORKS.get(name, name)} "
            f"| {_asked(outcome.results['claims'])} "
            f"| {_spread(rows.accuracy, 4)} "
            f"| {_spread(rows.macro_f1, 4)} "
            f"| {_spread(rows.lowest_class_f1, 3)} "
            f"| [{outcome.name}](notebooks/{outcome.name}.ipynb) "
            f"| {outcome.seconds:.0f} s |"
        )
    return "\n".join(lines)


def _asked(claims: list[dict]) -> str:
    return ", ".join(
        f"{claim['metric'].removeprefix('test ')} {claim['assignment']}"
        for claim in claims
    )


def _spread(values: pd.Series, digits: int) -> str:
    return (
        f"**{values.median():.{digits}f}** "
        f"({values.min():.{digits}f} to {values.max():.{digits}f})"
    )


def _find_table(readme: Path) -> tuple[str, str]:
    """Split the README into what comes before the results table, and after."""
    text = readme.read_text(encoding="utf-8")
    head, start, rest = text.partition(TABLE_START)
    _table, end, tail = rest.partition(TABLE_END)
    if not (start and end):
        raise PublishingError(
            f"{readme}: the lines {TABLE_START!r} and {TABLE_END!r} are missing; "
            "the results table goes between them"
        )
    return head + start, end + tail
