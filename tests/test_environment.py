"""The machine and the versions that a result records."""

import json
import os
import platform

import numpy as np

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
