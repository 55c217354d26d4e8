"""The submission: one checked zip for the marker."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import nbformat
import typst

from mnist_helpers.commands.archives import is_plain, pack, printable
from mnist_helpers.commands.marking import Mark, mark, sheet
from mnist_helpers.commands.own_work import find_changes
from mnist_helpers.commands.pages import Chapter, Documents, make_documents
from mnist_helpers.commands.work import Work, read_work
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.environment.files import write_whole
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.assignment import PARTS

TITLE = "MNIST in four notebooks"
# The folder within the zip, so that unpacking it makes one folder.
FOLDER = "mnist-submission"
ARCHIVE = f"{FOLDER}.zip"
MANIFEST = "MANIFEST.json"
NOT_MADE = "no submission was made:"
PAGE, PRINT = "submission.html", "submission.pdf"
# What of the checkout goes along, so that the marker can run the notebooks again.
CHECKOUT = (
    *("README.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.txt"),
    *("set_up.py", "mnist_helpers/**/*.*", "figures/lab_*.png"),
)


@dataclass(frozen=True)
class Author:
    """Who hands in; both are empty where marking is anonymous."""

    name: str = ""
    student_id: str = ""


@dataclass(frozen=True)
class Submission:
    """What was handed in, its marks, and a note on its PDF, or nothing."""

    work: dict[str, Work]
    marks: list[Mark]
    note: str


def make_submission(
    root: Path,
    run: Path,
    output: Path,
    dataset: Dataset,
    author: Author,
    further: Iterable[str] = (),
) -> Submission:
    """Check a finished run, and write the zip, the page and the PDF.

    Parameters
    ----------
    root : Path
        The checkout.
    run : Path
        The output folder of the run.
    output : Path
        Where the submission goes.
    dataset : Dataset
        MNIST.
    author : Author
        For the title page.
    further : iterable of str
        Notebooks of the run that the page and the PDF show too.

    Raises
    ------
    CourseError
        If anything is not in order; nothing is written then.
    OSError
        If a file cannot be read or written.
    """
    files = _collect(root, run)
    work, faults = read_work(files, dataset)
    faults += [
        f"{name}: the notebook was changed after the run; run it again"
        for name in work
        if _is_changed(work[name], root / "notebooks" / f"{name}.ipynb")
    ]
    _require_none(faults, NOT_MADE)
    marks = mark(work)
    chapters = {}
    for name, one in work.items():
        linked = {change.place for change in find_changes(name, one.notebook)}
        chapters[one.number] = Chapter(one.notebook, frozenset(linked))
    for name in further:
        path = run / "notebooks" / f"{name}.ipynb"
        chapters[name] = Chapter(nbformat.read(path, as_version=4))
    documents = _make_documents(author, work, marks, chapters)
    files |= {PAGE: documents.page, PRINT: documents.pdf}
    digests = {name: digest(content) for name, content in sorted(files.items())}
    manifest = json.dumps(asdict(author) | {"files": digests}, indent=1)
    packed = files | {MANIFEST: manifest.encode()}
    archive = pack({f"{FOLDER}/{name}": packed[name] for name in packed})
    # The zip comes last: where it is, the rest is its content.
    (output / ARCHIVE).unlink(missing_ok=True)
    _write(output / PAGE, files[PAGE])
    _write(output / PRINT, files[PRINT])
    _write(output / ARCHIVE, archive)
    reason = documents.note
    note = f"{PRINT} is not by the rules of PDF/UA-1: {reason}" if reason else ""
    return Submission(work, marks, note)


def _require_none(faults: list[str], subject: str) -> None:
    if faults:
        lines = [subject, *map(printable, faults)]
        raise CourseError("\n- ".join(lines), ExitCode.SUBMISSION_FAULTY)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def _collect(root: Path, run: Path) -> dict[str, bytes]:
    """Read all that goes into the zip and is not made here."""
    paths = {
        path.relative_to(root).as_posix(): path
        for pattern in CHECKOUT
        for path in root.glob(pattern)
        # An editor's copies among others would not pass the reading of the zip.
        if path.suffix != ".pyc" and is_plain(path.relative_to(root).as_posix())
    }
    files = {}
    for notebook in PARTS:
        results = f"results/{notebook}.json"
        named = json.loads((run / results).read_bytes())["files"]
        paths |= {name: run / name for name in (*named, results)}
        name = f"notebooks/{notebook}.ipynb"
        executed = nbformat.read(run / name, as_version=4)
        # Where papermill found the notebook may tell a person's name.
        executed.metadata.papermill |= {"input_path": None, "output_path": None}
        files[name] = nbformat.writes(executed).encode()
    # A file that the results name and that is not there is one of the faults.
    return files | {n: path.read_bytes() for n, path in paths.items() if path.is_file()}


def _is_changed(one: Work, path: Path) -> bool:
    now = nbformat.read(path, as_version=4)
    return [c.source for c in now.cells] != [c.source for c in one.notebook.cells]


def _make_documents(
    author: Author,
    work: dict[str, Work],
    marks: list[Mark],
    chapters: dict[str, Chapter],
) -> Documents:
    last = max(work.values(), key=_finished)
    cover = {"title": TITLE, "author": author.name, "student_id": author.student_id}
    front = f"{_circumstances(author, last)}\n{sheet(marks, work)}"
    try:
        return make_documents(cover, front, chapters, _finished(last))
    except typst.TypstError as error:
        _require_none([f"{PRINT}: {error}"], NOT_MADE)


def _finished(one: Work) -> datetime:
    ended = one.notebook.metadata.papermill.end_time
    return datetime.fromisoformat(ended).astimezone(UTC)


def _circumstances(author: Author, last: Work) -> str:
    """Say who, when and with what, in HTML."""
    dataset, environment = last.results["dataset"], last.results["environment"]
    versions = {"Python": environment["python"]} | environment["versions"]
    changed = ", with local changes" if environment.get("local_changes") else ""
    facts = {
        "Author": author.name,
        "Student ID": author.student_id,
        "Run finished": f"{_finished(last):%Y-%m-%d %H:%M} UTC",
        "Data": f"{dataset['name']}, SHA-256 {dataset['digest'][:16]}…",
        "Machine": f"{environment['processor']}, {environment['cores']} cores",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "Commit": environment["commit"][:12] + changed,
    }
    rows = [f"<li>{term}: {escape(text)}</li>" for term, text in facts.items() if text]
    return f"<h1>Marking sheet</h1><ul>{''.join(rows)}</ul>"
