"""Figures of lists of values, of many lists at once. Pure."""

import numpy as np
from numpy.typing import NDArray

from analytics.rules.slots import Floats, Ints

AT_ONCE = 500_000
"""Places of a table of lists that is made at once, 4 MB."""


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
        found[some] = _medians(values, begins, count[some])
    elif len(begins):
        with np.errstate(over="ignore"):  # an infinity, which an expression takes for no value
            found[some] = _REDUCED[figure].reduceat(values, begins)
        if figure == "mean":
            found[some] /= count[some]
    return found


_REDUCED: dict[str, np.ufunc] = {"max": np.maximum, "mean": np.add, "min": np.minimum}


def _medians(values: Floats, begins: Ints, count: Ints) -> Floats:
    """Of lists that follow each other, none empty; a table of them at a time, which is sorted fastest."""
    found, width = np.empty(len(count)), int(count.max(initial=1))
    for first in range(0, len(count), max(1, AT_ONCE // width)):
        some = slice(first, first + max(1, AT_ONCE // width))
        size, begin = count[some], begins[some]
        table = np.full((len(size), width), np.inf)
        there = np.arange(width) < size[:, None]
        table[there] = values[int(begin[0]) : int(begin[-1] + size[-1])]
        table.sort(axis=1)
        row = np.arange(len(size))
        found[some] = table[row, (size - 1) // 2] / 2 + table[row, size // 2] / 2
    return found


def spread(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Of the lists `rows` of a table of lists, each member: (which of `rows`, where in the table)."""
    size = starts[rows + 1] - starts[rows]
    which = np.repeat(np.arange(len(rows)), size)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(starts[rows], size)


def parts(sizes: Ints, most: int) -> list[NDArray[np.int64]]:
    """Which rows of such sizes are taken at once, so that few have more than `most` together."""
    number = np.cumsum(sizes) // most
    return [np.flatnonzero(number == one) for one in np.unique(number)]
