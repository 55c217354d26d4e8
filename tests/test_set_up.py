"""Setting up: which Python .venv is made from, and when it is made again."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE = Path(sys.base_prefix) / "bin"
PACKAGE_FILE = "import mnist_helpers; print(mnist_helpers.__file__)"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links to interpreters")


def unsuitable_python() -> Path | None:
    """Find a Python from 3.8 that TensorFlow has no wheels for."""
    names = [f"python3.{minor}" for minor in (8, 9, 10, 14, 15)]
    found = [path for name in names if (path := shutil.which(name))]
    # pyenv puts scripts on PATH, which find only the versions that are switched on.
    found += (Path.home() / ".pyenv" / "versions").glob("3.10.*/bin/python3")
    for path in found:
        tried = subprocess.run([path, "--version"], capture_output=True, check=False)
        if tried.returncode == 0:
            return Path(path)
    return None


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


def set_up(checkout, path, python=sys.executable, **variables):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UV_") or name.startswith("UV_INDEX")
    }
    environment |= {"PATH": str(path), "UV_PYTHON_DOWNLOADS": "never"}
    # uv's own Pythons come before those on PATH.
    environment |= {"UV_PYTHON_PREFERENCE": "only-system"} | variables
    return subprocess.run(
        [python, checkout / "set_up.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def made_from(checkout) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return run_in(checkout, "-c", code)


def run_in(checkout, *arguments: str) -> str:
    # Isolated and elsewhere, so that only what is installed is found.
    command = [checkout / ".venv" / "bin" / "python", "-I", *arguments]
    return subprocess.check_output(command, cwd="/", text=True).strip()


@pytest.mark.slow
def test_a_suitable_python_is_chosen_over_the_one_that_starts_set_up(checkout, path):
    python = unsuitable_python()
    if python is None:
        pytest.skip("every Python here suits TensorFlow")
    (path / "python3").symlink_to(python)
    (path / f"python{HERE}").symlink_to(BASE / f"python{HERE}")
    done = set_up(checkout, path, python)
    assert done.returncode == 0, done.stderr
    assert made_from(checkout) == HERE
    assert "Making .venv with Python >=3.11,<3.14" in done.stdout


@pytest.mark.slow
def test_without_a_suitable_python_it_says_what_to_install(checkout, path):
    python = unsuitable_python()
    if python is not None:
        (path / "python3").symlink_to(python)
    done = set_up(checkout, path, python or sys.executable)
    assert done.returncode == 1
    assert "install Python 3.13" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_any_other_failure_of_uv_is_shown_as_it_is(checkout, path):
    done = set_up(checkout, path, UV_PYTHON=sys.executable, UV_CACHE_DIR="/dev/null")
    assert done.returncode == 2
    assert "/dev/null" in done.stderr
    assert "install Python" not in done.stderr


@pytest.mark.parametrize("make", [Path.mkdir, lambda venv: venv.symlink_to("/")])
def test_a_venv_of_somebody_else_is_left_alone(checkout, path, make):
    make(checkout / ".venv")
    done = set_up(checkout, path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: set_up.py did not make .venv; move or del")
    assert (checkout / ".venv").exists()


def test_without_uv_and_pip_it_says_what_to_install(checkout, path):
    (path / "uv").unlink()
    done = set_up(checkout, path, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 1
    assert "install uv (https://" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


@pytest.mark.slow
def test_set_up_is_done_once_and_again_for_another_lock_python_or_checkout(
    checkout, path, tmp_path
):
    (path / f"python{HERE}").symlink_to(BASE / f"python{HERE}")

    def makes(folder, **variables):
        done = set_up(folder, path, **variables)
        assert done.returncode == 0, done.stderr
        ready = f"Ready: {Path('.venv/bin/python')} has the locked packages and this"
        assert (ready in done.stdout) == ("Making .venv" in done.stdout)
        assert run_in(folder, "-c", PACKAGE_FILE) == str(
            folder / "mnist_helpers" / "__init__.py"
        )
        return "Making .venv" in done.stdout

    assert makes(checkout)
    assert not makes(checkout)
    with (checkout / "requirements.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert makes(checkout)
    assert makes(checkout, UV_PYTHON=HERE)
    assert not makes(checkout)
    (checkout / ".venv" / "bin" / "python").unlink()
    assert makes(checkout)

    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    # A copy runs its own code even before it is set up.
    assert run_in(copy, "-c", PACKAGE_FILE).startswith(str(copy))
    script = [copy / ".venv" / "bin" / "pip", "--version"]
    assert str(copy / ".venv") in subprocess.check_output(script, text=True)
    assert not makes(copy)
    # An installation by hand has the path of its checkout.
    [link] = (copy / ".venv").glob("lib/*/site-packages/mnist_helpers.pth")
    link.write_text(str(checkout), encoding="utf-8")
    assert makes(copy)
