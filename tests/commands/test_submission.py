"""A submission: what keeps it from being made, what is in it, how it is verified."""

import hashlib
import io
import json
import shutil

import nbformat
import numpy as np
import pytest
from made_up_results import changed
from notebook_runs import ROOT
from rich.console import Console
from synthetic_run import (
    AUTHOR,
    LAYERS,
    convolution,
    make_dataset,
    write_model,
    write_predictions,
)

from mnist_helpers.commands import submission, work
from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.commands.marking import mark, print_marks
from mnist_helpers.commands.submission import make_submission
from mnist_helpers.commands.verifying import verify as verify_files
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.assignment import PARTS

pytestmark = pytest.mark.slow


@pytest.fixture
def run(finished, made, tmp_path):
    """Copy the finished run, to be spoiled."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def files(made) -> dict[str, bytes]:
    prefix = f"{submission.FOLDER}/"
    content = (made / submission.ARCHIVE).read_bytes()
    return {name.removeprefix(prefix): each for name, each in unpack(content).items()}


def change_results(run, name, *path_and_value):
    path = run / "results" / f"{name}.json"
    results = changed(*path_and_value, results=json.loads(path.read_text()))
    path.write_text(json.dumps(results))


def change_notebook(run, name, change):
    path = run / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change({cell.id: cell for cell in notebook.cells})
    nbformat.write(notebook, path)


def faults_of(run, tmp_path) -> str:
    with pytest.raises(CourseError) as raised:
        make_submission(ROOT, run, tmp_path / "out", make_dataset(), AUTHOR)
    assert raised.value.exit_code is ExitCode.SUBMISSION_FAULTY
    assert not (tmp_path / "out").exists()
    return str(raised.value)


def not_met(run) -> set[str]:
    files = {
        path.relative_to(run).as_posix(): path.read_bytes() for path in run.glob("*/*")
    }
    marks = mark(work.read_work(files, make_dataset())[0])
    return {each.item for each in marks if not each.met}


# What is in it.


def test_it_holds_all_that_a_marker_needs(files):
    # All of the package, or the marker could not run the notebooks.
    paths = [*(ROOT / "mnist_helpers").rglob("*.*"), *ROOT.glob("figures/0*.png")]
    expected = {path.relative_to(ROOT).as_posix() for path in paths}
    for name in PARTS:
        expected |= {f"notebooks/{name}.ipynb", f"results/{name}.json"}
        expected |= {f"predictions/{name}.npz", f"models/{name}.keras"}
    expected |= {"submission.html", "submission.pdf", "README.md", "requirements.txt"}
    assert {name for name in expected if ".pyc" not in name} <= files.keys()


def test_the_same_run_gives_the_same_bytes(made, run, tmp_path):
    make_submission(ROOT, run, tmp_path / "again", make_dataset(), AUTHOR)
    again = tmp_path / "again" / submission.ARCHIVE
    assert again.read_bytes() == (made / submission.ARCHIVE).read_bytes()


def test_an_editors_copies_stay_out_of_it(made, run, tmp_path):
    root = tmp_path / "root"
    for folder in ("mnist_helpers", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "mnist_helpers" / "files.py~").touch()
    make_submission(root, run, tmp_path / "out", make_dataset(), AUTHOR)
    archive = tmp_path / "out" / submission.ARCHIVE
    assert verify_files(archive, make_dataset(), quick=True).faults == []


def test_it_tells_no_path_of_the_machine(files):
    for name, content in files.items():
        if not name.endswith((".png", ".pdf", ".npz", ".keras")):
            assert str(ROOT).encode() not in content, name


# What keeps it from being made.


def test_all_faults_are_told_at_once(run, tmp_path):
    def spoil(cells):
        cells["imports"].execution_count = 7
        error = nbformat.v4.new_output("error", ename="ValueError", evalue="bad")
        cells["plain"].outputs.append(error)
        cells["check"].outputs[0].metadata.scores.accuracy = 0.99
        cells["summary"].source += "More."

    change_results(run, "01_loading", "environment", {})
    change_notebook(run, "02_small_mlp", spoil)
    (run / "figures" / "04_learning_curves.png").write_bytes(b"other")
    faults = faults_of(run, tmp_path)
    for words in (
        "01_loading: results/01_loading.json: ",
        "02_small_mlp: its cells were executed in the order [7, 2",
        "02_small_mlp: cell 'plain' ended in ValueError",
        "02_small_mlp: its check does not show the scores of its results",
        "02_small_mlp: the notebook was changed after the run",
        "04_cnn: figures/04_learning_curves.png is missing, or not as the results say",
    ):
        assert f"\n- {words}" in faults


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        ("dataset", {"name": "a", "digest": "", "is_mnist": True}, "run on a, not on"),
        ("notebook", "03_wide_mlp", "not of a training in 02_small_mlp"),
        ("files", {}, "models/02_small_mlp.keras is missing"),
    ],
)
def test_results_of_something_else_are_a_fault(run, tmp_path, section, value, words):
    change_results(run, "02_small_mlp", section, value)
    assert words in faults_of(run, tmp_path)


def test_what_no_pdf_can_show_is_told(run, tmp_path):
    author = submission.Author("𓀀")
    made = make_submission(ROOT, run, tmp_path / "out", make_dataset(), author)
    assert "submission.pdf is not by the rules of PDF/UA-1: " in made.note


# What is met.


@pytest.mark.parametrize(
    ("notebook", "cell", "lost"),
    [
        ("01_loading", "scale", {"Scale"}),
        ("02_small_mlp", "plain", {"Network", "Parameters"}),
        ("03_wide_mlp", "confusion", {"Confusion matrix"}),
    ],
)
def test_what_is_not_shown_is_not_met(run, notebook, cell, lost):
    assert not_met(run) == set()
    change_notebook(run, notebook, lambda cells: cells[cell].outputs.clear())
    assert not_met(run) == lost


@pytest.mark.parametrize(
    ("path_and_value", "lost"),
    [
        (("model", "parameters", 101_771), "Parameters"),
        (("training", "batch_size", 64), "Batch size"),
        (("history", "val_accuracy", [0.9] * 9 + [0.931]), "Faster convergence"),
    ],
)
def test_what_is_something_else_is_not_met(run, path_and_value, lost):
    change_results(run, "03_wide_mlp", *path_and_value)
    assert not_met(run) == {lost}


def test_the_files_are_marked_whatever_the_results_say(run):
    layers = LAYERS["04_cnn"].copy()
    layers[3] = convolution(48)
    write_model(run / "models" / "04_cnn.keras", layers)
    wrong = np.roll(np.eye(10, dtype=np.float32), 1, axis=0)[make_dataset().test_labels]
    write_predictions(run / "predictions" / "03_wide_mlp.npz", wrong)
    lost = {"Test accuracy", "Higher test accuracy", "Lower test loss"}
    # Nobody can ask another network for its predictions, so its scores are not known.
    lost |= {"Network", "Test macro-F1", "Lowest class F1"}
    assert not_met(run) == lost


# How it is verified.


def verify(files, tmp_path, sign=True):
    """Verify changed files, whose manifest may know of the changes.

    No network stands behind the made-up predictions, so it is not asked.
    """
    manifest = json.loads(files.pop("MANIFEST.json"))
    if sign:
        manifest["files"] = {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
    files = files | {"MANIFEST.json": json.dumps(manifest).encode()}
    path = tmp_path / "handed-in.zip"
    path.write_bytes(pack({f"mnist-submission/{n}": c for n, c in files.items()}))
    return verify_files(path, make_dataset(), quick=True)


def refuse(files, tmp_path, sign=True) -> list[str]:
    verdict = verify(files, tmp_path, sign)
    assert verdict.exit_code is ExitCode.SUBMISSION_FAULTY
    assert [path.name for path in tmp_path.iterdir()] == ["handed-in.zip"]
    return verdict.faults


def change_json(files, name, *path_and_value):
    results = changed(*path_and_value, results=json.loads(files[name]))
    files[name] = json.dumps(results).encode()


def test_a_submission_in_order_is_marked(made):
    archive = made / submission.ARCHIVE
    verdict = verify_files(archive, make_dataset(), quick=True)
    assert verdict.author == AUTHOR
    assert {each.met for each in verdict.marks} == {True}
    assert len(verdict.marks) == 4 + 12 + 15 + 11
    assert verdict.changes == []


def test_changed_missing_and_further_files_are_told(files, tmp_path):
    files["README.md"] += b"!"
    files["surprise.exe"] = b""
    del files["submission.pdf"]
    assert refuse(files, tmp_path, sign=False) == [
        f"{name} is missing, changed or not listed in MANIFEST.json"
        for name in ("README.md", "submission.pdf", "surprise.exe")
    ]


def test_better_results_than_the_predictions_give_are_told(files, tmp_path):
    change_json(files, "results/03_wide_mlp.json", "metrics", "accuracy", 0.984)
    assert refuse(files, tmp_path) == [
        "03_wide_mlp: its results give accuracy as 0.984000, but its files give "
        "0.982000",
        "03_wide_mlp: its check does not show the scores of its results",
    ]


@pytest.mark.parametrize(
    ("batch_size", "measured"), [(64, "64"), (None, "not recorded")]
)
def test_what_is_not_met_is_printed_again(
    files, tmp_path, capsys, batch_size, measured
):
    results = "results/02_small_mlp.json"
    change_json(files, results, "training", "batch_size", batch_size)
    verdict = verify(files, tmp_path)
    print_marks(verdict.marks, verdict.changes, Console())
    missed = f"NOT MET: part 2, Batch size: required 32, measured {measured}"
    assert capsys.readouterr().out.splitlines()[-1] == missed


def test_a_stranger_cannot_steer_the_terminal(files, tmp_path, capsys):
    hostile = dict(files)
    change_json(hostile, "results/04_cnn.json", "dataset", "name", "\x1b]0;a\x07")
    change_json(hostile, "results/04_cnn.json", "dataset", "is_mnist", False)
    [fault] = refuse(hostile, tmp_path)
    assert fault.startswith("04_cnn: it was run on ")
    name = "models/02_small_mlp.keras"
    model = unpack(files[name])["config.json"].replace(b"Adam", b"\\u001b[2J[bold]")
    files[name] = pack({"config.json": model})
    digest = hashlib.sha256(files[name]).hexdigest()
    change_json(files, "results/02_small_mlp.json", "files", name, digest)
    verdict = verify(files, tmp_path)
    print_marks(verdict.marks, verdict.changes, Console())
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "?[2J[bold]" in said


class Harm:
    def __reduce__(self):
        return pytest.fail, ("a stranger's code was executed",)


def predictions(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return pack({"probabilities.npy": stream.getvalue()})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results/02_small_mlp.json", b'{"metrics": NaN}'),
        ("notebooks/02_small_mlp.ipynb", b"{}"),
        ("predictions/02_small_mlp.npz", predictions(np.array([Harm()]))),
        ("predictions/02_small_mlp.npz", predictions(np.eye(10))),
        ("predictions/02_small_mlp.npz", predictions(np.full((10_000, 10), np.nan))),
        ("models/02_small_mlp.keras", pack({"config.json": b'{"config": 3}'})),
        ("models/02_small_mlp.keras", b"PK"),
    ],
)
def test_files_that_cannot_be_read_are_told(files, tmp_path, name, content):
    [fault] = refuse(files | {name: content}, tmp_path)
    assert fault.startswith(f"02_small_mlp: {name}: ")


@pytest.mark.parametrize("manifest", [b"[" * 100_000, b"{}", b"\xff"])
def test_a_zip_of_something_else_is_told(tmp_path, manifest):
    path = tmp_path / "bad.zip"
    path.write_bytes(pack({"mnist-submission/MANIFEST.json": manifest}))
    [fault] = verify_files(path, make_dataset(), quick=True).faults
    assert fault.startswith("not a submission")
