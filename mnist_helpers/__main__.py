"""The command line of the course: ``python -m mnist_helpers``."""

import argparse
import os
import sys
from pathlib import Path

import papermill
from rich.console import Console
from rich.table import Table

from mnist_helpers.claims import VERDICTS
from mnist_helpers.comparing import compare_runs, print_comparison
from mnist_helpers.data import DATA_VARIABLE, STAND_IN, DataError, Dataset, load_mnist
from mnist_helpers.execution import (
    ArgumentError,
    Outcome,
    assign_parameters,
    find_notebooks,
    run_notebooks,
)
from mnist_helpers.folders import project_root
from mnist_helpers.parameters import RANGES, ParameterError
from mnist_helpers.publishing import PublishingError, publish
from mnist_helpers.results import ResultsError, read_run

FAILED = 1
DIFFERENT = 1
BAD_INPUT = 2
CLAIM_NOT_MET = 3
DATA_UNUSABLE = 4

NOTEBOOKS = "number, name or path of a notebook; all four if none is named"


def run_command(options: argparse.Namespace) -> int:
    """Execute notebooks and say how each ended."""
    if options.jobs < 1:
        raise ArgumentError(f"--jobs: got {options.jobs}, expected at least 1")
    notebooks = find_notebooks(project_root() / "notebooks", options.notebooks)
    assigned = assign_parameters(notebooks, dict(options.parameter))
    console = Console()
    dataset = prepare_data()
    print(f"{dataset.name} from {dataset.source}")
    outcomes = run_notebooks(assigned, options.output, options.jobs, console)
    console.print(summary_table(outcomes))
    for outcome in outcomes:
        if outcome.error:
            print(f"{outcome.name} failed: {outcome.error}", file=sys.stderr)
            partial = options.output / "notebooks" / f"{outcome.name}.failed.ipynb"
            print(f"how far it came: {partial}", file=sys.stderr)
    print(f"written to {options.output}")
    if not dataset.is_mnist:
        print(f"{dataset.name}, not MNIST: no claim about MNIST was checked.")
    return exit_code(outcomes)


def prepare_data() -> Dataset:
    """Load the data once, before any kernel starts and would try the same sources."""
    dataset = load_mnist()
    if not dataset.is_mnist:
        os.environ[DATA_VARIABLE] = STAND_IN
    return dataset


def summary_table(outcomes: list[Outcome]) -> Table:
    """Lay out what each notebook claimed, what it measured and how long it took."""
    table = Table("notebook", "claim", "measured", "met?", "seconds")
    for outcome in outcomes:
        claims = outcome.results["claims"] if outcome.results else []
        texts = [f"{c['metric']} >= {c['minimum']:.3f}" for c in claims]
        measured = [f"{c['measured']:.4f}" for c in claims]
        verdicts = [VERDICTS[c["met"]] for c in claims]
        if outcome.error:
            verdicts = ["failed"]
        table.add_row(
            outcome.name,
            "\n".join(texts),
            "\n".join(measured),
            "\n".join(verdicts),
            f"{outcome.seconds:.0f}",
        )
    return table


def exit_code(outcomes: list[Outcome]) -> int:
    """Choose the exit code of a run from how its notebooks ended."""
    if any(outcome.error for outcome in outcomes):
        return FAILED
    claims = [claim for outcome in outcomes for claim in outcome.results["claims"]]
    return CLAIM_NOT_MET if any(claim["met"] is False for claim in claims) else 0


def parameters_command(options: argparse.Namespace) -> int:
    """Say which parameters notebooks have, and what each may be."""
    console = Console()
    for path in find_notebooks(project_root() / "notebooks", options.notebooks):
        console.print(parameters_table(path))
    return 0


def parameters_table(path: Path) -> Table:
    """Lay out a notebook's parameters."""
    table = Table(title=path.stem, title_justify="left")
    # Room is taken from the last column alone.
    for heading in ("parameter", "type", "default", "allowed"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it is")
    for name, declared in papermill.inspect_notebook(str(path)).items():
        table.add_row(
            name,
            declared["inferred_type_name"],
            declared["default"],
            str(RANGES.get(name, "any")),
            declared["help"],
        )
    return table


def compare_command(options: argparse.Namespace) -> int:
    """Say which metrics of two runs differ beyond tolerance, and what else differed."""
    first, second = read_run(options.first), read_run(options.second)
    comparisons = compare_runs(first, second)
    print(f"A: {options.first}\nB: {options.second}")
    for letter, run, other in (("A", first, second), ("B", second, first)):
        if alone := [notebook for notebook in run if notebook not in other]:
            print(f"only in {letter}, not compared: {', '.join(alone)}")
    console = Console()
    for comparison in comparisons:
        print_comparison(comparison, console)
    metrics = [metric for each in comparisons for metric in each.metrics]
    return 0 if all(metric.agrees for metric in metrics) else DIFFERENT


def publish_command(_options: argparse.Namespace) -> int:
    """Refresh what is committed, from full runs on real MNIST."""
    dataset = prepare_data()
    if not dataset.is_mnist:
        raise DataError(f"{dataset.name} is not MNIST: nothing is published from it")
    console = Console()
    outcomes = publish(project_root(), console)
    console.print(summary_table(outcomes))
    return exit_code(outcomes)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        In place of those that the program was started with.

    Returns
    -------
    int
        The exit code: 0 if all went well and every claim that could be checked is
        met, 1 if a notebook failed or two compared runs differ, 2 for a wrong
        argument, 3 if a claim is not met, 4 if the data cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m mnist_helpers", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="execute the notebooks with papermill")
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help=NOTEBOOKS)
    run.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter, for each of the notebooks that has it",
    )
    run.add_argument(
        "--output",
        type=Path,
        default=project_root() / "build" / "run",
        metavar="DIR",
        help="folder for all that the run writes (default: build/run)",
    )
    run.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="notebooks that run side by side (default: 2)",
    )
    run.set_defaults(command=run_command)
    parameters = commands.add_parser(
        "parameters", help="list the notebooks' parameters and what each may be"
    )
    parameters.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help=NOTEBOOKS)
    parameters.set_defaults(command=parameters_command)
    comparing = commands.add_parser(
        "compare",
        help="say which metrics of two runs differ beyond tolerance, and what else",
    )
    for name, metavar in (("first", "RUN_A"), ("second", "RUN_B")):
        comparing.add_argument(
            name,
            type=Path,
            metavar=metavar,
            help="the output folder of a run, or one of the files in its results",
        )
    comparing.set_defaults(command=compare_command)
    publishing = commands.add_parser(
        "publish", help="refresh the committed notebooks, figures and results"
    )
    publishing.set_defaults(command=publish_command)
    options = parser.parse_args(arguments)
    try:
        return options.command(options)
    except (ArgumentError, ParameterError, ResultsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return DATA_UNUSABLE
    except PublishingError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
