"""The published tables: what many runs on MNIST measured, and on which machine."""

from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "published"
PUBLISHED_SEEDS = FOLDER / "seeds.csv"
# Of each notebook, the id of each cell to a digest of its source.
PUBLISHED_CELLS = FOLDER / "cells.json"
# How far two seeds may be apart.
PUBLISHED_TOLERANCES = FOLDER / "tolerances.csv"
PUBLISHED_SPEEDRUNS = FOLDER / "speedruns.csv"
PUBLISHED_WIDTHS = FOLDER / "widths.csv"
# A table of recipes for each network.
PUBLISHED_ABLATIONS = FOLDER / "ablations"


def published_seeds() -> pd.DataFrame:
    """Read the test scores of every notebook at ten seeds, a row each."""
    return pd.read_csv(PUBLISHED_SEEDS)


def published_speedruns() -> pd.DataFrame:
    """Read the seconds and test macro-F1 of the CNN against the clock at ten seeds."""
    return pd.read_csv(PUBLISHED_SPEEDRUNS)


def published_widths() -> pd.DataFrame:
    """Read the scores of dense networks of many widths, a row per width and seed."""
    return pd.read_csv(PUBLISHED_WIDTHS)


def published_ablation(network: str) -> pd.DataFrame:
    """Read the table of `ablation.compare_steps` for a network, such as ``cnn``."""
    return pd.read_csv(PUBLISHED_ABLATIONS / f"{network}.csv")


def measured_on(table: pd.DataFrame) -> str:
    """Name each processor and TensorFlow release that a table was measured with."""
    machines = table[["processor", "tensorflow"]].drop_duplicates()
    return " and ".join(
        f"{machine.processor}, TensorFlow {machine.tensorflow}"
        for machine in machines.itertuples()
    )
