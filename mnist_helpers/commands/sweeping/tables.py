"""The tables of a sweep: a row a point, and a row a group of points."""

import math

import numpy as np
import pandas as pd
from scipy.stats import t

from mnist_helpers.commands.sweeping.sweep import Point
from mnist_helpers.evaluation.intervals import CONFIDENCE

# The parameter over which points are averaged: it changes nothing but chance.
SEED = "SEED"


def points_table(points: list[Point]) -> pd.DataFrame:
    """Lay out what the finished points measured.

    Parameters
    ----------
    points : list of Point
        Those without results are left out.

    Returns
    -------
    DataFrame
        A row a point: ``point``, the name of its folder; all of the notebook's
        parameters, in upper case; its metrics; ``model_parameters``,
        ``training_seconds``, and where it was measured.
    """
    return pd.DataFrame([_row(point) for point in points if point.results])


def _row(point: Point) -> dict[str, object]:
    results = point.results
    environment = results["environment"]
    return {
        "point": point.name,
        **results["parameters"],
        **results.get("metrics", {}),
        "model_parameters": results.get("model", {}).get("parameters"),
        "training_seconds": results.get("training", {}).get("seconds"),
        "dataset_digest": results["dataset"]["digest"],
        "processor": environment["processor"],
        "tensorflow": environment["versions"].get("tensorflow"),
    }


def metrics_of(points: list[Point]) -> list[str]:
    """Name what the points measured, in the order of their results files."""
    names = {}
    for point in points:
        names |= (point.results or {}).get("metrics", {})
    return list(names)


def average_others(table: pd.DataFrame, name: str, metrics: list[str]) -> pd.DataFrame:
    """Average over what else is swept, so that only chance is left to differ.

    Parameters
    ----------
    table : DataFrame
        Of `points_table`.
    name : str
        A parameter.
    metrics : list of str
        The columns to average.

    Returns
    -------
    DataFrame
        A row a value of the parameter and seed, with the means of the metrics.
    """
    kept = [each for each in dict.fromkeys([name, SEED]) if each in table]
    return table.groupby(kept, sort=False)[metrics].mean().reset_index()


def summarise(table: pd.DataFrame, by: list[str], metrics: list[str]) -> pd.DataFrame:
    """Average the points of each group, such as the seeds of one width.

    Parameters
    ----------
    table : DataFrame
        Of `points_table`.
    by : list of str
        The parameters whose values make a group; none makes one group of all.
    metrics : list of str
        The columns to average.

    Returns
    -------
    DataFrame
        A row a group and metric: the group's parameters, ``metric``, ``points``,
        ``mean``, ``sd`` (the standard deviation of a sample), and the ends ``low``
        and ``high`` of the mean's 95 % interval by Student's t. Of a single point,
        the last three are NaN.
    """
    columns = [*by, "metric", "points", "mean", "sd", "low", "high"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    rows = []
    groups = table.groupby(by, sort=False) if by else [((), table)]
    for values, group in groups:
        for metric in metrics:
            numbers = group[metric].dropna().to_numpy(float)
            rows.append(
                dict(zip(by, values, strict=True))
                | {"metric": metric, "points": len(numbers)}
                | _spread(numbers)
            )
    return pd.DataFrame(rows, columns=columns)


def _spread(numbers: np.ndarray) -> dict[str, float]:
    count = len(numbers)
    mean = float(numbers.mean()) if count else math.nan
    if count < 2:
        return {"mean": mean, "sd": math.nan, "low": math.nan, "high": math.nan}
    sd = float(numbers.std(ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * sd / math.sqrt(count)
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half}
