"""The published tables: what many runs on MNIST measured."""

from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "published"
# Test scores of every notebook at ten seeds.
PUBLISHED_SEEDS = FOLDER / "seeds.csv"
# The CNN against the clock at ten seeds.
PUBLISHED_SPEEDRUNS = FOLDER / "speedruns.csv"
# Dense networks of many widths.
PUBLISHED_WIDTHS = FOLDER / "widths.csv"
# A table of recipes for each network.
PUBLISHED_LADDERS = FOLDER / "ladders"


def published_seeds() -> pd.DataFrame:
    """Read the published results of every notebook at ten seeds, on MNIST.

    Returns
    -------
    DataFrame
        One row a notebook and seed: ``notebook``, ``seed``, the test set's
        ``accuracy``, ``macro_f1`` and ``lowest_class_f1``, and where it was measured.
    """
    return pd.read_csv(PUBLISHED_SEEDS)


def published_speedruns() -> pd.DataFrame:
    """Read the published races of the CNN against the clock, on MNIST.

    Returns
    -------
    DataFrame
        One row a seed: ``seed``, ``seconds``, ``macro_f1`` of the test set, and where
        it was measured.
    """
    return pd.read_csv(PUBLISHED_SPEEDRUNS)


def published_widths() -> pd.DataFrame:
    """Read the published trainings of dense networks of many widths, on MNIST.

    Returns
    -------
    DataFrame
        One row a width and seed: ``hidden_units``, ``seed``, ``parameters``, the test
        set's ``accuracy``, the ``best_validation_accuracy``, ``seconds`` of training,
        and where it was measured.
    """
    return pd.read_csv(PUBLISHED_WIDTHS)


def published_ladder(network: str) -> pd.DataFrame:
    """Read the published trainings of a network by better and better recipes, on MNIST.

    Parameters
    ----------
    network : str
        Such as ``cnn``.

    Returns
    -------
    DataFrame
        As of `ladders.climb`, and where it was measured.
    """
    return pd.read_csv(PUBLISHED_LADDERS / f"{network}.csv")


def measured_on(table: pd.DataFrame) -> str:
    """Say which machine a published table was measured on.

    Parameters
    ----------
    table : DataFrame
        With columns ``processor`` and ``tensorflow``.

    Returns
    -------
    str
        Each processor with its release of TensorFlow, such as ``AMD EPYC, TensorFlow
        2.21.0``.
    """
    machines = table[["processor", "tensorflow"]].drop_duplicates()
    return " and ".join(
        f"{machine.processor}, TensorFlow {machine.tensorflow}"
        for machine in machines.itertuples()
    )
