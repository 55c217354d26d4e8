"""Sweeps on real Dask processes: what lands, what fails, what is lost, what goes on."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from dask.system import cpu_count
from made_up_results import RESULTS
from nbclient.exceptions import DeadKernelError
from rich.console import Console
from tiny_notebooks import write_notebook
from waiting import wait_until

from mnist_helpers.commands import execution
from mnist_helpers.commands.sweeping import clusters, fork_server, grids
from mnist_helpers.commands.sweeping.kernels import ForkedKernels
from mnist_helpers.commands.sweeping.sweep import Point, sweep
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.errors import ExitCode
from mnist_helpers.files import OUTPUT_VARIABLE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Seconds in which Dask's processes start or end, however busy the machine is.
LONG = 180
# Saves what a notebook of the course saves, and lets its metrics tell the parameters.
SAVE = f"""
import json, os, pathlib
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.files import file_digest, write_whole
from mnist_helpers.results.schema import write_results

folder = pathlib.Path(os.environ["MNIST_HELPERS_OUTPUT"])
model = folder / "models" / "NAME.keras"
write_whole(model, lambda path: path.write_text(LABEL))
results = json.loads({json.dumps(RESULTS)!r})
results |= {{
    "notebook": "NAME",
    "files": {{"models/NAME.keras": file_digest(model)}},
    "parameters": {{"SEED": SEED, "RATE": RATE, "LABEL": LABEL, "SLOW": SLOW}},
    "environment": describe_environment(),
    "findings": {{"found": globals().get("found")}},
}}
results["metrics"] |= {{"best_validation_accuracy": RATE, "accuracy": SEED / 100}}
results["dataset"]["digest"] = "DIGEST"
write_results(folder / "results" / "NAME.json", results)
"""
# Lets only seeds from 4 on come to their end.
WAIT = "import time\nwhile SEED < 4: time.sleep(0.05)"


@contextmanager
def process(*command: str, **variables: str):
    """Start a program, and end it with whatever it started."""
    started = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"MNIST_HELPERS_DATA": "stand-in"} | variables,
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(LONG)


LISTEN = ("--host", "127.0.0.1", "--no-dashboard")


@contextmanager
def dask_scheduler(folder: Path):
    """Start a scheduler as a user would; yield its address and its process."""
    file = folder / "scheduler.json"
    with process(
        *("dask", "scheduler", *LISTEN, "--port", "0", "--scheduler-file", str(file))
    ) as scheduler:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), LONG)
        yield json.loads(file.read_text())["address"], scheduler


def dask_workers(address: str, count: int, folder: Path, **variables: str):
    """Start workers as a user would; ``folder`` is for what they write."""
    return process(
        *("dask", "worker", address, *LISTEN, "--nworkers", str(count)),
        *("--nthreads", "1", "--memory-limit", "0"),
        *("--local-directory", str(folder)),
        **variables,
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """The folder for what the workers at the address write."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def address(tmp_path_factory, scratch):
    folder = tmp_path_factory.mktemp("dask")
    with (
        dask_scheduler(folder) as (address, _scheduler),
        dask_workers(address, 2, scratch),
    ):
        yield address


@pytest.fixture(scope="module")
def dataset():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_HELPERS_DATA", "stand-in")
        yield load_mnist()


@pytest.fixture(scope="module")
def save(dataset):
    return SAVE.replace("DIGEST", dataset.digest)


def run_sweep(
    path, given, dataset, output, address, resume=False, workers=1
) -> tuple[list[Point], ExitCode, str]:
    said = io.StringIO()
    points, ending = sweep(
        path,
        grids.read_grids(path, given),
        dataset,
        output,
        address,
        workers,
        resume,
        60,
        Console(file=said, width=200),
    )
    return points, ending, said.getvalue()


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def is_gone(pid: int) -> bool:
    try:
        # Whoever adopts an orphan may be slow to bury it.
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def command_line(process: psutil.Process) -> list[str]:
    """Read how a process was started; empty if it has just ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def fork_servers() -> list[psutil.Process]:
    """Find what this test's workers have started to fork kernels from."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if fork_server.__name__ in command_line(process)
    ]


def listening(process: psutil.Process) -> set[str]:
    """Find the addresses that a process listens on; none if it has just ended."""
    try:
        return {
            connection.laddr.ip
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
    except psutil.NoSuchProcess:
        return set()


@contextmanager
def command(*arguments: str):
    """Start a sweep from the command line, and stop it if it has not ended."""
    started = subprocess.Popen(
        [sys.executable, "-m", "mnist_helpers", "sweep", *arguments],
        env=os.environ | {"MNIST_HELPERS_DATA": "stand-in"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches every process of a terminal's foreground group.
        start_new_session=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGINT)
            started.communicate(timeout=LONG)


def test_every_point_lands_whole_in_a_folder_of_its_own(
    tmp_path, dataset, address, save
):
    path = write_notebook(tmp_path / "in" / "01_a.ipynb", save)
    output = tmp_path / "a" / "b" / "output"
    given = ["LABEL=../../../x,/etc/x,{a}", "SEED=1:3"]
    points, ending, said = run_sweep(path, given, dataset, output, address)
    assert ending is ExitCode.COMPLETED
    assert [point.parameters["SEED"] for point in points] == [1, 2] * 3
    expected = {
        f"points/{point.name}/{file}"
        for point in points
        for file in (
            *("notebooks/01_a.ipynb", "results/01_a.json", "models/01_a.keras"),
            "logs/01_a.txt",
        )
    }
    assert files_of(output) == expected
    assert files_of(tmp_path) == {f"a/b/output/{name}" for name in expected} | {
        "in/01_a.ipynb"
    }
    for point in points:
        folder = output / "points" / point.name
        assert (folder / "models" / "01_a.keras").read_text() == point.parameters[
            "LABEL"
        ]
        assert point.results["metrics"]["accuracy"] == point.parameters["SEED"] / 100
        executed = nbformat.read(folder / "notebooks" / "01_a.ipynb", as_version=4)
        assert f"SEED = {point.parameters['SEED']}" in executed.cells[1].source
    threads = max(1, cpu_count() // 2)
    assert f"6 points, 2 at a time, each with {threads} thread" in said
    assert "6 of 6, about 0 s left" in said
    # The workers stay, and keep nothing.
    wait_until(lambda: not fork_servers(), LONG)


def test_a_sweep_goes_on_with_what_does_not_hold(tmp_path, dataset, address, save):
    path = write_notebook(tmp_path / "01_a.ipynb", save)
    output = tmp_path / "output"
    first, _ending, _said = run_sweep(path, ["SEED=1:4"], dataset, output, address)
    with pytest.raises(execution.ArgumentError, match="--resume goes on with it"):
        run_sweep(path, ["SEED=1:4"], dataset, output, address)

    def modified(points: list[Point]) -> list[int]:
        return [
            (output / "points" / point.name / "results" / "01_a.json").stat().st_ino
            for point in points
        ]

    before = modified(first)
    (output / "points" / first[1].name / "models" / "01_a.keras").write_text("other")
    failed = output / "failed" / "earlier"
    failed.mkdir(parents=True)
    given = ["SEED=1:5"]
    points, ending, said = run_sweep(path, given, dataset, output, address, True)
    assert ending is ExitCode.COMPLETED
    assert not failed.exists()
    assert "2 of 4 points are finished" in said
    after = modified(points)
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] != before[1]
    assert [point.results["metrics"]["accuracy"] for point in points] == [
        *(0.01, 0.02, 0.03, 0.04)
    ]
    # Nothing has to run any more, so no scheduler is asked for.
    points, ending, _said = run_sweep(path, given, dataset, output, "tcp://x:1", True)
    assert ending is ExitCode.COMPLETED
    assert modified(points) == after
    # Said in another way, it is the same point.
    given.append("RATE=0.5")
    points, ending, _said = run_sweep(path, given, dataset, output, "tcp://x:1", True)
    assert ending is ExitCode.COMPLETED
    assert modified(points) == after
    # Of another notebook, it is another point.
    other = write_notebook(tmp_path / "02_b.ipynb", save)
    _others, ending, said = run_sweep(other, ["SEED=1"], dataset, output, address, True)
    assert ending is ExitCode.COMPLETED
    assert "are finished" not in said
    assert modified(points) == after
    # Of other code, nothing holds.
    write_notebook(path, "2 + 2", save)
    _points, ending, said = run_sweep(path, given, dataset, output, address, True)
    assert "are finished" not in said
    assert "4 of 4" in said


def test_a_point_that_fails_is_run_twice_and_the_others_go_on(
    tmp_path, dataset, address, save
):
    source = (
        "import os, pathlib\n"
        f"log = pathlib.Path({str(tmp_path)!r}) / f'seed-{{SEED}}'\n"
        "tries = len(log.read_text()) if log.exists() else 0\n"
        "log.write_text('x' * (tries + 1))\n"
        "if SEED == 1 or SEED == 2 and not tries:\n"
        "    raise RuntimeError(f'why {SEED}')\n"
        "if SEED == 3:\n"
        "    os._exit(1)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, save)
    output = tmp_path / "output"
    points, ending, said = run_sweep(path, ["SEED=1:6"], dataset, output, address)
    endings = [point.ending for point in points]
    assert endings == [ExitCode.NOTEBOOK_FAILED, 0, ExitCode.NOTEBOOK_FAILED, 0, 0]
    assert ending in (ExitCode.NOTEBOOK_FAILED, ExitCode.NOTEBOOK_FAILED)
    assert "RuntimeError: why 1" in points[0].message
    assert "SEED=2: once more: cell 3" in said
    tries = [len((tmp_path / f"seed-{seed}").read_text()) for seed in range(1, 6)]
    assert tries == [2, 2, 2, 1, 1]
    assert {folder.name for folder in (output / "points").iterdir()} == {
        points[at].name for at in (1, 3, 4)
    }
    failed = output / "failed" / points[0].name / "notebooks" / "01_a.failed.ipynb"
    assert "why 1" in failed.read_text()


def test_each_point_has_a_kernel_that_no_other_has_touched(
    tmp_path, dataset, address, save
):
    touch = (
        "import json, os, pathlib, random, sys, tempfile\n"
        "import numpy as np\n"
        "from matplotlib import pyplot, rcParams\n"
        "import mnist_helpers.evaluation.scores\n"
        "assert not hasattr(json, 'touched') and not hasattr(np, 'touched')\n"
        "assert 'left' not in globals()\n"
        "json.touched = np.touched = left = True\n"
        "rcParams['lines.linewidth'] *= 2\n"
        "os.environ['TOUCHED'] = os.environ.get('TOUCHED', '') + 'x'\n"
        "found = [os.getpid(), random.random(), np.random.rand(),\n"
        "         np.random.default_rng().random(), rcParams['lines.linewidth'],\n"
        "         os.environ['TOUCHED'], pyplot.get_backend()]\n"
        "temporary = tempfile.TemporaryDirectory()\n"
        "of_sweep = pathlib.Path(os.environ['MNIST_HELPERS_OUTPUT']).parents[2]\n"
        "points = sum(path.is_dir() for path in of_sweep.iterdir())\n"
        "given = [os.environ.get(name)\n"
        "         for name in ('TF_NUM_INTRAOP_THREADS', 'OMP_NUM_THREADS')]\n"
        "found = [temporary.name, [points, *given], *found]"
    )
    draw = "pyplot.plot([1, SEED]);"
    path = write_notebook(tmp_path / "01_a.ipynb", touch, draw, save)
    output = tmp_path / "output"
    points, ending, _said = run_sweep(path, ["SEED=1:6"], dataset, output, address)
    assert ending is ExitCode.COMPLETED
    folders, given, *found = zip(
        *(point.results["findings"]["found"] for point in points), strict=True
    )
    pids, draws, numpys, generators, *settings = map(set, found)
    for different in (set(folders), pids, draws, numpys, generators):
        assert len(different) == 5
    assert not any(Path(folder).exists() for folder in folders)
    # A worker has the folder of one point at a time.
    threads = f"{max(1, cpu_count() // 2)}"
    assert all(each == [1, threads, threads] for each in given)
    for same in settings:
        assert len(same) == 1

    # As in a kernel that was started anew.
    fresh = tmp_path / "fresh"
    [outcome] = execution.run_notebooks(
        {path: {"SEED": 3}}, fresh, 1, 60, Console(quiet=True)
    )
    for_both = [each.results["findings"]["found"][6:] for each in (outcome, points[2])]
    assert for_both[0] == for_both[1]
    pngs = [
        [
            output.data["image/png"]
            for cell in nbformat.read(folder / "notebooks" / "01_a.ipynb", 4).cells
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        for folder in (output / "points" / points[2].name, fresh)
    ]
    assert len(pngs[0]) == 1
    assert pngs[0] == pngs[1]


def test_the_points_of_a_lost_worker_go_elsewhere(
    tmp_path, dataset, address, scratch, save
):
    # A kernel is the child of a process that a worker has started.
    source = (
        "import pathlib, psutil, time\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "first = folder / f'first-{SEED}'\n"
        "if SEED % 2 and not first.exists():\n"
        "    server, worker = psutil.Process().parents()[:2]\n"
        "    pids = psutil.Process().pid, server.pid, worker.pid\n"
        "    first.write_text(' '.join(map(str, pids)))\n"
        "    worker.kill()\n"
        "    time.sleep(60)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, save)
    output = tmp_path / "output"
    points, ending, _said = run_sweep(path, ["SEED=1:7"], dataset, output, address)
    assert ending is ExitCode.COMPLETED
    assert [point.results["metrics"]["accuracy"] for point in points] == [
        seed / 100 for seed in range(1, 7)
    ]
    lost = sorted(tmp_path.glob("first-*"))
    assert len(lost) == 3
    pids = [int(pid) for file in lost for pid in file.read_text().split()]
    wait_until(lambda: all(map(is_gone, pids)), LONG)
    # Nothing of any sweep is left, that of the killed ones neither.
    wait_until(lambda: not list(scratch.rglob("sweep-*")), LONG)


def test_an_unfit_worker_that_joins_later_gets_no_points(tmp_path, save):
    begun, go = tmp_path / "begun", tmp_path / "go"
    source = (
        "import pathlib, time\n"
        f"pathlib.Path({str(begun)!r}).touch()\n"
        f"while SEED < 4 or not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, save)
    output = tmp_path / "output"
    nowhere = str(tmp_path / "nowhere")
    with (
        dask_scheduler(tmp_path) as (address, _scheduler),
        dask_workers(address, 1, tmp_path / "fit") as fit,
        command(
            *(str(path), "--grid", "SEED=0:6", "--output", str(output)),
            *("--scheduler", address),
        ) as swept,
    ):
        wait_until(begun.exists, LONG)
        with dask_workers(
            address, 1, tmp_path / "unfit", MNIST_HELPERS_DATA=nowhere
        ) as _unfit:
            said = ""
            while "it gets no points" not in said:
                said += (line := swept.stdout.readline())
                assert line
            go.touch()
            wait_until(lambda: len(list((output / "points").glob("*"))) == 2, LONG)
            fit.terminate()
            rest, complaints = swept.communicate(timeout=LONG)
    assert swept.returncode == ExitCode.CLUSTER_UNUSABLE
    assert "no worker is left but unfit ones" in complaints
    assert "CourseError" in said
    assert "once more" not in said + rest
    assert (said + rest).count("it gets no points") == 1
    assert "2 of 6 points are in" in rest


@contextmanager
def waiting_sweep(folder: Path, save: str):
    """Start a scheduler without workers, and a sweep on it; yield their processes."""
    path = write_notebook(folder / "01_a.ipynb", save)
    with (
        dask_scheduler(folder) as (address, scheduler),
        command(
            *(str(path), "--grid", "SEED=1", "--output", str(folder / "output")),
            *("--scheduler", address),
        ) as swept,
    ):
        while "waiting for a worker" not in (line := swept.stdout.readline()):
            assert line
        yield scheduler, swept


def test_a_scheduler_that_goes_away_before_it_has_workers(tmp_path, save):
    with waiting_sweep(tmp_path, save) as (scheduler, swept):
        scheduler.kill()
        _said, complaints = swept.communicate(timeout=LONG)
    assert swept.returncode == ExitCode.CLUSTER_UNUSABLE
    assert "error: the scheduler is lost" in complaints
    # Nothing has begun that there would be to show, or to go on with.
    assert "--resume" not in complaints
    assert not (tmp_path / "output" / "sweep.html").exists()
    assert "Traceback" not in complaints


def test_ctrl_c_ends_the_wait_for_a_worker(tmp_path, save):
    with waiting_sweep(tmp_path, save) as (_scheduler, swept):
        os.killpg(swept.pid, signal.SIGINT)
        _said, complaints = swept.communicate(timeout=LONG)
    assert swept.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in complaints


def test_a_scheduler_that_goes_away_takes_nothing_finished_along(tmp_path, save):
    path = write_notebook(tmp_path / "01_a.ipynb", WAIT, save)
    output = tmp_path / "output"
    with (
        dask_scheduler(tmp_path) as (address, scheduler),
        dask_workers(address, 2, tmp_path / "scratch"),
        command(
            *(str(path), "--grid", "SEED=0:6", "--output", str(output)),
            *("--scheduler", address),
        ) as swept,
    ):
        wait_until(lambda: len(list((output / "points").glob("*"))) == 2, LONG)
        scheduler.kill()
        _said, complaints = swept.communicate(timeout=LONG)
    assert swept.returncode == ExitCode.CLUSTER_UNUSABLE
    assert "error: the scheduler is gone" in complaints
    assert "--resume goes on from there" in complaints
    assert "Traceback" not in complaints
    assert sorted(pd.read_csv(output / "sweep.csv").SEED) == [4, 5]
    assert "2 of 6 finished" in (output / "sweep.html").read_text()


def test_ctrl_c_stops_everything_and_keeps_what_is_finished(tmp_path, save):
    path = write_notebook(tmp_path / "01_a.ipynb", WAIT, save)
    output = tmp_path / "output"
    with command(
        *(str(path), "--grid", "SEED=0:6", "--output", str(output), "--workers", "2")
    ) as swept:
        wait_until(lambda: len(list((output / "points").glob("*"))) == 2, LONG)
        family = psutil.Process(swept.pid).children(recursive=True)
        listened = [listening(each) for each in (psutil.Process(swept.pid), *family)]
        os.killpg(swept.pid, signal.SIGINT)
        said, complaints = swept.communicate(timeout=LONG)
    assert set().union(*listened) == {"127.0.0.1"}
    assert swept.returncode == ExitCode.INTERRUPTED
    assert "2 of 6 points are in" in said
    # Python itself complains of an event loop whose closing Ctrl-C interrupted.
    ignored = complaints.count("Exception ignored in")
    assert complaints.count("Traceback") == ignored
    assert sorted(pd.read_csv(output / "sweep.csv").SEED) == [4, 5]
    assert not (output / ".running").exists()
    assert len(family) >= 4
    wait_until(lambda: all(is_gone(process.pid) for process in family), LONG)


def test_kernels_that_were_stopped_start_no_more():
    kernels = ForkedKernels({}, "")
    kernels.stop()
    with pytest.raises(DeadKernelError, match="not started"):
        kernels.new_manager()


def test_a_scheduler_that_is_not_there(tmp_path, dataset, monkeypatch, capsys, save):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    path = write_notebook(tmp_path / "01_a.ipynb", save)
    points, ending, _said = run_sweep(
        path, ["SEED=1"], dataset, tmp_path / "output", "tcp://127.0.0.1:1"
    )
    assert ending is ExitCode.CLUSTER_UNUSABLE
    assert points[0].ending is None
    assert "no scheduler at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_a_worker_with_other_data_is_refused(tmp_path, dataset, address, capsys, save):
    path = write_notebook(tmp_path / "01_a.ipynb", save)
    other = dataclasses.replace(dataset, digest="of other data")
    points, ending, _said = run_sweep(
        path, ["SEED=1"], other, tmp_path / "output", address
    )
    assert ending is ExitCode.CLUSTER_UNUSABLE
    assert points[0].ending is None
    assert "has other data" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to(tmp_path, dataset, address, save):
    path = write_notebook(tmp_path / "01_a.ipynb", save)
    output = tmp_path / "output"
    output.mkdir()
    (output / "points").write_text("a file")
    with pytest.raises(execution.ArgumentError, match="cannot write to"):
        run_sweep(path, ["SEED=1"], dataset, output, address)


@pytest.mark.notebooks
@pytest.mark.parametrize("workers", [1, cpu_count()])
def test_a_point_measures_what_the_whole_notebook_does(
    tmp_path, dataset, monkeypatch, workers
):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    monkeypatch.delenv(OUTPUT_VARIABLE, raising=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = ROOT / "notebooks" / "03_wide_mlp.ipynb"
    given = ["HIDDEN_UNITS=8,32", "EPOCHS=2"]
    points, ending, _said = run_sweep(
        path,
        given,
        dataset,
        tmp_path / "sweep",
        None,
        workers=workers,
    )
    assert ending is ExitCode.COMPLETED
    assert not list(temporary.rglob("*.keras"))
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, str(cpu_count() // workers))
    [outcome] = execution.run_notebooks(
        {path: points[1].parameters}, tmp_path / "run", 1, 600, Console(quiet=True)
    )
    swept, whole = points[1].results, outcome.results
    assert points[0].results["metrics"] != swept["metrics"]
    for section in (
        *("parameters", "metrics", "intervals", "per_class", "history", "claims"),
        *("model", "dataset"),
    ):
        assert swept[section] == whole[section], section
    # The model's file holds the time at which it was written.
    for file in swept["files"]:
        if not file.startswith("models/"):
            assert swept["files"][file] == whole["files"][file], file
    assert len(swept["files"]) < len(whole["files"])
