"""The machine and the versions that a result records."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mnist_helpers
from mnist_helpers.environment import description
from mnist_helpers.environment.description import describe_environment


def test_records_what_explains_a_number(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setenv("TF_VAR_secret", "of another program")
    described = describe_environment()
    assert described["python"] == platform.python_version()
    assert described["versions"]["numpy"] == np.__version__
    assert described["settings"]["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert described["settings"]["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert "TF_VAR_secret" not in described["settings"]
    assert 1 <= described["cores"] <= os.cpu_count()
    assert described["processor"]
    assert set(described["vector_flags"]) <= set(description.VECTOR_FLAGS)
    assert json.loads(json.dumps(described)) == described


def git(folder, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init")
    (root / "a.py").write_text("1\n")
    git(root, "add", "a.py")
    git(root, "commit", "-m", "first")
    monkeypatch.setattr(description, "project_root", lambda: root)
    return root


def test_records_the_commit_and_whether_there_were_changes(checkout):
    (checkout / "untracked.txt").write_text("of no effect")
    described = describe_environment()
    assert described["commit"] == git(checkout, "rev-parse", "HEAD").strip()
    assert described["local_changes"] is False
    (checkout / "a.py").write_text("2\n")
    assert describe_environment()["local_changes"] is True


@pytest.mark.parametrize("outside", ["checkout/copy", "elsewhere", "no git"])
def test_outside_a_checkout_or_without_git_the_commit_is_unknown(
    outside, checkout, tmp_path, monkeypatch
):
    if outside == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        root = tmp_path / outside
        root.mkdir()
        monkeypatch.setattr(description, "project_root", lambda: root)
    described = describe_environment()
    assert described["commit"] == described["local_changes"] == "unknown"


def test_the_digest_of_the_package_is_that_of_its_code(tmp_path):
    package = tmp_path / "mnist_helpers"
    shutil.copytree(Path(mnist_helpers.__file__).parent, package)
    code = "from mnist_helpers.environment.description import *\n"
    code += "print(describe_environment()['package'])"

    def digest() -> str:
        variables = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output(
            [sys.executable, "-B", "-c", code], cwd=tmp_path, env=variables, text=True
        ).strip()

    assert digest() == describe_environment()["package"]
    with (package / "plotting" / "style.py").open("a") as file:
        file.write("# changed")
    assert digest() != describe_environment()["package"]


def outcome_of(code: str) -> tuple[str, str]:
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return run.stdout, run.stderr


@pytest.mark.slow
def test_importing_tensorflow_says_nothing_and_leaves_standard_error_open():
    code = "import sys, mnist_helpers.environment.tensorflow\n"
    code += "print('a warning', file=sys.stderr)"
    assert outcome_of(code) == ("", "a warning\n")


@pytest.mark.slow
def test_keras_computes_with_tensorflow_whatever_the_user_has_set(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    code = "from mnist_helpers.environment.tensorflow import keras\n"
    code += "print(keras.config.backend())"
    assert outcome_of(code) == ("tensorflow\n", "")
