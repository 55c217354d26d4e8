"""Refuse what more than one module of the figures cannot draw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mnist_helpers.plotting.style import LINES


def check_names(mapping: Mapping, name: str) -> None:
    """Refuse anything but a dictionary with as many entries as there are styles."""
    is_mapping = isinstance(mapping, Mapping)
    if not is_mapping or not 1 <= len(mapping) <= len(LINES):
        got = f"{len(mapping)} entries" if is_mapping else type(mapping).__name__
        raise ValueError(
            f"{name}: got {got}, expected a dictionary of 1 to {len(LINES)} entries"
        )


def check_numbers(values: Sequence[float], name: str) -> np.ndarray:
    """Refuse anything but a row of finite numbers; return it as an array."""
    expected = "a non-empty sequence of finite numbers"
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"{name}: got shape {numbers.shape}, expected {expected}")
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"{name}: got dtype {numbers.dtype}, expected {expected}")
    if not np.isfinite(numbers).all():
        place = np.argmin(np.isfinite(numbers))
        raise ValueError(
            f"{name}: got {numbers[place]} in place {place}, expected {expected}"
        )
    return numbers


def check_columns(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Refuse anything but a table that has rows, and finite numbers in the columns."""
    expected = f"a DataFrame with rows and the columns {', '.join(columns)}"
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name}: got {type(table).__name__}, expected {expected}")
    missing = [column for column in columns if column not in table]
    if missing or table.empty:
        got = f"no {', '.join(missing)}" if missing else "no rows"
        raise ValueError(f"{name}: got {got}, expected {expected}")
    for column in columns:
        check_numbers(table[column], f"{name}.{column}")


def check_range(values: Sequence[float], low: float, high: float, name: str) -> None:
    """Refuse numbers outside limits that belong to the range themselves."""
    if min(values) < low or max(values) > high:
        raise ValueError(
            f"{name}: got values from {min(values)} to {max(values)}, "
            f"expected them from {low} to {high}"
        )
