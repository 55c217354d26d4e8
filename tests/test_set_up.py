"""Setting up: which Python .venv is made from, and when it is made again."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGE_FILE = "import mnist_helpers; print(mnist_helpers.__file__)"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links to interpreters")


@pytest.fixture
def checkout(tmp_path):
    """Lay out a checkout whose lock has only what set-up itself needs."""
    folder = tmp_path / "a {b} #é"
    (folder / "mnist_helpers").mkdir(parents=True)
    for name in ("set_up.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "mnist_helpers" / "__init__.py", folder / "mnist_helpers")
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^(?:flit-core|pip|uv)==.*?(?=^\S)", lock, re.M | re.S)
    assert len(entries) == 3
    (folder / "requirements.txt").write_text("".join(entries), encoding="utf-8")
    return folder


@pytest.fixture
def path(tmp_path):
    """Make a PATH that has uv and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    return folder


def set_up(checkout, path, **variables):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UV_") or name.startswith("UV_INDEX")
    }
    environment |= {"PATH": str(path), "UV_PYTHON_DOWNLOADS": "never"}
    # uv's own Pythons come before those on PATH.
    environment |= {"UV_PYTHON_PREFERENCE": "only-system"} | variables
    return subprocess.run(
        [sys.executable, checkout / "set_up.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_in(checkout, code: str) -> str:
    # Isolated and elsewhere, so that only what is installed is found.
    command = [checkout / ".venv" / "bin" / "python", "-I", "-c", code]
    return subprocess.check_output(command, cwd="/", text=True).strip()


def test_an_old_python_can_start_it():
    source = (ROOT / "set_up.py").read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "said", "installs"),
    [
        ({}, "No interpreter found", True),
        ({"UV_CACHE_DIR": "/dev/null"}, "/dev/null", False),
    ],
)
def test_a_failure_of_uv_is_shown_as_it_is(checkout, path, variables, said, installs):
    done = set_up(checkout, path, **variables)
    assert done.returncode != 0
    assert said in done.stderr
    assert ("install Python 3.13" in done.stderr.splitlines()[-1]) == installs


def test_without_uv_and_pip_it_says_what_to_install(checkout, path):
    (path / "uv").unlink()
    done = set_up(checkout, path, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 1
    assert "install uv (https://" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("make", [Path.mkdir, lambda venv: venv.symlink_to("/")])
def test_a_venv_of_somebody_else_is_left_alone(checkout, path, make):
    make(checkout / ".venv")
    done = set_up(checkout, path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: set_up.py did not make .venv; move or del")
    assert (checkout / ".venv").exists()


@pytest.mark.slow
def test_set_up_is_done_once_and_again_for_another_lock_or_checkout(
    checkout, path, tmp_path
):
    (path / HERE).symlink_to(Path(sys.base_prefix) / "bin" / HERE)

    def makes(folder):
        done = set_up(folder, path)
        assert done.returncode == 0, done.stderr
        package = str(folder / "mnist_helpers" / "__init__.py")
        assert run_in(folder, PACKAGE_FILE) == package
        ready = "Ready: .venv/bin/python has the locked packages and this checkout"
        assert (ready in done.stdout) == ("Making .venv" in done.stdout)
        return ready in done.stdout

    assert makes(checkout)
    assert not makes(checkout)
    with (checkout / "requirements.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert makes(checkout)

    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    # A copy runs its own code even before it is set up.
    assert run_in(copy, PACKAGE_FILE).startswith(str(copy))
    assert not makes(copy)
    # An installation by hand has the path of its checkout.
    [link] = (copy / ".venv").glob("lib/*/site-packages/mnist_helpers.pth")
    link.write_text(str(checkout), encoding="utf-8")
    assert makes(copy)
