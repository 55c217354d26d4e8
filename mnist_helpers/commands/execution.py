"""Run notebooks headlessly: papermill, several at a time, with live progress."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from filelock import FileLock, Timeout
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from mnist_helpers.commands.exit_codes import Ending
from mnist_helpers.files import OUTPUT_VARIABLE, RUNNING, write_whole
from mnist_helpers.results.artefacts import (
    ArtefactError,
    check_complete,
    move_into_place,
)
from mnist_helpers.results.parameters import check_name, check_value
from mnist_helpers.results.recipes import differences, literal, recipe, recipe_of

ENGINE = "mnist-course"
# Seconds that papermill waits for a message it expects; its own 4 are too few for a
# machine whose cores are all busy.
MESSAGE_TIMEOUT = 60
# Seconds that a cell may take unless told: far more than any needs.
CELL_TIMEOUT = 1800
# Errors of the package that are of a cause of their own, wherever they are raised.
CELL_ENDINGS = {
    "CourseError": Ending.DATA_UNUSABLE,
    "ParameterError": Ending.ARGUMENT_WRONG,
}


class ArgumentError(ValueError):
    """A notebook that there is not, or another wrong argument."""


class FolderBusyError(RuntimeError):
    """Another run is writing to the output folder."""


@dataclass(frozen=True)
class Outcome:
    """How the run of one notebook ended."""

    name: str
    seconds: float
    ending: Ending
    message: str  # what went wrong, and where; empty if nothing did
    results: dict | None
    earlier: bool = False  # whether it is that of an earlier run


def find_notebooks(folder: Path, names: Iterable[str]) -> list[Path]:
    """Find notebooks by number, name or path.

    Parameters
    ----------
    folder : Path
        Where the course's notebooks are.
    names : iterable of str
        Such as ``03``, ``03_wide_mlp``, ``notebooks/03_wide_mlp.ipynb``, or
        ``further`` for all in the folder of that name. None at
        all means every notebook of the course.

    Returns
    -------
    list of Path
        In the order of their names.

    Raises
    ------
    ArgumentError
        If a name fits no notebook of the course.
    """
    course = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not course:
        raise ArgumentError(f"no notebooks in {folder}")
    known = [*course, *sorted((folder / "further").glob("*.ipynb"))]
    found = set()
    for name in names:
        matches = [path for path in known if name in _names(path)]
        if name.endswith(".ipynb"):
            matches = [path for path in known if path == Path(name).resolve()]
        if not matches:
            stems = ", ".join(path.stem for path in known)
            raise ArgumentError(f"no notebook {name!r}; there are {stems}")
        found.update(matches)
    return [path for path in known if path in found] or course


def _names(path: Path) -> tuple[str, str]:
    """Names that a notebook goes by: its stem, and its number or its folder."""
    number = path.stem.partition("_")[0]
    return path.stem, number if number.isdigit() else path.parent.name


def assign_parameters(
    notebooks: Iterable[Path], given: dict[str, str]
) -> dict[Path, dict[str, object]]:
    """Give each notebook those parameters that it has, checked and of their type.

    Parameters
    ----------
    notebooks : iterable of Path
        The notebooks to run.
    given : dict
        Parameter name to value, as text.

    Returns
    -------
    dict
        Notebook to parameters.

    Raises
    ------
    ParameterError
        If no notebook has a parameter of a given name, or a value is not of the type
        that the notebook declares, or not in the parameter's range.
    """
    declared = {path: papermill.inspect_notebook(literal(path)) for path in notebooks}
    known = {name for parameters in declared.values() for name in parameters}
    for name in given:
        check_name(name, known)
    return {
        path: {
            name: read_value(name, text, parameters[name]["inferred_type_name"])
            for name, text in given.items()
            if name in parameters
        }
        for path, parameters in declared.items()
    }


def read_value(name: str, text: str, type_name: str) -> object:
    """Read a parameter's value, checked and of its type.

    Parameters
    ----------
    name : str
        The parameter.
    text : str
        Its value.
    type_name : str
        The type that the notebook declares.

    Returns
    -------
    object
        The value.

    Raises
    ------
    ParameterError
        If the value is not of that type, or not in the parameter's range.
    """
    types: dict[str, Callable[[str], object]] = {
        "int": int,
        "float": float,
        "bool": {
            "True": True,
            "true": True,
            "False": False,
            "false": False,
        }.__getitem__,
    }
    try:
        value = types[type_name](text)
    except (KeyError, ValueError):
        # Text it stays, which the check allows or refuses.
        value = text
    check_value(name, value, type_name)
    return value


def run_notebooks(
    assigned: dict[Path, dict[str, object]],
    output: Path,
    jobs: int,
    cell_timeout: int,
    console: Console,
) -> list[Outcome]:
    """Execute notebooks side by side, each in a kernel of its own, and show how far.

    What a notebook writes is collected in a folder of its own and moved into place
    when all of it is there. A notebook that fails leaves an earlier run's files as
    they were; how far it came is ``output/notebooks/NAME.failed.ipynb``.

    Parameters
    ----------
    assigned : dict
        Notebook to the parameters that it gets.
    output : Path
        Folder for all that the run writes.
    jobs : int
        How many notebooks run side by side.
    cell_timeout : int
        Seconds that a cell may take.
    console : Console
        Where progress goes: bars on a terminal, a line a notebook elsewhere.

    Returns
    -------
    list of Outcome
        One a notebook, in the order given. After Ctrl-C or SIGTERM the kernels are
        gone, and what they had not finished is ``INTERRUPTED`` or ``TERMINATED``.

    Raises
    ------
    ArgumentError
        If `output` cannot be written.
    FolderBusyError
        If another run is writing to `output`.
    """
    output = output.resolve()
    with sole_writer(output):
        return _run(assigned, output, jobs, cell_timeout, console)


def resume_notebooks(
    assigned: dict[Path, dict[str, object]],
    dataset_digest: str,
    output: Path,
    jobs: int,
    cell_timeout: int,
    console: Console,
) -> list[Outcome]:
    """Execute those notebooks whose results an earlier run did not leave in `output`.

    A notebook is not run again if all that it should leave is there, made from the
    same code, parameters, data, package and versions.

    Parameters
    ----------
    assigned : dict
        Notebook to the parameters that it gets.
    dataset_digest : str
        Fingerprint of the data that the notebooks will load.
    output, jobs, cell_timeout, console
        As of `run_notebooks`.

    Returns
    -------
    list of Outcome
        As of `run_notebooks`; of a notebook that was not run, its earlier outcome.

    Raises
    ------
    ArgumentError
        If `output` cannot be written.
    FolderBusyError
        If another run is writing to `output`.
    """
    output = output.resolve()
    with sole_writer(output):
        outcomes, left = {}, {}
        for path, parameters in assigned.items():
            made_from = recipe(path, parameters) | {"dataset": dataset_digest}
            try:
                outcomes[path] = _earlier_outcome(path.stem, output, made_from)
            except (ArtefactError, OSError) as error:
                console.print(f"{path.stem} runs: {error}", highlight=False)
                left[path] = parameters
        ran = _run(left, output, jobs, cell_timeout, console)
        outcomes.update(zip(left, ran, strict=True))
    return [outcomes[path] for path in assigned]


def _earlier_outcome(name: str, output: Path, made_from: dict[str, object]) -> Outcome:
    results = check_complete(name, output)
    executed = output / "notebooks" / f"{name}.ipynb"
    changed = differences(recipe_of(executed, results), made_from)
    if changed:
        raise ArtefactError(f"its earlier run differs in {', '.join(changed)}")
    return Outcome(name, 0.0, Ending.COMPLETED, "", results, earlier=True)


def _run(
    assigned: dict[Path, dict[str, object]],
    output: Path,
    jobs: int,
    cell_timeout: int,
    console: Console,
) -> list[Outcome]:
    kernels = Kernels()
    with (
        _progress(console) as progress,
        signals_noted() as received,
        ThreadPoolExecutor(jobs) as pool,
    ):
        # The last notebook takes the longest, so it starts first.
        futures = {
            path: pool.submit(
                _execute,
                path,
                output,
                assigned[path],
                cell_timeout,
                kernels,
                _Report(path, assigned[path], progress, console),
            )
            for path in sorted(assigned, reverse=True)
        }
        pending = set(futures.values())
        while pending:
            pending = wait(pending, timeout=0.2).not_done
            if received:
                kernels.stop(received[0])
    shutil.rmtree(output / RUNNING, ignore_errors=True)
    return [futures[path].result() for path in assigned]


@contextmanager
def sole_writer(output: Path) -> Iterator[None]:
    """Make a folder, and keep other runs from writing into it.

    Parameters
    ----------
    output : Path
        The folder.

    Raises
    ------
    ArgumentError
        If it cannot be written.
    FolderBusyError
        If another run is writing to it.
    """
    lock = FileLock(output / ".lock")
    try:
        output.mkdir(parents=True, exist_ok=True)
        # The system lets go of it when this process ends, however it ends.
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderBusyError(
            f"another run is writing to {output}; wait for it, or name another "
            "folder with --output"
        ) from None
    except OSError as error:
        raise ArgumentError(f"cannot write to {output}: {error}") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """Collect the signals to stop in place of ending at once."""
    received: list[int] = []
    earlier = {
        number: signal.signal(number, lambda got, _frame: received.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


class Kernels:
    """The kernels that run, to end them all at once.

    Attributes
    ----------
    environment : dict
        Variables that they get besides those of this process and of the run.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.clients: set[_ReportingClient] = set()
        self.stopped_by: int | None = None
        self.environment = environment or {}

    def new_manager(self) -> AsyncKernelManager | None:
        """Make what starts a kernel; None leaves it to nbclient."""
        return None

    def stop(self, signal_number: int) -> None:
        """End them all; none starts any more."""
        self.stopped_by = signal_number
        for client in self.clients.copy():
            client.kill()


def run_notebook(
    path: Path,
    parameters: dict[str, object],
    output: Path,
    cell_timeout: int,
    kernels: Kernels,
) -> Outcome:
    """Execute one notebook in this thread, and show nothing.

    Parameters
    ----------
    path : Path
        The notebook.
    parameters : dict
        Those that it gets.
    output : Path
        Folder for all that the run writes, in which no other run writes.
    cell_timeout : int
        Seconds that a cell may take.
    kernels : Kernels
        Starts the kernel; whoever has it can stop the run.

    Returns
    -------
    Outcome
        As of `run_notebooks`.
    """
    silent = Console(quiet=True)
    report = _Report(path, parameters, _progress(silent), silent)
    return _execute(path, output, parameters, cell_timeout, kernels, report)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[status]}"),
        console=console,
        disable=not console.is_terminal,
    )


class _Report:
    """How far one notebook is, as its row of the progress display says."""

    def __init__(
        self,
        path: Path,
        parameters: dict[str, object],
        progress: Progress,
        console: Console,
    ) -> None:
        self.name = path.stem
        self.progress = progress
        self.console = console
        self.cell = "before the first cell"
        self.executed = 0
        self.notebook: nbformat.NotebookNode | None = None
        self.task = progress.add_task(
            path.stem,
            start=False,
            # Papermill adds a cell for the parameters that it is given.
            total=_count_code_cells(path) + bool(parameters),
            status="waiting",
        )

    def notebook_started(self) -> None:
        self.progress.start_task(self.task)
        self.state("starting")

    def cell_started(self, cell: nbformat.NotebookNode, **_message: object) -> None:
        self.cell = f"cell {self.executed + 1} ({cell.get('id', 'without an id')})"

    def cell_executed(self, **_message: object) -> None:
        self.executed += 1
        self.displayed("running")

    def displayed(self, text: str) -> None:
        status = text.rpartition("\n")[2]
        self.progress.update(self.task, completed=self.executed, status=status)

    def state(self, text: str) -> None:
        self.displayed(text)
        if not self.console.is_terminal:
            self.console.print(f"{self.name}: {text}", highlight=False)


def _count_code_cells(path: Path) -> int:
    notebook = nbformat.read(path, as_version=4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


class _ReportingClient(PapermillNotebookClient):
    """Papermill's client, which also passes on what a running cell displays."""

    def __init__(self, manager, report: _Report, **options) -> None:
        super().__init__(
            manager,
            on_cell_start=report.cell_started,
            on_cell_executed=report.cell_executed,
            **options,
        )
        self.report = report

    def process_message(self, message, cell, cell_index):
        if message["msg_type"] == "update_display_data":
            self.report.displayed(message["content"]["data"].get("text/plain", ""))
        return super().process_message(message, cell, cell_index)

    def kill(self) -> None:
        """End the kernel's process; what waits for its answers then fails at once."""
        # Each is read once: the notebook's own thread may be clearing them.
        manager = self.km
        provisioner = manager and manager.provisioner
        process = provisioner and provisioner.process
        if process:
            process.kill()


class _ReportingEngine(Engine):
    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man,
        kernel_name,
        report,
        kernels,
        cell_timeout,
        environment,
        log,
        **_options,
    ):
        client = _ReportingClient(
            nb_man,
            report,
            km=kernels.new_manager(),
            kernel_name=kernel_name,
            timeout=cell_timeout,
            startup_timeout=MESSAGE_TIMEOUT,
            iopub_timeout=MESSAGE_TIMEOUT,
            coalesce_streams=True,
        )
        report.notebook = nb_man.nb
        kernels.clients.add(client)
        try:
            return client.execute(cleanup_kc=True, stderr=log, env=environment)
        finally:
            kernels.clients.remove(client)


papermill_engines.register(ENGINE, _ReportingEngine)


def _execute(
    path: Path,
    output: Path,
    parameters: dict[str, object],
    cell_timeout: int,
    kernels: Kernels,
    report: _Report,
) -> Outcome:
    started = time.perf_counter()
    staging = output / RUNNING / path.stem
    executed = staging / "notebooks" / path.name
    failed = output / "notebooks" / f"{path.stem}.failed.ipynb"
    log = output / "logs" / f"{path.stem}.txt"
    results = None
    try:
        failed.unlink(missing_ok=True)
        if kernels.stopped_by:
            raise DeadKernelError("not started")
        report.notebook_started()
        shutil.rmtree(staging, ignore_errors=True)
        # Whatever ends the kernel, its temporary files go with the staging folder.
        temporary = staging / "temporary"
        temporary.mkdir(parents=True)
        log.parent.mkdir(exist_ok=True)
        # What the kernel itself says goes to the log, not between the progress bars.
        with log.open("w", encoding="utf-8") as stream:
            papermill.execute_notebook(
                literal(path),
                # Papermill would write it again and again, and not whole.
                None,
                parameters,
                engine_name=ENGINE,
                progress_bar=False,
                report=report,
                kernels=kernels,
                cell_timeout=cell_timeout,
                environment=os.environ
                | {
                    OUTPUT_VARIABLE: str(staging),
                    "TMPDIR": str(temporary),
                }
                | kernels.environment,
                log=stream,
            )
        _write_notebook(report.notebook, executed)
        results = check_complete(path.stem, staging)
        move_into_place(path.stem, staging, output)
        ending, message = Ending.COMPLETED, ""
    except Exception as exception:
        ending, message = _explain(exception, report.cell, kernels.stopped_by)
        if report.notebook:
            with suppress(OSError):
                _write_notebook(report.notebook, executed)
                failed.parent.mkdir(exist_ok=True)
                executed.replace(failed)
    shutil.rmtree(staging, ignore_errors=True)
    seconds = time.perf_counter() - started
    report.state(
        f"done in {seconds:.0f} s" if ending is Ending.COMPLETED else ending.phrase
    )
    return Outcome(path.stem, seconds, ending, message, results)


def _write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    write_whole(path, lambda temporary: nbformat.write(notebook, temporary))


def _explain(
    exception: Exception, cell: str, stopped_by: int | None
) -> tuple[Ending, str]:
    if stopped_by:
        ending = Ending(128 + stopped_by)
        return ending, f"{cell}: stopped by {signal.Signals(stopped_by).name}"
    match exception:
        case PapermillExecutionError(ename=name, evalue=value):
            ending = CELL_ENDINGS.get(name, Ending.CELL_FAILED)
            return ending, f"{cell}: {name}: {value}"
        case CellTimeoutError():
            return Ending.TIMED_OUT, f"{cell} took longer than --cell-timeout"
        case ArtefactError() | OSError():
            return Ending.ARTEFACT_MISSING, str(exception)
        # Of a kernel that is dead, or never came to life.
        case RuntimeError():
            return Ending.KERNEL_DIED, f"{cell}: {exception}"
        case _:
            name = type(exception).__name__
            return Ending.CELL_FAILED, f"{cell}: {name}: {exception}"
