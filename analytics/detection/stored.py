"""States of series in the store: saved a few at a time, and read with the readings that came since."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.detection.packed import EXCESS_AT, LENGTH, VERSION, excesses, packed, unpacked
from analytics.detectors import excess
from analytics.detectors.detector import Floats, Ints
from hub.models import Micros, from_micros
from hub.quality import UNJUDGED
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

SKIP = int(UNJUDGED)
"""Readings with any of these flags teach nothing."""
AT_ONCE = 20_000
"""Series that are read at once."""
_READING = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8")])
_SHOWN = np.dtype([("series", ">i4"), ("last", ">i8"), ("part", ">u8", (excess.DTYPE.itemsize // 8,))])


class Learned(NamedTuple):
    """Readings that count, sorted by (series, ts)."""

    series: NDArray[np.int32]
    ts: Ints
    value: Floats


class Shown(NamedTuple):
    """What series show their neighbours by their saved states, ascending; of those that have learned long enough."""

    series: Ints
    last: Ints
    """When the newest reading was that the state has learned."""
    shown: NDArray[np.float32]
    """See `excess.shown`."""


async def save(conn: Connection, series: Ints, rows: NDArray[Any]) -> None:
    """Save the states (n,) of series in ascending order, where the stored one is not as new."""
    await conn.execute(SQL.save, {"series": series.tolist(), "states": packed(rows), "length": LENGTH})


async def read_states(conn: Connection, wanted: Ints) -> AsyncIterator[tuple[Ints, NDArray[Any], int]]:
    """Some of the wanted series with their states, and how many more another version has saved; until all are read."""
    for first in range(0, len(wanted), AT_ONCE):
        asked = {"length": LENGTH, "version": VERSION, "series": wanted[first : first + AT_ONCE].tolist()}
        ((series, states, others),) = await _rows(conn, SQL.states, asked)
        yield np.frombuffer(series, ">i4").astype(np.int64), unpacked(states), others


async def read_shown(conn: Connection, since: Micros) -> Shown:
    """Of all series whose saved state has learned a reading since a time."""
    asked = {
        "length": LENGTH,
        "version": VERSION,
        "since": max(since, 0).to_bytes(8, "big"),
        "begin": 1 + EXCESS_AT,
        "size": excess.DTYPE.itemsize,
    }
    ((found,),) = await _rows(conn, SQL.shown, asked)
    rows = np.frombuffer(found, _SHOWN)
    states = excesses(rows["part"])
    settled = states["days"] >= excess.DAYS
    rows = rows[settled]
    return Shown(rows["series"].astype(np.int64), rows["last"].astype(np.int64), excess.shown(states[settled]))


async def read_days(conn: Connection) -> list[tuple[date, bool]]:
    """Days that the calendar names, and whether people work on them."""
    return list(await _rows(conn, SQL.days))


async def read_newest(conn: Connection) -> Micros | None:
    """When the newest reading of all counts; None: there is none. `latest` is up to date (hub/store/latest.py)."""
    ((newest,),) = await _rows(conn, SQL.newest)
    return None if newest is None else int(newest)


async def heard_since(conn: Connection, since: Micros) -> Ints:
    """Series whose newest reading counts since a time, ascending."""
    ((series,),) = await _rows(conn, SQL.series, {"since": from_micros(since)})
    return np.frombuffer(series, ">i4").astype(np.int64)


async def read_readings(conn: Connection, series: Ints, since: Ints, most: int) -> Learned:
    """The newest readings of series since a time of each, at most so many of each."""
    asked = {
        "series": series.tolist(),
        "since": [from_micros(at) for at in since.tolist()],
        "oldest": from_micros(int(since.min())),
        "skip": SKIP,
        "most": most,
    }
    ((found,),) = await _rows(conn, SQL.readings, asked)
    readings = np.frombuffer(found or b"", _READING)
    order = np.lexsort((readings["ts"], readings["series"]))
    readings = readings[order]
    return Learned(
        readings["series"].astype(np.int32), readings["ts"].astype(np.int64), readings["value"].astype(np.float64)
    )


async def _rows(conn: Connection, statement: str, values: dict[str, Any] | None = None) -> Sequence[Any]:
    async with conn.cursor(binary=True) as cursor:
        return await (await cursor.execute(statement, values)).fetchall()
