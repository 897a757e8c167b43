"""Growable arrays indexed by id, and grouping by key."""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

A = TypeVar("A", bound=np.generic)


def grown(array: NDArray[A], index: int, fill: Any) -> NDArray[A]:
    """Ensure capacity for an index: the array itself, or a copy one eighth longer, padded with the fill value."""
    if index < len(array):
        return array
    more = max(index + 1, len(array) + len(array) // 8) - len(array)
    return np.append(array, np.full((more, *array.shape[1:]), fill, array.dtype), axis=0)


def grouped(keys: NDArray[Any], values: NDArray[A]) -> Iterator[tuple[int, NDArray[A]]]:
    """Group values by key; keys ascending, values in order."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    yield from zip(keys[begins].tolist(), np.split(values, begins[1:]), strict=True)
