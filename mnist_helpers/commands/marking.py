"""The marking sheet: each item of the assignment, what came out, and if it is met."""

from dataclasses import dataclass
from html import escape

import pandas as pd
from rich.console import Console
from rich.text import Text

from mnist_helpers.commands.archives import printable
from mnist_helpers.commands.console import new_table
from mnist_helpers.commands.own_work import find_changes
from mnist_helpers.commands.work import Work
from mnist_helpers.errors import ExitCode
from mnist_helpers.results.assignment import PARTS, VERDICTS
from mnist_helpers.results.assignment_check import SHOWN, Row, check_items

SCORED = ("test-scores", "comparison")
COMPARED = (
    "; compared with the network of part 2, not with the notebook's own small one"
)
COLUMNS = ("item", "met?", "required", "measured", "where")


@dataclass(frozen=True)
class Mark:
    """An item of the assignment, or a part of one.

    Attributes
    ----------
    part : int
        Of the assignment, 1 to 4.
    item, required, measured : str
        What is asked for, what it has to be, and what it is.
    met : bool
        Whether the one meets the other, and a cell shows it.
    heading, anchor : str
        The heading that shows it, and its identifier on the page.
    """

    part: int
    item: str
    required: str
    measured: str
    met: bool
    heading: str
    anchor: str


def mark(work: dict[str, Work]) -> list[Mark]:
    """Mark the work on all notebooks, item by item."""
    marks = []
    for name, part in PARTS.items():
        one = work[name]
        for row in _rows(work, name):
            shown = one.shows(row.item)
            # Nobody can ask another network than the assigned one for its predictions.
            known = row.item not in SCORED or _is_assigned(work, name)
            marks.append(
                Mark(
                    part.number,
                    row.what,
                    "shown" if row.required == SHOWN else row.required,
                    printable(row.result),
                    bool(row.met) and shown and known,
                    part.items[row.item] if shown else "",
                    f"{one.number}-item-{row.item}",
                )
            )
    return marks


def _is_assigned(work: dict[str, Work], name: str) -> bool:
    return work[name].results["model"]["layers"] == PARTS[name].network


def _rows(work: dict[str, Work], name: str) -> list[Row]:
    part, one = PARTS[name], work[name]
    if not part.network:
        return [
            Row(item, what, SHOWN, "shown" if one.shows(item) else "", True)
            for item, what in part.items.items()
        ]
    # What the results say of scores gives way to what the stored predictions give.
    results = one.results | {"metrics": vars(one.scores)}
    if "comparison" in part.items:
        small = work["02_small_mlp"]
        history = small.results["history"]["val_accuracy"]
        compared = vars(small.scores) | {"val_accuracy": history}
        results["findings"] = {"comparison": compared}
    return check_items(part, results, one.scores)


def exit_code_of(marks: list[Mark]) -> ExitCode:
    """Say whether every item is met."""
    is_met = all(each.met for each in marks)
    return ExitCode.COMPLETED if is_met else ExitCode.CLAIM_NOT_MET


def list_changes(work: dict[str, Work]) -> list[str]:
    """List the cells of all notebooks that are not as in the course's."""
    return [
        f"{name}: {change}"
        for name, one in work.items()
        for change in find_changes(name, one.notebook)
    ]


def sheet(marks: list[Mark], work: dict[str, Work]) -> str:
    """Lay out the marks as HTML: each part's table and count, and what is own work."""
    blocks = []
    for name, part in PARTS.items():
        rows = [_row(each) for each in marks if each.part == part.number]
        met = sum(each.met for each in marks if each.part == part.number)
        worth = f"{part.marks} marks, " if part.marks else ""
        table = pd.DataFrame(rows, columns=COLUMNS)
        with pd.option_context("display.max_colwidth", None):
            shown = table.to_html(index=False, escape=False)
        compared = COMPARED if "comparison" in part.items else ""
        blocks += [
            f"<h2>Part {part.number}: {part.title}</h2>",
            f"<p>{worth}{met} of {len(rows)} items met{compared}</p>",
            shown,
            _changes(work[name]),
        ]
    return "\n".join(blocks)


def _changes(one: Work) -> str:
    """List, with links, the cells that are not as in the course's notebook."""
    changes = find_changes(one.name, one.notebook)
    if not changes:
        return "<p>Every cell is as in the course's notebook.</p>"
    lines = []
    for change in changes:
        text = escape(str(change))
        if change.place is not None:
            text = f'<a href="#{one.number}-cell-{change.place}">{text}</a>'
        lines.append(f"<li>{text}</li>")
    return f"<p>Not as in the course's notebook:</p><ul>{''.join(lines)}</ul>"


def _row(each: Mark) -> list[str]:
    link = f'<a href="#{each.anchor}">{each.heading}</a>' if each.heading else "nowhere"
    texts = (each.item, VERDICTS[each.met], each.required, each.measured)
    return [*map(escape, texts), link]


def print_marks(marks: list[Mark], changes: list[str], console: Console) -> None:
    """Print the marking sheet as a table; below it, own work and what is not met."""
    table = new_table("part", *COLUMNS[:-1])
    for each in marks:
        cells = (each.item, VERDICTS[each.met], each.required, each.measured)
        # A stranger's text is not markup.
        table.add_row(str(each.part), *map(Text, cells))
    console.print(table)
    for change in changes:
        console.print(Text(printable(change)))
    for each in marks:
        if not each.met:
            missed = (
                f"{VERDICTS[False]}: part {each.part}, {each.item}: "
                f"required {each.required}, measured {each.measured or 'nothing'}"
            )
            console.print(Text(missed))
