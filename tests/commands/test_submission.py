"""A submission: what keeps it from being made, what is in it, how it is verified."""

import hashlib
import io
import json
import pickle
import shutil

import nbformat
import numpy as np
import pytest
from made_up_results import UNTRAINED, changed
from notebook_runs import NOTEBOOKS, ROOT
from rich.console import Console
from synthetic_run import (
    AUTHOR,
    LAYERS,
    convolution,
    make_dataset,
    write_model,
    write_predictions,
)

from mnist_helpers.commands import submission
from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.commands.marking import mark, print_marks
from mnist_helpers.commands.submission import (
    Author,
    make_submission,
    verify_submission,
)
from mnist_helpers.commands.work import read_work
from mnist_helpers.data.mnist import MNIST_DIGEST
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


def faults_of(run, tmp_path, author=AUTHOR) -> str:
    with pytest.raises(CourseError) as raised:
        make_submission(ROOT, run, tmp_path / "out", make_dataset(), author)
    assert raised.value.exit_code is ExitCode.SUBMISSION_FAULTY
    assert not (tmp_path / "out").exists()
    return str(raised.value)


def not_met(run) -> set[tuple[int, str]]:
    files = {
        path.relative_to(run).as_posix(): path.read_bytes() for path in run.glob("*/*")
    }
    marks = mark(read_work(files, make_dataset())[0])
    return {(each.part, each.item) for each in marks if not each.met}


# What is in it.


def test_it_holds_all_that_a_marker_needs(files, made):
    assert {path.name for path in made.iterdir()} == {
        *("mnist-submission.zip", "submission.html", "submission.pdf")
    }
    assert (made / "submission.pdf").read_bytes() == files["submission.pdf"]
    # All of the package, or the marker could not run the notebooks.
    assert files.keys() >= {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mnist_helpers").rglob("*.*")
        if path.suffix != ".pyc"
    }
    for name in (path.stem for path in NOTEBOOKS):
        assert files.keys() >= {
            *(f"notebooks/{name}.ipynb", f"results/{name}.json"),
            *(f"predictions/{name}.npz", f"models/{name}.keras"),
        }
    assert files.keys() >= {
        f"figures/{path.name}" for path in (ROOT / "figures").glob("0*.png")
    }


def test_the_same_run_gives_the_same_bytes(made, run, tmp_path):
    make_submission(ROOT, run, tmp_path / "again", make_dataset(), AUTHOR)
    again = tmp_path / "again" / submission.ARCHIVE
    assert again.read_bytes() == (made / submission.ARCHIVE).read_bytes()


def test_it_tells_no_path_of_the_machine(files):
    for name, content in files.items():
        if not name.endswith((".png", ".pdf", ".npz", ".keras")):
            assert str(ROOT).encode() not in content, name


# What keeps it from being made.


def test_all_faults_are_told_at_once(run, tmp_path):
    def spoil(cells):
        cells["imports"].execution_count = 7
        warning = nbformat.v4.new_output("stream", name="stderr", text="careful")
        cells["imports"].outputs.append(warning)
        error = nbformat.v4.new_output("error", ename="ValueError", evalue="bad")
        cells["plain"].outputs.append(error)
        cells["curves"].outputs[0].metadata["image/png"].alt = " "
        cells["correct"].outputs[0].metadata["image/png"].name = "02_other"
        cells["check"].outputs[0].metadata.scores.accuracy = 0.99
        cells["summary"].source += "More."
        cells["imports"].metadata.tags = ["injected-parameters"]

    change_results(run, "01_loading", "environment", {})
    change_notebook(run, "02_small_mlp", spoil)
    change_results(run, "03_wide_mlp", "seed", 77)
    (run / "figures" / "04_learning_curves.png").write_bytes(b"other")
    faults = faults_of(run, tmp_path)
    for words in (
        "01_loading: results/01_loading.json: ",
        "02_small_mlp: its cells were executed in the order [7, 2",
        "02_small_mlp: cell 'imports' wrote to standard error",
        "02_small_mlp: cell 'plain' ended in ValueError",
        "02_small_mlp: it was run with parameters other than its defaults",
        "02_small_mlp: figures/02_learning_curves.png has no alt text",
        "02_small_mlp: figures/02_other.png is shown, but not saved",
        "02_small_mlp: figures/02_correct_predictions.png is not shown",
        "02_small_mlp: its check does not show the scores of its results",
        "02_small_mlp: the notebook was changed after the run",
        "03_wide_mlp: there are no published results at its seed, 77",
        "04_cnn: figures/04_learning_curves.png is missing, or not as the results say",
    ):
        assert f"\n- {words}" in faults


STAND_IN = {"name": "stand-in", "digest": "0", "is_mnist": False}


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        ("dataset", STAND_IN | {"is_mnist": True}, "run on stand-in, not on MNIST"),
        ("dataset", STAND_IN | {"digest": MNIST_DIGEST}, "run on stand-in, not on"),
        ("files", {}, "models/02_small_mlp.keras is missing"),
        ("notebook", "03_wide_mlp", "not of a training in 02_small_mlp"),
    ],
)
def test_results_of_something_else_are_a_fault(run, tmp_path, section, value, words):
    change_results(run, "02_small_mlp", section, value)
    assert words in faults_of(run, tmp_path)


def test_results_without_a_training_are_a_fault(run, tmp_path):
    path = run / "results" / "02_small_mlp.json"
    path.write_text(json.dumps(UNTRAINED | {"notebook": "02_small_mlp"}))
    assert "not of a training in 02_small_mlp" in faults_of(run, tmp_path)


def test_results_far_from_the_published_are_a_fault(run, tmp_path, made, finished):
    table = finished / "seeds.csv"
    published = table.read_text()
    table.write_text(published.replace("04_cnn,1,0.993", "04_cnn,1,0.9961"))
    try:
        faults = faults_of(run, tmp_path)
    finally:
        table.write_text(published)
    assert faults.splitlines()[1:] == [
        "- 04_cnn: its accuracy of 0.9930 is further than 0.002 from the published "
        "0.9961"
    ]


def test_what_no_pdf_can_show_is_told(run, tmp_path):
    assert "submission.pdf: " in faults_of(run, tmp_path, Author("𓀀"))


# What is met.


@pytest.mark.parametrize(
    ("notebook", "cell", "lost"),
    [
        ("01_loading", "scale", {"Scale"}),
        ("02_small_mlp", "plain", {"Network", "Parameters"}),
        (
            "03_wide_mlp",
            "table",
            {"Higher test accuracy", "Faster convergence", "Lower test loss"},
        ),
    ],
)
def test_what_is_not_shown_is_not_met(run, notebook, cell, lost):
    assert not_met(run) == set()
    change_notebook(run, notebook, lambda cells: cells[cell].outputs.clear())
    assert not_met(run) == {(PARTS[notebook].number, item) for item in lost}


@pytest.mark.parametrize(
    ("notebook", "path", "value", "lost"),
    [
        ("02_small_mlp", ("model", "parameters"), 6371, "Parameters"),
        ("02_small_mlp", ("training", "batch_size"), 64, "Batch size"),
        ("03_wide_mlp", ("history", "loss"), [1], "Epochs"),
        (
            *("03_wide_mlp", ("history", "val_accuracy"), [0.9] * 9 + [0.931]),
            "Faster convergence",
        ),
    ],
)
def test_what_is_something_else_is_not_met(run, notebook, path, value, lost):
    change_results(run, notebook, *path, value)
    assert not_met(run) == {(PARTS[notebook].number, lost)}


def test_the_files_are_marked_whatever_the_results_say(run):
    layers = LAYERS["04_cnn"].copy()
    layers[3] = convolution(48)
    write_model(run / "models" / "04_cnn.keras", layers)
    path = run / "predictions" / "03_wide_mlp.npz"
    with np.load(path) as stored:
        probabilities = np.roll(stored["probabilities"], 1, axis=1)
    write_predictions(path, probabilities)
    assert not_met(run) == {
        *((3, "Test accuracy"), (3, "Higher test accuracy"), (3, "Lower test loss")),
        (4, "Network"),
    }


# How it is verified.


def verify(files, tmp_path, sign=True):
    """Verify changed files, whose manifest may know of the changes."""
    manifest = json.loads(files.pop("MANIFEST.json"))
    if sign:
        manifest["files"] = {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
    files = files | {"MANIFEST.json": json.dumps(manifest).encode()}
    path = tmp_path / "handed-in.zip"
    path.write_bytes(pack({f"mnist-submission/{n}": c for n, c in files.items()}))
    return verify_submission(path, make_dataset())


def refuse(files, tmp_path, sign=True) -> list[str]:
    with pytest.raises(CourseError) as raised:
        verify(files, tmp_path, sign)
    assert raised.value.exit_code is ExitCode.SUBMISSION_FAULTY
    assert [path.name for path in tmp_path.iterdir()] == ["handed-in.zip"]
    _subject, *faults = str(raised.value).split("\n- ")
    return faults


def test_a_submission_in_order_is_marked(made, capsys):
    author, marks = verify_submission(made / submission.ARCHIVE, make_dataset())
    assert author == AUTHOR
    assert {each.met for each in marks} == {True}
    assert len(marks) == 4 + 12 + 15 + 11
    print_marks(marks, Console())
    assert "225,034" in capsys.readouterr().out


def test_changed_missing_and_further_files_are_told(files, tmp_path):
    files["README.md"] += b"!"
    files["surprise.exe"] = b""
    del files["submission.pdf"], files["results/04_cnn.json"]
    assert refuse(files, tmp_path, sign=False) == [
        *(
            f"{name} is missing, changed or not listed in MANIFEST.json"
            for name in (
                *("README.md", "results/04_cnn.json", "submission.pdf"),
                "surprise.exe",
            )
        ),
        "04_cnn: results/04_cnn.json is missing",
    ]


def test_better_results_than_the_predictions_give_are_told(files, tmp_path):
    name = "results/03_wide_mlp.json"
    results = changed("metrics", "accuracy", 0.984, results=json.loads(files[name]))
    files[name] = json.dumps(results).encode()
    assert refuse(files, tmp_path) == [
        "03_wide_mlp: its results give accuracy as 0.984000, but its files give "
        "0.982000",
        "03_wide_mlp: its check does not show the scores of its results",
    ]


def test_what_is_not_met_is_printed_again(files, tmp_path, capsys):
    name = "results/02_small_mlp.json"
    results = changed("training", "batch_size", 64, results=json.loads(files[name]))
    files[name] = json.dumps(results).encode()
    _author, marks = verify(files, tmp_path)
    print_marks(marks, Console())
    missed = "NOT MET: part 2, Batch size: required 32, measured 64"
    assert capsys.readouterr().out.splitlines()[-1] == missed


def test_a_stranger_cannot_steer_the_terminal(files, tmp_path, capsys):
    name = "results/04_cnn.json"
    results = json.loads(files[name])
    results["dataset"] |= {"name": "\x1b]0;a\x07", "digest": "0"}
    hostile = files | {name: json.dumps(results).encode()}
    assert refuse(hostile, tmp_path) == ["04_cnn: it was run on ?]0;a?, not on MNIST"]
    name = "models/02_small_mlp.keras"
    model = unpack(files[name])["config.json"].replace(b"Adam", b"\\u001b[2J[bold]")
    content = pack({"config.json": model})
    results = json.loads(files["results/02_small_mlp.json"])
    results["files"][name] = hashlib.sha256(content).hexdigest()
    changes = {name: content, "results/02_small_mlp.json": json.dumps(results).encode()}
    _author, marks = verify(files | changes, tmp_path)
    print_marks(marks, Console())
    assert "\x1b" not in capsys.readouterr().out


class Harm:
    def __reduce__(self):
        return pytest.fail, ("a stranger's code was executed",)


def pickled() -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array([None]), allow_pickle=True)
    head = stream.getvalue()[:128]
    return pack({"probabilities.npy": head + pickle.dumps([Harm()])})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results/02_small_mlp.json", b'{"metrics": NaN}'),
        ("notebooks/02_small_mlp.ipynb", b"{}"),
        ("predictions/02_small_mlp.npz", pack({"labels.npy": b""})),
        ("predictions/02_small_mlp.npz", pickled()),
        ("models/02_small_mlp.keras", pack({"config.json": b'{"config": 3}'})),
        ("models/02_small_mlp.keras", b"PK"),
    ],
)
def test_files_that_cannot_be_read_are_told(files, tmp_path, name, content):
    [fault] = refuse(files | {name: content}, tmp_path)
    assert fault.startswith(f"02_small_mlp: {name}: ")


@pytest.mark.parametrize("manifest", [None, b"[" * 100_000, b"{}", b"\xff"])
def test_a_zip_of_something_else_is_told(tmp_path, manifest):
    path = tmp_path / "bad.zip"
    path.write_bytes(
        pack({"mnist-submission/MANIFEST.json": manifest} if manifest else {"a": b""})
    )
    with pytest.raises(CourseError, match="not a submission"):
        verify_submission(path, make_dataset())
    with pytest.raises(CourseError, match="No such file"):
        verify_submission(tmp_path / "none.zip", make_dataset())
