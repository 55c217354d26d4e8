"""Running notebooks in kernels: what is kept, what is said, what is left behind."""

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from rich.console import Console
from tiny_notebooks import SAVE, contents, run, write_notebook
from waiting import wait_until

from mnist_helpers.commands import execution, resuming
from mnist_helpers.commands.summary import exit_code_of
from mnist_helpers.errors import CourseError, ExitCode

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FAILED = ExitCode.NOTEBOOK_FAILED
WRITE_PID = "import os, pathlib; pathlib.Path(LABEL).write_text(str(os.getpid()))"
MEET = """
import os, pathlib, time
meeting = pathlib.Path(os.environ["MNIST_HELPERS_MEETING"])
(meeting / "NAME.unfinished").write_text(str(os.getpid()))
(meeting / "NAME.unfinished").rename(meeting / "NAME.pid")
while not (meeting / "go").exists():
    time.sleep(0.02)
"""


def is_gone(pid_file: Path) -> bool:
    try:
        # Whoever adopts an orphan may be slow to bury it.
        process = psutil.Process(int(pid_file.read_text()))
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def earlier(tmp_path):
    """Output folder with the good run of a notebook ``01_a``, and what is in it."""
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    output = tmp_path / "output"
    [outcome] = run({path: {"SEED": 5}}, output)
    assert outcome.exit_code is ExitCode.COMPLETED, outcome.message
    assert len(contents(output)) == 3
    return output, contents(output)


def test_a_run_gets_its_parameters_and_a_failure_is_kept_apart(tmp_path):
    folder = tmp_path / "with {braces} and spaces"
    good = write_notebook(folder / "01_good.ipynb", SAVE)
    bad = write_notebook(folder / "02_bad.ipynb", "raise RuntimeError('on purpose')")
    silent = write_notebook(folder / "03_silent.ipynb", "'saves nothing'")
    source = good.read_bytes()
    output = folder / "output"
    outcomes = run({good: {"SEED": 3}, bad: {}, silent: {}}, output, jobs=2)

    assert [each.exit_code for each in outcomes] == [0, FAILED, FAILED]
    assert exit_code_of(outcomes) is FAILED
    assert outcomes[0].results["parameters"]["SEED"] == 3
    assert outcomes[0].results["parameters"]["RATE"] == 0.5
    executed = nbformat.read(output / "notebooks" / "01_good.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells] == [1, 2, 3]
    assert outcomes[1].message == "cell 2: RuntimeError: on purpose"
    assert "03_silent.json" in outcomes[2].message
    written = {path.name for path in (output / "notebooks").iterdir()}
    assert written - {"01_good.ipynb"} == {
        "02_bad.failed.ipynb",
        "03_silent.failed.ipynb",
    }
    assert good.read_bytes() == source


def test_a_kernel_that_dies_leaves_the_earlier_run_alone(tmp_path, earlier):
    output, before = earlier
    path = write_notebook(
        tmp_path / "01_a.ipynb",
        SAVE,
        "import os, pathlib, signal, tempfile\n"
        "temporary = tempfile.TemporaryDirectory()\n"
        f"pathlib.Path({str(tmp_path)!r}, 'named').write_text(temporary.name)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        "'not reached'",
    )
    [outcome] = run({path: {}}, output)
    assert outcome.exit_code is FAILED
    silence = "without a word; perhaps memory ran out"
    assert outcome.message == f"cell 3: the kernel died: {silence}"
    failed = nbformat.read(output / "notebooks" / "01_a.failed.ipynb", as_version=4)
    counts = [cell.execution_count for cell in failed.cells]
    assert counts[:2] == [1, 2]
    assert counts[3] is None
    assert not Path((tmp_path / "named").read_text()).exists()
    assert contents(output) == before
    assert not (output / ".running").exists()


def test_a_cell_that_takes_too_long_is_ended_with_its_kernel(tmp_path):
    path = write_notebook(tmp_path / "01_a.ipynb", WRITE_PID, "while True: pass")
    pid_file = tmp_path / "pid"
    [outcome] = run({path: {"LABEL": str(pid_file)}}, tmp_path / "o", cell_timeout=5)
    assert outcome.exit_code is FAILED
    # Papermill's cell of the given parameters counts.
    assert outcome.message == "cell 4 took longer than --cell-timeout"
    assert is_gone(pid_file)


def test_an_output_folder_that_cannot_be_made_is_refused(tmp_path):
    path = write_notebook(tmp_path / "01_a.ipynb", SAVE)
    with pytest.raises(CourseError, match=f"cannot write to {path}"):
        run({path: {}}, path)


def test_resuming_runs_what_is_missing_or_differs(tmp_path, earlier):
    output, before = earlier
    good, bad = tmp_path / "01_a.ipynb", write_notebook(tmp_path / "02_b.ipynb", "1/0")
    said = io.StringIO()

    def resume(parameters, digest="digest") -> list[tuple[bool, int]]:
        outcomes = resuming.resume_notebooks(
            *({good: parameters, bad: {}}, digest, output, 2, 60),
            Console(file=said, width=200),
        )
        return [(each.earlier, each.exit_code) for each in outcomes]

    assert resume({"SEED": 5}) == [(True, 0), (False, FAILED)]
    # JupyterLab leaves an empty cell at the end.
    write_notebook(bad, SAVE, "")
    assert resume({"SEED": 5, "RATE": 0.5}) == [(True, 0), (False, 0)]
    assert resume({"SEED": 5}) == [(True, 0), (True, 0)]
    assert before.items() <= contents(output).items()
    assert not list(output.rglob("*.failed.ipynb"))
    said.truncate(0)
    assert resume({"SEED": 6}) == [(False, 0), (True, 0)]
    assert "01_a runs: its earlier run differs in parameters" in said.getvalue()
    assert resume({"SEED": 6}, digest="other") == [(False, 0), (False, 0)]
    write_notebook(good, SAVE, "'changed'")
    (output / "predictions" / "02_b.npz").write_bytes(b"changed")
    assert resume({"SEED": 6}) == [(False, 0), (False, 0)]


def test_what_a_cell_displays_while_it_runs_is_shown(tmp_path, monkeypatch):
    source = (
        "from IPython.display import DisplayHandle\n"
        "handle = DisplayHandle()\n"
        "handle.display({'text/plain': 'training'}, raw=True)\n"
        "handle.update({'text/plain': 'done\\nepoch 2/3 of many'}, raw=True)"
    )
    path = write_notebook(tmp_path / "01_a.ipynb", source, SAVE)
    shown = []
    monkeypatch.setattr(
        execution.Progress, "update", lambda _bar, _task, **what: shown.append(what)
    )
    [outcome] = run({path: {}}, tmp_path)
    assert outcome.exit_code is ExitCode.COMPLETED
    assert shown[0] == {"total": 3}
    displayed = shown.index({"status": "epoch 2/3 of many"})
    assert {"completed": 1, "status": "running"} in shown[:displayed]
    assert shown[-1] == {"completed": 2, "status": "running"}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Make a checkout whose three notebooks wait until a file ``go`` appears."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "mnist_helpers", root / "mnist_helpers")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in ("01_a", "02_b", "03_c"):
        write_notebook(root / "notebooks" / f"{name}.ipynb", MEET, SAVE)
    monkeypatch.setenv("MNIST_HELPERS_MEETING", str(tmp_path))
    return root


@pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_in_the_middle(tmp_path, course, number):
    output = tmp_path / "output"
    assigned = {path: {} for path in sorted(course.rglob("*.ipynb"))}
    (tmp_path / "go").touch()
    outcomes = run(assigned, output, jobs=2)
    assert [each.exit_code for each in outcomes] == [0, 0, 0]
    before = contents(output)
    for file in ("go", "01_a.pid", "02_b.pid", "03_c.pid"):
        (tmp_path / file).unlink()

    child = subprocess.Popen(
        [sys.executable, "-m", "mnist_helpers", "run", "--output", output],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(course), "MNIST_HELPERS_DATA": "stand-in"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kernels = [tmp_path / "02_b.pid", tmp_path / "03_c.pid"]
    wait_until(lambda: all(pid_file.exists() for pid_file in kernels))
    with pytest.raises(CourseError, match="another run is writing to"):
        run(assigned, output)
    child.send_signal(number)
    _printed, errors = child.communicate(timeout=60)
    wait_until(lambda: all(map(is_gone, kernels)))
    assert contents(output) == before
    if number == signal.SIGKILL:
        assert child.returncode == -9
    else:
        assert child.returncode == 128 + number
        assert errors.count(f"stopped by {number.name}") == 3
        assert "--resume runs what is missing" in errors
        failed = sorted(path.name for path in output.rglob("*.failed.ipynb"))
        assert failed == ["02_b.failed.ipynb", "03_c.failed.ipynb"]

    (tmp_path / "go").touch()
    outcomes = run(assigned, output, jobs=2)
    assert [each.exit_code for each in outcomes] == [0, 0, 0]
    assert not (output / ".running").exists()
    assert not list(output.rglob("*.failed.ipynb"))


@pytest.mark.parametrize(
    ("codes", "met", "expected"),
    [((0, 0), None, 0), ((0, 0), False, 3), ((0, 1), False, 1), ((1, 143), True, 143)],
)
def test_a_signal_comes_before_a_failure_before_a_missed_claim(codes, met, expected):
    results = {"claims": [{"met": met}]}
    outcomes = [
        execution.Outcome("a", 1.0, ExitCode(code), "", results) for code in codes
    ]
    assert exit_code_of(outcomes) == expected
