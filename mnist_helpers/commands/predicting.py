"""What the networks of a run make of photographs."""

import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from mnist_helpers.commands.console import new_table
from mnist_helpers.data import Dataset, read_photo
from mnist_helpers.errors import CourseError, ExitCode
from mnist_helpers.results.earlier import answer_photo, load_run


def predict_photos(
    photos: Iterable[Path], run: Path, dataset: Dataset, console: Console
) -> ExitCode:
    """Print the digits of photographs from left to right, and why one has none."""
    earlier = load_run(run.absolute(), dataset)
    networks = {name: each.model for name, each in earlier.items()}
    table = new_table("photograph", "place", *networks)
    worst = ExitCode.COMPLETED
    for photo in photos:
        try:
            answers = answer_photo(read_photo(photo), networks)
        except CourseError as error:
            print(f"{photo}: {error}", file=sys.stderr)
            worst = error.exit_code
            continue
        for row in answers.itertuples():
            table.add_row(str(photo), *map(str, row))
    console.print(table)
    return worst
