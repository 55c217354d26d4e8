"""A bar for work that is counted, with the time that is left."""

import math

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

TIME_LEFT = (TextColumn("about"), TimeRemainingColumn(), TextColumn("left"))


def counted_progress(console: Console, *columns: ProgressColumn) -> Progress:
    """Make a bar that shows how many are done and how long the rest will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *(columns or TIME_LEFT),
        console=console,
        disable=not console.is_terminal,
        # Rich would forget what took longer than half a minute.
        speed_estimate_period=math.inf,
    )
