"""What somebody has changed in a notebook is found, and nothing else."""

import nbformat
from nbformat.v4 import new_markdown_cell
from notebook_runs import NOTEBOOKS

from mnist_helpers.commands.own_work import find_changes


def test_each_cell_that_differs_is_named():
    for path in NOTEBOOKS:
        assert find_changes(path.stem, nbformat.read(path, as_version=4)) == []
    notebook = nbformat.read(NOTEBOOKS[1], as_version=4)
    first, second = notebook.cells[1].id, notebook.cells[2].id
    last = notebook.cells.pop()
    notebook.cells.insert(7, last)
    notebook.cells[4].cell_type = "raw"
    del notebook.cells[1]
    notebook.cells[1].source = "\n# mine\nimport this"
    notebook.cells.insert(0, new_markdown_cell(""))
    changes = find_changes("02_small_mlp", notebook)
    assert notebook.cells[2].id == second
    assert list(map(str, changes)) == [
        "added: empty",
        "changed: # mine",
        "changed: SEED: int = 1  # seeds the split, the initial weights and th",
        "moved: def most_frequent_error(confusion):",
        f"left out: {first}",
    ]
    assert [change.place for change in changes] == [0, 2, 4, 7, None]
