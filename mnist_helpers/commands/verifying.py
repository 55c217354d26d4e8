"""The marker's check of submissions: one, or a class of them."""

import json
import multiprocessing
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd
from rich.console import Console

from mnist_helpers.commands.archives import LARGEST, printable, read_folder, unpack
from mnist_helpers.commands.data import prepare_mnist
from mnist_helpers.commands.marking import Mark, mark, print_marks
from mnist_helpers.commands.own_work import find_changes
from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.commands.recomputing import find_other_predictions
from mnist_helpers.commands.submission import (
    FOLDER,
    MANIFEST,
    PAGE,
    PRINT,
    Author,
    digest,
)
from mnist_helpers.commands.work import Work, read_work
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.files import write_whole
from mnist_helpers.results.assignment import PARTS

NOBODY = Author()
# A spreadsheet would take a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Verdict:
    """What came of the check of one submission.

    ``faults`` say why it is not in order; ``changes`` what is not as in the course's
    notebooks.
    """

    path: Path
    author: Author = NOBODY
    marks: list[Mark] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a check of this one alone."""
        if self.faults:
            return ExitCode.SUBMISSION_FAULTY
        is_met = all(each.met for each in self.marks)
        return ExitCode.COMPLETED if is_met else ExitCode.CLAIM_NOT_MET

    def summary(self) -> dict[str, str]:
        """Write it as the row of a table."""
        counts = {}
        for part in PARTS.values():
            of_part = [each.met for each in self.marks if each.part == part.number]
            met = f"{sum(of_part)} of {len(of_part)}" if of_part else ""
            counts[f"part {part.number}, items met"] = met
        row = {
            "submission": str(self.path),
            "author": self.author.name,
            "student ID": self.author.student_id,
            "in order": "no" if self.faults else "yes",
            **counts,
            "not in order because": "; ".join(self.faults),
            "own work": "; ".join(self.changes),
        }
        return {name: printable(text) for name, text in row.items()}


def find_submissions(paths: Iterable[Path]) -> list[Path]:
    """Find zips and unpacked submissions in folders; take a file as it is."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            unpacked = {manifest.parent for manifest in path.rglob(MANIFEST)}
            zips = {each for each in path.rglob("*.zip") if each.is_file()}
            found += sorted(unpacked | zips)
            if not unpacked | zips:
                raise CourseError(f"{path}: no submission there, expected zips")
        elif path.exists():
            found.append(path)
        else:
            raise CourseError(f"{path}: no such file or folder")
    return found


def verify(
    path: Path, dataset: Dataset, quick: bool
) -> tuple[Verdict, dict[str, Work]]:
    """Check and mark a submission, without executing or unpacking any of it to disk.

    Parameters
    ----------
    path : Path
        The zip, or the folder that holds its `MANIFEST`.
    dataset : Dataset
        MNIST, whose test images and labels judge.
    quick : bool
        Leave out to ask the networks for their predictions.
    """
    try:
        files = _read_files(path)
        author, digests = _read_manifest(files.pop(MANIFEST, b""))
    except (CourseError, OSError) as error:
        return Verdict(path, faults=[str(error)]), {}
    faults = [
        f"{name} is missing, changed or not listed in {MANIFEST}"
        for name in sorted(files.keys() | digests.keys() | {PAGE, PRINT})
        if name not in files or digest(files[name]) != digests.get(name)
    ]
    work, found = read_work(files, dataset)
    faults += found
    if not quick:
        faults += find_other_predictions(work, files, dataset)
    if faults:
        return Verdict(path, author, faults=faults), work
    changes = [
        f"{name}: {change}"
        for name, one in work.items()
        for change in find_changes(name, one.notebook)
    ]
    return Verdict(path, author, mark(work), changes=changes), work


def _read_files(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return read_folder(path)
    with path.open("rb") as stream:
        unpacked = unpack(stream.read(LARGEST + 1))
    return {name.removeprefix(f"{FOLDER}/"): unpacked[name] for name in unpacked}


def _read_manifest(content: bytes) -> tuple[Author, dict[str, object]]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        manifest = None
    match manifest:
        case {"name": str(name), "student_id": str(number), "files": dict(digests)}:
            return Author(printable(name), printable(number)), digests
    raise CourseError(f"not a submission, which has a {MANIFEST} in {FOLDER}")


def verify_and_print(
    path: Path, dataset: Dataset, quick: bool, console: Console
) -> Verdict:
    """Check one submission, and print its marking sheet, or why it is not in order."""
    verdict, work = verify(path, dataset, quick)
    if verdict.faults:
        lines = [f"{path} is not in order:", *map(printable, verdict.faults)]
        print("\n- ".join(lines), file=sys.stderr)
    else:
        print_marks(verdict.marks, work, console)
        names = ", ".join(filter(None, vars(verdict.author).values()))
        console.print(f"in order: {path}{f', by {names}' if names else ''}")
    return verdict


def verify_class(
    paths: Sequence[Path], quick: bool, jobs: int, console: Console
) -> list[Verdict]:
    """Check submissions, and print a line for each."""
    verdicts = {}
    with counted_progress(console) as progress:
        bar = progress.add_task("submissions", total=len(paths))
        for verdict in _verify_all(paths, quick, jobs):
            verdicts[verdict.path] = verdict
            row = verdict.summary()
            shown = [row["submission"], row["author"], row["student ID"]]
            if verdict.faults:
                shown += ["NOT IN ORDER", row["not in order because"]]
            else:
                shown += ["in order", *(row[name] for name in row if "met" in name)]
            progress.console.print(" | ".join(shown))
            progress.advance(bar)
    return [verdicts[path] for path in paths]


def _verify_all(paths: Sequence[Path], quick: bool, jobs: int) -> Iterator[Verdict]:
    """Check submissions in other processes, whichever is ready first."""
    left = list(paths)
    try:
        for path, verdict in _verify_side_by_side(left, quick, jobs):
            left.remove(path)
            yield verdict
    except BrokenProcessPool:
        # One of them has ended its process, and with it the others'.
        for path in left:
            try:
                [(_path, verdict)] = _verify_side_by_side([path], quick, 1)
            except BrokenProcessPool:
                verdict = Verdict(path, faults=["reading it ended the process"])
            yield verdict


def _verify_side_by_side(
    paths: Sequence[Path], quick: bool, jobs: int
) -> Iterator[tuple[Path, Verdict]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        futures = {pool.submit(_verify_one, path, quick): path for path in paths}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _verify_one(path: Path, quick: bool) -> Verdict:
    return verify(path, _load_mnist(), quick)[0]


@cache
def _load_mnist() -> Dataset:
    return prepare_mnist()


def write_table(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write a row per submission as CSV, in which no text is a formula."""
    rows = pd.DataFrame([verdict.summary() for verdict in verdicts])
    safe = rows.map(lambda text: f"'{text}" if text.startswith(FORMULA) else text)
    # The mark at the start tells spreadsheets that it is UTF-8.
    write_whole(path, lambda file: safe.to_csv(file, index=False, encoding="utf-8-sig"))
