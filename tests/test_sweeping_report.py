"""A sweep's tables, figures and page."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_results import RESULTS
from scipy import stats

from mnist_helpers.commands.sweeping.report import write_report
from mnist_helpers.commands.sweeping.sweep import Point
from mnist_helpers.commands.sweeping.tables import (
    average_others,
    metrics_of,
    points_table,
    summarise,
)
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.errors import ExitCode

DATASET = Dataset("MNIST", *[np.zeros(1)] * 4, "", "", "digest")


def make_point(accuracy: float, **parameters: object) -> Point:
    results = RESULTS | {
        "parameters": parameters | {"EPOCHS": 1},
        "metrics": {"accuracy": accuracy, "best_validation_accuracy": accuracy - 0.01},
    }
    name = "-".join(map(str, parameters.values()))
    return Point(name, parameters, ExitCode.COMPLETED, results=results)


@pytest.fixture(scope="module")
def points():
    generator = np.random.default_rng(0)
    return [
        make_point(float(generator.uniform(0.5, 1)), UNITS=units, SEED=seed)
        for units in (8, 128)
        for seed in range(7)
    ]


def test_mean_deviation_and_interval_are_those_of_pandas_and_scipy(points):
    table = points_table(points)
    summary = summarise(table, ["UNITS"], ["accuracy"]).set_index("UNITS")
    reference = table.groupby("UNITS").accuracy.agg(["count", "mean", "std"])
    for units, values in table.groupby("UNITS").accuracy:
        row = summary.loc[units]
        assert row.points == reference["count"][units] == 7
        assert row["mean"] == pytest.approx(reference["mean"][units], rel=1e-12)
        assert row.sd == pytest.approx(reference["std"][units], rel=1e-12)
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx((low, high), rel=1e-12)


def test_a_single_point_has_a_mean_and_nothing_else():
    summary = summarise(
        points_table([make_point(0.5, UNITS=1)]), ["UNITS"], ["accuracy"]
    )
    [row] = summary.to_dict("records")
    assert row["mean"] == 0.5
    assert all(math.isnan(row[name]) for name in ("sd", "low", "high"))


def test_what_another_parameter_changes_is_no_chance():
    # Of each seed, the mean over RATE: 0.6, 0.62 and 0.64 for 8 units.
    table = points_table(
        [
            make_point(units / 80 + rate + seed / 50, UNITS=units, RATE=rate, SEED=seed)
            for units in (8, 16)
            for rate in (0.3, 0.5, 0.7)
            for seed in (0, 1, 2)
        ]
    )
    alone = average_others(table, "UNITS", ["accuracy"])
    summary = summarise(alone, ["UNITS"], ["accuracy"]).set_index("UNITS")
    low, high = stats.ttest_1samp([0.6, 0.62, 0.64], 0).confidence_interval(0.95)
    row = summary.loc[8]
    assert (row["mean"], row.low, row.high) == pytest.approx((0.62, low, high))
    # Seeds by themselves, averaged over all else.
    of_seeds = average_others(table, "SEED", ["accuracy"])
    assert of_seeds.accuracy.tolist() == pytest.approx([0.65, 0.67, 0.69])


def test_equal_points_have_an_interval_of_no_width():
    points = [make_point(0.5, SEED=seed) for seed in range(3)]
    [row] = summarise(points_table(points), [], ["accuracy"]).to_dict("records")
    assert (row["sd"], row["low"], row["high"]) == (0, 0.5, 0.5)


def test_points_without_results_are_not_in_the_table(points):
    failed = Point("failed", {"UNITS": 1, "SEED": 0}, ExitCode.NOTEBOOK_FAILED, "why")
    assert len(points_table([*points, failed])) == len(points)
    assert metrics_of([failed, *points]) == ["accuracy", "best_validation_accuracy"]


def report(points: list[Point], folder: Path) -> str:
    names = points[0].parameters
    grids = {
        name: list(dict.fromkeys(point.parameters[name] for point in points))
        for name in names
    }
    write_report("03_a", grids, points, DATASET, folder)
    return (folder / "sweep.html").read_text(encoding="utf-8")


def test_a_report_of_one_parameter_has_a_line(points, tmp_path):
    page = report(points, tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == [
        "sweep_units.png"
    ]
    table = pd.read_csv(tmp_path / "sweep.csv")
    pd.testing.assert_frame_equal(table, points_table(points))
    assert list(table.SEED) == [*range(7)] * 2
    summary = pd.read_csv(tmp_path / "summary.csv")
    mean = summary.query("UNITS == 8 and metric == 'accuracy'")["mean"].item()
    assert f"{mean:.4f}" in page
    assert "Choose by validation accuracy" in page
    assert 'alt="Mean validation accuracy and test accuracy by UNITS' in page
    assert "14 of 14 finished" in page
    assert "http" not in page.partition("</style>")[2]


def test_a_report_of_two_parameters_has_a_heat_map(tmp_path):
    points = [
        make_point(0.5 + units / 100 + rate, UNITS=units, RATE=rate, SEED=seed)
        for units in (4, 8, 16)
        for rate in (0.1, 0.2)
        for seed in (1, 2)
    ]
    page = report(points, tmp_path)
    assert (tmp_path / "figures" / "sweep_units_rate.png").exists()
    assert "highest at UNITS=16 RATE=0.2: 0.8500" in page


def test_a_report_of_three_parameters_has_a_line_for_each(tmp_path):
    points = [
        make_point(0.9, UNITS=units, SLOW=slow, LABEL=label)
        for units in (4, 8)
        for slow in (True, False)
        for label in ("a", "$b")
    ]
    report(points, tmp_path)
    assert len(list((tmp_path / "figures").iterdir())) == 3


def test_a_report_of_seeds_alone_has_a_line_and_no_figure_of_another_grid(tmp_path):
    report([make_point(0.9, UNITS=units) for units in (4, 8)], tmp_path)
    page = report([make_point(0.9, SEED=seed) for seed in (1, 2)], tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == [
        "sweep_seed.png"
    ]
    assert "by SEED" in page


def test_what_a_parameter_holds_is_text_in_the_page(tmp_path):
    label = "<script>alert(1)</script>|`*"
    points = [make_point(0.9, LABEL=label), make_point(0.8, LABEL="$x")]
    points.append(Point("b", {"LABEL": "<b>"}, ExitCode.NOTEBOOK_FAILED, "<img src=x>"))
    page = report(points, tmp_path)
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;|`*" in page
    assert "2 of 3 finished" in page


def test_nothing_finished_still_makes_a_report(tmp_path):
    points = [Point(f"{units}", {"UNITS": units}, None) for units in (1, 2)]
    page = report(points, tmp_path)
    assert "0 of 2 finished" in page
    assert "not run" in page
