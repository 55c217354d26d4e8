"""Sweeps on real Dask processes: what is saved, what fails, what is lost."""

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
from distributed import LocalCluster
from rich.console import Console
from tiny_notebooks import SAVE, write_notebook
from waiting import wait_until

from mnist_helpers.commands import execution, sweep
from mnist_helpers.data import load_mnist
from mnist_helpers.environment.files import OUTPUT_VARIABLE
from mnist_helpers.errors import CourseError, ExitCode

ROOT = Path(__file__).parents[2]
# Seconds in which Dask's processes start or end, however busy the machine is.
LONG = 180
# Lets only seeds below 3 finish.
WAIT = "import time\nwhile SEED > 2: time.sleep(0.05)"


@pytest.fixture(scope="module")
def dataset():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_HELPERS_DATA", "stand-in")
        yield load_mnist()


@pytest.fixture(scope="module")
def address(dataset):
    """The scheduler of a cluster that several tests use."""
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def save(dataset):
    return SAVE.replace('"digest": "digest"', f'"digest": "{dataset.digest}"')


def run_sweep(
    path, given, dataset, output, **settings
) -> tuple[ExitCode, pd.DataFrame, str]:
    said = io.StringIO()
    exit_code = sweep.sweep(
        *(path, given, dataset, output),
        sweep.Settings(cell_timeout=60, **settings),
        Console(file=said, width=200),
    )
    return exit_code, pd.read_csv(output / "sweep.csv"), said.getvalue()


@contextmanager
def process(*arguments: str):
    """Start a program of Python's, in a process group of its own as a terminal does."""
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=os.environ | {"MNIST_HELPERS_DATA": "stand-in"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        started.terminate()
        started.communicate(timeout=LONG)


@contextmanager
def waiting_sweep(folder: Path, save: str, *where: str):
    """Start a sweep of five points, of which two finish; yield its process then."""
    path = write_notebook(folder / "01_a.ipynb", WAIT, save)
    output = folder / "output"
    with process(
        *("mnist_helpers", "sweep", str(path), "--grid", "SEED=1:6"),
        *("--output", str(output), *where),
    ) as swept:
        wait_until(lambda: len(list((output / "points").glob("[!.]*"))) == 2, LONG)
        yield swept
    assert list(pd.read_csv(output / "sweep.csv").message.isna()) == [
        *(True, True, False, False, False)
    ]


@pytest.mark.slow
def test_points_are_saved_each_in_a_folder_and_a_failing_one_is_tried_twice(
    tmp_path, dataset, address, save
):
    source = (
        "import os, pathlib\n"
        "assert os.environ['TF_NUM_INTRAOP_THREADS'] == '1'\n"
        "assert os.environ['OMP_NUM_THREADS'] == '1'\n"
        f"log = pathlib.Path({str(tmp_path)!r}) / f'seed-{{SEED}}'\n"
        "with log.open('a') as stream:\n"
        "    print(os.getpid(), file=stream)\n"
        "if SEED == 1 or SEED == 2 and len(log.read_text().split()) == 1:\n"
        "    raise RuntimeError(f'why {SEED}')\n"
        "if SEED == 3:\n"
        "    output = pathlib.Path(os.environ['MNIST_HELPERS_OUTPUT']).parents[1]\n"
        "    with (output / 'logs' / 'NAME.txt').open('a') as log:\n"
        "        log.write('all of it\\nlast words')\n"
        "    os._exit(1)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, save)
    output = tmp_path / "output"
    given = ["SEED=1:5", "LABEL=../../x"]
    exit_code, table, said = run_sweep(path, given, dataset, output, scheduler=address)
    assert exit_code is ExitCode.NOTEBOOK_FAILED
    assert "2 of 4 points are in" in said
    assert list(table.SEED) == [1, 2, 3, 4]
    assert "RuntimeError: why 1" in table.message[0]
    assert "died" in table.message[2]
    assert "all of it" in table.message[2]
    assert "the kernel died: last words" in said
    assert "all of it" not in said
    pids = [(tmp_path / f"seed-{seed}").read_text().split() for seed in range(1, 5)]
    assert list(map(len, pids)) == [2, 2, 2, 1]
    assert len(set().union(*pids)) == 7
    finished = table[table.message.isna()]
    assert {folder.name for folder in (output / "points").iterdir()} == set(
        finished.point
    )
    for seed, name in zip(finished.SEED, finished.point, strict=True):
        folder = output / "points" / name
        assert {file.parent.name for file in folder.glob("*/*")} == {
            *("notebooks", "results", "predictions", "logs")
        }
        results = json.loads((folder / "results" / "01_a.json").read_text())
        assert results["parameters"]["SEED"] == seed
        assert results["parameters"]["LABEL"] == "../../x"
    assert sorted(file.name for file in tmp_path.glob("*")) == [
        *("01_a.ipynb", "output", "seed-1", "seed-2", "seed-3", "seed-4")
    ]


@pytest.mark.slow
def test_resuming_runs_only_what_does_not_hold(tmp_path, dataset, address, save):
    path = write_notebook(tmp_path / "01_a.ipynb", save)
    output = tmp_path / "output"
    run_sweep(path, ["SEED=1:3"], dataset, output, scheduler=address)
    with pytest.raises(CourseError, match="go on with --resume"):
        run_sweep(path, ["SEED=1:3"], dataset, output, scheduler=address)

    def resume(*given: str) -> str:
        where = {"scheduler": address, "resume": True}
        exit_code, _table, said = run_sweep(path, given, dataset, output, **where)
        assert exit_code is ExitCode.COMPLETED
        return said

    assert "1 of 3 points to run" in resume("SEED=1:4")
    # The same points, given in another way.
    assert "0 of 3 points to run" in resume("RATE=0.5", "SEED=3,1,2")
    write_notebook(path, "2 + 2", save)
    assert "3 of 3 points to run" in resume("SEED=1:4")


@pytest.mark.slow
def test_the_points_of_a_lost_worker_run_again(tmp_path, dataset, address, save):
    source = (
        "import pathlib, psutil, time\n"
        f"first = pathlib.Path({str(tmp_path)!r}) / 'first'\n"
        "if SEED == 3 and not first.exists():\n"
        "    first.touch()\n"
        "    psutil.Process().parent().kill()\n"
        "    time.sleep(600)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, save)
    exit_code, table, _said = run_sweep(
        path, ["SEED=1:5"], dataset, tmp_path / "output", scheduler=address
    )
    assert exit_code is ExitCode.COMPLETED
    assert list(table.SEED) == [1, 2, 3, 4]
    assert (tmp_path / "first").exists()


@pytest.mark.slow
def test_results_of_other_data_are_refused(tmp_path, dataset, address):
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    exit_code, table, _said = run_sweep(
        path, ["SEED=1"], dataset, tmp_path / "output", scheduler=address
    )
    assert exit_code is ExitCode.NOTEBOOK_FAILED
    assert "has other dataset" in table.message[0]


@pytest.mark.slow
def test_ctrl_c_stops_everything_and_keeps_what_is_finished(tmp_path, save):
    with waiting_sweep(tmp_path, save, "--workers", "2") as swept:
        main = psutil.Process(swept.pid)
        family = [main, *main.children(recursive=True)]
        assert len(family) >= 5
        listening = {
            connection.laddr.ip
            for each in family
            for connection in each.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        os.killpg(swept.pid, signal.SIGINT)
        said, complaints = swept.communicate(timeout=LONG)
    assert listening == {"127.0.0.1"}
    assert swept.returncode == ExitCode.INTERRUPTED
    assert "2 of 5 points are in" in said
    assert complaints == "interrupted\n"
    _gone, alive = psutil.wait_procs(family, LONG)
    assert not alive


@pytest.mark.slow
def test_a_lost_scheduler_is_one_line_and_what_is_finished_stays(tmp_path, save):
    file = tmp_path / "scheduler.json"
    with process(
        *("dask", "scheduler", "--host", "127.0.0.1", "--port", "0"),
        *("--no-dashboard", "--scheduler-file", str(file)),
    ) as scheduler:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), LONG)
        address = json.loads(file.read_text())["address"]
        with (
            process(
                *("dask", "worker", address, "--nworkers", "2", "--nthreads", "1"),
                *("--local-directory", str(tmp_path / "scratch")),
            ),
            waiting_sweep(tmp_path, save, "--scheduler", address) as swept,
        ):
            scheduler.kill()
            said, complaints = swept.communicate(timeout=LONG)
    assert swept.returncode == ExitCode.CLUSTER_UNUSABLE
    assert "2 of 5 points are in" in said
    assert complaints.startswith("error: the scheduler is lost")
    assert complaints.count("\n") == 1


def test_a_scheduler_that_is_not_there(tmp_path, dataset, monkeypatch):
    monkeypatch.setattr(sweep, "CONNECT_SECONDS", 1)
    path = write_notebook(tmp_path / "01_a.ipynb")
    scheduler = "tcp://127.0.0.1:1"
    with pytest.raises(CourseError, match="no scheduler at tcp") as error:
        run_sweep(path, ["SEED=1"], dataset, tmp_path / "output", scheduler=scheduler)
    assert error.value.exit_code is ExitCode.CLUSTER_UNUSABLE


def test_without_dask_a_sweep_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, sweep.__name__)
    with pytest.raises(CourseError, match="pip install"):
        __import__(sweep.__name__)


@pytest.mark.notebooks
def test_a_point_measures_what_the_whole_notebook_does(tmp_path, dataset, monkeypatch):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    monkeypatch.delenv(OUTPUT_VARIABLE, raising=False)
    path = ROOT / "notebooks" / "03_wide_mlp.ipynb"
    given = ["HIDDEN_UNITS=8,32", "EPOCHS=2"]
    _code, table, _said = run_sweep(path, given, dataset, tmp_path / "sweep")
    for name, value in sweep.ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    parameters = {"HIDDEN_UNITS": 32, "EPOCHS": 2}
    [outcome] = execution.run_notebooks(
        {path: parameters}, tmp_path / "run", 1, 600, Console(quiet=True)
    )
    point = table[table.HIDDEN_UNITS == 32].iloc[0]
    file = tmp_path / "sweep" / "points" / point.point / "results" / "03_wide_mlp.json"
    swept, whole = json.loads(file.read_text()), outcome.results
    for section in ("parameters", "metrics", "per_class", "history", "model"):
        assert swept[section] == whole[section], section
    assert point.best_validation_accuracy == pytest.approx(
        whole["metrics"]["best_validation_accuracy"], rel=1e-12
    )
    # It leaves out cells of the notebook.
    cells = [
        len(nbformat.read(folder / "notebooks" / path.name, as_version=4).cells)
        for folder in (file.parents[1], tmp_path / "run")
    ]
    assert cells[0] < cells[1]
