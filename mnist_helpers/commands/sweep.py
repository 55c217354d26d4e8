"""Run one notebook at every point of a grid of its parameters, on Dask."""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import pandas as pd
from rich.console import Console
from sklearn.model_selection import ParameterGrid

from mnist_helpers.commands.execution import (
    CELL_TIMEOUT,
    Kernels,
    run_notebook,
    sole_writer,
)
from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.commands.resuming import differences, provenance, provenance_of
from mnist_helpers.commands.sweep_grid import Point, read_grid
from mnist_helpers.data import Dataset
from mnist_helpers.environment.files import write_whole
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.schema import read_results

try:
    from distributed import Client, LocalCluster, as_completed, get_worker
except ImportError:
    raise CourseError("a sweep needs Dask: pip install '.[sweep]'") from None

POINTS = "points"
# A code cell with this tag is left out of a sweep.
LEFT_OUT = "not-in-sweep"
# For Dask, a thread of a worker is a core.
ONE_THREAD = dict.fromkeys(
    (
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    ),
    "1",
)
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Settings:
    """How a sweep runs."""

    scheduler: str | None = None  # its address; by default, a cluster of this machine
    workers: int | None = None  # of that cluster; by default, one per core
    resume: bool = False
    cell_timeout: int = CELL_TIMEOUT


@dataclass(frozen=True)
class Task:
    """What is the same for all points."""

    name: str
    notebook: str
    made_from: dict[str, object]
    cell_timeout: int


def sweep(
    notebook: Path,
    given: Iterable[str],
    dataset: Dataset,
    output: Path,
    settings: Settings,
    console: Console,
) -> ExitCode:
    """Run a notebook at every point of a grid, given as for `read_grid`.

    A point is saved whole in ``points``, when it is finished, under a digest of all
    that its results depend on. One that fails is tried once more. However the sweep
    ends, ``sweep.csv`` shows what is finished.
    """
    grid = read_grid(notebook, given)
    made_from = provenance(notebook, {}) | {"dataset": dataset.digest}
    folder = output.resolve() / POINTS
    points = [
        Point(parameters, folder / _digest(notebook.stem, made_from, parameters))
        for parameters in ParameterGrid(grid)
    ]
    with sole_writer(output):
        if folder.exists() and not settings.resume:
            raise CourseError(
                f"{output} has points of an earlier sweep: go on with --resume, or "
                "name another folder with --output"
            )
        left = [point for point in points if not point.folder.exists()]
        console.print(f"{len(left):,} of {len(points):,} points to run")
        needed = {name: made_from[name] for name in ("dataset", "package", "versions")}
        timeout = settings.cell_timeout
        task = Task(notebook.stem, _swept_cells(notebook), needed, timeout)
        try:
            if left:
                with _connect(settings) as client:
                    _run(client, left, task, console)
        finally:
            write_table(points, output)
            finished = sum(point.folder.exists() for point in points)
            console.print(f"{finished:,} of {len(points):,} points are in {output}")
    if finished < len(points):
        console.print("the same command with --resume runs the others")
        return ExitCode.NOTEBOOK_FAILED
    return ExitCode.COMPLETED


def write_table(points: list[Point], output: Path) -> None:
    """Write ``sweep.csv``, a row per point."""
    table = pd.DataFrame(map(_row, points))
    write_whole(output / "sweep.csv", partial(table.to_csv, index=False))


def _row(point: Point) -> dict[str, object]:
    if not point.folder.exists():
        return point.parameters | {"message": point.message}
    [path] = (point.folder / "results").iterdir()
    results = read_results(path)
    environment = results["environment"]
    return {
        **results["parameters"],
        **results.get("metrics", {}),
        "model_parameters": results.get("model", {}).get("parameters"),
        "training_seconds": results.get("training", {}).get("seconds"),
        "dataset_digest": results["dataset"]["digest"],
        "processor": environment["processor"],
        "tensorflow": environment["versions"].get("tensorflow"),
        "point": point.folder.name,
    }


def _digest(name: str, made_from: dict, parameters: dict[str, object]) -> str:
    made_from = made_from | {"parameters": made_from["parameters"] | parameters}
    text = json.dumps([name, made_from], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _swept_cells(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if LEFT_OUT not in cell.metadata.get("tags", [])
    ]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return nbformat.writes(notebook)


@contextmanager
def _connect(settings: Settings) -> Iterator[Client]:
    # Dask describes a lost connection by tracebacks; a sweep does it in one line.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if settings.scheduler is None:
        with (
            LocalCluster(
                n_workers=settings.workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(settings.scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise _lost(f"no scheduler at {settings.scheduler}: {error}") from None
    with client:
        yield client


def _lost(message: str) -> CourseError:
    return CourseError(message, ExitCode.CLUSTER_UNUSABLE)


def _run(client: Client, points: list[Point], task: Task, console: Console) -> None:
    parameters = [point.parameters for point in points]
    futures = client.map(run_point, parameters, task=task, retries=1, pure=False)
    point_of = dict(zip(futures, points, strict=True))
    with counted_progress(console) as progress:
        bar = progress.add_task("points", total=len(points))
        for done, future in enumerate(as_completed(futures), start=1):
            point = point_of.pop(future)
            try:
                files = future.result()
            # Whatever a worker raises: no point may end the others.
            except Exception as error:
                if future.status != "error":
                    raise _lost("the scheduler is lost") from None
                point.message = str(error)
            else:
                _save(files, point.folder)
            future.release()
            progress.advance(bar)
            console.print(f"{done:,} of {len(points):,}: {point}")


def _save(files: dict[str, bytes], folder: Path) -> None:
    staging = folder.with_name(f".{folder.name}")
    shutil.rmtree(staging, ignore_errors=True)
    for name, content in files.items():
        path = staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    staging.replace(folder)


def run_point(parameters: dict[str, object], task: Task) -> dict[str, bytes]:
    """Execute a point, on a worker, and return the content of each file that it leaves.

    Raises `CourseError` if the notebook fails, or if the worker has other data or
    another version of the course.
    """
    with tempfile.TemporaryDirectory(dir=get_worker().local_directory) as name:
        path = Path(name, f"{task.name}.ipynb")
        path.write_text(task.notebook, encoding="utf-8")
        output = Path(name, "output")
        kernels = Kernels(ONE_THREAD)
        outcome = run_notebook(path, parameters, output, task.cell_timeout, kernels)
        if outcome.message:
            # What a kernel says before it dies.
            logs = [file.read_text(encoding="utf-8") for file in output.glob("logs/*")]
            raise CourseError("\n".join([outcome.message, *logs]))
        made_from = provenance_of(output / "notebooks" / path.name, outcome.results)
        if others := differences(made_from, task.made_from):
            worker = get_worker().address
            raise CourseError(f"worker {worker} has other {', '.join(others)}")
        return {
            file.relative_to(output).as_posix(): file.read_bytes()
            for file in output.glob("[!.]*/*")
        }
