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

from mnist_helpers.commands.archives import (
    LARGEST,
    check_json,
    printable,
    read_folder,
    unpack,
)
from mnist_helpers.commands.data import prepare_mnist
from mnist_helpers.commands.marking import (
    Mark,
    exit_code_of,
    list_changes,
    mark,
    print_marks,
)
from mnist_helpers.commands.progress import counted_progress
from mnist_helpers.commands.recomputing import recompute
from mnist_helpers.commands.submission import (
    ARCHIVE,
    MANIFEST,
    PAGE,
    PRINT,
    Author,
    digest,
)
from mnist_helpers.commands.work import read_work
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.files import write_whole
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.assignment import PARTS

NOBODY = Author()
# A spreadsheet would take a text that begins so for a formula; where a comma is the
# decimal point, it may begin a cell after a semicolon too.
FORMULA = r"(^|[;,|]\s*)(?=[=+@\t\r-])"
# Of a cell in a spreadsheet, and of a list of faults.
LONGEST = 32_000
MOST_FAULTS = 20
# What somebody may hand in by mistake, in place of a zip.
OTHER_KINDS = (".rar", ".7z", ".tar", ".gz", ".ipynb", ".pdf", ".html")
# What systems put beside files that somebody has looked at.
BY_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")


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
        return exit_code_of(self.marks)

    def summary(self) -> dict[str, str]:
        """Write it as the row of a table."""
        counts = {}
        for part in PARTS.values():
            of_part = [each.met for each in self.marks if each.part == part.number]
            met = f"{sum(of_part)} of {len(of_part)}" if of_part else ""
            counts[f"part {part.number}"] = met
        measured = {m.part: m.measured for m in self.marks if m.item == "Test accuracy"}
        for number in [part.number for part in PARTS.values() if part.scores]:
            counts[f"accuracy, part {number}"] = measured.get(number, "")
        missed = [f"{each.part}: {each.item}" for each in self.marks if not each.met]
        return {
            "submission": printable(str(self.path)),
            "author": self.author.name,
            "student ID": self.author.student_id,
            "in order": "no" if self.faults else "yes",
            **counts,
            "not met": "; ".join(missed),
            "not in order because": "; ".join(self.faults),
            "own work": "; ".join(map(printable, self.changes)),
        }


def find_submissions(paths: Iterable[Path]) -> list[Path]:
    """Find zips and unpacked submissions in folders; take a file as it is.

    What else is in a folder, such as a student's folder in which neither is, or a
    notebook, is taken too: that it is no submission is worth a line.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise CourseError(f"{path}: no such file or folder")
        inside = [each for each in path.rglob("*") if _is_submission(each)]
        within = {each.parent if each.name == MANIFEST else each for each in inside}
        if path.is_file():
            within = {path}
        elif path not in within:
            for other in path.iterdir():
                is_known = any(each.is_relative_to(other) for each in within)
                is_kind = other.is_dir() or other.suffix.lower() in OTHER_KINDS
                if is_kind and not is_known:
                    within.add(other)
        if not within:
            raise CourseError(f"{path}: holds no submissions")
        found += sorted(within)
    return found


def _is_submission(path: Path) -> bool:
    return path.name == MANIFEST or (path.suffix.lower() == ".zip" and path.is_file())


def verify(path: Path, dataset: Dataset, quick: bool) -> Verdict:
    """Check and mark a submission, without executing or unpacking any of it to disk.

    Parameters
    ----------
    path : Path
        The zip, or the folder that holds its `MANIFEST`.
    dataset : Dataset
        MNIST, whose test images and labels judge.
    quick : bool
        Leave out to recompute the predictions of its networks.
    """
    try:
        return _verify(path, dataset, quick)
    except (CourseError, OSError) as error:
        return Verdict(path, faults=[printable(str(error))])
    # A stranger's files may hold what nobody thought of; the others are checked still.
    except Exception as error:
        return Verdict(path, faults=[printable(f"cannot be checked: {error!r}")])


def _verify(path: Path, dataset: Dataset, quick: bool) -> Verdict:
    files = _read_files(path)
    author, digests = _read_manifest(files.pop(MANIFEST, b""))
    faults = [
        f"{name} is missing, changed or not listed in {MANIFEST}"
        for name in sorted(files.keys() | digests.keys() | {PAGE, PRINT})
        if name not in files or digest(files[name]) != digests.get(name)
    ]
    work, found = read_work(files, dataset)
    if not quick:
        work, others = recompute(work, files, dataset)
        found += others
    faults = [printable(fault) for fault in faults + found]
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [f"and {len(faults) - MOST_FAULTS:,} more"]
    if faults:
        return Verdict(path, author, faults=faults)
    return Verdict(path, author, mark(work), changes=list_changes(work))


def _read_files(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        files = read_folder(path)
    else:
        with path.open("rb") as stream:
            files = unpack(stream.read(LARGEST + 1))
    manifests = [name for name in files if Path(name).name == MANIFEST]
    nested = [name for name in files if name.lower().endswith(".zip")]
    if len(manifests) + len(nested) > 1:
        raise _refusal("holds several submissions; unpack it, and verify the folder")
    if nested:
        raise _refusal(f"holds {nested[0]}; unpack it, and verify what is in it")
    # Somebody may have packed it anew, in another folder.
    folder = "".join(manifests).removesuffix(MANIFEST)
    return {
        name.removeprefix(folder): content
        for name, content in files.items()
        if name.startswith(folder) and Path(name).name not in BY_THE_SYSTEM
    }


def _read_manifest(content: bytes) -> tuple[Author, dict[str, object]]:
    try:
        manifest = json.loads(check_json(content))
    except (ValueError, RecursionError):
        manifest = None
    match manifest:
        case {"name": str(name), "student_id": str(number), "files": dict(digests)}:
            return Author(printable(name), printable(number)), digests
    raise _refusal(f"not a submission: no readable {MANIFEST}, as {ARCHIVE} has it")


def _refusal(reason: str) -> CourseError:
    return CourseError(reason, ExitCode.SUBMISSION_FAULTY)


def verify_and_print(
    path: Path, dataset: Dataset, quick: bool, console: Console
) -> Verdict:
    """Check one submission, and print its marking sheet, or why it is not in order."""
    verdict, shown = verify(path, dataset, quick), printable(str(path))
    if verdict.faults:
        lines = [f"{shown} is not in order:", *verdict.faults]
        print("\n- ".join(lines), file=sys.stderr)
    else:
        print_marks(verdict.marks, verdict.changes, console)
        names = ", ".join(filter(None, vars(verdict.author).values()))
        console.print(f"in order: {shown}{f', by {names}' if names else ''}")
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
                shown += [
                    "in order",
                    *(row[f"part {part.number}"] for part in PARTS.values()),
                ]
                shown += [f"not met: {row['not met']}"] if row["not met"] else []
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
    return verify(path, _load_mnist(), quick)


@cache
def _load_mnist() -> Dataset:
    return prepare_mnist()


def write_table(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write a row per submission as CSV, in which no text is a formula."""
    rows = pd.DataFrame([verdict.summary() for verdict in verdicts])
    safe = rows.replace(FORMULA, r"\1'", regex=True).apply(lambda c: c.str[:LONGEST])
    # The mark at the start tells spreadsheets that it is UTF-8.
    write_whole(path, lambda file: safe.to_csv(file, index=False, encoding="utf-8-sig"))
