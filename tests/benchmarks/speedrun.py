"""The CNN against the clock: how soon it reaches a macro-F1 of 0.99, at one seed.

The race is that of `better_recipes`, whose own cells are run here with the network of
notebook 04. The clock runs from the initial weights to the trained network, tracing
included; the test images judge at the end.
"""

import json
import sys
from types import SimpleNamespace

import nbformat

from mnist_helpers.data import load_mnist
from mnist_helpers.environment.files import project_root


def read_sources(name: str) -> dict[str, str]:
    """Map the ids of a notebook's cells to their sources."""
    notebook = nbformat.read(project_root() / "notebooks" / name, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells}


findings: dict[str, dict] = {}
scope: dict[str, object] = {}
sources = read_sources("further/better_recipes.ipynb")
for cell in ("imports", "parameters", "settings", "compile", "race-train"):
    exec(sources[cell], scope)
exec(read_sources("04_cnn.ipynb")["model"], scope)
scope |= {
    "SEED": int(sys.argv[1]),
    "SPEEDRUN": True,
    "mnist": load_mnist(),
    "earlier": {"CNN": SimpleNamespace(model=scope["build_cnn"]())},
    "run": SimpleNamespace(record=findings.__setitem__),
}
exec(sources["race-run"], scope)
print(json.dumps({"seed": scope["SEED"]} | findings["speedrun"]))
