"""Whatever cells are run in whatever order, what is saved is of one training.

The cells are those of notebook 02 from *Parameters* to *Save*. What a hypothesis state
machine saves after running and editing them in any order must be what a fresh run with
the recorded parameters gives.
"""

import functools
import json
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mnist_helpers.errors import CourseError

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_small_mlp.ipynb"
IN_ORDER = ("load", "count", "build", "fit", "evaluate", "check", "save")
EDITS = {"SEED": (1, 2), "HIDDEN_UNITS": (2, 8), "EPOCHS": (1, 2)}


@functools.cache
def cells() -> dict[str, str]:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if "outputs" in cell}


class Session:
    """A kernel's namespace, and the folder that its notebook writes into."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = Path(tempfile.mkdtemp())
        monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
        monkeypatch.setenv("MNIST_HELPERS_OUTPUT", str(self.folder))
        self.namespace: dict[str, object] = {}
        for cell in ("imports", "parameters", "model"):
            self.run(cell)
        self.edit("EPOCHS", 1)

    def run(self, cell: str) -> None:
        exec(cells()[cell], self.namespace)

    def edit(self, name: str, value: int) -> None:
        self.namespace[name] = value

    def saved(self) -> tuple[dict, np.ndarray]:
        results = json.loads((self.folder / "results/02_small_mlp.json").read_text())
        with np.load(self.folder / "predictions/02_small_mlp.npz") as arrays:
            return results, arrays["probabilities"]


@functools.cache
def fresh_probabilities(seed: int, hidden_units: int, epochs: int) -> np.ndarray:
    with pytest.MonkeyPatch.context() as monkeypatch:
        session = Session(monkeypatch)
        session.edit("SEED", seed)
        session.edit("HIDDEN_UNITS", hidden_units)
        session.edit("EPOCHS", epochs)
        for cell in IN_ORDER:
            session.run(cell)
        return session.saved()[1]


def assert_saved_is_one_training(session: Session) -> None:
    results, probabilities = session.saved()
    parameters = results["parameters"]
    expected = fresh_probabilities(*(parameters[name] for name in EDITS))
    np.testing.assert_array_equal(probabilities, expected)
    correct = probabilities.argmax(axis=1) == session.namespace["mnist"].test_labels
    assert results["metrics"]["accuracy"] == correct.mean()
    assert len(results["history"]["loss"]) == parameters["EPOCHS"]


class CarelessStudent(RuleBasedStateMachine):
    """Runs any cell at any time, and edits parameters in between."""

    @initialize()
    def open_notebook(self) -> None:
        self.monkeypatch = pytest.MonkeyPatch()
        self.session = Session(self.monkeypatch)
        for cell in IN_ORDER:
            self.session.run(cell)

    @rule(name=st.sampled_from(sorted(EDITS)), second=st.booleans())
    def edit(self, name: str, second: bool) -> None:
        self.session.edit(name, EDITS[name][second])

    @rule(cell=st.sampled_from(IN_ORDER))
    def run_one(self, cell: str) -> None:
        self.run(cell)

    @rule(first=st.sampled_from(IN_ORDER), left_out=st.sampled_from((None, *IN_ORDER)))
    def run_from(self, first: str, left_out: str | None) -> None:
        for cell in IN_ORDER[IN_ORDER.index(first) :]:
            if cell != left_out:
                self.run(cell)

    def run(self, cell: str) -> None:
        try:
            self.session.run(cell)
        except CourseError as error:
            message = str(error)
        else:
            message = ""
            if cell == "save":
                assert_saved_is_one_training(self.session)
        clear = ("Run the cells from the heading", "change the prediction above")
        assert not message or any(part in message for part in clear)

    def teardown(self) -> None:
        self.monkeypatch.undo()


class LongCarelessStudent(CarelessStudent):
    """The same student, all evening."""


def with_settings(student: type, max_examples: int, steps: int) -> type:
    student.TestCase.settings = settings(
        max_examples=max_examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )
    return student.TestCase


TestCarelessStudent = pytest.mark.slow(with_settings(CarelessStudent, 4, 8))
TestLongCarelessStudent = pytest.mark.long(with_settings(LongCarelessStudent, 40, 20))


@pytest.fixture
def session(monkeypatch):
    session = Session(monkeypatch)
    for cell in IN_ORDER:
        session.run(cell)
    return session


@pytest.mark.slow
def test_a_second_training_is_refused_before_it_starts(session):
    with pytest.raises(CourseError, match="has been trained already"):
        session.run("fit")


@pytest.mark.slow
def test_scores_of_an_earlier_training_are_refused(session):
    session.run("build")
    session.run("fit")
    for cell in ("check", "save"):
        with pytest.raises(CourseError, match="Test scores"):
            session.run(cell)
    session.run("evaluate")
    session.run("save")
    assert_saved_is_one_training(session)


@pytest.mark.slow
def test_figures_of_an_earlier_training_are_not_handed_on(session):
    session.run("curves")
    session.run("confusion")
    # The second time it draws the scores of the training before.
    for cell in ("build", "fit", "confusion", "evaluate", "check", "save"):
        session.run(cell)
    results, _ = session.saved()
    assert not [name for name in results["files"] if name.endswith(".png")]
    session.run("confusion")
    session.run("save")
    assert "figures/02_confusion_matrix.png" in session.saved()[0]["files"]


@pytest.mark.slow
def test_nothing_is_shown_or_kept_of_other_parameters(session):
    session.edit("EPOCHS", 2)
    for cell in ("curves", "confusion", "check", "save"):
        with pytest.raises(CourseError, match="EPOCHS is 2 now, and was 1"):
            session.run(cell)
    with pytest.raises(CourseError, match="EPOCHS is 2 now, and was 1"):
        session.namespace["run"].record("plain", {})


@pytest.mark.slow
def test_the_best_model_of_an_earlier_training_is_not_judged(session):
    earlier = session.namespace["best_model"]
    for cell in ("build", "fit", "evaluate"):
        session.run(cell)
    with pytest.raises(CourseError, match="not that of the latest training"):
        session.namespace["run"].evaluate(earlier, session.namespace["probabilities"])


@pytest.mark.slow
def test_a_rate_other_than_the_recorded_one_is_refused(session):
    session.run("build")
    session.namespace["compile_mlp"](session.namespace["model"], 0.1)
    session.run("fit")
    with pytest.raises(CourseError, match="trained with LEARNING_RATE"):
        session.run("evaluate")
