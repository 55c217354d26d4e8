"""One run of a notebook: its parameters, its figures and its results file."""

import time
from collections.abc import Callable
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from mnist_helpers.data import Dataset
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.environment.files import (
    RUNNING,
    file_digest,
    output_folder,
    project_root,
    write_whole,
)
from mnist_helpers.environment.tensorflow import describe_threads
from mnist_helpers.errors import CourseError
from mnist_helpers.plotting.style import as_png
from mnist_helpers.results.parameters import check_parameters
from mnist_helpers.results.schema import SCHEMA, write_results

FIGURE_DPI = 110


class Run:
    """One run of a notebook.

    Parameters
    ----------
    name : str
        The notebook's file name without its ending, such as ``how_sure``.
    dataset : Dataset
        What the notebook works on.
    namespace : dict
        The notebook's ``globals()``, which hold its parameters.
    """

    def __init__(
        self, name: str, dataset: Dataset, namespace: dict[str, object]
    ) -> None:
        self.name = name
        self.dataset = dataset
        self.parameters = check_parameters(namespace)
        self.folder = output_folder()
        self.findings: dict[str, object] = {}
        self._namespace = namespace
        self._files: dict[str, str] = {}
        self._started = time.perf_counter()

    def show(self, figure: Figure, name: str) -> None:
        """Display a figure with its alt text, and save it as PNG.

        The alt text is the figure's label. It stands folded below the figure too,
        because JupyterLab does not pass it on to the image. A figure of data that is
        not MNIST says so in its title.

        Parameters
        ----------
        figure : Figure
            What to show.
        name : str
            ``learning_curves`` becomes ``figures/02_learning_curves.png`` in
            notebook 02.
        """
        self._require_same_parameters()
        if not self.dataset.is_mnist:
            title = f"{self.dataset.name}, not MNIST\n{figure.get_suptitle()}"
            figure.suptitle(title.strip())
        png, alt = as_png(figure, FIGURE_DPI), figure.get_label()
        number = self.name.partition("_")[0]
        file_name = f"{number if number.isdigit() else self.name}_{name}"
        self._write(f"figures/{file_name}.png", lambda path: path.write_bytes(png))
        display(
            {"image/png": png, "text/plain": f"Figure {file_name}"},
            metadata={"image/png": {"alt": alt, "name": file_name}},
            raw=True,
        )
        description = (
            f"<details><summary>Description of the figure</summary>{escape(alt)}"
            "</details>"
        )
        display(
            {"text/html": description, "text/plain": alt},
            metadata={"describes": file_name},
            raw=True,
        )

    def record(self, name: str, finding: object) -> None:
        """Put a finding into the results; it must be what JSON can hold."""
        self._require_same_parameters()
        self.findings[name] = finding

    def keep_table(self, table: pd.DataFrame, name: str) -> None:
        """Write a table that took long to make, as ``tables/NAME.csv``."""
        self._write(f"tables/{name}.csv", lambda path: table.to_csv(path, index=False))

    def save(self) -> None:
        """Write the results file, and say where the run's files are."""
        self._require_same_parameters()
        path = self.folder / "results" / f"{self.name}.json"
        write_results(path, self._results())
        print(f"Saved in {_relative(self.folder)}: results/{self.name}.json")
        print("\n".join(self._files))

    def _results(self) -> dict[str, object]:
        return {
            "schema": SCHEMA,
            "notebook": self.name,
            "dataset": {
                "name": self.dataset.name,
                "digest": self.dataset.digest,
                "is_mnist": self.dataset.is_mnist,
                "training_images": len(self.dataset.train_images),
                "test_images": len(self.dataset.test_images),
            },
            "parameters": self.parameters,
            "findings": self.findings,
            "notebook_seconds": time.perf_counter() - self._started,
            "environment": describe_environment() | {"threads": describe_threads()},
            "files": self._files,
        }

    def _require_same_parameters(self) -> None:
        for name, value in self.parameters.items():
            now = self._namespace.get(name)
            require(
                now == value,
                f"{name} is {now!r} now, and was {value!r} when the data was prepared.",
                "Prepare the data",
            )

    def _write(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file of this run, and note its digest for the results."""
        path = self.folder / name
        write_whole(path, write)
        self._files[name] = file_digest(path)


def require(holds: object, message: str, heading: str) -> None:
    """Refuse a cell that was run out of order, and say from where to run again."""
    if not holds:
        raise CourseError(
            f"{message} Run the cells from the heading '{heading}' on: click the "
            "heading, then Run > Run Selected Cell and All Below."
        )


def _relative(folder: Path) -> Path:
    # What a headless run writes is moved to its output folder in the end.
    folder = folder.parents[1] if folder.parent.name == RUNNING else folder
    root = project_root()
    return folder.relative_to(root) if folder.is_relative_to(root) else folder
