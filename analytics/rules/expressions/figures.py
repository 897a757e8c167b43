"""Figures of lists of values, of many lists at once. Pure."""

import numpy as np
from numpy.typing import NDArray

from analytics.rules.slots import Floats, Ints


def figure_of(figure: str, owner: Ints, values: Floats, lists: int) -> Floats:
    """count, max, mean, median or min of each list, shape (lists,); of an empty one the count 0, else NaN.

    `values`, none of them NaN, are of the lists `owner`, which ascend.
    """
    count = np.bincount(owner, minlength=lists)
    if figure == "count":
        return count.astype(np.float64)
    found = np.full(lists, np.nan)
    some = count > 0
    begins = (np.cumsum(count) - count)[some]
    if figure == "median":
        inner = values[np.lexsort((values, owner))]
        half = (count[some] - 1) // 2
        low, high = inner[begins + half], inner[begins + count[some] // 2]
        found[some] = low / 2 + high / 2
    elif len(begins):
        found[some] = _REDUCED[figure].reduceat(values, begins)
        if figure == "mean":
            found[some] /= count[some]
    return found


_REDUCED: dict[str, np.ufunc] = {"max": np.maximum, "mean": np.add, "min": np.minimum}


def spread(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Of the lists `rows` of a table of lists, each member: (which of `rows`, where in the table)."""
    size = starts[rows + 1] - starts[rows]
    which = np.repeat(np.arange(len(rows)), size)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(starts[rows], size)


def parts(sizes: Ints, most: int) -> list[NDArray[np.int64]]:
    """Which rows of such sizes are taken at once, so that few have more than `most` together."""
    number = np.cumsum(sizes) // most
    return [np.flatnonzero(number == one) for one in np.unique(number)]
