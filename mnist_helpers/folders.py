"""Where the checkout is, and where runs write."""

import os
from pathlib import Path

# Test scores of every notebook at ten seeds; written by publishing, read by notebooks.
PUBLISHED_SEEDS = Path(__file__).parent / "published" / "seeds.csv"
# The CNN against the clock at ten seeds; written by publishing, read by notebook 04.
PUBLISHED_SPEEDRUNS = Path(__file__).parent / "published" / "speedruns.csv"
# Dense networks of many widths; written by publishing, read by notebook 03.
PUBLISHED_WIDTHS = Path(__file__).parent / "published" / "widths.csv"
# A network's ladder of recipes; written by publishing, read by its notebook.
PUBLISHED_LADDERS = Path(__file__).parent / "published" / "ladders"
# Names the folder that a run writes into.
OUTPUT_VARIABLE = "MNIST_HELPERS_OUTPUT"
# Names the folder of what a killed training needs to go on; unset, none can.
STATE_VARIABLE = "MNIST_HELPERS_STATE"


def project_root() -> Path:
    """Folder of the checkout that this package is installed from.

    Returns
    -------
    Path
        The folder that holds ``notebooks``; where the package was installed
        without its checkout, the current folder.
    """
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def output_folder() -> Path:
    """Folder that runs write into.

    Returns
    -------
    Path
        The environment variable ``MNIST_HELPERS_OUTPUT`` if it is set, otherwise
        ``build/interactive`` of the checkout.
    """
    named = os.environ.get(OUTPUT_VARIABLE)
    return Path(named) if named else project_root() / "build" / "interactive"


def state_folder() -> Path | None:
    """Folder in which a training keeps its state, for a later run to go on from.

    Returns
    -------
    Path or None
        The environment variable ``MNIST_HELPERS_STATE`` if it is set, otherwise
        None: a training in an interactive kernel always starts anew.
    """
    named = os.environ.get(STATE_VARIABLE)
    return Path(named) if named else None
