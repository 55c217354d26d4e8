"""The bar of counted work, by a clock that the test turns."""

import io

from rich.console import Console

from mnist_helpers.commands.progress import counted_progress


def test_what_takes_minutes_each_has_a_time_left_too():
    progress = counted_progress(Console(file=io.StringIO(), force_terminal=True))
    seconds = 0.0
    progress.get_time = lambda: seconds
    progress.add_task("points", total=10)
    [task] = progress.tasks
    for done in range(1, 4):
        seconds = 100.0 * done
        progress.advance(task.id)
    assert task.time_remaining == 700
