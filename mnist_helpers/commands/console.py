"""Standard output: text as it is, to a reader who may stop reading."""

import os
import sys

from rich.console import Console


class Output(Console):
    """A console that goes on, unread, when its reader has closed the pipe."""

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, markup=False, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Discard what is still to come."""
        self.quiet = True
        discard_output()


def discard_output() -> None:
    """Send standard output nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
