"""An index of places by cells of equal height, for what lies within some metres of a point."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DEGREE_M = 111_195.0
"""Metres of a degree of latitude: a sphere of 6,371,008 m, within 0.6 % of WGS 84."""
POLE = 89.0
"""Degrees of latitude beyond which the cells of a row are taken to be as wide as here."""
_COLUMNS = 1 << 32
"""Room for the columns of a row in a key; a row may have 40,075,000 of 1 m."""


class Near(NamedTuple):
    """What lies near a point."""

    places: NDArray[np.intp]
    """By their position in the arrays that the grid was made of; in no order."""
    metres: NDArray[np.float64]
    """How far each is."""


class Grid:
    """Places (degrees, WGS 84) sorted by cell; those with NaN are in none. Immutable.

    A row of cells is contiguous in the order, so that what lies near is a slice for each row: no place is looked at
    that is not within a cell of the circle. Nothing is found across the 180th meridian.
    """

    def __init__(self, lon: NDArray[np.float64], lat: NDArray[np.float64], cell_m: float = 250.0) -> None:
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        self._height = max(cell_m, 1.0) / DEGREE_M
        rows = np.floor(lat[known] / self._height).astype(np.int64)
        columns = np.floor(lon[known] / self._widths(rows)).astype(np.int64)
        keys = rows * _COLUMNS + columns
        order = np.argsort(keys, kind="stable")
        self._keys, self._index = keys[order], known[order]
        self._lon, self._lat = lon[self._index], lat[self._index]

    def near(self, lon: float, lat: float, metres: float) -> Near:
        """The places within `metres` of a point, borders included."""
        tall = metres / DEGREE_M
        first, last = (math.floor((lat + side * tall) / self._height) for side in (-1, 1))
        rows = np.arange(first, last + 1)
        widths = self._widths(rows)
        wide = tall / math.cos(math.radians(min(abs(lat) + tall, POLE)))
        begins = np.searchsorted(self._keys, rows * _COLUMNS + np.floor((lon - wide) / widths).astype(np.int64))
        ends = np.searchsorted(
            self._keys, rows * _COLUMNS + np.floor((lon + wide) / widths).astype(np.int64), side="right"
        )
        slices = [np.arange(begin, end) for begin, end in zip(begins, ends, strict=True) if end > begin]
        if not slices:
            return Near(np.empty(0, np.intp), np.empty(0))
        found = np.concatenate(slices)
        away = distance(lon, lat, self._lon[found], self._lat[found])
        within = away <= metres
        return Near(self._index[found[within]], away[within])

    def slices(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], metres: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of many points at once where those begin and end in `order` that may be within `metres`, row by row.

        Two arrays of shape (points, rows); a row without any has an end that is its begin.
        """
        tall = metres / DEGREE_M
        first = np.floor((lat - tall) / self._height).astype(np.int64)
        last = np.floor((lat + tall) / self._height).astype(np.int64)
        rows = first[:, None] + np.arange(int((last - first).max(initial=0)) + 1)
        widths, wide = self._widths(rows), tall / np.cos(np.radians(np.minimum(np.abs(lat) + tall, POLE)))
        west, east = (np.floor((lon + side * wide)[:, None] / widths).astype(np.int64) for side in (-1, 1))
        begins = np.searchsorted(self._keys, rows * _COLUMNS + west)
        ends = np.searchsorted(self._keys, rows * _COLUMNS + east, side="right")
        return begins, np.where(rows <= last[:, None], np.maximum(begins, ends), begins)

    @property
    def order(self) -> NDArray[np.intp]:
        """The places by their position in the arrays that the grid was made of, as cells have them."""
        return self._index

    def _widths(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Degrees of longitude of the cells of rows."""
        middle = np.minimum(np.abs((rows + 0.5) * self._height), POLE)
        return np.asarray(self._height / np.cos(np.radians(middle)))


def distance(
    lon: float | NDArray[np.float64],
    lat: float | NDArray[np.float64],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Metres from a point, or one of each, to others on a plane that touches the sphere between them.

    0.1 % within 100 km in China.
    """
    east = (lons - lon) * np.cos(np.radians((lats + lat) / 2))
    return np.asarray(DEGREE_M * np.hypot(east, lats - lat))
