"""Notebooks that run in a second, and what runs them."""

import io
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console

from mnist_helpers.commands import execution

PARAMETERS = """
SEED: int = 1  # of all
RATE: float = 0.5  # of learning
LABEL: str = "a"  # of figures
SLOW: bool = False  # or fast
"""
# Saves what a notebook of the course saves, the model and the figures left out.
SAVE = """
import os, pathlib
import numpy as np
from mnist_helpers.environment.description import describe_environment
from mnist_helpers.environment.files import file_digest, write_whole
from mnist_helpers.results.schema import SCHEMA, write_results

folder = pathlib.Path(os.environ["MNIST_HELPERS_OUTPUT"])
predictions = folder / "predictions" / "NAME.npz"
write_whole(predictions, lambda path: np.savez(path, labels=np.arange(SEED)))
results = {
    "schema": SCHEMA,
    "notebook": "NAME",
    "dataset": {"name": "some digits", "digest": "digest", "is_mnist": False},
    "parameters": {"SEED": SEED, "RATE": RATE, "LABEL": LABEL, "SLOW": SLOW},
    "findings": {},
    "notebook_seconds": 0.5,
    "environment": describe_environment(),
    "files": {"predictions/NAME.npz": file_digest(predictions)},
}
write_results(folder / "results" / "NAME.json", results)
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these cells; NAME in them becomes the notebook's name."""
    parameters = new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]})
    cells = [new_code_cell(source.replace("NAME", path.stem)) for source in sources]
    notebook = new_notebook(cells=[parameters, *cells], metadata={"kernelspec": KERNEL})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def run(assigned, output, jobs=1, cell_timeout=60) -> list[execution.Outcome]:
    console = Console(file=io.StringIO())
    return execution.run_notebooks(assigned, output, jobs, cell_timeout, console)


def contents(output: Path) -> dict[str, bytes]:
    """Read what an earlier run left, which a failure must not change."""
    folders = ("notebooks", "results", "predictions", "models", "figures")
    return {
        str(path.relative_to(output)): path.read_bytes()
        for folder in folders
        for path in (output / folder).glob("*")
        if not path.name.endswith(".failed.ipynb")
    }
