"""What a sweep shows in the end: a table of its points, and a figure."""

from functools import partial
from pathlib import Path

import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnist_helpers.commands.sweep_grid import Point
from mnist_helpers.environment.files import write_whole
from mnist_helpers.plotting import set_style
from mnist_helpers.plotting.style import as_png
from mnist_helpers.results.schema import read_results

VALIDATION = "best_validation_accuracy"
# It changes nothing but chance, so that the figure shows the range over its values.
SEED = "SEED"


def write_report(
    points: list[Point], grid: dict[str, list], title: str, output: Path
) -> None:
    """Write ``sweep.csv`` and, if validation accuracy was measured, ``sweep.png``.

    Test accuracy is in the table only, as it is not what to choose by.
    """
    table = pd.DataFrame(map(_row, points))
    write_whole(output / "sweep.csv", partial(table.to_csv, index=False))
    if VALIDATION in table:
        figure = draw_sweep(table.dropna(subset=VALIDATION), grid, title)
        png = as_png(figure)
        write_whole(output / "sweep.png", lambda path: path.write_bytes(png))


def _row(point: Point) -> dict[str, object]:
    if not point.folder.exists():
        return point.parameters | {"message": point.message}
    [path] = (point.folder / "results").iterdir()
    results = read_results(path)
    environment = results["environment"]
    return {
        **results["parameters"],
        **results.get("metrics", {}),
        "model_parameters": results.get("model", {}).get("parameters"),
        "training_seconds": results.get("training", {}).get("seconds"),
        "dataset_digest": results["dataset"]["digest"],
        "processor": environment["processor"],
        "tensorflow": environment["versions"].get("tensorflow"),
        "point": point.folder.name,
    }


def draw_sweep(table: pd.DataFrame, grid: dict[str, list], title: str) -> Figure:
    """Draw validation accuracy against the first parameter, a line per second one."""
    swept = [name for name, values in grid.items() if len(values) > 1 and name != SEED]
    x, hue = [*(swept or grid), None][:2]
    set_style()
    figure = Figure(figsize=(7, 4), dpi=150, layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots()
    seaborn.lineplot(
        # As text, values are equally far apart: widths are often 8, 64, 512.
        table.sort_values(list(grid)).astype(dict.fromkeys(grid, str)),
        x=x,
        y=VALIDATION,
        hue=hue,
        style=hue,
        markers=True,
        marker="o",
        dashes=False,
        errorbar=("pi", 100),  # the range
        ax=axes,
    )
    axes.set_ylabel("best validation accuracy: mean and range")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
    if hue:
        seaborn.move_legend(axes, "center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure
