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
from mnist_helpers.environment import description as environment
from mnist_helpers.environment.description import describe_environment


def test_says_what_explains_a_number(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("TF_VAR_secret", "of another program")
    described = describe_environment()
    assert described["python"] == platform.python_version()
    assert described["versions"]["numpy"] == np.__version__
    assert described["settings"]["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert "TF_VAR_secret" not in described["settings"]
    assert 1 <= described["cores"] <= os.cpu_count()
    assert described["processor"]
    assert set(described["vector_flags"]) <= set(environment.VECTOR_FLAGS)
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    "name",
    ["XLA_FLAGS", "TF_XLA_FLAGS", "ONEDNN_MAX_CPU_ISA", "DNNL_VERBOSE", "OMP_X"],
)
def test_records_the_settings_of_whatever_computes(monkeypatch, name):
    monkeypatch.setenv(name, "a value")
    assert describe_environment()["settings"][name] == "a value"


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
    monkeypatch.setattr(environment, "project_root", lambda: root)
    return root


def test_records_the_commit_and_whether_there_were_changes(checkout):
    (checkout / "untracked.txt").write_text("of no effect")
    described = describe_environment()
    assert described["commit"] == git(checkout, "rev-parse", "HEAD").strip()
    assert described["local_changes"] is False
    (checkout / "a.py").write_text("2\n")
    assert describe_environment()["local_changes"] is True


def test_a_copy_within_another_checkout_has_no_known_commit(checkout, monkeypatch):
    copied = checkout / "copy"
    copied.mkdir()
    monkeypatch.setattr(environment, "project_root", lambda: copied)
    described = describe_environment()
    assert described["commit"] == "unknown"
    assert described["local_changes"] == "unknown"


def test_outside_a_checkout_or_without_git_the_commit_is_unknown(
    checkout, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_environment()["commit"] == "unknown"
    monkeypatch.undo()
    monkeypatch.setattr(environment, "project_root", lambda: tmp_path)
    assert describe_environment()["commit"] == "unknown"


@pytest.mark.parametrize("module", ["claims.py", "plotting/style.py"])
def test_the_digest_of_the_package_is_that_of_its_code(tmp_path, module):
    package = tmp_path / "mnist_helpers"
    shutil.copytree(Path(mnist_helpers.__file__).parent, package)

    def digest() -> str:
        code = "from mnist_helpers.environment.description import *\n"
        code += "print(describe_environment()['package'])"
        command = [sys.executable, "-B", "-c", code]
        variables = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output(
            command, cwd=tmp_path, env=variables, text=True
        ).strip()

    assert digest() == describe_environment()["package"]
    with (package / module).open("a") as file:
        file.write("# changed")
    assert digest() != describe_environment()["package"]
