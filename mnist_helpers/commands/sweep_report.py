"""The table of a sweep: a row per point."""

from functools import partial
from pathlib import Path

import pandas as pd

from mnist_helpers.commands.sweep_grid import Point
from mnist_helpers.environment.files import write_whole
from mnist_helpers.results.schema import read_results


def write_report(points: list[Point], output: Path) -> None:
    """Write ``sweep.csv``."""
    table = pd.DataFrame(map(_row, points))
    write_whole(output / "sweep.csv", partial(table.to_csv, index=False))


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
