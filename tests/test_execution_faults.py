"""Runs of notebooks that go wrong: dead kernels, signals, full disks, false results."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from made_up_results import UNTRAINED
from nbformat.v4 import new_code_cell, new_notebook
from tiny_notebooks import SAVE, contents, run, write_notebook
from waiting import wait_until

from mnist_helpers.__main__ import ending_of, main
from mnist_helpers.commands import execution
from mnist_helpers.commands.exit_codes import Ending
from mnist_helpers.files import file_digest
from mnist_helpers.results import artefacts
from mnist_helpers.results.schema import write_results

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Writes again and again until a file appears that lets it go on.
WRITE_UNTIL_GO = """
import os, pathlib
import numpy as np
from mnist_helpers.files import write_whole

folder = pathlib.Path(os.environ["MNIST_HELPERS_OUTPUT"])
meeting = pathlib.Path(os.environ["MEETING"])
while not (meeting / "go").exists():
    write_whole(
        folder / "models" / "NAME.npz", lambda path: np.savez(path, noise=np.ones(9999))
    )
    write_whole(meeting / "NAME.pid", lambda path: path.write_text(str(os.getpid())))
"""
WRITE_PID = """
import os, pathlib
pathlib.Path(LABEL).write_text(str(os.getpid()))
"""


def is_gone(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    try:
        # Whoever adopts an orphan may be slow to bury it.
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_all_whole(output: Path) -> None:
    """Parse every file that does not have the name of one that is being written."""
    readers = {
        ".ipynb": lambda path: nbformat.validate(nbformat.read(path, as_version=4)),
        ".json": lambda path: json.loads(path.read_text()),
        ".npz": lambda path: dict(np.load(path)),
    }
    for path in output.rglob("[!.]*"):
        if path.suffix in readers:
            readers[path.suffix](path)


@pytest.fixture
def earlier(tmp_path):
    """Output folder with the good run of a notebook ``01_a``, and what is in it."""
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    output = tmp_path / "output"
    [outcome] = run({path: {"SEED": 5}}, output)
    assert outcome.ending is Ending.COMPLETED
    before = contents(output)
    assert len(before) == 3
    return output, before


def assert_kept_apart(earlier) -> None:
    output, before = earlier
    assert contents(output) == before
    assert not (output / ".running").exists()


def test_a_kernel_that_dies_in_a_cell(tmp_path, earlier):
    path = write_notebook(
        tmp_path / "01_a.ipynb",
        SAVE,
        "import os, pathlib, signal, tempfile\n"
        "temporary = tempfile.TemporaryDirectory()\n"
        f"pathlib.Path({str(tmp_path)!r}, 'named').write_text(temporary.name)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        "'not reached'",
    )
    [outcome] = run({path: {}}, earlier[0])
    assert outcome.ending is Ending.KERNEL_DIED
    cell = nbformat.read(path, as_version=4).cells[2]
    assert outcome.message == f"cell 3 ({cell.id}): Kernel died"
    assert outcome.results is None
    partial = nbformat.read(
        earlier[0] / "notebooks" / "01_a.failed.ipynb", as_version=4
    )
    assert [cell.execution_count for cell in partial.cells[:2]] == [1, 2]
    assert partial.cells[3].execution_count is None
    assert not Path((tmp_path / "named").read_text()).exists()
    assert_kept_apart(earlier)


@pytest.mark.parametrize(
    "endless", ["import time; time.sleep(10_000)", "while True: pass"]
)
def test_a_cell_that_takes_too_long_is_ended_with_its_kernel(tmp_path, endless):
    path = write_notebook(tmp_path / "01_a.ipynb", WRITE_PID, endless)
    pid_file = tmp_path / "pid"
    [outcome] = run({path: {"LABEL": str(pid_file)}}, tmp_path / "o", cell_timeout=1)
    assert outcome.ending is Ending.TIMED_OUT
    # Papermill's cell of the given parameters counts.
    assert outcome.message.startswith("cell 4 (")
    assert is_gone(pid_file)


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("CourseError", Ending.DATA_UNUSABLE),
        ("ParameterError", Ending.ARGUMENT_WRONG),
        ("SystemExit", Ending.CELL_FAILED),
    ],
)
def test_an_error_of_a_known_name_has_an_ending_of_its_own(tmp_path, name, ending):
    define = "" if name == "SystemExit" else f"class {name}(Exception): pass"
    path = write_notebook(tmp_path / "01_a.ipynb", f"{define}\nraise {name}('why')")
    outcomes = run({path: {}}, tmp_path / "output")
    assert outcomes[0].ending is ending
    assert f"{name}: why" in outcomes[0].message
    assert ending_of(outcomes) is ending


def test_a_disk_that_is_full_for_the_kernel(tmp_path, earlier):
    pytest.importorskip("resource", reason="no limits on Windows")
    path = write_notebook(
        tmp_path / "01_a.ipynb",
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))",
        SAVE.replace("arange(SEED)", "arange(9999)"),
    )
    [outcome] = run({path: {}}, earlier[0])
    assert outcome.ending is Ending.CELL_FAILED
    assert "File too large" in outcome.message
    assert_kept_apart(earlier)


def test_a_disk_that_is_full_for_the_runner(tmp_path, earlier):
    resource = pytest.importorskip("resource", reason="no limits on Windows")
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE, r"print('long\n' * 50_000)")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        [outcome] = run({path: {}}, earlier[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.ending is Ending.ARTEFACT_MISSING
    assert "File too large" in outcome.message
    assert not (earlier[0] / "notebooks" / "01_a.failed.ipynb").exists()
    assert_kept_apart(earlier)


def test_a_file_in_the_place_of_the_output_folder_is_refused(tmp_path):
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    (tmp_path / "file").touch()
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(execution.ArgumentError, match=f"cannot write to {output}"):
            run({path: {}}, output)


@pytest.mark.parametrize("folder", ["logs", ".running", "models"])
def test_a_file_in_the_place_of_a_folder(tmp_path, earlier, folder):
    output, before = earlier
    path = write_notebook(
        tmp_path / "01_a.ipynb", SAVE.replace("predictions", "models")
    )
    shutil.rmtree(output / folder, ignore_errors=True)
    (output / folder).touch()
    [outcome] = run({path: {}}, output)
    assert outcome.ending is Ending.ARTEFACT_MISSING
    assert folder in outcome.message
    assert contents(output) == before


def test_output_folders_of_any_name(tmp_path):
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    outside = tmp_path / "a" / "b"
    (tmp_path / "link").symlink_to(tmp_path / "Ziel", target_is_directory=True)
    (tmp_path / "Ziel").mkdir()
    # Papermill fills in what is in braces; these have to stay as they are.
    for name in ("{LABEL}", "{", "a b  Ünïcödé 手書き", "link"):
        output = outside / name if name != "link" else tmp_path / name
        [outcome] = run({path: {"LABEL": "../../../escaped"}}, output)
        assert outcome.ending is Ending.COMPLETED, outcome.message
        assert len(contents(output)) == 3
    assert len(contents(tmp_path / "Ziel")) == 3
    assert not list(tmp_path.rglob("*escaped*"))
    assert {entry.name for entry in outside.iterdir()} == {
        "{LABEL}",
        "{",
        "a b  Ünïcödé 手書き",
    }


@pytest.mark.parametrize("name", ["../../../escaped.npz", "/absolute/escaped.npz"])
def test_a_parameter_never_leads_out_of_the_output_folder(tmp_path, name):
    name = name.replace("/absolute", str(tmp_path))
    source = SAVE.replace('"predictions" / "NAME.npz"', "LABEL")
    source = source.replace('"predictions/NAME.npz"', "LABEL")
    path = write_notebook(tmp_path / "01_a.ipynb", source)
    output = tmp_path / "deep" / "output"
    [outcome] = run({path: {"LABEL": name}}, output)
    assert outcome.ending is Ending.ARTEFACT_MISSING
    assert "outside of its folder" in outcome.message
    assert contents(output) == {}


def make_complete(folder: Path, counts=(1, 2)) -> None:
    for name in ("notebooks", "predictions"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    cells = [new_code_cell("1", execution_count=count) for count in counts]
    nbformat.write(new_notebook(cells=cells), folder / "notebooks" / "01_a.ipynb")
    predictions = folder / "predictions" / "01_a.npz"
    np.savez(predictions, labels=np.arange(len(counts)))
    files = {"predictions/01_a.npz": file_digest(predictions)}
    results = UNTRAINED | {"notebook": "01_a", "files": files}
    write_results(folder / "results" / "01_a.json", results)


def test_a_complete_run_is_taken_as_such(tmp_path):
    make_complete(tmp_path)
    assert artefacts.check_complete("01_a", tmp_path)["notebook"] == "01_a"


@pytest.mark.parametrize("counts", [(1, 3), (2, 1), (1, None), (1, 1)])
def test_cells_that_were_not_executed_in_their_turn(tmp_path, counts):
    make_complete(tmp_path, counts)
    with pytest.raises(artefacts.ArtefactError, match=r"in the order \["):
        artefacts.check_complete("01_a", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("results/01_a.json", "{", "not JSON"),
        ("results/01_a.json", '{"schema": 1}', "got schema 1, expected"),
        ("predictions/01_a.npz", "other", r"names predictions/01_a\.npz, which"),
        ("predictions/01_a.npz", None, r"names predictions/01_a\.npz, which"),
        ("results/01_a.json", None, r"saved no 01_a\.json"),
    ],
)
def test_results_that_do_not_hold(tmp_path, name, text, message):
    make_complete(tmp_path)
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    with pytest.raises(artefacts.ArtefactError, match=message):
        artefacts.check_complete("01_a", tmp_path)


def test_false_results_end_a_run_and_leave_the_earlier_ones(tmp_path, earlier):
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE, "predictions.unlink()")
    [outcome] = run({path: {}}, earlier[0])
    assert outcome.ending is Ending.ARTEFACT_MISSING
    assert "predictions/01_a.npz" in outcome.message
    assert_kept_apart(earlier)


def test_moving_that_stops_anywhere_leaves_no_results_that_do_not_hold(
    tmp_path, monkeypatch
):
    class StoppedError(Exception):
        pass

    moved = Path.replace
    left = 0

    def move_or_stop(path, target):
        nonlocal left
        if left == 0:
            raise StoppedError
        left -= 1
        return moved(path, target)

    states = []
    for stop_after in range(4):
        output, staging = tmp_path / f"{stop_after}", tmp_path / f"new{stop_after}"
        make_complete(output)
        make_complete(staging, counts=(1, 2, 3))
        left = stop_after
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", move_or_stop)
            try:
                artefacts.move_into_place("01_a", staging, output)
                states.append("moved")
            except StoppedError:
                states.append("stopped")
        if (output / "results" / "01_a.json").exists():
            artefacts.check_complete("01_a", output)
    assert states == ["stopped", "stopped", "stopped", "moved"]
    assert len(np.load(output / "predictions" / "01_a.npz")["labels"]) == 3


@pytest.fixture
def course(tmp_path):
    """Make a checkout whose three notebooks run until they are told to go on."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "mnist_helpers", root / "mnist_helpers")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in ("01_a", "02_b", "03_c"):
        write_notebook(root / "notebooks" / f"{name}.ipynb", WRITE_UNTIL_GO, SAVE)
    return root


@pytest.fixture
def meeting(tmp_path, monkeypatch):
    folder = tmp_path / "meeting"
    folder.mkdir()
    monkeypatch.setenv("MEETING", str(folder))
    return folder


def start(course: Path, output: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "mnist_helpers", "run", "--output", output],
        cwd=course,
        env=os.environ
        | {
            "PYTHONPATH": str(course),
            "MNIST_HELPERS_DATA": "stand-in",
            "COLUMNS": "99",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_all(course: Path, output: Path) -> list[execution.Outcome]:
    notebooks = execution.find_notebooks(course / "notebooks", [])
    return run({path: {} for path in notebooks}, output, jobs=2)


@pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_in_the_middle(tmp_path, course, meeting, number):
    output = tmp_path / "output"
    (meeting / "go").touch()
    earlier = run_all(course, output)
    assert [outcome.ending for outcome in earlier] == [Ending.COMPLETED] * 3
    before = contents(output)
    (meeting / "go").unlink()

    child = start(course, output)
    kernels = [meeting / "02_b.pid", meeting / "03_c.pid"]
    wait_until(lambda: all(pid_file.exists() for pid_file in kernels))
    child.send_signal(number)
    _printed, errors = child.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert child.returncode == -9
        wait_until(lambda: all(map(is_gone, kernels)))
    else:
        assert child.returncode == 128 + number
        assert all(map(is_gone, kernels))
        assert not (output / ".running").exists()
        assert f"stopped by {number.name}" in errors
        for name, cell in [("01_a", "before the first"), ("02_b", "cell 2 (")]:
            assert f"{name}: {cell}" in errors
        failed = sorted(path.name for path in output.rglob("*.failed.ipynb"))
        assert failed == ["02_b.failed.ipynb", "03_c.failed.ipynb"]
    assert contents(output) == before
    assert_all_whole(output)

    (meeting / "go").touch()
    outcomes = run_all(course, output)
    assert [outcome.ending for outcome in outcomes] == [Ending.COMPLETED] * 3
    assert not (output / ".running").exists()
    assert not list(output.rglob("*.failed.ipynb"))


def test_a_second_run_into_the_same_folder_is_refused(
    tmp_path, course, meeting, monkeypatch, capsys
):
    output = tmp_path / "output"
    child = start(course, output)
    wait_until(lambda: (meeting / "03_c.pid").exists())
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    assert main(["run", "01", "--output", str(output)]) == Ending.FOLDER_BUSY == 8
    assert "another run is writing to" in capsys.readouterr().err
    (meeting / "go").touch()
    _printed, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert len(contents(output)) == 9


def test_a_failure_before_a_signal_keeps_its_cause(tmp_path, course, meeting):
    write_notebook(course / "notebooks" / "03_c.ipynb", "1 / 0")

    def stop_in_the_first() -> None:
        # The first starts when the last has failed.
        wait_until(lambda: (meeting / "01_a.pid").exists())
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop_in_the_first)
    stopper.start()
    outcomes = run_all(course, tmp_path / "output")
    stopper.join()
    assert [outcome.ending for outcome in outcomes] == [
        Ending.TERMINATED,
        Ending.TERMINATED,
        Ending.CELL_FAILED,
    ]
    assert ending_of(outcomes) == 143
