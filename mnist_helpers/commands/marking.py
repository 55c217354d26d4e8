"""The marking sheet: what the assignment asks, where it is shown, and if it is met."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mnist_helpers.commands.archives import printable
from mnist_helpers.commands.evidence import CLAIMED, Evidence, code_cells
from mnist_helpers.data.mnist import MNIST_DIGEST
from mnist_helpers.evaluation.scores import classification_report, epochs_to_reach
from mnist_helpers.results.claims import VERDICTS

# A cell of a notebook, or that there is none.
Cell = NotebookNode | None

# The file that the sheet's links lead into.
DOCUMENT = "submission.html"


@dataclass(frozen=True)
class Part:
    """A part of the assignment, and the notebook that answers it."""

    title: str
    marks: int
    notebook: str


PARTS = {
    1: Part("Load and preprocess", 0, "01_loading"),
    2: Part("784-8-10", 20, "02_small_mlp"),
    3: Part("784-128-10", 20, "03_wide_mlp"),
    4: Part("Convolutional network", 10, "04_cnn"),
}

NETWORKS = {
    2: "784 → Dense 8 ReLU → Dense 10 softmax",
    3: "784 → Dense 128 ReLU → Dense 10 softmax",
    4: "28x28x1 → Conv 32 3x3 ReLU → MaxPool 2x2 → Conv 64 3x3 ReLU → MaxPool 2x2 "
    "→ Flatten → Dense 128 ReLU → Dense 10 softmax",
}
PARAMETERS = {2: "6,370", 3: "101,770", 4: "225,034"}
BATCH_SIZE = "32"
EPOCHS = "10"
TRAINED_WITH = "Adam, sparse categorical crossentropy"
# What each part must reach: the metric, the least value, and the assignment's words.
SCORES = {
    2: [("test accuracy", 0.925, "about 93 %")],
    3: [("test accuracy", 0.975, "about 98 %")],
    4: [
        ("test accuracy", 0.99, "about 99 %"),
        ("test macro-F1", 0.99, "0.99"),
        ("lowest class F1", 0.98, "every digit strong"),
    ],
}
# What notebook 01 shows of the images, as it prints it.
SHAPES = {
    "uint8 → float32 in [0, 1]": "float32 0.0 1.0",
    "shape (784,) for the dense networks": "(60000, 784)",
    "shape (28, 28, 1) for the CNN": "(60000, 28, 28, 1)",
}
CURVES = "accuracy and loss curves, training and validation"
FIGURES = {
    "confusion_matrix": "confusion matrix",
    "correct_predictions": "gallery of correct predictions",
    "incorrect_predictions": "gallery of incorrect predictions",
}


@dataclass(frozen=True)
class Mark:
    """An item of the assignment.

    Attributes
    ----------
    part : int
        Of the assignment, 1 to 4.
    item : str
        What is asked for.
    required, measured : str
        What it has to be, and what it is.
    met : bool
        Whether the one meets the other, and a cell shows it.
    section : str
        The heading of that cell; empty if there is none.
    anchor : str
        Where the cell is in the document.
    figure : str
        The number of the figure that shows it; empty if it is not a figure.
    """

    part: int
    item: str
    required: str
    measured: str
    met: bool
    section: str = ""
    anchor: str = ""
    figure: str = ""


def mark(work: dict[str, Evidence]) -> list[Mark]:
    """Mark a submission, item by item.

    Parameters
    ----------
    work : dict
        Name of a notebook to its evidence, for each of `PARTS`.

    Returns
    -------
    list of Mark
        In the order of the assignment.
    """
    markers = {n: _Marker(n, work[part.notebook]) for n, part in PARTS.items()}
    return [
        *_mark_loading(markers[1]),
        *_mark_network(markers[2]),
        *_mark_recipe(markers[2]),
        *_mark_outcome(markers[2]),
        *_mark_network(markers[3]),
        *_mark_recipe(markers[3]),
        *_mark_outcome(markers[3]),
        *_mark_comparison(markers[2].evidence, markers[3]),
        *_mark_network(markers[4]),
        # Part 4 leaves the recipe free.
        *_mark_outcome(markers[4]),
    ]


class _Marker:
    """Marks the items of one part, each by the cell that shows it."""

    def __init__(self, part: int, evidence: Evidence) -> None:
        self.part = part
        self.evidence = evidence

    def mark(
        self, item: str, required: str, measured: str, met: bool, cell: Cell
    ) -> Mark:
        if cell is None:
            return Mark(self.part, item, required, measured, False)
        section, anchor = self.evidence.section(cell.id), self.evidence.anchor(cell.id)
        return Mark(self.part, item, required, measured, met, section, anchor)

    def mark_equal(self, item: str, required: str, measured: str, cell: Cell) -> Mark:
        return self.mark(item, required, measured, measured == required, cell)

    def mark_shown(self, item: str, what: str, cell: Cell) -> Mark:
        return self.mark(item, what, what if cell else "", True, cell)

    def mark_figure(
        self, item: str, name: str, required: str, measured: str, met: bool
    ) -> Mark:
        figure = self.evidence.figure(name)
        if figure is None:
            return Mark(self.part, item, required, measured, False)
        section = self.evidence.section(figure.cell)
        return Mark(
            self.part,
            item,
            required,
            measured,
            met,
            section,
            figure.anchor,
            figure.number,
        )

    def cell(self, is_it: Callable[[NotebookNode], bool]) -> Cell:
        return next(filter(is_it, code_cells(self.evidence.notebook)), None)

    def cell_with(self, source: str) -> Cell:
        return self.cell(lambda cell: source in cell.source)

    def cell_showing(self, text: str) -> Cell:
        return self.cell(lambda cell: any(text in shown for shown in _texts(cell)))


def _texts(cell: NotebookNode) -> list[str]:
    return [
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    ]


def _mark_loading(marker: _Marker) -> Iterator[Mark]:
    digest = marker.cell_showing(f"SHA-256 {MNIST_DIGEST}")
    yield marker.mark_shown("MNIST", f"SHA-256 {MNIST_DIGEST[:12]}…", digest)
    for item, text in SHAPES.items():
        yield marker.mark_shown(item, text, marker.cell_showing(text))
    yield _mark_picture(marker, "sample images", "sample_images")


def _mark_picture(marker: _Marker, item: str, name: str) -> Mark:
    measured = "shown" if marker.evidence.figure(name) else ""
    return marker.mark_figure(item, name, "shown", measured, True)


def _mark_recipe(marker: _Marker) -> Iterator[Mark]:
    evidence = marker.evidence
    yield marker.mark_equal(
        "optimiser and loss",
        TRAINED_WITH,
        f"{evidence.optimizer}, {evidence.loss.replace('_', ' ')}",
        marker.cell_with(".compile("),
    )
    cell = marker.cell(lambda cell: "parameters" in cell.metadata.get("tags", []))
    batch_size = str(evidence.results["parameters"].get("BATCH_SIZE"))
    yield marker.mark_equal("batch size", BATCH_SIZE, batch_size, cell)
    epochs = str(len(evidence.results["history"]["loss"]))
    yield marker.mark_equal("epochs", EPOCHS, epochs, cell)


def _mark_network(marker: _Marker) -> Iterator[Mark]:
    part, evidence = marker.part, marker.evidence
    yield marker.mark_equal(
        "network",
        NETWORKS[part],
        evidence.network,
        marker.cell_with("keras.Sequential("),
    )
    yield marker.mark_equal(
        "parameters",
        PARAMETERS[part],
        f"{evidence.results['model']['parameters']:,}",
        marker.cell_showing("all layers"),
    )


def _mark_outcome(marker: _Marker) -> Iterator[Mark]:
    evidence = marker.evidence
    yield marker.mark_shown(
        "best epoch kept by validation accuracy",
        "ModelCheckpoint on val_accuracy",
        marker.cell(_makes_checkpoint),
    )
    yield _mark_picture(marker, CURVES, "learning_curves")
    report = classification_report(evidence.labels, evidence.probabilities)
    yield marker.mark_shown(
        "classification report: precision, recall, F1",
        "that of the predictions",
        marker.cell_showing(report.strip()),
    )
    for name, item in FIGURES.items():
        yield _mark_picture(marker, item, name)
    for metric, minimum, words in SCORES[marker.part]:
        measured = CLAIMED[metric](evidence.scores)
        yield marker.mark(
            metric,
            f"{words}: {minimum} or more",
            f"{measured:.4f}",
            measured >= minimum,
            marker.cell_showing(f"{metric} of at least"),
        )


def _mark_comparison(small: Evidence, marker: _Marker) -> Iterator[Mark]:
    wide = marker.evidence
    yield marker.mark_figure(
        "higher accuracy than part 2",
        "compare_curves",
        f"above {small.scores.accuracy:.4f}",
        f"{wide.scores.accuracy:.4f}",
        wide.scores.accuracy > small.scores.accuracy,
    )
    histories = [each.results["history"]["val_accuracy"] for each in (small, wide)]
    best = max(histories[0])
    slow, fast = (epochs_to_reach(history, best) for history in histories)
    yield marker.mark_figure(
        "faster convergence than part 2",
        "compare_curves",
        f"validation accuracy {best:.4f} before epoch {slow}",
        f"in epoch {fast}" if fast else "never",
        fast is not None and fast < slow,
    )
    yield marker.mark_figure(
        "lower loss than part 2",
        "compare_curves",
        f"below {small.scores.loss:.4f}",
        f"{wide.scores.loss:.4f}",
        wide.scores.loss < small.scores.loss,
    )


def _makes_checkpoint(cell: NotebookNode) -> bool:
    """Tell whether a cell makes a ModelCheckpoint of the best validation accuracy.

    One that is made within a function is for other networks than the notebook's own.
    """
    try:
        statements = ast.parse(cell.source).body
    except (SyntaxError, ValueError):
        return False
    calls = [
        node
        for statement in statements
        if not isinstance(statement, ast.FunctionDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]
    return any(
        ast.unparse(call.func).endswith("ModelCheckpoint")
        and {(each.arg, ast.unparse(each.value)) for each in call.keywords}
        >= {("monitor", "'val_accuracy'"), ("save_best_only", "True")}
        for call in calls
    )


def summary_table(marks: list[Mark]) -> str:
    """Count what is met, by part.

    Parameters
    ----------
    marks : list of Mark
        Of a submission.

    Returns
    -------
    str
        A Markdown table.
    """
    lines = ["| part | marks | items |", "|:---|---:|:---|"]
    for number, part in PARTS.items():
        of_part = [each for each in marks if each.part == number]
        met = [each for each in of_part if each.met]
        count = f"{len(met)} of {len(of_part)}"
        is_met = len(met) == len(of_part)
        verdict = f"{count} met" if is_met else f"**{count} met, the others NOT MET**"
        lines.append(f"| {number}. {part.title} | {part.marks or ''} | {verdict} |")
    return "\n".join(lines)


def part_tables(marks: list[Mark]) -> str:
    """Write a table for each part: what is asked, what was measured, and where.

    Parameters
    ----------
    marks : list of Mark
        Of a submission.

    Returns
    -------
    str
        Markdown; its links lead into `DOCUMENT`.
    """
    lines = []
    for number, part in PARTS.items():
        worth = f" ({part.marks} marks)" if part.marks else ""
        lines += [
            f"## Part {number}: {part.title}{worth}",
            "",
            "| item | met? | required | measured | where |",
            f"|:{'-' * 20}|:{'-' * 7}|:{'-' * 20}|:{'-' * 20}|:{'-' * 18}|",
        ]
        lines += [_row(each) for each in marks if each.part == number]
        lines.append("")
    return "\n".join(lines)


def _row(each: Mark) -> str:
    where = "nowhere"
    if each.section:
        figure = f", figure {each.figure}" if each.figure else ""
        where = f"[{each.section}{figure}]({DOCUMENT}#{each.anchor})"
    verdict = VERDICTS[each.met]
    cells = [
        each.item,
        verdict if each.met else f"**{verdict}**",
        each.required,
        each.measured or "nothing",
        where,
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def print_marks(marks: list[Mark], console: Console) -> None:
    """Print the marking sheet as a table, and once more below what is not met.

    Parameters
    ----------
    marks : list of Mark
        Of a submission.
    console : Console
        Where it goes.
    """
    table = Table("part", "item", "met?", "required", "measured")
    for each in marks:
        # A stranger's text neither is markup nor steers the terminal.
        cells = (each.item, VERDICTS[each.met], each.required, each.measured)
        table.add_row(str(each.part), *(escape(printable(cell)) for cell in cells))
    console.print(table)
    for each in marks:
        if not each.met:
            missed = (
                f"{VERDICTS[False]}: part {each.part}, {each.item}: "
                f"required {each.required}, measured {each.measured or 'nothing'}"
            )
            console.print(escape(printable(missed)), highlight=False)
