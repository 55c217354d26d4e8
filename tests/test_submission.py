"""A submission: what keeps it from being made, what is in it, how it is verified."""

import hashlib
import io
import json
import re
import shutil

import nbformat
import numpy as np
import pytest
from made_up_results import UNTRAINED, changed
from notebook_runs import NOTEBOOKS, ROOT
from synthetic_run import (
    AUTHOR,
    LAYERS,
    convolution,
    make_dataset,
    make_submission_once,
    run_command,
    write_model,
)

from mnist_helpers.commands import evidence, submission
from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.commands.evidence import read_evidence
from mnist_helpers.commands.marking import mark
from mnist_helpers.commands.submission import (
    Author,
    SubmissionError,
    make_submission,
    verify_submission,
)
from mnist_helpers.data.mnist import MNIST_DIGEST
from mnist_helpers.errors import ExitCode
from mnist_helpers.results.assignment import PARTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_submission_once(tmp_path_factory)[1]


@pytest.fixture
def run(tmp_path_factory, tmp_path, monkeypatch):
    """Copy the finished run, to be spoiled."""
    finished, _made = make_submission_once(tmp_path_factory)
    monkeypatch.setattr(evidence, "PUBLISHED_SEEDS", finished / "seeds.csv")
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="module")
def dataset():
    return make_dataset()


def read_files(made) -> dict[str, bytes]:
    return unpack((made / submission.ARCHIVE).read_bytes())


def change_results(folder, name, **changes):
    path = folder / "results" / f"{name}.json"
    results = json.loads(path.read_text())
    path.write_text(json.dumps(results | changes))
    return results


def change_notebook(folder, name, change):
    path = folder / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def cell_of(notebook, cell_id):
    [cell] = [cell for cell in notebook.cells if cell.id == cell_id]
    return cell


def faults_of(run, tmp_path) -> list[str]:
    with pytest.raises(SubmissionError) as raised:
        make_submission(ROOT, run, tmp_path / "out", make_dataset(), Author())
    assert not (tmp_path / "out").exists()
    return raised.value.faults


def marks_of(run) -> dict[tuple[int, str], bool]:
    files = submission._collect(ROOT, run)
    work = {name: read_evidence(name, files) for name in PARTS}
    return {(each.part, each.item): each.met for each in mark(work)}


def not_met(run) -> set[tuple[int, str]]:
    return {item for item, met in marks_of(run).items() if not met}


# What is in it.


def test_it_holds_all_that_a_marker_needs(made):
    names = {name.removeprefix("mnist-submission/") for name in read_files(made)}
    assert names >= {
        *("MANIFEST.json", "marks.md", "submission.html", "submission.pdf"),
        *("README.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.txt"),
    }
    # All of the package, or the marker could not run the notebooks.
    assert names >= {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mnist_helpers").rglob("*.*")
        if path.is_file() and path.suffix != ".pyc"
    }
    for path in NOTEBOOKS:
        name = path.stem
        assert names >= {
            *(f"notebooks/{name}.ipynb", f"html/{name}.html", f"results/{name}.json"),
            *(f"predictions/{name}.npz", f"models/{name}.keras"),
        }
    for pattern in ("0*.png", "bench_*.png", "lab_*.png"):
        for path in (ROOT / "figures").glob(pattern):
            assert f"figures/{path.name}" in names


def test_the_manifest_has_the_digest_of_every_other_file(made):
    files = read_files(made)
    manifest = json.loads(files.pop("mnist-submission/MANIFEST.json"))
    assert manifest["files"] == {
        name.removeprefix("mnist-submission/"): hashlib.sha256(content).hexdigest()
        for name, content in files.items()
    }
    assert manifest["author"] == AUTHOR.name


def test_the_documents_lie_beside_the_zip(made):
    files = read_files(made)
    assert {path.name for path in made.iterdir() if path.is_file()} == {
        *("mnist-submission.zip", "submission.html", "submission.pdf", "marks.md")
    }
    for path in made.glob("[!m]*.*"):
        assert path.read_bytes() == files[f"mnist-submission/{path.name}"]


def test_the_same_run_gives_the_same_bytes(made, run, dataset, tmp_path):
    make_submission(ROOT, run, tmp_path / "again", dataset, AUTHOR)
    again = tmp_path / "again" / submission.ARCHIVE
    assert read_files(tmp_path / "again") == read_files(made)
    assert again.read_bytes() == (made / submission.ARCHIVE).read_bytes()


def test_it_tells_no_path_of_the_machine(made):
    for name, content in read_files(made).items():
        if not name.endswith((".png", ".pdf", ".npz", ".keras")):
            assert str(ROOT).encode() not in content, name


def test_the_sheet_names_the_author_and_every_item_with_its_place(made):
    sheet = (made / "marks.md").read_text(encoding="utf-8")
    assert "NOT MET" not in sheet
    for words in ("6,370", "101,770", "225,034", "(20 marks)", "(10 marks)"):
        assert words in sheet
    rows = [line for line in sheet.splitlines() if "submission.html#" in line]
    assert len(rows) == 4 + 12 + 15 + 11
    page = (made / "submission.html").read_text(encoding="utf-8")
    for anchor in re.findall(r"submission\.html#([\w.-]+)", sheet):
        assert f'id="{anchor}"' in page


# What keeps it from being made.


def test_all_faults_are_told_at_once(run, tmp_path):
    folder = run
    change_results(folder, "01_loading", environment={})

    def spoil(notebook):
        cell_of(notebook, "imports").execution_count = 7
        warning = nbformat.v4.new_output("stream", name="stderr", text="careful")
        cell_of(notebook, "imports").outputs.append(warning)
        error = nbformat.v4.new_output("error", ename="ValueError", evalue="bad")
        cell_of(notebook, "model").outputs.append(error)
        cell_of(notebook, "curves").outputs[0].metadata["image/png"].alt = " "
        cell_of(notebook, "correct").outputs[0].metadata["image/png"].name = "02_other"
        cell_of(notebook, "confusion").outputs.clear()
        cell_of(notebook, "check").outputs[0].metadata.scores.accuracy = 0.99
        cell_of(notebook, "summary").source += "\n\n#### Too deep"

    change_notebook(folder, "02_small_mlp", spoil)
    change_results(folder, "03_wide_mlp", seed=77)
    (folder / "figures" / "04_learning_curves.png").write_bytes(b"other")
    faults = "\n".join(faults_of(run, tmp_path))
    for words in (
        "01_loading: results/01_loading.json: $.environment: 'versions' is a required",
        "02_small_mlp: its cells were executed in the order [7, 2",
        "02_small_mlp: cell 'imports' wrote to standard error",
        "02_small_mlp: cell 'model' ended in ValueError",
        "02_small_mlp: the figure of cell 'curves' has no alt text",
        "02_small_mlp: the figure of cell 'correct' is not in figures/",
        "02_small_mlp: figures/02_confusion_matrix.png is not shown",
        "02_small_mlp: its check does not show the scores of its results",
        "02_small_mlp: its heading 'Too deep' skips a level: 2 to 4",
        "02_small_mlp: 02_small_mlp.ipynb was changed after the run",
        "03_wide_mlp: there are no published results at its seed, 77",
        "04_cnn: figures/04_learning_curves.png is missing, or not as the results say",
    ):
        assert words in faults


STAND_IN = {"name": "stand-in", "digest": "0", "is_mnist": False}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": STAND_IN | {"is_mnist": True}}, "run on stand-in, not on"),
        ({"dataset": STAND_IN | {"digest": MNIST_DIGEST}}, "run on stand-in, not on"),
        ({"files": {}}, "there is no models/02_small_mlp.keras"),
        ({"notebook": "03_wide_mlp"}, "not the results of a training in 02_small_mlp"),
    ],
)
def test_results_of_something_else_are_a_fault(run, tmp_path, changes, words):
    change_results(run, "02_small_mlp", **changes)
    assert words in "\n".join(faults_of(run, tmp_path))


def test_results_without_a_training_are_a_fault(run, tmp_path):
    path = run / "results" / "02_small_mlp.json"
    path.write_text(json.dumps(UNTRAINED | {"notebook": "02_small_mlp"}))
    faults = "\n".join(faults_of(run, tmp_path))
    assert "not the results of a training in 02_small_mlp" in faults


def test_an_injected_parameter_is_a_fault(run, tmp_path):
    def inject(notebook):
        cell_of(notebook, "imports").metadata.tags = ["injected-parameters"]

    change_notebook(run, "04_cnn", inject)
    [fault] = faults_of(run, tmp_path)
    assert "parameters other than its defaults" in fault


def test_results_far_from_the_published_are_a_fault(run, tmp_path, monkeypatch):
    table = run / "seeds.csv"
    table.write_text(re.sub(r"(04_cnn,1),[\d.]+", r"\1,0.9961", table.read_text()))
    monkeypatch.setattr(evidence, "PUBLISHED_SEEDS", table)
    [fault] = faults_of(run, tmp_path)
    assert fault == (
        "04_cnn: its accuracy of 0.9930 is further than 0.002 from the published 0.9961"
    )


def test_letters_that_no_font_has_are_told(run, dataset, tmp_path):
    with pytest.raises(SubmissionError, match=r"submission\.pdf cannot be set: .*𓀀"):
        make_submission(ROOT, run, tmp_path / "out", dataset, Author("𓀀"))
    assert not (tmp_path / "out").exists()


# What is met.


def test_the_committed_notebooks_meet_every_item(run):
    assert not_met(run) == set()


def lose_tag(tag):
    def change(notebook):
        for cell in notebook.cells:
            tags = cell.metadata.get("tags", [])
            cell.metadata.tags = [each for each in tags if each != tag]

    return change


def clear(cell_id):
    return lambda notebook: cell_of(notebook, cell_id).outputs.clear()


@pytest.mark.parametrize(
    ("notebook", "change", "lost"),
    [
        ("01_loading", clear("scale"), {"Scale"}),
        ("03_wide_mlp", lose_tag("item-network"), {"Network", "Parameters"}),
        (
            "03_wide_mlp",
            lose_tag("item-comparison"),
            {"Higher test accuracy", "Faster convergence", "Lower test loss"},
        ),
    ],
)
def test_what_is_not_shown_is_not_met(run, notebook, change, lost):
    change_notebook(run, notebook, change)
    assert not_met(run) == {(PARTS[notebook].number, item) for item in lost}


@pytest.mark.parametrize(
    ("notebook", "path", "value", "lost"),
    [
        ("02_small_mlp", ("model", "parameters"), 6371, {"Parameters"}),
        ("02_small_mlp", ("training", "batch_size"), 64, {"Batch size"}),
        ("02_small_mlp", ("training", "kept_by"), "val_loss", {"Best epoch kept by"}),
        ("03_wide_mlp", ("history", "loss"), [1], {"Epochs"}),
        (
            "03_wide_mlp",
            ("history", "val_accuracy"),
            [0.9] * 9 + [0.931],
            {"Faster convergence"},
        ),
    ],
)
def test_what_is_something_else_is_not_met(run, notebook, path, value, lost):
    results = change_results(run, notebook)
    change_results(run, notebook, **changed(*path, value, results=results))
    assert not_met(run) == {(PARTS[notebook].number, item) for item in lost}


def test_another_network_is_not_met_whatever_the_results_say(run):
    layers = LAYERS["04_cnn"].copy()
    layers[3] = convolution(48)
    write_model(run / "models" / "04_cnn.keras", layers)
    assert not_met(run) == {(4, "Network")}


def test_worse_predictions_are_not_met(run):
    path = run / "predictions" / "03_wide_mlp.npz"
    with np.load(path) as stored:
        probabilities = np.roll(stored["probabilities"], 1, axis=1)
    np.savez(path, probabilities=probabilities, labels=make_dataset().test_labels)
    assert not_met(run) == {
        *((3, "Test accuracy"), (3, "Higher test accuracy"), (3, "Lower test loss"))
    }


# How it is verified.


def verify(content: bytes, run, tmp_path):
    path = tmp_path / "handed-in.zip"
    path.write_bytes(content)
    return verify_submission(path, make_dataset())


def refuse(content: bytes, run, tmp_path) -> list[str]:
    with pytest.raises(SubmissionError) as raised:
        verify(content, run, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "handed-in.zip"}
    return raised.value.faults


def repacked(made, change, sign=True) -> bytes:
    """Change the files of a submission, and its manifest with them."""
    prefix = f"{submission.FOLDER}/"
    files = {n.removeprefix(prefix): c for n, c in read_files(made).items()}
    manifest = json.loads(files.pop(submission.MANIFEST))
    change(files)
    if sign:
        manifest["files"] = {
            name: hashlib.sha256(content).hexdigest() for name, content in files.items()
        }
    files[submission.MANIFEST] = json.dumps(manifest).encode()
    return pack({prefix + name: content for name, content in files.items()})


def test_a_submission_in_order_is_marked(made, run, tmp_path):
    author, marks = verify((made / submission.ARCHIVE).read_bytes(), run, tmp_path)
    assert author == AUTHOR
    assert {each.met for each in marks} == {True}


def test_changed_missing_and_further_files_are_told(made, run, tmp_path):
    def change(files):
        files["README.md"] += b"!"
        files["surprise.exe"] = b""
        del files["LICENSE"], files["submission.pdf"], files["results/04_cnn.json"]

    faults = refuse(repacked(made, change, sign=False), run, tmp_path)
    assert faults == [
        *(f"{name} is missing" for name in ("LICENSE", "results/04_cnn.json")),
        "submission.pdf is missing",
        "surprise.exe is there, but not in MANIFEST.json",
        "README.md was changed: its digest is not that of MANIFEST.json",
        "there is no submission.pdf",
        "04_cnn: there is no results/04_cnn.json",
    ]


def test_better_results_than_the_predictions_give_are_told(made, run, tmp_path):
    def change(files):
        results = json.loads(files["results/03_wide_mlp.json"])
        results["metrics"]["accuracy"] = 0.984
        files["results/03_wide_mlp.json"] = json.dumps(results).encode()

    assert refuse(repacked(made, change), run, tmp_path) == [
        "03_wide_mlp: its results give accuracy as 0.984000, but its files give "
        "0.982000",
        "03_wide_mlp: its check does not show the scores of its results",
    ]


def test_other_labels_are_told(made, run, tmp_path):
    def change(files):
        stored = np.load(io.BytesIO(files["predictions/02_small_mlp.npz"]))
        probabilities = stored["probabilities"]
        stream = io.BytesIO()
        np.savez(
            stream,
            probabilities=probabilities,
            labels=probabilities.argmax(axis=1).astype(np.uint8),
        )
        files["predictions/02_small_mlp.npz"] = stream.getvalue()

    faults = "\n".join(refuse(repacked(made, change), run, tmp_path))
    assert "the labels beside its predictions are not those of the test set" in faults


def test_an_embellished_sheet_is_told(made, run, tmp_path):
    def change(files):
        files["marks.md"] = files["marks.md"].replace(b"0.9320", b"0.9820")

    [fault] = refuse(repacked(made, change), run, tmp_path)
    assert fault == "marks.md is not the sheet that its files give"


def test_a_stranger_cannot_steer_the_terminal(made, run, tmp_path, capsys):
    def change(files):
        files["\x1b[2J"] = b""
        results = json.loads(files["results/04_cnn.json"])
        results["dataset"] |= {"name": "\x1b]0;a\x07", "digest": "0"}
        files["results/04_cnn.json"] = json.dumps(results).encode()

    manifest = {"schema": 1, "author": "", "student_id": "", "files": {"\x1b[1m": ""}}
    path = tmp_path / "handed-in.zip"
    for content in (
        pack({"mnist-submission/MANIFEST.json": json.dumps(manifest).encode()}),
        repacked(made, change),
    ):
        path.write_bytes(content)
        assert run_command("verify", path, run=run) is ExitCode.SUBMISSION_FAULTY
        said = capsys.readouterr().err
        assert "\x1b" not in said
        assert "[1m is missing" in said or "not a plain relative path" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results/02_small_mlp.json", b'{"metrics": NaN}'),
        ("notebooks/02_small_mlp.ipynb", b"{}"),
        ("predictions/02_small_mlp.npz", pack({"labels.npy": b""})),
        (
            "predictions/02_small_mlp.npz",
            pack(
                {
                    name: b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': "
                    b"False, 'shape': (10000,), }".ljust(128)
                    for name in ("labels.npy", "probabilities.npy")
                }
            ),
        ),
        ("models/02_small_mlp.keras", pack({"config.json": b'{"config": 3}'})),
    ],
)
def test_files_that_cannot_be_read_are_told(made, run, tmp_path, name, content):
    faults = refuse(
        repacked(made, lambda files: files.update({name: content})), run, tmp_path
    )
    assert faults
    assert all(fault.startswith("02_small_mlp: ") for fault in faults)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": b""}, "expected a folder mnist-submission alone"),
        ({"mnist-submission/a": b""}, "has no MANIFEST.json"),
        ({"mnist-submission/MANIFEST.json": b"[" * 100_000}, "has a bad MANIFEST"),
        ({"mnist-submission/MANIFEST.json": b"{}"}, "has a bad MANIFEST.json"),
    ],
)
def test_a_zip_of_something_else_is_told(run, tmp_path, files, words):
    [fault] = refuse(pack(files), run, tmp_path)
    assert words in fault


# The command line.


def test_the_marker_is_told_the_marks_and_that_all_is_in_order(made, run, capsys):
    archive = made / submission.ARCHIVE
    assert run_command("verify", archive, run=run) is ExitCode.COMPLETED
    said = capsys.readouterr()
    assert "225,034" in said.out
    assert f"in order: {archive}, by {AUTHOR.name}" in said.out
    assert said.err == ""


def test_what_is_not_met_is_another_ending(made, run, tmp_path, capsys):
    def change(files):
        results = json.loads(files["results/02_small_mlp.json"])
        results["training"]["batch_size"] = 64
        files["results/02_small_mlp.json"] = json.dumps(results).encode()
        before, after = b"| Batch size | met | 32 | 32 |", b"| **NOT MET** | 32 | 64 |"
        assert before in files["marks.md"]
        sheet = files["marks.md"].replace(before, b"| Batch size " + after, 1)
        before, after = b"12 of 12 met", b"**11 of 12 met, the others NOT MET**"
        files["marks.md"] = sheet.replace(before, after)

    path = tmp_path / "handed-in.zip"
    path.write_bytes(repacked(made, change))
    assert run_command("verify", path, run=run) is ExitCode.CLAIM_NOT_MET
    missed = "NOT MET: part 2, Batch size: required 32, measured 64"
    assert missed in capsys.readouterr().out.splitlines()


def test_the_commands_say_what_is_wrong(run, tmp_path, capsys):
    change_notebook(run, "02_small_mlp", clear("confusion"))
    out = ("--run", run, "--output", tmp_path / "out")
    path = tmp_path / "bad.zip"
    path.write_bytes(b"bad")
    for arguments, ending, words in (
        (("verify", tmp_path / "none.zip"), ExitCode.ARGUMENT_WRONG, "No such file"),
        (("verify", path), ExitCode.SUBMISSION_FAULTY, "is no zip, or a damaged one"),
        (("submission", "--author", "A\nB"), ExitCode.ARGUMENT_WRONG, "--author: got"),
        (("submission", *out), ExitCode.SUBMISSION_FAULTY, "- 02_small_mlp: figures/"),
    ):
        assert run_command(*arguments, run=run) is ending
        said = capsys.readouterr()
        assert words in said.err
        assert said.out == ""
