"""What a sweep shows: the table, and the figure of validation accuracy."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from made_up_results import changed

from mnist_helpers.commands.sweep_grid import Point
from mnist_helpers.commands.sweep_report import draw_sweep, write_report

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
    write_report(points, GRID, "a title", tmp_path)
    table = pd.read_csv(tmp_path / "sweep.csv")
    assert list(table.UNITS) == [point.parameters["UNITS"] for point in points]
    assert list(table.message.dropna()) == ["it broke"]
    finished = table[table.message.isna()]
    assert len(finished) == 17
    assert set(finished.EPOCHS) == {1}
    assert set(finished.model_parameters) == {225_034}
    assert (tmp_path / "sweep.png").stat().st_size > 10_000


def test_the_figure_shows_means_and_ranges_over_the_seeds(points, tmp_path):
    write_report(points, GRID, "a title", tmp_path)
    table = pd.read_csv(tmp_path / "sweep.csv").dropna(subset="accuracy")
    figure = draw_sweep(table, GRID, "a title")
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_legend().get_texts()] == [
        *("0.01", "0.1")
    ]
    groups = table.groupby(["RATE", "UNITS"]).best_validation_accuracy
    drawn = [line for line in axes.lines if len(line.get_xdata())]
    for line, band, rate in zip(drawn, axes.collections, GRID["RATE"], strict=True):
        assert line.get_ydata() == pytest.approx(groups.mean()[rate].to_numpy())
        box = band.get_paths()[0].get_extents()
        assert box.y0 == pytest.approx(groups.min()[rate].min())
        assert box.y1 == pytest.approx(groups.max()[rate].max())
    figure.canvas.draw()
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert [label for label in labels if label] == ["8", "128", "1024"]


def test_without_validation_accuracy_there_is_no_figure(tmp_path):
    points = [Point({"SEED": 1}, tmp_path / "points" / "a")]
    write_report(points, {"SEED": [1]}, "a title", tmp_path)
    assert list(pd.read_csv(tmp_path / "sweep.csv").message) == ["not run"]
    assert not (tmp_path / "sweep.png").exists()
