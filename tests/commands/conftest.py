"""A submission for all tests of it."""

import pytest
from notebook_runs import ROOT
from synthetic_run import AUTHOR, make_dataset, make_run

from mnist_helpers.commands.submission import make_submission


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Make a run, and its submission beside it."""
    run = tmp_path_factory.mktemp("finished") / "run"
    make_run(run)
    make_submission(ROOT, run, run.parent / "out", make_dataset(), AUTHOR)
    return run


@pytest.fixture
def made(finished):
    """The folder of the submission, to be verified."""
    return finished.parent / "out"
