"""The commands of the course: ``python -m mnist_helpers``."""

import os
import signal
import sys
from pathlib import Path

import click

from mnist_helpers.commands import execution, notebooks, resuming, summary
from mnist_helpers.commands.console import Output, discard_output
from mnist_helpers.commands.data import prepare_data, prepare_mnist
from mnist_helpers.commands.execution import CELL_TIMEOUT
from mnist_helpers.environment.files import project_root
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.assignment import PARTS

NOTEBOOKS = project_root() / "notebooks"
BUILD = project_root() / "build"
JOBS = min(2, os.cpu_count() or 1)
SETTINGS = {"show_default": True, "help_option_names": ["-h", "--help"]}
AT_LEAST_ONE = click.IntRange(min=1)
PATH = click.Path(path_type=Path)

several = click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
cell_timeout = click.option(
    "--cell-timeout",
    type=AT_LEAST_ONE,
    default=CELL_TIMEOUT,
    help="Seconds for each cell.",
)
resume = click.option(
    "--resume", is_flag=True, help="Keep what an earlier run has finished in --output."
)


def check_line(_context: click.Context, option: click.Parameter, text: str) -> str:
    """Refuse what cannot stand in one line of a title page."""
    if not text.isprintable() or len(text) > 100:
        raise CourseError(
            f"{option.opts[0]}: got {text!r}, expected one line of printable "
            "characters, at most 100"
        )
    return text


@click.group(context_settings=SETTINGS)
def commands() -> None:
    """Run the notebooks of the course, and hand them in."""


@commands.command()
@several
@click.option(
    *("-p", "--parameter", "parameters"),
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="Set a parameter, in each of the notebooks that has it.",
)
@click.option("--output", type=PATH, default=BUILD / "run", help="Folder to write to.")
@click.option("--jobs", type=AT_LEAST_ONE, default=JOBS, help="Notebooks side by side.")
@resume
@cell_timeout
def run(names, parameters, output, jobs, resume, cell_timeout) -> ExitCode:
    """Execute notebooks with papermill.

    NOTEBOOK is a number, a name or a path, or 'further' for all the optional ones.
    Without any, the four of the course run.
    """
    console = Output()
    found = notebooks.find_notebooks(NOTEBOOKS, names)
    assigned = notebooks.assign_parameters(found, dict(parameters))
    dataset = prepare_data(console)
    settings = (output, jobs, cell_timeout, console)
    if resume:
        outcomes = resuming.resume_notebooks(assigned, dataset.digest, *settings)
    else:
        outcomes = execution.run_notebooks(assigned, *settings)
    console.print(summary.summary_table(outcomes))
    if all(outcome.results for outcome in outcomes):
        console.print(f"written to {output}")
    if not dataset.is_mnist:
        console.print(f"{dataset.name}, not MNIST: no claim about MNIST was checked.")
    summary.print_failures(outcomes, output)
    if not all(outcome.results for outcome in outcomes):
        print("the same command with --resume runs what is missing", file=sys.stderr)
    return summary.exit_code_of(outcomes)


@commands.command()
@click.argument("name", metavar="NOTEBOOK")
@click.option(
    *("--grid", "given"),
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="A parameter and its values: A,B,... or FIRST:STOP or FIRST:STOP:STEP.",
)
@click.option("--scheduler", help="Address of a Dask scheduler, in place of --workers.")
@click.option(
    "--workers", type=AT_LEAST_ONE, help="Processes; one per core if not set."
)
@click.option(
    "--output", type=PATH, default=BUILD / "sweep", help="Folder to write to."
)
@resume
@cell_timeout
def sweep(name, given, scheduler, workers, output, resume, cell_timeout) -> ExitCode:
    """Run one notebook at every point of a grid of its parameters.

    NOTEBOOK is a number or a name, or the path of any notebook.
    """
    # Dask and seaborn take seconds to import.
    from mnist_helpers.commands.sweep import Settings, sweep

    console = Output()
    path = notebooks.find_notebook(NOTEBOOKS, name)
    settings = Settings(scheduler, workers, resume, cell_timeout)
    return sweep(path, given, prepare_data(console), output, settings, console)


@commands.command()
@click.argument("first", type=PATH, metavar="RUN_A")
@click.argument("second", type=PATH, metavar="RUN_B")
def compare(first, second) -> ExitCode:
    """Compare the metrics of two runs.

    Says which differ beyond tolerance, and what else differs. A run is its output
    folder, or one of the files in the folder's results.
    """
    # It brings pandas.
    from mnist_helpers.commands.comparing import compare_runs

    agree = compare_runs(first, second, Output())
    return ExitCode.COMPLETED if agree else ExitCode.RUNS_DIFFER


@commands.command()
@click.argument("photos", type=PATH, nargs=-1, required=True, metavar="PHOTO...")
@click.option("--run", type=PATH, default=BUILD / "run", help="Run of the networks.")
def predict(photos, run) -> ExitCode:
    """Read the handwritten digits of photographs, by the networks of a run."""
    console = Output()
    # It brings TensorFlow.
    from mnist_helpers.commands.predicting import predict_photos

    return predict_photos(photos, run, prepare_data(console), console)


@commands.command()
@click.option("--author", envvar="AUTHOR", default="", callback=check_line)
@click.option("--student-id", envvar="STUDENT_ID", default="", callback=check_line)
@click.option("--run", type=PATH, default=BUILD / "run", help="Run to hand in.")
@click.option(
    "--output", type=PATH, default=BUILD / "submission", help="Folder to write to."
)
@click.option("--with-further", is_flag=True, help="Show the optional notebooks too.")
def submission(author, student_id, run, output, with_further) -> ExitCode:
    """Make the checked zip for the marker.

    What is not up to date in the run to hand in runs first. The variables AUTHOR and
    STUDENT_ID may give the names on the title page.
    """
    # It brings scikit-learn, pandoc and Typst.
    from mnist_helpers.commands import marking
    from mnist_helpers.commands.submission import ARCHIVE, Author, make_submission

    console = Output()
    dataset = prepare_mnist()
    further = notebooks.find_notebooks(NOTEBOOKS, ["further"]) if with_further else []
    assigned = {path: {} for path in notebooks.find_notebooks(NOTEBOOKS, PARTS)}
    settings = (run, JOBS, CELL_TIMEOUT, console)
    outcomes = resuming.resume_notebooks(assigned, dataset.digest, *settings)
    # These read the models of the four.
    later = {path: {} for path in further}
    outcomes += resuming.resume_notebooks(later, dataset.digest, *settings)
    if any(each.exit_code is not ExitCode.COMPLETED for each in outcomes):
        summary.print_failures(outcomes, run)
        return summary.exit_code_of(outcomes)
    who = Author(author, student_id)
    made = make_submission(
        *(project_root(), run, output, dataset, who), [path.stem for path in further]
    )
    marking.print_marks(made.marks, marking.list_changes(made.work), console)
    if made.note:
        console.print(made.note)
    if not author and not student_id:
        console.print("without a name: --author and --student-id put one on the page")
    console.print(f"written to {output / ARCHIVE}")
    return marking.exit_code_of(made.marks)


@commands.command()
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="SUBMISSION...")
@click.option("--quick", is_flag=True, help="Do not ask the networks to predict.")
@click.option("--table", type=PATH, help="CSV to write, with a row per submission.")
@click.option("--jobs", type=AT_LEAST_ONE, default=JOBS, help="Checked side by side.")
def verify(paths, quick, table, jobs) -> ExitCode:
    """Check submissions, and mark them by their predictions.

    SUBMISSION is a zip, or a folder with any number of them, unpacked or not.
    """
    from mnist_helpers.commands import verifying

    console = Output()
    found = verifying.find_submissions(paths)
    dataset = prepare_mnist()
    if len(found) == 1:
        verdicts = [verifying.verify_and_print(found[0], dataset, quick, console)]
    else:
        verdicts = verifying.verify_class(found, quick, jobs, console)
    if quick:
        console.print("quick: no network was asked for its predictions")
    if table:
        verifying.write_table(verdicts, table)
    return max(verdict.exit_code for verdict in verdicts)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line, and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with commands.make_context("python -m mnist_helpers", list(given)) as context:
            return commands.invoke(context) or ExitCode.COMPLETED
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.ARGUMENT_WRONG
    except BrokenPipeError:
        discard_output()
        return ExitCode.COMPLETED
    except (CourseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", ExitCode.NOTEBOOK_FAILED)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED


if __name__ == "__main__":
    # Windows redirects as cp1252, a bare container as ASCII.
    sys.stdout.reconfigure(errors="replace")
    # Commands draw into files only.
    os.environ["MPLBACKEND"] = "agg"
    # By an exception, so that what is open gets closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ExitCode.TERMINATED))
    sys.exit(main())
