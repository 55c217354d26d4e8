"""Standard output: text as it is, to a reader who may stop reading."""

import os
import sys

from rich.console import Console
from rich.table import Column, Table


class Output(Console):
    """A console that goes on, unread, when its reader has closed the pipe."""

    def __init__(self) -> None:
        super().__init__(
            # Whatever FORCE_COLOR and the like say, a file gets plain text.
            force_terminal=sys.stdout.isatty(),
            soft_wrap=True,
            markup=False,
            highlight=False,
            emoji=False,
        )

    def on_broken_pipe(self) -> None:
        """Discard what is still to come."""
        self.quiet = True
        discard_output()


def new_table(*headings: str, title: str | None = None) -> Table:
    """Make a table whose texts a narrow terminal breaks into lines, and never cuts."""
    columns = [Column(heading, overflow="fold") for heading in headings]
    return Table(*columns, title=title, title_justify="left")


def discard_output() -> None:
    """Send standard output nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
