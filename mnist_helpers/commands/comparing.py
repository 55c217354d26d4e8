"""Compare two runs: which metrics differ beyond tolerance, and what else differed.

The same seed, parameters, versions and processor give the same metrics to the bit. On
another processor roundings differ, training amplifies them, and the outcome is as far
away as that of another seed may be. So the tolerance of a metric is how far apart two
seeds can be: its range over seeds, at the default parameters on MNIST, rounded up.
"""

from pathlib import Path

import pandas as pd
from rich.console import Console

from mnist_helpers.commands.console import new_table
from mnist_helpers.errors import CourseError
from mnist_helpers.results.published import PUBLISHED_TOLERANCES
from mnist_helpers.results.schema import DIGITS, METRICS, read_run

# Accuracy, macro-F1 and validation accuracy: the ranges of published/seeds.csv. It has
# no loss, and no class but the lowest. So the ranges of the loss and of each class's F1
# were measured apart from it: small MLP (0.047, and up to 0.044) and softmax regression
# (0.018, 0.043) at ten seeds, wide MLP (0.004, 0.010) at five, CNN (0.002, 0.004) at
# three. Fewer seeds show less than ten would: there, more is added.
TOLERANCES = pd.read_csv(PUBLISHED_TOLERANCES, index_col="notebook").to_dict("index")

# Sections of the results that may explain a difference.
SECTIONS = ("seed", "dataset", "parameters", "model", "training", "environment")


def compare_runs(first: Path, second: Path, console: Console) -> bool:
    """Print what differs between two runs, each an output folder or a results file.

    Returns whether every metric is within tolerance. Raises `CourseError` if no
    notebook has metrics in both.
    """
    paths = {"A": first, "B": second}
    runs = {letter: read_run(path) for letter, path in paths.items()}
    trained = {
        letter: [name for name, results in run.items() if "metrics" in results]
        for letter, run in runs.items()
    }
    common = [name for name in trained["A"] if name in trained["B"]]
    if not common:
        raise CourseError(
            f"no notebook has metrics in both runs: {', '.join(runs['A'])} in A, "
            f"{', '.join(runs['B'])} in B"
        )
    for letter, run in runs.items():
        rest = [name for name in run if name not in common]
        left_out = f"; not compared: {', '.join(rest)}" if rest else ""
        console.print(f"{letter}: {paths[letter]}{left_out}")
    agreeing = [_print_notebook(name, runs, console) for name in common]
    return all(agreeing)


def _print_notebook(name: str, runs: dict[str, dict], console: Console) -> bool:
    metrics = compare_metrics(runs["A"][name], runs["B"][name])
    beyond = metrics[metrics.apart > metrics.tolerance]
    verdict = f"{len(beyond)} of {len(metrics)} metrics differ beyond tolerance"
    console.print(f"\n{name}: {verdict}")
    _print_table("metric", beyond.map("{:.4g}".format), console)
    _print_table(
        "what else differed",
        compare_circumstances(runs["A"][name], runs["B"][name]),
        console,
    )
    return beyond.empty


def compare_metrics(first: dict, second: dict) -> pd.DataFrame:
    """Tabulate metrics: value in ``A``, in ``B``, how far ``apart``, ``tolerance``.

    A notebook that `TOLERANCES` does not list has a tolerance of 0.
    """
    table = pd.DataFrame({"A": _metrics(first), "B": _metrics(second)})
    tolerances = TOLERANCES.get(first["notebook"], {})
    # Rounded because in binary 0.93 - 0.92 is above 0.01.
    apart = (table.A - table.B).abs().round(9)
    kinds = [name if name in METRICS else "class_f1" for name in table.index]
    return table.assign(
        apart=apart, tolerance=[tolerances.get(kind, 0.0) for kind in kinds]
    )


def _metrics(results: dict) -> pd.Series:
    of_classes = {
        f"F1 of {digit}": results["per_class"][digit]["f1"] for digit in DIGITS
    }
    return pd.Series({name: results["metrics"][name] for name in METRICS} | of_classes)


def compare_circumstances(first: dict, second: dict) -> pd.DataFrame:
    """Tabulate what else differs, such as a version, as text in ``A`` and ``B``."""
    table = pd.DataFrame({"A": _circumstances(first), "B": _circumstances(second)})
    # The seed stands for itself already; no two runs take the same time.
    table = table.drop(["parameters SEED", "training seconds"], errors="ignore")
    return table.fillna("(none)")[table.A != table.B]


def _circumstances(results: dict) -> pd.Series:
    sections = {name: results[name] for name in SECTIONS}
    return pd.json_normalize(sections, sep=" ").iloc[0].map(str)


def _print_table(heading: str, rows: pd.DataFrame, console: Console) -> None:
    if not rows.empty:
        table = new_table(heading, *rows.columns)
        for row in rows.itertuples():
            table.add_row(*row)
        console.print(table)
