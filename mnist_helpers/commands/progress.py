"""A bar for work that is counted, with the time that is left."""

import math

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def counted_progress(console: Console) -> Progress:
    """Make a bar that shows how many are done and how long the rest will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("about"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        disable=not console.is_terminal,
        # Rich would forget what took longer than half a minute.
        speed_estimate_period=math.inf,
    )
