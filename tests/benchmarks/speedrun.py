"""The CNN against the clock: how soon it comes to a macro-F1 of 0.99, at one seed.

The race is that of notebook 04, whose own cells are run here. The time goes from the
new weights to the trained network, tracing included; the test images judge at the end.
"""

import json
import sys

import nbformat

from mnist_helpers.files import project_root

CELLS = (
    "imports",
    "parameters",
    "load",
    "split",
    "inputs",
    "model",
    "schedule",
    "compile",
    "race",
    "race-run",
)

notebook = nbformat.read(project_root() / "notebooks" / "04_cnn.ipynb", as_version=4)
sources = {cell.id: cell.source for cell in notebook.cells}
scope: dict[str, object] = {}
for cell in CELLS:
    exec(sources[cell], scope)
    if cell == "parameters":
        scope |= {"SEED": int(sys.argv[1]), "SPEEDRUN": True}
measured = {
    "seed": scope["SEED"],
    "seconds": scope["race_time"].seconds,
    "macro_f1": scope["race_scores"].macro_f1,
}
print(json.dumps(measured))
