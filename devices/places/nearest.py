"""Which places are nearest to each of many others: 50 at most, within some metres. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.places.grid import Grid, distance

Ints = NDArray[np.int64]

MOST = 50
"""Neighbours of a device, the nearest ones: what they measure together, more of them hardly change."""
FIRST_M = 4.0
"""How far is looked first; then twice as far, until there are enough: dense or sparse, few are looked at."""
AT_ONCE = 1_000_000
"""Pairs of places that are looked at at once, some 50 MB."""
IN_A_ROW = 1_000
"""Places of one row of cells that are looked at: of more than that on one spot, some."""


class Places(NamedTuple):
    """Devices and where they are (degrees, WGS 84); NaN: not known, near nothing."""

    id: Ints
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


def nearest(of: Places, among: Places, metres: float, most: int = MOST) -> tuple[Ints, Ints]:
    """Of each of `of`, the nearest among others, itself left out; of two that are as far, the one with the lower id.

    Returns (starts, members): the members of the n-th are `members[starts[n] : starts[n + 1]]`, by their position
    in `among`, nearest first.
    """
    found: list[Ints] = []
    left = np.flatnonzero(np.isfinite(of.lon) & np.isfinite(of.lat))
    reach = min(metres, FIRST_M)
    while len(left):
        grid = Grid(among.lon, among.lat, reach)
        again = []
        for some, which, place in _pairs(grid, of, left, reach):
            here = some[which]
            away = distance(of.lon[here], of.lat[here], among.lon[place], among.lat[place])
            near = (away <= reach) & (among.id[place] != of.id[here])
            which, place, away = which[near], place[near], away[near]
            enough = (np.bincount(which, minlength=len(some)) >= most) | (reach >= metres)
            which, place, away = (column[enough[which]] for column in (which, place, away))
            order = np.lexsort((among.id[place], away, which))
            which, place = which[order], place[order]
            rank = np.arange(len(which)) - np.searchsorted(which, which)
            found.append(np.stack([some[which], place])[:, rank < most])
            again.append(some[~enough])
        left, reach = np.concatenate(again), min(2 * reach, metres)
    owner, members = np.concatenate([np.empty((2, 0), np.int64), *found], axis=1)
    order = np.argsort(owner, kind="stable")
    return np.searchsorted(owner[order], np.arange(len(of.id) + 1)), members[order]


def _pairs(grid: Grid, of: Places, left: Ints, reach: float) -> Iterator[tuple[Ints, Ints, Ints]]:
    """(some of `left`, which of those, place in `among`) of what may be within reach, not too much at once."""
    begins, ends = grid.slices(of.lon[left], of.lat[left], reach)
    sizes = np.minimum(ends - begins, IN_A_ROW)
    part = np.cumsum(sizes.sum(axis=1)) // AT_ONCE
    for number in np.unique(part).tolist():
        mine = part == number
        size, begin = sizes[mine], begins[mine]
        row = np.repeat(np.arange(size.size), size.ravel())
        at = np.arange(len(row)) - np.repeat(np.cumsum(size.ravel()) - size.ravel(), size.ravel())
        yield left[mine], row // size.shape[1], grid.order[begin.ravel()[row] + at]
