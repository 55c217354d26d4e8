"""Refuse what more than one module of the figures cannot draw."""

from collections.abc import Mapping, Sequence

import numpy as np

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
