"""The submission: one checked zip for the marker, and the marker's check of it."""

import hashlib
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import jsonschema
import nbformat
import typst

from mnist_helpers.commands import documents
from mnist_helpers.commands.archives import (
    LARGEST,
    ArchiveError,
    pack,
    printable,
    unpack,
)
from mnist_helpers.commands.evidence import (
    Evidence,
    EvidenceError,
    find_faults,
    read_evidence,
)
from mnist_helpers.commands.marking import (
    DOCUMENT,
    Mark,
    mark,
    part_tables,
    summary_table,
)
from mnist_helpers.data.mnist import Dataset
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.files import write_whole
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.schema import LONGEST_MESSAGE

TITLE = "MNIST in four notebooks"
# The folder within the zip, so that unpacking it makes one folder.
FOLDER = "mnist-submission"
ARCHIVE = f"{FOLDER}.zip"
MANIFEST = "MANIFEST.json"
PRINT = "submission.pdf"
SHEET = "marks.md"
# What of the checkout goes along, so that the marker can run the notebooks again.
CHECKOUT = (
    *("README.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.txt"),
    *("set_up.py", "mnist_helpers/**/*.py", "mnist_helpers/results/published/**/*.csv"),
    *("mnist_helpers/commands/templates/*", "mnist_helpers/widgets/*.[cj]s*"),
    *("figures/bench_*.png", "figures/lab_*.png"),
)
NOT_MADE = "no submission was made; there is to be mended:"
MANIFEST_SCHEMA = {
    "type": "object",
    "properties": {
        "schema": {"const": 1},
        "author": {"type": "string"},
        "student_id": {"type": "string"},
        "files": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["schema", "author", "student_id", "files"],
}


# The head of a notebook's own page.
PAGES = f"One of the four notebooks of [the whole submission](../{DOCUMENT})."


class SubmissionError(CourseError):
    """A submission that is not in order; its faults say all that is to be mended."""

    def __init__(self, subject: str, faults: list[str]) -> None:
        self.faults = list(map(printable, faults))
        message = "\n- ".join([subject, *self.faults])
        super().__init__(message, ExitCode.SUBMISSION_FAULTY)


@dataclass(frozen=True)
class Author:
    """Who hands in; both are empty where marking is anonymous."""

    name: str = ""
    student_id: str = ""


def make_submission(
    root: Path, run: Path, output: Path, dataset: Dataset, author: Author
) -> list[Mark]:
    """Check a finished run, and make the zip, the documents and the sheet from it.

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

    Returns
    -------
    list of Mark
        One an item of the assignment.

    Raises
    ------
    SubmissionError
        If anything is not in order; nothing is written then.
    OSError
        If a file cannot be read or written.
    """
    files = _collect(root, run)
    work, faults = _read_work(files, dataset)
    faults += [fault for name in work for fault in _source_faults(root, work[name])]
    if faults:
        raise SubmissionError(NOT_MADE, faults)
    marks = mark(work)
    facts = _facts(author, work)
    files[SHEET] = _sheet(facts, marks).encode()
    files |= _make_documents(author, work, marks)
    manifest = {
        "schema": 1,
        "author": author.name,
        "student_id": author.student_id,
        "files": {name: _digest(files[name]) for name in sorted(files)},
    }
    files[MANIFEST] = f"{json.dumps(manifest, indent=1)}\n".encode()
    archive = pack({f"{FOLDER}/{name}": content for name, content in files.items()})
    # The zip comes last: where it is, the rest is its content.
    (output / ARCHIVE).unlink(missing_ok=True)
    for name in (DOCUMENT, PRINT, SHEET):
        _write(output / name, files[name])
    _write(output / ARCHIVE, archive)
    return marks


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_archive(content: bytes) -> tuple[dict, dict[str, bytes]]:
    """Unpack a submission, and take its manifest apart from its other files."""
    files = {}
    for name, packed in unpack(content).items():
        folder, _slash, inner = name.partition("/")
        if folder != FOLDER:
            raise ArchiveError(f"holds {name!r}, expected a folder {FOLDER} alone")
        files[inner] = packed
    if MANIFEST not in files:
        raise ArchiveError(f"has no {MANIFEST}")
    try:
        manifest = json.loads(files.pop(MANIFEST))
        jsonschema.validate(manifest, MANIFEST_SCHEMA)
    except jsonschema.ValidationError as error:
        said = textwrap.shorten(error.message, LONGEST_MESSAGE)
        raise ArchiveError(f"has a bad {MANIFEST}: {said}") from None
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"has a bad {MANIFEST}: {error}") from None
    return manifest, files


def _manifest_faults(listed: dict[str, str], files: Mapping[str, bytes]) -> list[str]:
    faults = [f"{name} is missing" for name in sorted(listed.keys() - files.keys())]
    faults += [
        f"{name} is there, but not in {MANIFEST}"
        for name in sorted(files.keys() - listed.keys())
    ]
    faults += [
        f"{name} was changed: its digest is not that of {MANIFEST}"
        for name in sorted(files.keys() & listed.keys())
        if _digest(files[name]) != listed[name]
    ]
    faults += [f"there is no {name}" for name in (DOCUMENT, PRINT) if name not in files]
    return faults


def verify_submission(path: Path, dataset: Dataset) -> tuple[Author, list[Mark]]:
    """Check a submission without running or unpacking it.

    Parameters
    ----------
    path : Path
        The zip.
    dataset : Dataset
        MNIST, whose test labels judge.

    Returns
    -------
    Author
        Who handed it in.
    list of Mark
        One an item of the assignment.

    Raises
    ------
    SubmissionError
        If it is not a submission, or anything in it is not in order.
    OSError
        If the zip cannot be read.
    """
    subject = f"{path} is not in order:"
    with path.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    try:
        manifest, files = _read_archive(content)
    except ArchiveError as error:
        raise SubmissionError(subject, [f"it {error}"]) from None
    author = Author(printable(manifest["author"]), printable(manifest["student_id"]))
    faults = _manifest_faults(manifest["files"], files)
    work, faults_of_work = _read_work(files, dataset)
    faults += faults_of_work
    marks = []
    if len(work) == len(PARTS):
        marks = mark(work)
        if files.get(SHEET) != _sheet(_facts(author, work), marks).encode():
            faults.append(f"{SHEET} is not the sheet that its files give")
    if faults:
        raise SubmissionError(subject, faults)
    return author, marks


def _collect(root: Path, run: Path) -> dict[str, bytes]:
    """Read all that goes into the zip and is not made here."""
    paths = {
        path.relative_to(root).as_posix(): path
        for pattern in CHECKOUT
        for path in root.glob(pattern)
    }
    for notebook in PARTS:
        results = run / "results" / f"{notebook}.json"
        named = json.loads(results.read_text(encoding="utf-8"))["files"]
        for name in (*named, f"results/{notebook}.json"):
            paths[name] = run / name
    # What the results name and is not there is one of the faults that are told.
    files = {n: path.read_bytes() for n, path in paths.items() if path.is_file()}
    for notebook in PARTS:
        name = f"notebooks/{notebook}.ipynb"
        files[name] = _without_paths((run / name).read_text(encoding="utf-8"))
    return files


def _without_paths(text: str) -> bytes:
    """Leave out where papermill found the notebook: it may tell a person's name."""
    notebook = nbformat.reads(text, as_version=4)
    for place in ("input_path", "output_path"):
        notebook.metadata.papermill.pop(place, None)
    return f"{nbformat.writes(notebook)}\n".encode()


def _read_work(
    files: Mapping[str, bytes], dataset: Dataset
) -> tuple[dict[str, Evidence], list[str]]:
    work, faults = {}, []
    for notebook in PARTS:
        try:
            evidence = read_evidence(notebook, files)
            found = find_faults(evidence, files, dataset)
            work[notebook] = evidence
        except EvidenceError as error:
            found = [str(error)]
        faults += [f"{notebook}: {fault}" for fault in found]
    return work, faults


def _source_faults(root: Path, evidence: Evidence) -> list[str]:
    path = root / "notebooks" / f"{evidence.name}.ipynb"
    now = nbformat.read(path, as_version=4)
    if [c.source for c in now.cells] == [c.source for c in evidence.notebook.cells]:
        return []
    return [
        f"{evidence.name}: {path.name} was changed after the run; "
        f".venv/bin/python -m mnist_helpers run {evidence.number} brings it up to date"
    ]


def _facts(author: Author, work: Mapping[str, Evidence]) -> dict[str, str]:
    """Say who, when and with what, for the title page."""
    *_, last = sorted(work.values(), key=lambda evidence: evidence.finished)
    dataset, environment = last.results["dataset"], last.results["environment"]
    versions = {"Python": environment["python"]} | environment["versions"]
    facts = {
        "Author": author.name,
        "Student ID": author.student_id,
        "Run finished": f"{last.finished:%Y-%m-%d %H:%M} UTC",
        "Data": f"{dataset['name']}, SHA-256 {dataset['digest'][:16]}…",
        "Machine": f"{environment['processor']}, {environment['cores']} cores",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "Commit": environment["commit"][:12]
        + (", with local changes" if environment.get("local_changes") is True else ""),
    }
    return {term: text for term, text in facts.items() if text}


def _sheet(facts: Mapping[str, str], marks: list[Mark]) -> str:
    lines = [f"- {term}: {text}" for term, text in facts.items()]
    return "\n".join(
        [
            "# Marking sheet",
            "",
            *lines,
            "",
            summary_table(marks),
            "",
            part_tables(marks),
        ]
    )


def _make_documents(
    author: Author, work: Mapping[str, Evidence], marks: list[Mark]
) -> dict[str, bytes]:
    facts = documents.facts_table(_facts(author, work))
    chapters = {name: documents.read_chapter(each) for name, each in work.items()}
    sheet = documents.read_markdown(f"# Marking sheet\n\n{part_tables(marks)}")
    body = [block for blocks in (sheet, *chapters.values()) for block in blocks]
    whole = documents.Document(
        TITLE,
        [facts, *documents.read_markdown(summary_table(marks))],
        documents.with_links(documents.shifted(body, 1), _link_within),
        [figure for each in work.values() for figure in each.figures],
    )
    finished = max(each.finished for each in work.values())
    try:
        made = {PRINT: documents.make_pdf(whole, finished, author.name)}
    except typst.TypstError as error:
        raise SubmissionError(NOT_MADE, [f"{PRINT} cannot be set: {error}"]) from None
    made[DOCUMENT] = documents.make_html(whole)
    for name, blocks in chapters.items():
        page = documents.Document(
            work[name].title,
            [facts, *documents.read_markdown(PAGES)],
            documents.with_links(documents.without_title(blocks), _link_between_pages),
            work[name].figures,
        )
        made[f"html/{name}.html"] = documents.make_html(page)
    return made


def _link_within(address: str) -> str | None:
    """Turn a link to another notebook, or into the document, into one within it."""
    file, _hash, place = address.partition("#")
    if file == DOCUMENT:
        return f"#{place}"
    if file.endswith(".ipynb"):
        name = PurePosixPath(file).stem
        return f"#{name}" if name in PARTS else None
    return address


def _link_between_pages(address: str) -> str | None:
    """Turn a link to another notebook into one to its page."""
    file, _hash, _place = address.partition("#")
    if file.endswith(".ipynb"):
        name = PurePosixPath(file).stem
        return f"{name}.html" if name in PARTS else None
    return address
