"""Run notebooks headlessly: papermill, several at a time, with live progress."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

import nbformat
import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from mnist_helpers.parameters import check_name, check_value

ENGINE = "mnist-course"
# Seconds that papermill waits for a message it expects; its own 4 are too few for a
# machine whose cores are all busy.
MESSAGE_TIMEOUT = 60


class ArgumentError(ValueError):
    """A notebook that there is not, or another wrong argument."""


@dataclass(frozen=True)
class Outcome:
    """How the run of one notebook ended."""

    name: str
    seconds: float
    error: str | None  # None: it ran to the end
    results: dict | None


def find_notebooks(folder: Path, names: Iterable[str]) -> list[Path]:
    """Find notebooks by number, name or path.

    Parameters
    ----------
    folder : Path
        Where the course's notebooks are.
    names : iterable of str
        Such as ``03``, ``03_wide_mlp`` or ``notebooks/03_wide_mlp.ipynb``. None at
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
    found = set()
    for name in names:
        matches = [path for path in course if name in _names(path)]
        if name.endswith(".ipynb"):
            matches = [path for path in course if path == Path(name).resolve()]
        if not matches:
            known = ", ".join(path.stem for path in course)
            raise ArgumentError(f"no notebook {name!r}; there are {known}")
        found.update(matches)
    return sorted(found) or course


def _names(path: Path) -> tuple[str, str]:
    return path.stem, path.stem.partition("_")[0]


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
    declared = {path: papermill.inspect_notebook(str(path)) for path in notebooks}
    known = {name for parameters in declared.values() for name in parameters}
    for name in given:
        check_name(name, known)
    return {
        path: {
            name: _read_value(name, text, parameters[name]["inferred_type_name"])
            for name, text in given.items()
            if name in parameters
        }
        for path, parameters in declared.items()
    }


def _read_value(name: str, text: str, type_name: str) -> object:
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
    console: Console,
) -> list[Outcome]:
    """Execute notebooks, each in a process of its own, and show how far they are.

    A notebook that ran to the end is in ``output/notebooks`` under its own name; one
    that failed is beside it with ``.failed`` before its ending.

    Parameters
    ----------
    assigned : dict
        Notebook to the parameters that it gets.
    output : Path
        Folder for all that the run writes.
    jobs : int
        How many notebooks run side by side.
    console : Console
        Where progress goes: bars on a terminal, a line a notebook elsewhere.

    Returns
    -------
    list of Outcome
        One a notebook, in the order given.
    """
    output = output.resolve()
    (output / "notebooks").mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
        _progress(console) as progress,
    ):
        messages = manager.Queue()
        tasks: dict[str, TaskID] = {}
        futures: dict[Path, Future[Outcome]] = {}
        # The last notebook takes the longest, so it starts first.
        for path in sorted(assigned, reverse=True):
            tasks[path.stem] = progress.add_task(
                path.stem,
                start=False,
                # Papermill adds a cell for the parameters that it is given.
                total=_count_code_cells(path) + bool(assigned[path]),
                status="waiting",
            )
            futures[path] = pool.submit(
                _execute, path, output, assigned[path], messages
            )
        pending = set(futures.values())
        try:
            while pending:
                pending = wait(pending, timeout=0.2).not_done
                _show_messages(messages, progress, tasks, console)
        except BaseException:
            # Otherwise those that wait would still be started.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        _show_messages(messages, progress, tasks, console)
    return [_outcome(path, futures[path]) for path in assigned]


def _outcome(path: Path, future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    # The process itself was killed, so there is nothing of its own to say.
    return Outcome(path.stem, 0.0, f"{type(error).__name__}: {error}", None)


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


def _show_messages(
    messages: "multiprocessing.Queue[tuple[str, int | None, str]]",
    progress: Progress,
    tasks: dict[str, TaskID],
    console: Console,
) -> None:
    while True:
        try:
            name, cells, status = messages.get_nowait()
        except Empty:
            return
        if cells == 0:
            progress.start_task(tasks[name])
        progress.update(tasks[name], completed=cells, status=status)
        if not console.is_terminal and cells in (0, None):
            console.print(f"{name}: {status}", highlight=False)


def _count_code_cells(path: Path) -> int:
    notebook = nbformat.read(path, as_version=4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


class _ReportingClient(PapermillNotebookClient):
    """Papermill's client, which also passes on what a running cell displays."""

    def __init__(self, manager, report: Callable[[str], None], **options) -> None:
        super().__init__(manager, **options)
        self.report = report

    def process_message(self, message, cell, cell_index):
        if message["msg_type"] == "update_display_data":
            text = message["content"]["data"].get("text/plain", "")
            self.report(text.rpartition("\n")[2])
        return super().process_message(message, cell, cell_index)


class _ReportingEngine(Engine):
    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, report, log, **_options):
        executed = 0

        def count(**_message) -> None:
            nonlocal executed
            executed += 1
            report(executed, "running")

        report(0, "starting")
        return _ReportingClient(
            nb_man,
            lambda text: report(executed, text),
            kernel_name=kernel_name,
            startup_timeout=MESSAGE_TIMEOUT,
            iopub_timeout=MESSAGE_TIMEOUT,
            on_cell_executed=count,
            coalesce_streams=True,
        ).execute(stderr=log)


papermill_engines.register(ENGINE, _ReportingEngine)


def _execute(
    path: Path,
    output: Path,
    parameters: dict[str, object],
    messages: "multiprocessing.Queue[tuple[str, int | None, str]]",
) -> Outcome:
    os.environ["MNIST_HELPERS_OUTPUT"] = str(output)
    started = time.perf_counter()
    folder = output / "notebooks"
    finished = folder / path.name
    failed = folder / f"{path.stem}.failed.ipynb"
    running = folder / f".{path.stem}.running.ipynb"
    results_file = output / "results" / f"{path.stem}.json"
    earlier = results_file.stat().st_mtime_ns if results_file.exists() else None
    results = None
    log = output / "logs" / f"{path.stem}.txt"
    log.parent.mkdir(exist_ok=True)
    error = None
    try:
        # What the kernel itself says goes to the log, not between the progress bars.
        with log.open("w", encoding="utf-8") as stream:
            papermill.execute_notebook(
                _literal(path),
                _literal(running),
                parameters,
                engine_name=ENGINE,
                progress_bar=False,
                report=lambda cells, status: messages.put((path.stem, cells, status)),
                log=stream,
            )
        if not results_file.exists() or results_file.stat().st_mtime_ns == earlier:
            raise RuntimeError(f"it ran to the end but saved no {results_file.name}")
        results = json.loads(results_file.read_text(encoding="utf-8"))
        failed.unlink(missing_ok=True)
        running.replace(finished)
    except Exception as exception:
        error = f"{type(exception).__name__}: {exception}".strip()
        if running.exists():
            running.replace(failed)
    seconds = time.perf_counter() - started
    status = f"done in {seconds:.0f} s" if error is None else "FAILED"
    messages.put((path.stem, None, status))
    return Outcome(path.stem, seconds, error, results)


def _literal(path: Path) -> str:
    """Double the braces, which papermill would take for places to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")
