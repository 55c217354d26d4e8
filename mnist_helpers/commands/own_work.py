"""What somebody has changed in the course's notebooks, cell by cell."""

import hashlib
import json
import textwrap
from dataclasses import dataclass

from nbformat import NotebookNode

from mnist_helpers.results.published import PUBLISHED_CELLS

LONGEST_LINE = 60


@dataclass(frozen=True)
class Change:
    """A cell that is not as in the course's notebook.

    ``kind`` is "changed", "added" or "left out"; ``place`` is that of the cell
    in the notebook handed in, from 0, where it has one.
    """

    kind: str
    cell: str
    place: int | None = None

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.kind}: {self.cell}"


def cell_digests(notebook: NotebookNode) -> dict[str, str]:
    """Map the id of each cell, in order, to a digest of its type, tags and source."""
    cells = enumerate(notebook.cells)
    return {_identify(cell, place): _digest(cell) for place, cell in cells}


def _identify(cell: NotebookNode, place: int) -> str:
    # Notebooks of an older format have no ids.
    return cell.get("id", f"cell {place}")


def _digest(cell: NotebookNode) -> str:
    kept = [cell.cell_type, cell.metadata.get("tags", []), cell.source]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]


def find_changes(name: str, notebook: NotebookNode) -> list[Change]:
    """Compare the cells of a notebook, not their outputs, with the published ones."""
    published = json.loads(PUBLISHED_CELLS.read_bytes())[name]
    handed_in = [_identify(cell, place) for place, cell in enumerate(notebook.cells)]
    changes = []
    for place, cell in enumerate(notebook.cells):
        digest = published.get(handed_in[place])
        if digest is None:
            kind = "added"
        elif digest != _digest(cell):
            kind = "changed"
        else:
            continue
        lines = [*filter(None, cell.source.splitlines()), "empty"]
        shown = textwrap.shorten(lines[0], LONGEST_LINE, placeholder=" ...")
        changes.append(Change(kind, shown, place))
    left_out = [cell for cell in published if cell not in handed_in]
    return changes + [Change("left out", cell) for cell in left_out]
