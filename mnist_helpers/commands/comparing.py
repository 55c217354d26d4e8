"""Compare two runs: which metrics differ beyond tolerance, and what else differed.

The same seed, parameters, versions and processor give the same metrics to the bit. On
another processor roundings differ, training amplifies them, and the outcome is as far
away as that of another seed may be. So the tolerance of a metric is how far apart two
seeds can be: its range over seeds, at the default parameters on MNIST, rounded up.
"""

import re
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from mnist_helpers.errors import CourseError
from mnist_helpers.results.schema import DIGITS, METRICS

# Accuracy, macro-F1 and validation accuracy: the ranges of published/seeds.csv. It has
# no loss, and no class but the lowest. So the ranges of the loss and of each class's F1
# were measured apart from it: small MLP (0.047, and up to 0.044) and softmax regression
# (0.018, 0.043) at ten seeds, wide MLP (0.004, 0.010) at five, CNN (0.002, 0.004) at
# three. Fewer seeds show less than ten would: there, more is added.
TOLERANCES = {
    "01_loading": {
        "accuracy": 0.01,
        "macro_f1": 0.01,
        "loss": 0.02,
        "best_validation_accuracy": 0.015,
        "class_f1": 0.05,
    },
    "02_small_mlp": {
        "accuracy": 0.015,
        "macro_f1": 0.015,
        "loss": 0.05,
        "best_validation_accuracy": 0.015,
        "class_f1": 0.05,
    },
    "03_wide_mlp": {
        "accuracy": 0.003,
        "macro_f1": 0.003,
        "loss": 0.008,
        "best_validation_accuracy": 0.006,
        "class_f1": 0.015,
    },
    "04_cnn": {
        "accuracy": 0.002,
        "macro_f1": 0.002,
        "loss": 0.005,
        "best_validation_accuracy": 0.003,
        "class_f1": 0.008,
    },
}

ABSENT = "(none)"
# What may explain a difference.
SECTIONS = ("dataset", "parameters", "model", "training", "environment")


@dataclass(frozen=True)
class Metric:
    """A metric of one notebook in two runs."""

    name: str
    first: float
    second: float
    tolerance: float

    @property
    def apart(self) -> float:
        """How far the runs are apart, rounded: in binary, 0.93 - 0.92 is above 0.01."""
        return round(abs(self.first - self.second), 9)

    @property
    def agrees(self) -> bool:
        """Whether the runs are within the tolerance."""
        return self.apart <= self.tolerance


@dataclass(frozen=True)
class Circumstance:
    """Something else that a run records, such as a version, in two runs."""

    name: str
    first: object
    second: object


@dataclass(frozen=True)
class Comparison:
    """One notebook in two runs: all its metrics, and all else that is recorded."""

    notebook: str
    metrics: list[Metric]
    circumstances: list[Circumstance]


def compare_runs(first: dict[str, dict], second: dict[str, dict]) -> list[Comparison]:
    """Compare the notebooks that have trained a network in both runs.

    The metrics of a notebook that `TOLERANCES` does not know have to be equal.

    Parameters
    ----------
    first, second : dict
        Notebook to its results, as `read_run` returns them.

    Returns
    -------
    list of Comparison
        One a notebook, in the order of the first run.

    Raises
    ------
    CourseError
        If no notebook has metrics in both runs.
    """
    common = [
        notebook
        for notebook in first
        if all("metrics" in run.get(notebook, {}) for run in (first, second))
    ]
    if not common:
        raise CourseError(
            f"no notebook with metrics in both runs: {', '.join(first)} in the first, "
            f"{', '.join(second)} in the second; expected two runs of the same one"
        )
    return [
        Comparison(
            notebook,
            _compare_metrics(first[notebook], second[notebook]),
            _compare_circumstances(first[notebook], second[notebook]),
        )
        for notebook in common
    ]


def _compare_metrics(first: dict, second: dict) -> list[Metric]:
    tolerances = TOLERANCES.get(first["notebook"], {})
    metrics = [
        (name, name, first["metrics"][name], second["metrics"][name])
        for name in METRICS
    ]
    classes = [
        (
            f"F1 of {digit}",
            "class_f1",
            first["per_class"][digit]["f1"],
            second["per_class"][digit]["f1"],
        )
        for digit in DIGITS
    ]
    return [
        Metric(name, old, new, tolerances.get(kind, 0.0))
        for name, kind, old, new in metrics + classes
    ]


def _compare_circumstances(first: dict, second: dict) -> list[Circumstance]:
    old, new = _circumstances(first), _circumstances(second)
    return [
        Circumstance(name, old.get(name, ABSENT), new.get(name, ABSENT))
        for name in old | new
    ]


def _circumstances(results: dict) -> dict[str, object]:
    found = {"seed": results.get("seed", ABSENT)}
    for section in SECTIONS:
        found |= _flatten(section, results[section])
    # It is the seed again; and no two runs take the same time.
    for name in ("parameters SEED", "training seconds"):
        found.pop(name, None)
    return found


def _flatten(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        return {name: value}
    flat = {}
    for inner, each in value.items():
        flat |= _flatten(f"{name} {inner}", each)
    return flat


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print what differs in tables, and what does not in a line each.

    Parameters
    ----------
    comparison : Comparison
        Of one notebook.
    console : Console
        Where it goes.
    """
    metrics = comparison.metrics
    differing = [metric for metric in metrics if not metric.agrees]
    moved = [metric for metric in metrics if metric.agrees and metric.apart]
    equal = [metric for metric in metrics if not metric.apart]
    verdict = f"{len(differing)} of {len(metrics)} metrics differ beyond tolerance"
    if not differing:
        verdict = f"all {len(metrics)} metrics {'agree' if moved else 'are equal'}"
    console.print(f"\n{comparison.notebook}: {verdict}", highlight=False)
    if differing:
        console.print(_metrics_table(differing))
    if moved:
        moves = ", ".join(f"{m.name} by {m.apart:.2g}" for m in moved)
        console.print(f"within tolerance: {moves}", highlight=False)
    if equal and len(equal) < len(metrics):
        names = ", ".join(metric.name for metric in equal)
        console.print(f"equal: {names}", highlight=False)
    changed = [c for c in comparison.circumstances if c.first != c.second]
    if changed:
        console.print(_circumstances_table(changed))
    same = len(comparison.circumstances) - len(changed)
    console.print(
        f"what else is recorded: {len(changed)} differ, {same} are equal",
        highlight=False,
    )


def _metrics_table(metrics: list[Metric]) -> Table:
    table = Table("metric", "A", "B", "apart", "tolerance")
    for metric in metrics:
        table.add_row(
            metric.name,
            f"{metric.first:.4f}",
            f"{metric.second:.4f}",
            f"{metric.apart:.2g}",
            f"{metric.tolerance:g}",
        )
    return table


def _circumstances_table(circumstances: list[Circumstance]) -> Table:
    table = Table("what else differed", "A", "B")
    for circumstance in circumstances:
        table.add_row(
            circumstance.name, _text(circumstance.first), _text(circumstance.second)
        )
    return table


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # Of a digest or a commit, the beginning tells it from any other.
    return text[:12] if re.fullmatch("[0-9a-f]{40,}", text) else text
