"""The machine and the versions that a result records."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import mnist_helpers
from mnist_helpers.environment import describe_environment


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
    assert json.loads(json.dumps(described)) == described


def test_the_digest_of_the_package_is_that_of_its_code(tmp_path):
    package = tmp_path / "mnist_helpers"
    shutil.copytree(Path(mnist_helpers.__file__).parent, package)

    def digest() -> str:
        code = "from mnist_helpers.environment import *\n"
        code += "print(describe_environment()['package'])"
        command = [sys.executable, "-B", "-c", code]
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output(
            command, cwd=tmp_path, env=environment, text=True
        ).strip()

    assert digest() == describe_environment()["package"]
    with (package / "claims.py").open("a") as module:
        module.write("# changed")
    assert digest() != describe_environment()["package"]
