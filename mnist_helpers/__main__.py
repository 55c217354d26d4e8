"""The command line of the course: ``python -m mnist_helpers``."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

import papermill
from rich.console import Console
from rich.table import Table

from mnist_helpers.commands.comparing import compare_runs, print_comparison
from mnist_helpers.commands.execution import (
    CELL_TIMEOUT,
    ArgumentError,
    FolderBusyError,
    Outcome,
    assign_parameters,
    find_notebooks,
    resume_notebooks,
    run_notebooks,
)
from mnist_helpers.commands.exit_codes import Ending
from mnist_helpers.data.mnist import (
    DATA_VARIABLE,
    STAND_IN,
    DataError,
    Dataset,
    load_mnist,
)
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.files import project_root
from mnist_helpers.results.assignment import VERDICTS
from mnist_helpers.results.parameters import RANGES, ParameterError
from mnist_helpers.results.recipes import literal
from mnist_helpers.results.schema import ResultsError, read_run

# How a command ends that raises one of these.
ENDINGS = {
    ArgumentError: Ending.ARGUMENT_WRONG,
    DataError: Ending.DATA_UNUSABLE,
    FolderBusyError: Ending.FOLDER_BUSY,
    ParameterError: Ending.ARGUMENT_WRONG,
    ResultsError: Ending.ARGUMENT_WRONG,
}
# How many notebooks run side by side unless told.
JOBS = min(2, os.cpu_count() or 1)
LONGEST_NAME = 100

NOTEBOOKS = (
    "number, name or path of a notebook, or 'further' for the optional ones; "
    "the four if none is named"
)


def run_command(options: argparse.Namespace) -> Ending:
    """Execute notebooks and say how each ended."""
    _check_at_least_one("jobs", options.jobs)
    _check_at_least_one("cell-timeout", options.cell_timeout)
    notebooks = find_notebooks(project_root() / "notebooks", options.notebooks)
    assigned = assign_parameters(notebooks, dict(options.parameter))
    console = Console()
    dataset = prepare_data()
    print(f"{dataset.name} from {dataset.source}")
    execute = (
        partial(resume_notebooks, dataset_digest=dataset.digest)
        if options.resume
        else run_notebooks
    )
    outcomes = execute(
        assigned,
        output=options.output,
        jobs=options.jobs,
        cell_timeout=options.cell_timeout,
        console=console,
    )
    console.print(summary_table(outcomes))
    print_failures(outcomes, options.output)
    if all(outcome.ending is Ending.COMPLETED for outcome in outcomes):
        print(f"written to {options.output}")
    else:
        print("the same command with --resume goes on from there", file=sys.stderr)
    if not dataset.is_mnist:
        print(f"{dataset.name}, not MNIST: no claim about MNIST was checked.")
    return ending_of(outcomes)


def print_failures(outcomes: list[Outcome], output: Path) -> None:
    """Say on standard error what kept notebooks from their end."""
    for outcome in outcomes:
        if outcome.ending is not Ending.COMPLETED:
            print(f"{outcome.name}: {outcome.message}", file=sys.stderr)
            unfinished = output / "notebooks" / f"{outcome.name}.failed.ipynb"
            if unfinished.exists():
                print(f"how far it came: {unfinished}", file=sys.stderr)


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
        claims = outcome.results.get("claims", []) if outcome.results else []
        texts = [f"{c['metric']} >= {c['minimum']:.3f}" for c in claims]
        measured = [f"{c['measured']:.4f}" for c in claims]
        verdicts = [VERDICTS[c["met"]] for c in claims]
        if outcome.ending is not Ending.COMPLETED:
            verdicts = [outcome.ending.phrase]
        table.add_row(
            outcome.name,
            "\n".join(texts),
            "\n".join(measured),
            "\n".join(verdicts),
            "earlier run" if outcome.earlier else f"{outcome.seconds:.0f}",
        )
    return table


def ending_of(outcomes: list[Outcome]) -> Ending:
    """Choose how a run ended: by a signal, by its first failure, by its claims."""
    endings = [outcome.ending for outcome in outcomes]
    for ending in (Ending.INTERRUPTED, Ending.TERMINATED, *endings):
        if ending in endings and ending is not Ending.COMPLETED:
            return ending
    missed = any(
        claim["met"] is False
        for outcome in outcomes
        for claim in outcome.results.get("claims", [])
    )
    return Ending.CLAIM_NOT_MET if missed else Ending.COMPLETED


def sweep_command(options: argparse.Namespace) -> ExitCode:
    """Run a notebook at every point of a grid of its parameters."""
    # Dask and seaborn take seconds to import, which other commands do without.
    from mnist_helpers.commands import sweep

    if options.workers is not None:
        _check_at_least_one("workers", options.workers)
    _check_at_least_one("cell-timeout", options.cell_timeout)
    settings = sweep.Settings(
        options.scheduler, options.workers, options.resume, options.cell_timeout
    )
    return sweep.sweep(
        _find_notebook(options.notebook),
        options.grid,
        prepare_data(),
        options.output,
        settings,
        Console(),
    )


def _find_notebook(name: str) -> Path:
    """Find a notebook of the course, or any other by its path."""
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path.resolve()
    found = find_notebooks(project_root() / "notebooks", [name])
    if len(found) > 1:
        raise ArgumentError(f"{name}: a sweep is of one notebook, not {len(found)}")
    return found[0]


def parameters_command(options: argparse.Namespace) -> Ending:
    """Say which parameters notebooks have, and what each may be."""
    console = Console()
    for path in find_notebooks(project_root() / "notebooks", options.notebooks):
        console.print(parameters_table(path))
    return Ending.COMPLETED


def parameters_table(path: Path) -> Table:
    """Lay out a notebook's parameters."""
    table = Table(title=path.stem, title_justify="left")
    # Room is taken from the last column alone.
    for heading in ("parameter", "type", "default", "allowed"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it is")
    for name, declared in papermill.inspect_notebook(literal(path)).items():
        table.add_row(
            name,
            declared["inferred_type_name"],
            declared["default"],
            str(RANGES.get(name, "any")),
            declared["help"],
        )
    return table


def compare_command(options: argparse.Namespace) -> Ending:
    """Say which metrics of two runs differ beyond tolerance, and what else differed."""
    first, second = read_run(options.first), read_run(options.second)
    comparisons = compare_runs(first, second)
    print(f"A: {options.first}\nB: {options.second}")
    for letter, run, other in (("A", first, second), ("B", second, first)):
        if alone := [notebook for notebook in run if notebook not in other]:
            print(f"only in {letter}, not compared: {', '.join(alone)}")
    compared = {comparison.notebook for comparison in comparisons}
    if untrained := [each for each in first if each in second.keys() - compared]:
        print(f"without metrics, not compared: {', '.join(untrained)}")
    console = Console()
    for comparison in comparisons:
        print_comparison(comparison, console)
    metrics = [metric for each in comparisons for metric in each.metrics]
    agree = all(metric.agrees for metric in metrics)
    return Ending.COMPLETED if agree else Ending.RUNS_DIFFER


def submission_command(options: argparse.Namespace) -> Ending:
    """Make the zip for the marker, from a run that is finished first."""
    # It brings scikit-learn, whose second of importing the other commands do without.
    from mnist_helpers.commands import marking, submission

    for name in ("author", "student_id"):
        text = getattr(options, name)
        if not text.isprintable() or len(text) > LONGEST_NAME:
            raise ArgumentError(
                f"--{name.replace('_', '-')}: got {text!r}, expected one line of "
                f"printable characters, at most {LONGEST_NAME}"
            )
    dataset = prepare_data()
    if not dataset.is_mnist:
        raise DataError(f"{dataset.name} is not MNIST: nothing is handed in from it")
    console = Console()
    outcomes = resume_notebooks(
        {path: {} for path in find_notebooks(project_root() / "notebooks", [])},
        dataset.digest,
        options.run,
        JOBS,
        CELL_TIMEOUT,
        console,
    )
    failed = [each for each in outcomes if each.ending is not Ending.COMPLETED]
    if failed:
        print_failures(failed, options.run)
        return ending_of(failed)
    try:
        marks = submission.make_submission(
            project_root(),
            options.run,
            options.output,
            dataset,
            submission.Author(options.author, options.student_id),
        )
    except submission.SubmissionError as error:
        print(f"error: {error}", file=sys.stderr)
        return Ending.SUBMISSION_FAULTY
    except OSError as error:
        raise ArgumentError(f"cannot write to {options.output}: {error}") from None
    marking.print_marks(marks, console)
    print(f"written to {options.output / submission.ARCHIVE}")
    is_met = all(each.met for each in marks)
    return Ending.COMPLETED if is_met else Ending.CLAIM_NOT_MET


def verify_command(options: argparse.Namespace) -> Ending:
    """Check a submission on the marker's side, and mark it."""
    from mnist_helpers.commands import marking, submission

    dataset = prepare_data()
    if not dataset.is_mnist:
        raise DataError(f"{dataset.name} is not MNIST: nothing can be judged by it")
    try:
        author, marks = submission.verify_submission(options.archive, dataset)
    except submission.SubmissionError as error:
        print(f"error: {error}", file=sys.stderr)
        return Ending.SUBMISSION_FAULTY
    except OSError as error:
        raise ArgumentError(f"{options.archive}: {error.strerror}") from None
    marking.print_marks(marks, Console())
    names = ", ".join(filter(None, (author.name, author.student_id)))
    print(f"in order: {options.archive}{f', by {names}' if names else ''}")
    is_met = all(each.met for each in marks)
    return Ending.COMPLETED if is_met else Ending.CLAIM_NOT_MET


def _check_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ArgumentError(f"--{name}: got {value}, expected at least 1")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        In place of those that the program was started with.

    Returns
    -------
    int
        The exit code, one of `Ending`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m mnist_helpers", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    executing = argparse.ArgumentParser(add_help=False)
    executing.add_argument(
        "--cell-timeout",
        type=int,
        default=CELL_TIMEOUT,
        metavar="SECONDS",
        help=f"what a cell may take (default: {CELL_TIMEOUT})",
    )
    executing.add_argument(
        "--resume",
        action="store_true",
        help="go on where an earlier one into the same folder has stopped",
    )
    run = commands.add_parser(
        "run", parents=[executing], help="execute the notebooks with papermill"
    )
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
        default=JOBS,
        metavar="N",
        help="notebooks that run side by side (default: 2)",
    )
    run.set_defaults(command=run_command)
    sweep = commands.add_parser(
        "sweep",
        parents=[executing],
        help="run one notebook at every point of a grid of its parameters",
    )
    sweep.add_argument(
        "notebook", metavar="NOTEBOOK", help="number, name or path of a notebook"
    )
    sweep.add_argument(
        "--grid",
        action="append",
        required=True,
        metavar="NAME=VALUES",
        help="a parameter and its values: A,B,... or FIRST:STOP or FIRST:STOP:STEP",
    )
    sweep.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask scheduler to run on (default: processes of this machine)",
    )
    sweep.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes of this machine (default: one a core)",
    )
    sweep.add_argument(
        "--output",
        type=Path,
        default=project_root() / "build" / "sweep",
        metavar="DIR",
        help="folder for all that the sweep writes (default: build/sweep)",
    )
    sweep.set_defaults(command=sweep_command)
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
    submission = commands.add_parser(
        "submission", help="make the checked zip for the marker"
    )
    for name, metavar in (("author", "NAME"), ("student-id", "ID")):
        submission.add_argument(
            f"--{name}", default="", metavar=metavar, help="for the title page"
        )
    submission.add_argument(
        "--run",
        type=Path,
        default=project_root() / "build" / "run",
        metavar="DIR",
        help="the run to hand in; what is not up to date in it is run first "
        "(default: build/run)",
    )
    submission.add_argument(
        "--output",
        type=Path,
        default=project_root() / "build" / "submission",
        metavar="DIR",
        help="folder for the zip, the documents and the marking sheet "
        "(default: build/submission)",
    )
    submission.set_defaults(command=submission_command)
    verify = commands.add_parser(
        "verify", help="check a submission, and mark it by its predictions"
    )
    verify.add_argument(
        "archive", type=Path, metavar="ZIP", help="what make submission has made"
    )
    verify.set_defaults(command=verify_command)
    options = parser.parse_args(arguments)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Ending.INTERRUPTED
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except tuple(ENDINGS) as error:
        print(f"error: {error}", file=sys.stderr)
        return ENDINGS[type(error)]


if __name__ == "__main__":
    sys.exit(main())
