"""The table of a sweep."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from made_up_results import changed

from mnist_helpers.commands.sweep import write_table
from mnist_helpers.commands.sweep_grid import Point

GRID = {"SEED": [1, 2, 3], "UNITS": [8, 128, 1024], "RATE": [0.01, 0.1]}


@pytest.fixture
def points(tmp_path):
    """The points of the grid, all but the last of them finished."""
    generator = np.random.default_rng(0)
    points = []
    for number, values in enumerate(itertools.product(*GRID.values())):
        parameters = dict(zip(GRID, values, strict=True))
        points.append(Point(parameters, tmp_path / "points" / f"{number}"))
        results = changed("parameters", parameters | {"EPOCHS": 1})
        accuracy = float(generator.uniform(0.5, 1))
        results["metrics"]["best_validation_accuracy"] = accuracy
        file = points[-1].folder / "results" / "03_a.json"
        if number < 17:
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(results))
    points[-1].message = "it broke"
    return points


def test_the_table_has_a_row_per_point(points, tmp_path):
    write_table(points, tmp_path)
    table = pd.read_csv(tmp_path / "sweep.csv")
    assert list(table.UNITS) == [point.parameters["UNITS"] for point in points]
    assert list(table.message.dropna()) == ["it broke"]
    finished = table[table.message.isna()]
    assert len(finished) == 17
    assert set(finished.EPOCHS) == {1}
    assert set(finished.model_parameters) == {225_034}


def test_a_sweep_that_did_not_run_has_a_table_too(tmp_path):
    write_table([Point({"SEED": 1}, tmp_path / "points" / "a")], tmp_path)
    assert list(pd.read_csv(tmp_path / "sweep.csv").message) == ["not run"]
