"""What a submission shows: each notebook with its files, read and judged anew."""

import base64
import hashlib
import io
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePosixPath

import nbformat
import numpy as np
import pandas as pd
from nbformat import NotebookNode

from mnist_helpers.commands.archives import ArchiveError, unpack
from mnist_helpers.commands.comparing import TOLERANCES
from mnist_helpers.data.mnist import MNIST, Dataset
from mnist_helpers.errors import CourseError
from mnist_helpers.evaluation.scores import Scores, evaluate
from mnist_helpers.results.assignment import PARTS, VERDICTS, describe_network
from mnist_helpers.results.check import claims
from mnist_helpers.results.published import PUBLISHED_SEEDS
from mnist_helpers.results.recipes import INJECTED
from mnist_helpers.results.schema import (
    DIGITS,
    LONGEST_MESSAGE,
    parse_results,
)


class EvidenceError(ValueError):
    """A notebook whose files are not there, or not what they should be."""


@dataclass(frozen=True)
class ShownFigure:
    """A figure that a notebook shows, and the file that it is saved as."""

    name: str  # such as 02_learning_curves
    number: str  # such as 2.1, in the order of the notebook
    alt: str
    cell: str  # the id of the cell that shows it
    png: bytes

    @property
    def anchor(self) -> str:
        """Its identifier in a document."""
        return f"figure-{self.number}"


@dataclass(frozen=True)
class Evidence:
    """One notebook of a submission.

    Attributes
    ----------
    name : str
        Of the notebook, such as ``02_small_mlp``.
    notebook : NotebookNode
        As it was executed.
    finished : datetime
        When its run ended, in UTC.
    results : dict
        Its results file.
    network : str
        The layers of the model that was judged, in the assignment's words.
    optimizer, loss : str
        What the model was trained with, in Keras's words.
    probabilities : ndarray of shape (n, 10), float32
        The predictions of the test set.
    labels : ndarray of shape (n,), uint8
        What they were judged by.
    scores : Scores
        Of these predictions, computed anew.
    figures : list of ShownFigure
        In the order of the notebook.
    """

    name: str
    notebook: NotebookNode
    finished: datetime
    results: dict
    network: str
    optimizer: str
    loss: str
    probabilities: np.ndarray
    labels: np.ndarray
    scores: Scores
    figures: list[ShownFigure]

    @property
    def number(self) -> str:
        """The number that the notebook's name begins with, such as ``02``."""
        return self.name.partition("_")[0]

    @property
    def title(self) -> str:
        """The first heading."""
        return next((text for _level, text in headings(self.notebook.cells)), self.name)

    def section(self, cell_id: str) -> str:
        """Return the heading above a cell, empty if there is none."""
        places = [cell.id for cell in self.notebook.cells]
        above = headings(self.notebook.cells[: places.index(cell_id)])
        return above[-1][1] if above else ""

    def anchor(self, cell_id: str) -> str:
        """Return the identifier of a cell in a document."""
        return f"{self.number}-cell-{cell_id}"

    def cell(self, item: str) -> NotebookNode | None:
        """Find the executed cell that shows an item of the assignment."""
        for cell in code_cells(self.notebook):
            if f"item-{item}" in cell.metadata.get("tags", []) and cell.outputs:
                return cell
        return None

    def figure_of(self, cell: NotebookNode) -> ShownFigure | None:
        """Find the figure that a cell shows."""
        return next((each for each in self.figures if each.cell == cell.id), None)


def read_evidence(name: str, files: Mapping[str, bytes]) -> Evidence:
    """Read what a submission has of one notebook, and score its predictions.

    Parameters
    ----------
    name : str
        Of the notebook, such as ``02_small_mlp``.
    files : mapping
        All files of the submission, name to content.

    Returns
    -------
    Evidence
        Well-formed, but not yet known to be in order.

    Raises
    ------
    EvidenceError
        If a file is missing or cannot be read.
    """
    try:
        notebook = nbformat.reads(
            _content(f"notebooks/{name}.ipynb", files).decode(), as_version=4
        )
        nbformat.validate(notebook)
        ended = datetime.fromisoformat(notebook.metadata.papermill.end_time)
        results = _read_results(name, files)
        model = json.loads(_unpack(f"models/{name}.keras", files)["config.json"])
        compiled = model["compile_config"]
        arrays = _unpack(f"predictions/{name}.npz", files)
        probabilities, labels = (
            np.lib.format.read_array(io.BytesIO(arrays[member]))
            for member in ("probabilities.npy", "labels.npy")
        )
        # Half a surrogate pair can be read, but never written again.
        json.dumps([notebook, results], ensure_ascii=False).encode()
        return Evidence(
            name,
            notebook,
            ended.astimezone(UTC),
            results,
            describe_network(model["config"]),
            str(compiled["optimizer"]["class_name"]),
            str(compiled["loss"]),
            probabilities,
            labels,
            evaluate(labels, probabilities),
            _find_figures(notebook, name.partition("_")[0]),
        )
    except EvidenceError:
        raise
    # What is no notebook, no JSON, no array: each raises whatever it stumbles over.
    except Exception as error:
        said = textwrap.shorten(repr(error), LONGEST_MESSAGE)
        raise EvidenceError(f"its files cannot be read: {said}") from None


def _content(path: str, files: Mapping[str, bytes]) -> bytes:
    if path not in files:
        raise EvidenceError(f"there is no {path}")
    return files[path]


def _unpack(path: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    try:
        return unpack(_content(path, files))
    except ArchiveError as error:
        raise EvidenceError(f"{path} {error}") from None


def _read_results(name: str, files: Mapping[str, bytes]) -> dict:
    path = f"results/{name}.json"
    try:
        results = parse_results(_content(path, files))
    except CourseError as error:
        raise EvidenceError(f"{path}: {error}") from None
    if results["notebook"] != name or "metrics" not in results:
        raise EvidenceError(f"{path}: not the results of a training in {name}")
    return results


def _find_figures(notebook: NotebookNode, number: str) -> list[ShownFigure]:
    figures = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                described = output.metadata.get("image/png", {})
                figures.append(
                    ShownFigure(
                        str(described.get("name", "")),
                        f"{int(number)}.{len(figures) + 1}",
                        str(described.get("alt", "")),
                        cell.id,
                        base64.b64decode(output.data["image/png"]),
                    )
                )
    return figures


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Select the cells that are executed."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def headings(cells: list[NotebookNode]) -> list[tuple[int, str]]:
    """List the headings of a notebook's cells.

    Parameters
    ----------
    cells : list of NotebookNode
        Of any type.

    Returns
    -------
    list of tuple
        Level, 1 to 6, and text.
    """
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    without_code = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^(#{1,6}) (.+)$", without_code, re.MULTILINE)
    return [(len(marks), words) for marks, words in found]


def find_faults(
    evidence: Evidence, files: Mapping[str, bytes], dataset: Dataset
) -> list[str]:
    """Say all that is not in order with one notebook of a submission.

    Parameters
    ----------
    evidence : Evidence
        The notebook.
    files : mapping
        All files of the submission, name to content.
    dataset : Dataset
        MNIST, whose test labels judge.

    Returns
    -------
    list of str
        One sentence a fault.
    """
    return [
        *_execution_faults(evidence.notebook),
        *_heading_faults(evidence.notebook),
        *_figure_faults(evidence, files),
        *_data_faults(evidence, dataset),
        *_score_faults(evidence),
        *_shown_score_faults(evidence),
        *_claim_faults(evidence),
        *_published_faults(evidence),
    ]


def _execution_faults(notebook: NotebookNode) -> list[str]:
    faults = []
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        faults.append(f"its cells were executed in the order {counts}, not 1, 2, 3")
    for cell in code_cells(notebook):
        if INJECTED in cell.metadata.get("tags", []):
            faults.append("it was run with parameters other than its defaults")
        for output in cell.outputs:
            if output.output_type == "error":
                faults.append(f"cell {cell.id!r} ended in {output.ename}")
            if output.get("name") == "stderr":
                faults.append(f"cell {cell.id!r} wrote to standard error")
    return faults


def _heading_faults(notebook: NotebookNode) -> list[str]:
    """Whoever listens to a document finds the way by its headings."""
    found = headings(notebook.cells)
    levels = [level for level, _text in found]
    faults = []
    if levels.count(1) != 1 or levels[0] != 1:
        faults.append(
            f"it has {levels.count(1)} headings of level 1, expected one, the first"
        )
    for (before, _text), (after, text) in pairwise(found):
        if after > before + 1:
            faults.append(f"its heading {text!r} skips a level: {before} to {after}")
    return faults


def _figure_faults(evidence: Evidence, files: Mapping[str, bytes]) -> list[str]:
    faults = [
        f"{path} is missing, or not as the results say"
        for path, digest in evidence.results["files"].items()
        if hashlib.sha256(files.get(path, b"")).hexdigest() != digest
    ]
    for figure in evidence.figures:
        if not figure.alt.strip():
            faults.append(f"the figure of cell {figure.cell!r} has no alt text")
        path = f"figures/{figure.name}.png"
        digest = hashlib.sha256(figure.png).hexdigest()
        if evidence.results["files"].get(path) != digest:
            faults.append(f"the figure of cell {figure.cell!r} is not in figures/")
    shown = {figure.name for figure in evidence.figures}
    for path in evidence.results["files"]:
        if path.startswith("figures/") and PurePosixPath(path).stem not in shown:
            faults.append(f"{path} is not shown in the notebook")
    return faults


def _data_faults(evidence: Evidence, dataset: Dataset) -> list[str]:
    recorded = evidence.results["dataset"]
    if (recorded["digest"], recorded["is_mnist"]) != (dataset.digest, True):
        return [f"it was run on {recorded['name']}, not on {MNIST}"]
    if not np.array_equal(evidence.labels, dataset.test_labels):
        return ["the labels beside its predictions are not those of the test set"]
    return []


def _score_faults(evidence: Evidence) -> list[str]:
    scores, stored = evidence.scores, evidence.results
    pairs = {
        name: (stored["metrics"][name], getattr(scores, name))
        for name in ("accuracy", "macro_f1", "loss")
    }
    for digit in DIGITS:
        computed = float(scores.per_class["f1"][int(digit)])
        pairs[f"F1 of {digit}"] = (stored["per_class"][digit]["f1"], computed)
    best = max(stored["history"]["val_accuracy"])
    pairs["best validation accuracy"] = (
        stored["metrics"]["best_validation_accuracy"],
        best,
    )
    return [
        f"its results give {name} as {said:.6f}, but its files give {computed:.6f}"
        for name, (said, computed) in pairs.items()
        # Another version of NumPy may sum in another order.
        if not abs(said - computed) <= 1e-6
    ]


def _shown_score_faults(evidence: Evidence) -> list[str]:
    shown = [
        output.metadata["scores"]
        for cell in code_cells(evidence.notebook)
        for output in cell.outputs
        if "scores" in output.get("metadata", {})
    ]
    assigned = PARTS[evidence.name].network
    if shown == ([evidence.results["metrics"]] if assigned else []):
        return []
    return ["its check does not show the scores of its results"]


def _claim_faults(evidence: Evidence) -> list[str]:
    part = PARTS[evidence.name]
    return [
        f"{claim['metric']} of {claim['minimum']:.3f} or more is {VERDICTS[False]}: "
        f"{claim['measured']:.4f}"
        for claim in claims(part, evidence.scores, is_mnist=True)
        if not claim["met"]
    ]


def _published_faults(evidence: Evidence) -> list[str]:
    """Compare with the committed results at the same seed, as `compare` would."""
    published = pd.read_csv(PUBLISHED_SEEDS)
    seed = evidence.results["seed"]
    rows = published[(published.notebook == evidence.name) & (published.seed == seed)]
    if rows.empty:
        return [f"there are no published results at its seed, {seed}"]
    row, tolerances = rows.iloc[0], TOLERANCES[evidence.name]
    metrics = evidence.results["metrics"]
    compared = [
        (name, row[name], metrics[name], tolerances[name])
        for name in ("accuracy", "macro_f1", "best_validation_accuracy")
    ]
    lowest = float(evidence.scores.per_class["f1"].min())
    compared.append(
        ("lowest class F1", row.lowest_class_f1, lowest, tolerances["class_f1"])
    )
    return [
        f"its {name} of {measured:.4f} is further than {tolerance:g} from the "
        f"published {known:.4f}"
        for name, known, measured, tolerance in compared
        if round(abs(measured - known), 9) > tolerance
    ]
