"""Commits readings: plain COPY unless there are duplicates, otherwise via a staging table.

Measured on 2 cores: COPY 330,000 rows/s against 142,000 rows/s through the staging table.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from hub.models import Batch, Columns, from_micros
from hub.repeats import Conflicts, Corrected, Doubles, Repeats
from hub.stage import Connection, Stage
from hub.store.binary_copy import copy_readings, stage_readings, unpack_keys
from hub.store.redelivery import maybe_delivered_before
from hub.store.statements import statements

SQL = statements(__name__)


class ReadingRepeated(pg.UniqueViolation):
    """A batch contains a stored reading; the next attempt excludes it"""


class Readings(Stage):
    """Stores each reading once by (series, time).

    What comes again with the same value changes nothing. Another value is a conflict: the first one stays, or where
    the last one wins it replaces that, and is among the batch's readings.
    """

    def __init__(self, last_wins: Callable[[int], bool] = lambda series: False) -> None:
        """`last_wins` tells of a series whether a later value for the same time replaces the one before."""
        self._last_wins = last_wins
        self._expected = False
        """Whether repeats are likely: some came in the last batch."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write the batch's readings; those already stored become its Repeats, those that replace one its Corrected.

        Raises ReadingRepeated when nobody expected any: the transaction is lost, the next attempt expects them.
        """
        doubles = batch.of(Doubles).conflicts
        if len(doubles):
            await _remember(conn, doubles, doubles.won)
        if not self._expected:
            try:
                await copy_readings(conn, batch.readings)
            except pg.UniqueViolation as error:
                self._expected = True
                raise ReadingRepeated(*error.args) from error
            return
        await stage_readings(conn, batch.readings)
        row = await (await conn.execute(SQL.merge)).fetchone()
        stored = unpack_keys(row[0] if row is not None else None)
        self._expected = len(stored) < len(batch.readings)
        if self._expected:
            await self._compare(conn, batch, among(batch.readings, stored))

    async def _compare(self, conn: Connection, batch: Batch, fresh: NDArray[np.bool_]) -> None:
        """Tell repeats from conflicts among readings that are not fresh; where the last one wins, replace."""
        again, message = batch.readings.where(~fresh), batch.messages()[~fresh]
        differs, other = await stored_values(conn, again)
        lasting = {series for series in set(again.series[differs].tolist()) if self._last_wins(series)}
        won = differs & np.isin(again.series, list(lasting)) if lasting else np.zeros(len(again), np.bool_)
        if won.any():
            stale = await _replaced_before(conn, again, won & _maybe_delivered_before(batch, message))
            differs, won = differs & ~stale, won & ~stale
        conflicts = Conflicts(again.where(differs), message[differs], other[differs], won[differs])
        if won.any():
            await _remember(conn, conflicts, conflicts.won)
            await _replace(conn, again.where(won))
        batch.put(Repeats(again.where(~differs), message[~differs], conflicts))
        stays = fresh.copy()
        stays[np.flatnonzero(~fresh)[won]] = True
        batch.keep(stays)
        if won.any():
            batch.put(Corrected(~fresh[stays]))


def _maybe_delivered_before(batch: Batch, messages: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of some messages of a batch, by index, a broker may be delivering again, or are dead letters that are."""
    raws = [batch.raws[index] if index >= 0 else None for index in messages.tolist()]
    return np.array([raw is not None and maybe_delivered_before(raw) for raw in raws], np.bool_)


async def stored_values(conn: Connection, readings: Columns) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which readings are stored with another value, and what that is."""
    cursor = conn.cursor(binary=True)
    given = _keys(readings) | {"value": readings.value.tolist()}
    places, values = await (await cursor.execute(SQL.conflicting, given)).fetchone() or (None, None)
    differs, other = np.zeros(len(readings), np.bool_), np.zeros(len(readings))
    at = np.array(places or [], np.int64) - 1
    differs[at], other[at] = True, values or []
    return differs, other


async def _replaced_before(conn: Connection, readings: Columns, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of some readings, that may have been delivered before, were replaced since: they change nothing."""
    found = np.zeros(len(readings), np.bool_)
    if which.any():
        asked = readings.where(which)
        cursor = conn.cursor(binary=True)
        given = _keys(asked) | {"value": asked.value.tolist()}
        places = await (await cursor.execute(SQL.replaced_before, given)).fetchall()
        found[np.flatnonzero(which)[[place - 1 for (place,) in places]]] = True
    return found


async def _remember(conn: Connection, conflicts: Conflicts, which: NDArray[np.bool_]) -> None:
    """Keep the values that are replaced."""
    if which.any():
        given = _keys(conflicts.readings.where(which)) | {"value": conflicts.other[which].tolist()}
        await conn.execute(SQL.remember, given)


async def _replace(conn: Connection, readings: Columns) -> None:
    """Replace stored readings.

    One statement each, planned for its own key: of a join TimescaleDB would decompress whole chunks.
    """
    rows = zip(
        readings.series.tolist(), readings.ts.tolist(), readings.value.tolist(), readings.quality.tolist(), strict=True
    )
    async with conn.pipeline():
        for series, ts, value, quality in rows:
            one = {"series": series, "ts": from_micros(ts), "value": value, "quality": quality}
            await conn.execute(SQL.replace, one, prepare=False)


def _keys(readings: Columns) -> dict[str, list[int] | list[float]]:
    return {"series": readings.series.tolist(), "ts": readings.ts.tolist()}


def among(readings: Columns, keys: "NDArray[np.void]") -> NDArray[np.bool_]:
    """Which readings are among some (series, ts), all of which are readings; both without duplicates."""
    series = np.concatenate([readings.series, keys["series"].astype(np.int32)])
    ts = np.concatenate([readings.ts, keys["ts"].astype(np.int64)])
    order = np.lexsort((np.arange(len(ts)), ts, series))
    twin = np.zeros(len(ts), np.bool_)
    twin[:-1] = (series[order[1:]] == series[order[:-1]]) & (ts[order[1:]] == ts[order[:-1]])
    found = np.zeros(len(ts), np.bool_)
    found[order[twin]] = True
    return found[: len(readings)]
