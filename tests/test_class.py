"""A class is handed in, sorted and marked: honest work, forged work, and harm."""

import csv
import io
import shutil
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from notebook_runs import ROOT, finish
from students import (
    FORGED,
    HONEST,
    HOSTILE,
    OTHER_NETWORK,
    pack_again,
    read,
    sign,
    take_other_model,
)

from mnist_helpers.commands.verifying import Verdict, find_submissions, write_table
from mnist_helpers.data import load_mnist
from mnist_helpers.errors import CourseError

COMMAND = (sys.executable, "-m", "mnist_helpers")
ARCHIVE = "mnist-submission.zip"


@pytest.fixture(scope="module")
def mnist():
    if not load_mnist().is_mnist:
        pytest.skip("no MNIST to be had, by which submissions are judged")


def hand_in(folder: Path, cwd: Path = ROOT) -> bytes:
    made = finish(
        *(*COMMAND, "submission", "--author", "Ada Lovelace"),
        *("--run", folder / "run", "--output", folder / "out"),
        cwd=cwd,
    )
    assert made.returncode in (0, 3), made.stdout[-5000:] + made.stderr[-5000:]
    return (folder / "out" / ARCHIVE).read_bytes()


@pytest.fixture(scope="module")
def submitted(mnist, tmp_path_factory) -> bytes:
    return hand_in(tmp_path_factory.mktemp("submitted"))


def sort(folder: Path, *options: object) -> tuple[int, dict[str, dict[str, str]]]:
    """Verify all that is in a folder, and return the table by file name."""
    table = folder.parent / "marks.csv"
    ended = finish(*COMMAND, "verify", folder, "--table", table, *options)
    assert "Traceback" not in ended.stderr
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = {Path(row["submission"]).stem: row for row in csv.DictReader(stream)}
    assert len(ended.stdout.splitlines()) >= len(rows)
    return ended.returncode, rows


def write(folder: Path, archives: dict[str, bytes]) -> None:
    for name, content in archives.items():
        student = folder / f"{name}_123_assignsubmission_file_"
        student.mkdir(parents=True)
        (student / f"{name}.zip").write_bytes(content)


def test_what_is_no_submission_is_found_too(tmp_path):
    with pytest.raises(CourseError, match="no submissions"):
        find_submissions([tmp_path])
    write(tmp_path, {"Ada": b""})
    (tmp_path / "marks.csv").touch()
    (tmp_path / "Grace.rar").touch()
    (tmp_path / "Alan").mkdir()
    names = {path.name for path in find_submissions([tmp_path])}
    assert names == {"Ada.zip", "Alan", "Grace.rar"}


def test_the_table_has_every_column_whatever_is_handed_in(tmp_path):
    write_table([Verdict(tmp_path / "Ada.zip", faults=["no zip"])], tmp_path / "a.csv")
    [row] = csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8-sig"))
    assert (row["in order"], row["part 2"], row["accuracy, part 4"]) == ("no", "", "")


@pytest.mark.notebooks
def test_a_fresh_run_can_be_handed_in_and_verified(submitted, tmp_path):
    archive = tmp_path / ARCHIVE
    archive.write_bytes(submitted)
    verified = finish(*COMMAND, "verify", archive)
    assert verified.returncode == 0, verified.stdout[-5000:] + verified.stderr
    assert "NOT MET" not in verified.stdout
    assert "by Ada Lovelace" in verified.stdout


@pytest.mark.notebooks
def test_a_few_are_sorted(submitted, tmp_path):
    files = read(submitted)
    few = ("weights of zero", "everything but the weights", "a link out of a model")
    archives = {name: sign(FORGED[name](files)) for name in few}
    harmful = ("cut off", "with a link", "several in one", "a zip in a zip")
    archives |= {name: HOSTILE[name](submitted) for name in harmful}
    archives["packed again"] = pack_again(submitted)
    archives[OTHER_NETWORK] = sign(take_other_model(files))
    archives["own words"] = sign(HONEST["other text"](files), author="=1+1;=2")
    write(tmp_path / "class", archives)
    # One has handed in something else.
    (tmp_path / "class" / "late_456").mkdir()
    (tmp_path / "class" / "late_456" / "homework.rar").touch()
    # Gradescope hands a submission out unpacked.
    zipfile.ZipFile(io.BytesIO(submitted)).extractall(tmp_path / "class")
    code, rows = sort(tmp_path / "class")
    assert code == 6
    in_order = {name for name, row in rows.items() if row["in order"] == "yes"}
    assert in_order == {
        *("own words", "packed again", "mnist-submission", OTHER_NETWORK)
    }
    for item in ("2: Network", "2: Test accuracy"):
        assert item in rows[OTHER_NETWORK]["not met"]
    assert "not a submission" in rows["late_456"]["not in order because"]
    own = rows["own words"]
    assert own["author"] == "'=1+1;'=2"
    assert own["own work"].startswith("02_small_mlp: changed: ## My words")
    assert own["part 3"] == "15 of 15"
    assert own["accuracy, part 4"].startswith("0.99")
    for name in ("several in one", "a zip in a zip"):
        assert "unpack it" in rows[name]["not in order because"]
    zero = rows["weights of zero"]["not in order because"]
    assert "02_small_mlp: its network gives other predictions: accuracy 0." in zero


def change_recipes(root: Path, seed: int) -> None:
    """Let a student try another seed, other initial weights and another training."""
    for path in (root / "notebooks").glob("0*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            source = cell.source.replace("SEED: int = 1 ", f"SEED: int = {seed} ")
            source = source.replace('"he_uniform"', '"he_normal"')
            if path.stem == "04_cnn":
                source = source.replace("EPOCHS: int = 2 ", "EPOCHS: int = 1 ")
            cell.source = source
        nbformat.write(notebook, path)


@pytest.mark.long
def test_a_class_of_over_forty_is_sorted_in_one_command(submitted, tmp_path):
    honest = {"Ada": submitted}
    for seed in (2, 3):
        root = tmp_path / f"student {seed}"
        for folder in ("mnist_helpers", "notebooks"):
            shutil.copytree(ROOT / folder, root / folder)
        shutil.copy(ROOT / "pyproject.toml", root)
        change_recipes(root, seed)
        honest[f"student {seed}"] = hand_in(root, cwd=root)
    in_order = {
        f"{student}, {name}": sign(change(read(archive)), author=student)
        for student, archive in honest.items()
        for name, change in HONEST.items()
    }
    refused = {name: sign(change(read(submitted))) for name, change in FORGED.items()}
    own = read(honest["student 3"])
    refused |= {f"{name}, own": sign(FORGED[name](own)) for name in [*FORGED][:7]}
    refused |= {name: change(submitted) for name, change in HOSTILE.items()}
    assert len(in_order) + len(refused) >= 40
    write(tmp_path / "class", in_order | refused)
    code, rows = sort(tmp_path / "class", "--jobs", "2")
    assert code == 6
    assert {n for n, row in rows.items() if row["in order"] == "yes"} == set(in_order)
    assert all(rows[name]["not in order because"] for name in refused)
    changed = rows["student 2, as it is"]["own work"]
    assert "02_small_mlp: changed: SEED" in changed
    assert rows["Ada, as it is"]["own work"] == ""
