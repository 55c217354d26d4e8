"""Run notebooks headlessly: papermill, several at a time, with live progress."""

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import papermill
from filelock import FileLock, Timeout
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from rich.console import Console
from rich.progress import Progress, TextColumn
from traitlets import default

from mnist_helpers.commands.notebooks import literal
from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.environment.files import OUTPUT_VARIABLE, RUNNING, write_whole
from mnist_helpers.environment.variables import kernel_environment
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.artefacts import check_complete, move_into_place

ENGINE = "mnist-course"
# Seconds to wait for a message that is due; papermill's own 4 are too few for a machine
# whose cores are all busy.
MESSAGE_TIMEOUT = 60
# Seconds that a cell may take by default: far more than any needs.
CELL_TIMEOUT = 1800


@dataclass(frozen=True)
class Outcome:
    """How the run of one notebook ended."""

    name: str
    seconds: float
    exit_code: ExitCode
    message: str  # where it failed, and why; empty if it did not
    results: dict | None
    earlier: bool = False  # kept from an earlier run


def run_notebooks(
    assigned: dict[Path, dict[str, object]],
    output: Path,
    jobs: int,
    cell_timeout: int,
    console: Console,
) -> list[Outcome]:
    """Execute notebooks, ``jobs`` side by side, each in a kernel of its own.

    What a notebook writes is moved into `output` when all of it is there. A notebook
    that fails leaves an earlier run's files as they were, and its own execution up to
    there as ``notebooks/NAME.failed.ipynb``. Ctrl-C and SIGTERM end every kernel.
    """
    output = output.resolve()
    kernels = Kernels()
    with (
        sole_writer(output),
        _progress(console) as progress,
        signals_noted() as received,
        ThreadPoolExecutor(jobs) as pool,
    ):
        # A run that was killed has left it.
        shutil.rmtree(output / RUNNING, ignore_errors=True)
        # The last notebook takes the longest, so it starts first.
        futures = {
            path: pool.submit(
                _execute, path, assigned[path], output, cell_timeout, kernels, progress
            )
            for path in sorted(assigned, reverse=True)
        }
        while wait(futures.values(), timeout=0.2).not_done:
            if received:
                kernels.stop(received[0])
        shutil.rmtree(output / RUNNING, ignore_errors=True)
    return [futures[path].result() for path in assigned]


@contextmanager
def sole_writer(output: Path) -> Iterator[None]:
    """Make a folder, and refuse it while another run writes into it."""
    lock = FileLock(output / ".lock")
    try:
        output.mkdir(parents=True, exist_ok=True)
        # The system releases it when this process ends, however it ends.
        held = lock.acquire(timeout=0)
    except Timeout:
        raise CourseError(
            f"another run is writing to {output}; wait for it, or name another "
            "folder with --output"
        ) from None
    except OSError as error:
        raise CourseError(f"cannot write to {output}: {error}") from None
    with held:
        yield


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM, which otherwise end the process at once."""
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
    """The running kernels, to end them all; they get `environment` too."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.environment = environment or {}
        self.clients: dict[Path, PapermillNotebookClient] = {}
        self.stopped_by: int | None = None

    def stop(self, signal_number: int) -> None:
        """End every kernel; a notebook that has not started fails instead."""
        self.stopped_by = signal_number
        for client in list(self.clients.values()):
            # It may not have a process yet, or be ending it at this moment.
            with suppress(AttributeError):
                client.km.provisioner.process.kill()


def run_notebook(
    path: Path,
    parameters: dict[str, object],
    output: Path,
    cell_timeout: int,
    kernels: Kernels,
) -> Outcome:
    """Execute one notebook in this thread, showing nothing. See `run_notebooks`."""
    progress = _progress(Console(quiet=True))
    return _execute(path, parameters, output, cell_timeout, kernels, progress)


def _progress(console: Console) -> Progress:
    status = TextColumn("{task.fields[status]}", markup=False)
    return counted_progress(console, status)


class _KernelManager(AsyncKernelManager):
    """A manager that knows one kernel, of the Python that runs this."""

    @default("kernel_spec_manager")
    def _own_kernel(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class _Client(PapermillNotebookClient):
    """Papermill's client, which also shows how far it is."""

    def __init__(self, nb_man, show: Callable[..., None], **options) -> None:
        super().__init__(nb_man, **options)
        self.show = show

    def process_message(self, msg, cell, cell_index):
        match msg["msg_type"]:
            case "execute_input":
                self.show(completed=self.code_cells_executed - 1, status="running")
            case "update_display_data":
                text = msg["content"]["data"].get("text/plain", "")
                self.show(status=text.rpartition("\n")[2])
        return super().process_message(msg, cell, cell_index)


class _Engine(Engine):
    """Papermill's engine, with a kernel that can be watched and ended."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, announce, show, cell_timeout, start, **_options
    ):
        client = _Client(
            nb_man,
            show,
            kernel_name=kernel_name,
            kernel_manager_class=_KernelManager,
            timeout=cell_timeout,
            iopub_timeout=MESSAGE_TIMEOUT,
            coalesce_streams=True,
        )
        announce(client)
        show(total=sum(cell.cell_type == "code" for cell in nb_man.nb.cells))
        client.execute(**start)


papermill_engines.register(ENGINE, _Engine)


def _execute(
    path: Path,
    parameters: dict[str, object],
    output: Path,
    cell_timeout: int,
    kernels: Kernels,
    progress: Progress,
) -> Outcome:
    started = time.perf_counter()
    task = progress.add_task(path.stem, total=None, status="starting")
    staging = output / RUNNING / path.stem
    failed = output / "notebooks" / f"{path.stem}.failed.ipynb"
    log = output / "logs" / f"{path.stem}.txt"
    # Whatever ends the kernel, its temporary files go. The user's own IPYTHONDIR may
    # hold code that runs at the start.
    temporary = tempfile.mkdtemp(prefix=f"{path.stem}-")
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "IPYTHONDIR"), temporary)
    folders[OUTPUT_VARIABLE] = str(staging)
    results, exit_code, message = None, ExitCode.COMPLETED, ""
    try:
        failed.unlink(missing_ok=True)
        staging.mkdir(parents=True)
        log.parent.mkdir(exist_ok=True)
        if kernels.stopped_by:
            raise DeadKernelError("not started")
        # What the kernel itself says goes to the log, not between the progress bars.
        with log.open("w", encoding="utf-8") as stream:
            papermill.execute_notebook(
                literal(path),
                # Papermill would write it after every cell, and not whole.
                None,
                parameters,
                engine_name=ENGINE,
                kernel_name=NATIVE_KERNEL_NAME,
                progress_bar=False,
                announce=partial(kernels.clients.__setitem__, staging),
                show=partial(progress.update, task),
                cell_timeout=cell_timeout,
                start={
                    "env": kernel_environment() | folders | kernels.environment,
                    "stderr": stream,
                },
            )
        executed = staging / "notebooks" / path.name
        _write_notebook(kernels.clients[staging].nb, executed)
        results = check_complete(path.stem, staging)
        move_into_place(path.stem, staging, output)
    # Papermill, nbclient and the disk raise all kinds; none may end other notebooks.
    except Exception as error:
        client, stopped = kernels.clients.get(staging), kernels.stopped_by
        results, message = None, _explain(error, client, stopped, log)
        exit_code = ExitCode(128 + stopped) if stopped else ExitCode.NOTEBOOK_FAILED
        if client:
            with suppress(OSError):
                _write_notebook(client.nb, failed)
    kernels.clients.pop(staging, None)
    for folder in (staging, temporary):
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.perf_counter() - started
    progress.remove_task(task)
    ending = "done" if exit_code is ExitCode.COMPLETED else "failed"
    progress.console.print(f"{path.stem}: {ending} after {seconds:.0f} s")
    return Outcome(path.stem, seconds, exit_code, message, results)


def _write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    write_whole(path, partial(nbformat.write, notebook))


def _explain(
    error: Exception, client: _Client | None, stopped_by: int | None, log: Path
) -> str:
    if stopped_by:
        return f"stopped by {signal.Signals(stopped_by).name}"
    match error:
        case PapermillExecutionError():
            return f"cell {error.exec_count}: {error.ename}: {error.evalue}"
        case CellTimeoutError():
            return f"cell {client.code_cells_executed} took longer than --cell-timeout"
        case DeadKernelError():
            reason = _last_line(log) or "without a word; perhaps memory ran out"
            return f"cell {client.code_cells_executed}: the kernel died: {reason}"
        case _:
            return str(error) or repr(error)


def _last_line(log: Path) -> str:
    """Return what a kernel said last, but for Jupyter's own notes."""
    lines = log.read_text("utf-8", "replace").splitlines()
    said = [line for line in lines if line.strip() and "[IPKernelApp]" not in line]
    return said[-1] if said else ""
