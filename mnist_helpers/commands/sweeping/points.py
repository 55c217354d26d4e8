"""What a worker does: check that it is fit, and run one point after another."""

import os
import platform
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import nbformat
from dask.system import cpu_count
from distributed import WorkerPlugin, get_worker

from mnist_helpers.commands.execution import run_notebook
from mnist_helpers.commands.sweeping.kernels import ForkedKernels, forkable_imports
from mnist_helpers.data.mnist import DATA_VARIABLE, load_mnist
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.errors import ExitCode

# A code cell with this tag is left out of a sweep's points.
LEFT_OUT = "not-in-sweep"
# Each limits the threads of one of the libraries that a notebook computes with.
THREADS = (
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
)


class UnfitWorkerError(RuntimeError):
    """A worker with other code, other versions or other data than the sweep's.

    Parameters
    ----------
    address : str
        Of the worker.
    reason : str
        What is not as it has to be.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        """Name worker and reason."""
        return f"worker {self.address} {self.reason}"


@dataclass(frozen=True)
class Ran:
    """What came of one attempt at a point.

    Attributes
    ----------
    ending : ExitCode
        How the notebook ended.
    message : str
        What went wrong, and where; empty if nothing did.
    seconds : float
        Of the whole attempt.
    files : dict
        Path within the point's folder to the bytes of what the notebook left.
    """

    ending: ExitCode
    message: str
    seconds: float
    files: dict[str, bytes]


def without_left_out(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep of a notebook what its own tags leave in a sweep.

    Parameters
    ----------
    notebook : NotebookNode
        With or without outputs.

    Returns
    -------
    NotebookNode
        A copy without the code cells that are tagged ``not-in-sweep``, and without
        outputs.
    """
    kept = nbformat.from_dict(notebook)
    kept.cells = [
        cell
        for cell in kept.cells
        if cell.cell_type != "code" or LEFT_OUT not in cell.metadata.get("tags", [])
    ]
    for cell in kept.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return kept


def describe_worker() -> dict[str, object]:
    """Say what has to be the same on every worker of a sweep, and what it runs on.

    Returns
    -------
    dict
        ``package`` (a digest of its code), ``versions``, ``python`` and ``data`` (a
        digest); ``host`` and ``cores``.

    Raises
    ------
    CourseError
        If there is no data to be had.
    """
    environment = describe_environment()
    return {name: environment[name] for name in ("package", "versions")} | {
        "python": platform.python_version(),
        "data": load_mnist().digest,
        "host": socket.gethostname(),
        # A container may have fewer than its machine.
        "cores": cpu_count(),
    }


def check_fit(
    address: str, found: dict[str, object], expected: dict[str, object]
) -> None:
    """Make sure that a worker is as a sweep needs it.

    Parameters
    ----------
    address : str
        Of the worker.
    found : dict
        Of `describe_worker`, there.
    expected : dict
        What it has to say.

    Raises
    ------
    UnfitWorkerError
        If something differs; the message says what.
    """
    for name, value in expected.items():
        if found[name] != value:
            where = f"; {DATA_VARIABLE} there says which" if name == "data" else ""
            raise UnfitWorkerError(
                address, f"has other {name}: {found[name]}, expected {value}{where}"
            )


class PointRunner(WorkerPlugin):
    """What each worker of a sweep holds, those that join late too.

    Parameters
    ----------
    name : str
        Of the sweep, unlike any other's.
    notebook_name : str
        The notebook's file name without its ending.
    notebook : str
        What is executed at each point, as JSON.
    threads : int
        That a point may compute with.
    cell_timeout : int
        Seconds that a cell may take.
    expected : dict
        What `describe_worker` has to say, apart from host and cores.
    """

    def __init__(
        self,
        name: str,
        notebook_name: str,
        notebook: str,
        threads: int,
        cell_timeout: int,
        expected: dict[str, object],
    ) -> None:
        self.name = name
        self.notebook_name = notebook_name
        self.notebook = notebook
        self.threads = threads
        self.cell_timeout = cell_timeout
        self.expected = expected

    def setup(self, worker) -> None:
        """Make a folder for the worker's points, and check the worker."""
        # Dask removes what is in there, also of a worker that was killed.
        self.folder = Path(worker.local_directory) / self.name
        self.path = self.folder / f"{self.notebook_name}.ipynb"
        self.unfit: UnfitWorkerError | None = None
        try:
            self.folder.mkdir()
            self.path.write_text(self.notebook, encoding="utf-8")
            check_fit(worker.address, describe_worker(), self.expected)
        except UnfitWorkerError as error:
            self.unfit = error
        # Whatever it is: it is told when a point comes, as Dask tells nobody.
        except Exception as error:
            reason = f"cannot be prepared: {type(error).__name__}: {error}"
            self.unfit = UnfitWorkerError(worker.address, reason)
        imports = forkable_imports(nbformat.reads(self.notebook, as_version=4))
        environment = dict.fromkeys(THREADS, str(self.threads))
        self.kernels = ForkedKernels(environment, imports)

    def teardown(self, worker) -> None:
        """End the kernels, and leave nothing behind."""
        self.kernels.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, point: dict[str, object]) -> Ran:
        """Execute the notebook at one point."""
        if self.unfit:
            raise self.unfit
        output = self.folder / os.urandom(8).hex()
        try:
            outcome = run_notebook(
                self.path, point, output, self.cell_timeout, self.kernels
            )
            return Ran(
                outcome.exit_code, outcome.message, outcome.seconds, _read_files(output)
            )
        finally:
            shutil.rmtree(output, ignore_errors=True)


def _read_files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("[!.]*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }


def run_point(point: dict[str, object], sweep: str) -> Ran:
    """Execute a point on the worker that this is called on.

    Parameters
    ----------
    point : dict
        Parameter to value.
    sweep : str
        Name of the `PointRunner`.

    Returns
    -------
    Ran
        What came of it.

    Raises
    ------
    UnfitWorkerError
        If the worker is not as the sweep needs it.
    """
    return get_worker().plugins[sweep].run(point)
