"""What a sweep leaves beside its points: tables, figures, and a page of them."""

import io
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mnist_helpers.commands.documents import (
    Document,
    data_table,
    facts_table,
    make_html,
    read_figure,
    read_markdown,
)
from mnist_helpers.commands.evidence import ShownFigure
from mnist_helpers.commands.sweeping.grids import describe_point
from mnist_helpers.commands.sweeping.sweep import Point
from mnist_helpers.commands.sweeping.tables import (
    SEED,
    average_others,
    metrics_of,
    points_table,
    summarise,
)
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.files import write_whole
from mnist_helpers.plotting import set_style
from mnist_helpers.plotting.sweeps import sweep_heat_map, sweep_line

FIGURE_DPI = 110
# What is drawn, and how it is called. The first is what to choose by.
DRAWN = {
    "best_validation_accuracy": "validation accuracy",
    "accuracy": "test accuracy",
}
CHOOSING = (
    "Choose by validation accuracy. Test accuracy is for the network that was chosen: "
    "the best of many test accuracies is better than what new images would give. "
    "A band around a line is the 95 % interval of its means."
)
# A page of more groups is not read; the table has them all.
MOST_ROWS = 500


def write_report(
    notebook: str,
    grids: dict[str, list],
    points: list[Point],
    dataset: Dataset,
    output: Path,
) -> None:
    """Write a sweep's tables, figures and page.

    Parameters
    ----------
    notebook : str
        Its file name without its ending.
    grids : dict
        Parameter to the values that were asked for.
    points : list of Point
        Of all of them.
    dataset : Dataset
        What they were run on.
    output : Path
        The folder: it gets ``sweep.csv``, ``summary.csv``, ``sweep.html`` and
        ``figures/sweep_*.png``.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    table = points_table(points)
    metrics = metrics_of(points)
    swept = [name for name, values in grids.items() if len(values) > 1]
    groups = [name for name in swept if name != SEED]
    summary = summarise(table, groups, metrics)
    _write_csv(table, output / "sweep.csv")
    _write_csv(summary, output / "summary.csv")
    shown = []
    # A sweep over seeds alone shows these.
    drawn = _figures(notebook, table, groups or swept, metrics, dataset)
    for number, (name, figure, alt) in enumerate(drawn, start=1):
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=FIGURE_DPI)
        png = stream.getvalue()
        write_whole(
            output / "figures" / f"{name}.png",
            lambda path, png=png: path.write_bytes(png),
        )
        shown.append(ShownFigure(name, str(number), alt, "", png))
    _remove_other_figures(output / "figures", {name for name, *_ in drawn})
    page = make_html(
        _document(notebook, grids, points, dataset, metrics, summary, shown)
    )
    write_whole(output / "sweep.html", lambda path: path.write_bytes(page))


def _remove_other_figures(folder: Path, names: set[str]) -> None:
    """Remove those of other grids, which the sweep before this one has drawn."""
    for path in folder.glob("sweep_*.png"):
        if path.stem not in names:
            path.unlink()


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_whole(path, lambda file: table.to_csv(file, index=False, lineterminator="\n"))


def _figures(
    notebook: str,
    table: pd.DataFrame,
    groups: list[str],
    metrics: list[str],
    dataset: Dataset,
) -> list[tuple[str, Figure, str]]:
    """Draw a line for each parameter, or a heat map for two: name, figure, alt text."""
    drawn = [metric for metric in DRAWN if metric in metrics]
    if not drawn:
        return []
    set_style()
    title = notebook if dataset.is_mnist else f"{dataset.name}, not MNIST\n{notebook}"
    if len(groups) == 2:
        metric = drawn[0]
        summary = summarise(table, groups, [metric])
        means = summary.pivot(index=groups[0], columns=groups[1], values="mean")
        best = summary.loc[summary["mean"].idxmax()]
        at = describe_point({name: best[name] for name in groups})
        figure = sweep_heat_map(means, DRAWN[metric], title)
        alt = (
            f"Mean {DRAWN[metric]} by {groups[0]} and {groups[1]}, highest at {at}: "
            f"{best['mean']:.4f}."
        )
        return [(f"sweep_{'_'.join(groups).lower()}", figure, alt)]
    figures = []
    for name in groups:
        alone = average_others(table, name, drawn)
        summary = summarise(alone, [name], drawn).rename(columns={name: "value"})
        of_first = summary[summary.metric == drawn[0]]
        best = of_first.loc[of_first["mean"].idxmax()]
        summary["metric"] = summary.metric.map(DRAWN)
        figure = sweep_line(summary, name, title)
        alt = (
            f"Mean {' and '.join(DRAWN[metric] for metric in drawn)} by {name}, with "
            f"their intervals. {DRAWN[drawn[0]].capitalize()} is highest at "
            f"{best.value}: {best['mean']:.4f}."
        )
        figures.append((f"sweep_{name.lower()}", figure, alt))
    return figures


def _document(
    notebook: str,
    grids: dict[str, list],
    points: list[Point],
    dataset: Dataset,
    metrics: list[str],
    summary: pd.DataFrame,
    shown: list[ShownFigure],
) -> Document:
    finished = sum(point.results is not None for point in points)
    facts = {
        "notebook": notebook,
        "data": dataset.name,
        "points": f"{finished:,} of {len(points):,} finished",
    } | {name: ", ".join(map(str, values)) for name, values in grids.items()}
    body = []
    if shown:
        body += read_markdown(f"## Figures\n\n{CHOOSING}")
        body += [read_figure(each) for each in shown]
    if metrics and len(summary):
        averaged = "the seeds" if len(grids.get(SEED, [])) > 1 else "a group's points"
        body += read_markdown(
            f"## Summary\n\nThe mean of {averaged}, their standard deviation, and the "
            "95 % interval of the mean by Student's t. `summary.csv` has all rows, "
            "`sweep.csv` has every point."
        )
        body.append(data_table(_rounded(summary.head(MOST_ROWS))))
    if failed := [point for point in points if point.results is None]:
        body += read_markdown("## Not finished")
        body.append(
            facts_table(
                {
                    describe_point(point.parameters): point.message or "not run"
                    for point in failed[:MOST_ROWS]
                }
            )
        )
    return Document(f"Sweep of {notebook}", [facts_table(facts)], body, shown)


def _rounded(summary: pd.DataFrame) -> pd.DataFrame:
    numbers = {
        name: summary[name].map(lambda value: "" if value != value else f"{value:.4f}")
        for name in ("mean", "sd", "low", "high")
    }
    return summary.assign(**numbers)
