"""A sweep from start to end: what is done already, what is run, what is kept."""

import json
import queue
import shutil
import sys
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from distributed import CancelledError, Client, Future
from rich.console import Console

from mnist_helpers.commands.execution import (
    RUNNING,
    signals_noted,
    sole_writer,
)
from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.commands.sweeping.clusters import (
    ClusterError,
    check_workers,
    connect,
)
from mnist_helpers.commands.sweeping.grids import describe_point, point_name, points_of
from mnist_helpers.commands.sweeping.points import (
    PointRunner,
    Ran,
    UnfitWorkerError,
    run_point,
    without_left_out,
)
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.files import write_whole
from mnist_helpers.results.artefacts import check_complete
from mnist_helpers.results.recipes import differences, recipe, recipe_of

# Folder, in the output folder, of finished points; and of how far failed ones came.
POINTS = "points"
FAILED = "failed"
ATTEMPTS = 2
# Seconds in which a result that has arrived at the scheduler is to be here.
FETCH_SECONDS = 10


@dataclass(frozen=True)
class Point:
    """One point of a sweep, and what came of it.

    Attributes
    ----------
    name : str
        Of its folder.
    parameters : dict
        Those that are swept, and their values.
    ending : ExitCode or None
        None if it was not run to an end.
    message : str
        What went wrong; empty if nothing did.
    results : dict or None
        The content of its results file.
    """

    name: str
    parameters: dict[str, object]
    ending: ExitCode | None
    message: str = ""
    results: dict | None = None


def sweep(
    path: Path,
    grids: dict[str, list],
    dataset: Dataset,
    output: Path,
    address: str | None,
    workers: int,
    resume: bool,
    cell_timeout: int,
    console: Console,
) -> tuple[list[Point], ExitCode]:
    """Run a notebook at every point of a grid.

    What a point leaves lands in ``output/points/NAME`` at once, whole, when it is
    finished. A point that fails is run a second time; if that fails too, how far it
    came is in ``output/failed/NAME``, and the others go on.

    Parameters
    ----------
    path : Path
        The notebook.
    grids : dict
        Parameter to values, of `read_grids`.
    dataset : Dataset
        What this process has loaded; workers must have the same.
    output : Path
        Folder for all that the sweep writes.
    address : str or None
        Of a scheduler; None starts worker processes on this machine.
    workers : int
        How many are started.
    resume : bool
        Whether finished points in `output`, of the same code, parameters, data and
        versions, are kept.
    cell_timeout : int
        Seconds that a cell may take.
    console : Console
        Where progress goes: a bar on a terminal, a line a point elsewhere.

    Returns
    -------
    points : list of Point
        In the order of the grids.
    ending : ExitCode
        How the sweep ended. Whatever it is, what was finished is kept.

    Raises
    ------
    CourseError
        If `output` cannot be written, another run is writing to it, or it has
        points and `resume` is False.
    """
    output = output.resolve()
    with sole_writer(output), signals_noted() as received:
        if not resume and any((output / POINTS).glob("*")):
            raise CourseError(
                f"{output} has points of an earlier sweep; --resume goes on with it, "
                "another --output begins anew"
            )
        for folder in (RUNNING, FAILED):
            shutil.rmtree(output / folder, ignore_errors=True)
        notebook = without_left_out(nbformat.read(path, as_version=4))
        kept = output / RUNNING / path.name
        try:
            write_whole(kept, lambda file: nbformat.write(notebook, file))
        except OSError as error:
            raise _unwritable(output, error) from None
        made_from = recipe(kept, {}) | {"dataset": dataset.digest}
        points = {
            point_name(path.stem, made_from["parameters"] | parameters): parameters
            for parameters in points_of(grids)
        }
        finished = _earlier_points(points, kept, made_from, output)
        left = {name: each for name, each in points.items() if name not in finished}
        if finished:
            console.print(
                f"{len(finished):,} of {len(points):,} points are finished",
                highlight=False,
            )
        ran, ending = {}, ExitCode.COMPLETED
        if left:
            collector = _Collector(path.stem, output, left, console)
            try:
                with connect(address, workers, received, console) as client:
                    ending = _run(
                        client, collector, notebook, cell_timeout, dataset, received
                    )
            except ClusterError as error:
                print(f"error: {error}", file=sys.stderr)
                ending = ExitCode.CLUSTER_UNUSABLE
            except OSError as error:
                print(f"error: the scheduler is lost: {error}", file=sys.stderr)
                ending = ExitCode.CLUSTER_UNUSABLE
            ran = collector.finished
        shutil.rmtree(output / RUNNING, ignore_errors=True)
    outcomes = {
        name: Point(name, parameters, None) for name, parameters in points.items()
    }
    return list((outcomes | finished | ran).values()), ending


def _unwritable(output: Path, error: OSError) -> CourseError:
    return CourseError(f"cannot write to {output}: {error}")


def _earlier_points(
    points: dict[str, dict],
    notebook: Path,
    made_from: dict[str, object],
    output: Path,
) -> dict[str, Point]:
    """Find the points whose results an earlier sweep has left, and that still hold."""
    finished = {}
    for name, parameters in points.items():
        folder = output / POINTS / name
        if not folder.exists():
            continue
        now = made_from | {"parameters": made_from["parameters"] | parameters}
        with suppress(CourseError, OSError):
            results = check_complete(notebook.stem, folder)
            executed = folder / "notebooks" / notebook.name
            if not differences(recipe_of(executed, results), now):
                finished[name] = Point(
                    name, parameters, ExitCode.COMPLETED, results=results
                )
    return finished


def _run(
    client: Client,
    collector: "_Collector",
    notebook: nbformat.NotebookNode,
    cell_timeout: int,
    dataset: Dataset,
    received: list[int],
) -> ExitCode:
    if received:
        return ExitCode(128 + received[0])
    name = f"sweep-{uuid.uuid4().hex}"
    try:
        expected, threads = check_workers(client, dataset.digest)
        runner = PointRunner(
            name,
            collector.notebook_name,
            nbformat.writes(notebook),
            threads,
            cell_timeout,
            expected,
        )
        client.register_plugin(runner)
        slots = sum(client.nthreads().values())
        collector.console.print(
            f"{len(collector.points):,} points, {slots:,} at a time, "
            f"each with {threads} {'thread' if threads == 1 else 'threads'}",
            highlight=False,
        )
        return collector.collect(client, name, received)
    finally:
        # Of a scheduler that goes on, the workers end their kernels now.
        if client.status == "running":
            with suppress(Exception):
                client.unregister_worker_plugin(name)


class _Collector:
    """Hands points to a cluster, and keeps what comes back."""

    def __init__(
        self,
        notebook_name: str,
        output: Path,
        points: dict[str, dict],
        console: Console,
    ) -> None:
        self.notebook_name = notebook_name
        self.output = output
        self.points = points
        self.console = console
        self.finished: dict[str, Point] = {}
        self._arrived: queue.SimpleQueue[Future] = queue.SimpleQueue()
        # Of each key: the point's name, and the future.
        self._pending: dict[str, tuple[str, Future]] = {}
        self._failures = Counter()
        self._unfit: set[str] = set()

    def collect(self, client: Client, sweep: str, received: list[int]) -> ExitCode:
        """Run every point, twice if need be, until all are done or none can be."""
        self._started = time.monotonic()
        # The last values of a grid are mostly the largest, and take the longest.
        self._submit(client, sweep, list(self.points)[::-1])
        with counted_progress(self.console) as progress:
            task = progress.add_task("points", total=len(self.points))
            while self._pending:
                if received:
                    client.cancel([future for _name, future in self._pending.values()])
                    return ExitCode(128 + received[0])
                if client.status != "running":
                    raise ClusterError("the scheduler is gone")
                try:
                    future = self._arrived.get(timeout=0.2)
                except queue.Empty:
                    continue
                ran = self._fetch(future)
                if ran is None:
                    continue
                name, _future = self._pending.pop(future.key)
                future.release()
                if isinstance(ran, UnfitWorkerError):
                    self._submit_elsewhere(client, sweep, name, ran)
                    continue
                self._failures[name] += ran.ending is not ExitCode.COMPLETED
                if ran.ending is not ExitCode.COMPLETED and (
                    self._failures[name] < ATTEMPTS
                ):
                    self._say(name, f"once more: {ran.message}")
                    self._submit(client, sweep, [name])
                    continue
                try:
                    self._keep(name, ran)
                except OSError as error:
                    raise _unwritable(self.output, error) from None
                progress.advance(task)
        return next(
            (
                point.ending
                for point in self.finished.values()
                if point.ending is not ExitCode.COMPLETED
            ),
            ExitCode.COMPLETED,
        )

    def _submit(
        self, client: Client, sweep: str, names: list[str], **where: object
    ) -> None:
        futures = client.map(
            run_point,
            [self.points[name] for name in names],
            key=[f"{sweep}-{name}-{uuid.uuid4().hex}" for name in names],
            sweep=sweep,
            pure=False,
            **where,
        )
        for name, future in zip(names, futures, strict=True):
            self._pending[future.key] = name, future
            future.add_done_callback(self._arrived.put)

    def _submit_elsewhere(
        self, client: Client, sweep: str, name: str, error: UnfitWorkerError
    ) -> None:
        """Give a point to the other workers; it is not the point that has failed."""
        if error.address not in self._unfit:
            self._unfit.add(error.address)
            self.console.print(f"{error}; it gets no points", highlight=False)
        fit = sorted(client.nthreads().keys() - self._unfit)
        if not fit:
            raise ClusterError(f"no worker is left but unfit ones; the last: {error}")
        self._submit(client, sweep, [name], workers=fit, allow_other_workers=True)

    def _fetch(self, future: Future) -> Ran | UnfitWorkerError | None:
        """Get what came of an attempt; None if it has to be waited for again."""
        if future.status == "cancelled":
            raise ClusterError("the scheduler is gone")
        try:
            return future.result(timeout=FETCH_SECONDS)
        except CancelledError:
            raise ClusterError("the scheduler is gone") from None
        except UnfitWorkerError as error:
            return error
        except Exception as error:
            if isinstance(error, TimeoutError) and future.status != "error":
                # Its worker was lost before it could be fetched, so it is run again.
                future.add_done_callback(self._arrived.put)
                return None
            kind = type(error).__name__
            return Ran(ExitCode.NOTEBOOK_FAILED, f"{kind}: {error}", 0.0, {})

    def _keep(self, name: str, ran: Ran) -> None:
        """Put a point's files in place, all at once."""
        completed = ran.ending is ExitCode.COMPLETED
        staging = self.output / RUNNING / name
        final = self.output / (POINTS if completed else FAILED) / name
        for file, content in ran.files.items():
            target = staging / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        results = None
        if completed:
            text = (staging / "results" / f"{self.notebook_name}.json").read_text(
                encoding="utf-8"
            )
            results = json.loads(text)
        if staging.exists():
            final.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(final, ignore_errors=True)
            staging.replace(final)
        self.finished[name] = Point(
            name, self.points[name], ran.ending, ran.message, results
        )
        if not completed:
            self._say(name, f"failed: {ran.message}")
        elif not self.console.is_terminal:
            self._say(name, f"{ran.seconds:.1f} s")

    def _say(self, name: str, text: str) -> None:
        done, total = len(self.finished), len(self.points)
        seconds = time.monotonic() - self._started
        left = f", about {seconds / done * (total - done):.0f} s left" if done else ""
        point = describe_point(self.points[name])
        self.console.print(
            f"{done:,} of {total:,}{left}   {point}: {text}",
            highlight=False,
            markup=False,
        )
