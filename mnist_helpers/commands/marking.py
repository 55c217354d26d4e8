"""The marking sheet: what the assignment asks, where it is shown, and if it is met."""

from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mnist_helpers.commands.archives import printable
from mnist_helpers.commands.evidence import Evidence
from mnist_helpers.results.assignment import PARTS, VERDICTS, Part
from mnist_helpers.results.check import SHOWN, Row, check_items

# The file that the sheet's links lead into.
DOCUMENT = "submission.html"


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
    return [
        _mark(part, work[name], row)
        for name, part in PARTS.items()
        for row in _rows(name, part, work)
    ]


def _rows(name: str, part: Part, work: dict[str, Evidence]) -> list[Row]:
    evidence = work[name]
    if not part.network:
        return [Row(item, what, SHOWN, "shown") for item, what in part.items.items()]
    # The model's and the predictions' own files stand in place of what the results say.
    results, scores = evidence.results, evidence.scores
    results = results | {
        "model": results["model"] | {"layers": evidence.network},
        "training": results["training"]
        | {"optimizer": {"class_name": evidence.optimizer}, "loss": evidence.loss},
        "metrics": {"accuracy": scores.accuracy, "loss": scores.loss},
    }
    if "comparison" in part.items:
        small = work["02_small_mlp"]
        results["findings"] = {
            "comparison": {
                "accuracy": small.scores.accuracy,
                "loss": small.scores.loss,
                "val_accuracy": small.results["history"]["val_accuracy"],
            }
        }
    return check_items(part, results, scores)


def _mark(part: Part, evidence: Evidence, row: Row) -> Mark:
    required = "shown" if row.required == SHOWN else row.required
    cell = evidence.cell(row.item)
    if cell is None:
        return Mark(part.number, row.what, required, row.result, False)
    figure = evidence.figure_of(cell)
    return Mark(
        part.number,
        row.what,
        required,
        row.result,
        row.met is not False,
        evidence.section(cell.id),
        figure.anchor if figure else evidence.anchor(cell.id),
        figure.number if figure else "",
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
    for part in PARTS.values():
        of_part = [each for each in marks if each.part == part.number]
        met = [each for each in of_part if each.met]
        count = f"{len(met)} of {len(of_part)}"
        is_met = len(met) == len(of_part)
        verdict = f"{count} met" if is_met else f"**{count} met, the others NOT MET**"
        lines.append(
            f"| {part.number}. {part.title} | {part.marks or ''} | {verdict} |"
        )
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
    for part in PARTS.values():
        worth = f" ({part.marks} marks)" if part.marks else ""
        lines += [
            f"## Part {part.number}: {part.title}{worth}",
            "",
            "| item | met? | required | measured | where |",
            "|:---|:---|:---|:---|:---|",
        ]
        lines += [_row(each) for each in marks if each.part == part.number]
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
