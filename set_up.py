"""Set up .venv with the packages that requirements.txt locks.

Run it as ``python3 set_up.py``, by any Python from 3.8, or as ``uv run set_up.py``.
It does nothing if .venv is ready. The environment variable UV_PYTHON names the Python
that .venv is made from: a version or a path.
"""
# /// script
# requires-python = ">=3.11,<3.14"
# ///

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.txt"
VENV = ROOT / ".venv"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
PYTHON = VENV / SCRIPTS / "python"
# Marks .venv as made here; written last are the lock's digest and the Python asked for.
STAMP = VENV / "set-up"
# Exits with 0 where the package that Python finds is this checkout's.
CHECK = """
import os, sys, mnist_helpers
sys.exit(not os.path.samefile(*mnist_helpers.__path__, sys.argv[1]))
"""
UV_DOCUMENTATION = "https://docs.astral.sh/uv/getting-started/installation/"


def main():
    """Set up .venv unless it is ready."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if is_ready(digest):
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            uv = shutil.which("uv") or install_uv(Path(folder))
        except subprocess.CalledProcessError:
            sys.exit(
                "error: set-up needs uv, and pip could not install it; install uv "
                f"({UV_DOCUMENTATION}) or, on Debian and Ubuntu, python3-venv"
            )
        try:
            make_environment(uv, digest)
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)


def is_ready(digest):
    """Tell whether .venv is complete, from this lock, and finds this checkout."""
    try:
        locked, python = STAMP.read_text(encoding="utf-8").split("\n")
        checked = subprocess.run(
            [str(PYTHON), "-I", "-c", CHECK, str(ROOT / "mnist_helpers")],
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, ValueError):
        return False
    asked = os.environ.get("UV_PYTHON", python)
    return checked.returncode == 0 and (locked, python) == (digest, asked)


def install_uv(folder):
    """Install the locked uv into a folder with pip, and return its path."""
    print("Installing uv with pip, for this set-up only", flush=True)
    python = sys.executable
    if importlib.util.find_spec("pip") is None:
        run(python, "-m", "venv", folder / "pip")
        python = folder / "pip" / SCRIPTS / "python"
    requirement = folder / "uv.txt"
    lock = LOCK.read_text(encoding="utf-8")
    [entry] = re.findall(r"^uv==.*?(?=^\S|\Z)", lock, re.M | re.S)
    requirement.write_text(entry, encoding="utf-8")
    # Neither setting goes with a folder of one's own.
    environment = dict(os.environ, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    target = ("--target", folder, "--requirement", requirement)
    run(python, "-m", "pip", "install", *options, *target, env=environment)
    return shutil.which("uv", path=str(folder / "bin"))


def make_environment(uv, digest):
    """Make .venv anew: a suitable Python, the locked packages, and this checkout."""
    if VENV.is_symlink() or (VENV.exists() and not STAMP.exists()):
        sys.exit(
            "error: set_up.py did not make .venv; move or delete it, and try again"
        )
    if VENV.exists():
        shutil.rmtree(VENV)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [versions] = re.findall(r'^requires-python = "(.*)"', project, re.M)
    python = os.environ.get("UV_PYTHON", "")
    print(f"Making .venv with Python {python or versions}", flush=True)
    # Relocatable: the scripts of a copied .venv start the copy's Python.
    options = ("--relocatable", "--python", python or versions)
    made = subprocess.run(
        [uv, "venv", *options, str(VENV)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    print(made.stderr, end="", file=sys.stderr)
    if made.returncode and "No interpreter found" in made.stderr:
        sys.exit("install Python 3.13 (https://www.python.org/downloads/)")
    made.check_returncode()
    STAMP.touch()
    install = (uv, "pip", "install", "--python", VENV)
    run(*install, "--require-hashes", "--requirement", LOCK)
    run(*install, "--no-deps", "--no-build-isolation", "--editable", ".")
    # A relative path: a copied .venv finds the copy's package, whatever its name.
    for folder in (*VENV.glob("lib/*/site-packages"), VENV / "Lib" / "site-packages"):
        if (folder / "mnist_helpers.pth").exists():
            path = os.path.relpath(ROOT, folder)
            (folder / "mnist_helpers.pth").write_text(path, encoding="utf-8")
    STAMP.write_text(f"{digest}\n{python}", encoding="utf-8")
    print(
        f"Ready: {PYTHON.relative_to(ROOT)} has the locked packages and this checkout"
    )


def run(*command, env=None):
    """Run a command in the checkout; raise CalledProcessError if it fails."""
    subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=True)


if __name__ == "__main__":
    main()
