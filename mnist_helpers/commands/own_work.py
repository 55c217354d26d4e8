"""What somebody has changed in the course's notebooks, cell by cell."""

import hashlib
import json
from dataclasses import dataclass

from nbformat import NotebookNode

from mnist_helpers.results.published import PUBLISHED_CELLS

LONGEST_LINE = 60


@dataclass(frozen=True)
class Change:
    """A cell that is not as in the course's notebook.

    ``kind`` is "changed", "added" or "left out"; ``place`` is that of the cell in the
    notebook handed in, from 0, where it has one.
    """

    kind: str
    cell: str
    place: int | None = None

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.kind}: {self.cell}"


def cell_digests(notebook: NotebookNode) -> dict[str, str]:
    """Map the id of each cell to a digest of its source."""
    return {
        cell.id: hashlib.sha256(cell.source.encode()).hexdigest()[:16]
        for cell in notebook.cells
    }


def find_changes(name: str, notebook: NotebookNode) -> list[Change]:
    """Compare a notebook with the published one of this name."""
    published = json.loads(PUBLISHED_CELLS.read_bytes())[name]
    digests = cell_digests(notebook)
    changes = []
    for place, (cell, digest) in enumerate(digests.items()):
        if published.get(cell) != digest:
            lines = [*filter(None, notebook.cells[place].source.splitlines()), "empty"]
            kind = "changed" if cell in published else "added"
            changes.append(Change(kind, lines[0][:LONGEST_LINE], place))
    left_out = [cell for cell in published if cell not in digests]
    return changes + [Change("left out", cell) for cell in left_out]
