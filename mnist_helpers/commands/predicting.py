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
    """Print a table for each photograph, or why it has none; the worst code counts."""
    earlier = load_run(run.absolute(), dataset)
    networks = {name: each.model for name, each in earlier.items()}
    worst = ExitCode.COMPLETED
    for photo in photos:
        try:
            answers = answer_photo(read_photo(photo), networks)
        except CourseError as error:
            print(f"{photo}: {error}", file=sys.stderr)
            worst = error.exit_code
            continue
        table = new_table("digit", *answers.columns, title=str(photo))
        for row in answers.itertuples():
            table.add_row(*map(str, row))
        console.print(table)
    return worst
