"""Newest reading of each series: current in memory, flushed to the store at most once a second.

Each commit notes which series have newer readings than the table: what a killed process has not flushed is found by
that among the readings. Why not otherwise: docs/adr/0015.
"""

import asyncio
import logging
import time
from typing import TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from hub.errors import HubError
from hub.models import Batch, Columns, Micros, from_micros, now_micros
from hub.repeats import Corrected
from hub.stage import Connection, Stage
from hub.store.binary_copy import stage_readings
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.watermark import in_counted_order

SQL = statements(__name__)

log = logging.getLogger(__name__)

T = TypeVar("T", bound=np.generic)

NEVER = np.iinfo(np.int64).min
RECENT: Micros = 2 * 86_400_000_000
"""Since when the newest reading of most series is."""


_ODD = np.dtype([("series", "<i4"), ("ts", "<i8"), ("watermark", "<i8"), ("top", "<i8")])


class Latest(Stage):
    """Growable arrays indexed by series id; `adopt` receives committed batches.

    What is newest goes by the time at which a reading counts (hub/watermark.py).
    """

    def __init__(self) -> None:
        self.watermark = np.full(1024, NEVER, np.int64)
        """The time at which the newest reading counts: what is older is late."""
        self._ts = np.full(1024, NEVER, np.int64)
        """The newest reading's own time."""
        self._top = np.full(1024, NEVER, np.int64)
        """The largest time of any reading: greater than that of the newest one after a clock was ahead."""
        self._value = np.zeros(1024, np.float64)
        self._quality = np.zeros(1024, np.int16)
        self._dirty = np.zeros(1024, np.bool_)
        self._id = uuid4()
        self._noted = self._adopted = 0
        """Numbers of this process's newest note, and of the newest one that is committed."""

    def reserve(self, series: int) -> None:
        """Ensure capacity for series ids up to `series`."""
        if series < len(self._ts):
            return
        size = max(series + 1, 2 * len(self._ts))
        self.watermark, self._ts, self._top = (
            _grown(old, size, NEVER) for old in (self.watermark, self._ts, self._top)
        )
        self._value = _grown(self._value, size, 0)
        self._quality = _grown(self._quality, size, 0)
        self._dirty = _grown(self._dirty, size, False)

    def of(self, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int16]]:
        """When the newest readings of series count (NEVER: there is none), their values and qualities."""
        if len(series):
            self.reserve(int(series.max()))
        return self.watermark[series], self._value[series], self._quality[series]

    async def restore(self, conn: Connection) -> None:
        """Load from the store, so that old data is not taken for new after a restart."""
        await catch_up(conn)
        row = await (await conn.execute(SQL.load)).fetchone()
        if row is not None and row[0]:
            series, ts, watermark, top, value, quality = (np.array(column) for column in row)
            self.reserve(int(series.max()))
            newer = watermark > self.watermark[series]
            series = series[newer]
            self._ts[series], self.watermark[series] = ts[newer], watermark[newer]
            self._top[series] = np.maximum(self._top[series], top[newer])
            self._value[series], self._quality[series] = value[newer], quality[newer]

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Note the series of which the batch has the newest reading, until they are flushed.

        One that replaces another is written at once: a flush that comes before `adopt` writes what it replaces, which
        must not be put in its place.
        """
        newest, watermark, replaces = self._newest(batch)
        if not len(newest):
            return
        if replaces is not None and replaces.any():
            await self._replace(conn, newest.where(replaces), watermark[replaces])
        odd = (newest.ts > watermark) | (newest.ts < self._top[newest.series])
        entries = None
        if odd.any():
            packed = np.empty(int(odd.sum()), _ODD)
            series, ts = newest.series[odd], newest.ts[odd]
            packed["series"], packed["ts"], packed["watermark"] = series, ts, watermark[odd]
            packed["top"] = np.maximum(self._top[series], ts)
            entries = packed.tobytes()
        self._noted += 1
        note = {"writer": self._id, "number": self._noted, "series": pack(newest.series[~odd]), "odd": entries}
        await conn.execute(SQL.note, note)

    async def _replace(self, conn: Connection, newest: Columns, watermark: NDArray[np.int64]) -> None:
        top = np.maximum(self._top[newest.series], newest.ts)
        values = {
            "series": newest.series.tolist(),
            "ts": [from_micros(at) for at in newest.ts.tolist()],
            "value": newest.value.tolist(),
            "quality": newest.quality.tolist(),
            "watermark": [from_micros(at) for at in watermark.tolist()],
            "top": [from_micros(at) for at in top.tolist()],
        }
        await conn.execute(SQL.replace, values)

    def adopt(self, batch: Batch) -> None:
        """Record the newest reading of each series in a committed batch."""
        newest, watermark, _ = self._newest(batch)
        self._adopted = self._noted
        series = newest.series
        self._ts[series] = newest.ts
        self.watermark[series] = watermark
        self._value[series] = newest.value
        self._quality[series] = newest.quality
        self._dirty[series] = True
        readings = batch.readings
        if len(readings):
            last = _last_of_each(readings)
            of = readings.series[last]
            self._top[of] = np.maximum(self._top[of], readings.ts[last])

    def _newest(self, batch: Batch) -> tuple[Columns, NDArray[np.int64], NDArray[np.bool_] | None]:
        """Readings newer than the known ones of their series, or that replace those; when they count; which replace.

        A reading that replaces another one may be newer as well, after a clock that was ahead.
        """
        counted, rows = in_counted_order(batch)
        if not len(counted):
            return counted, counted.ts, None
        self.reserve(int(counted.series[-1]))
        last = _last_of_each(counted)
        known = self.watermark[counted.series[last]]
        newer = counted.ts[last] > known
        replaces = None
        if (corrected := batch.of(Corrected).which) is not None:
            replaces = (corrected if rows is None else corrected[rows])[last]
            newer |= replaces & (counted.ts[last] == known)
            replaces = replaces[newer]
        newest = last[newer]
        return batch.readings.where(newest if rows is None else rows[newest]), counted.ts[newest], replaces

    async def flush(self, pool: Pool) -> None:
        """Write changes since the last flush; on StoreUnavailable they are kept for the next one."""
        series = np.flatnonzero(self._dirty)
        if not len(series):
            return
        readings = Columns(self._ts[series], series.astype(np.int32), self._value[series], self._quality[series])
        odd = series[(self._ts[series] > self.watermark[series]) | (self._ts[series] < self._top[series])]
        values = {
            "odd": odd.tolist(),
            "watermark": [from_micros(at) for at in self.watermark[odd].tolist()],
            "top": [from_micros(at) for at in self._top[odd].tolist()],
        }
        self._dirty[series] = False
        notes = {"writer": self._id, "number": self._adopted}
        try:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await stage_readings(conn, readings)
                    await conn.execute(SQL.merge, values)
                    await conn.execute(SQL.forget, notes)
        except BaseException:
            self._dirty[series] = True
            raise

    async def run(self, pool: Pool, every_s: float = 1.0) -> None:
        """Flush forever, at most 10 % of the time; outages are waited out, as the pipeline reports them."""
        took = 0.0
        while True:
            await asyncio.sleep(max(every_s, 9 * took))
            began = time.monotonic()
            try:
                await self.flush(pool)
            except HubError as error:
                log.debug("latest readings wait for the store: %s", error)
            took = time.monotonic() - began


def _last_of_each(readings: Columns) -> NDArray[np.int64]:
    """Where a reading is the last of its series; sorted by series."""
    return np.append(np.flatnonzero(readings.series[1:] != readings.series[:-1]), len(readings) - 1)


async def catch_up(conn: Connection) -> None:
    """Bring the table `latest` up to date with what is committed, of this process and of others, killed or not."""
    notes = await (await conn.execute(SQL.noted, binary=True)).fetchall()
    if not notes:
        return
    odd = dict[int, tuple[int, int, int]]()
    plain = set[int]()
    for *_, packed, entries in notes:
        came = unpack(packed).tolist()
        plain.update(came)
        for series in came:  # its time is the newest of all: what was odd before does not count any more
            odd.pop(series, None)
        for series, *times in np.frombuffer(entries or b"", _ODD).tolist():
            odd[series] = times[0], times[1], times[2]
    async with conn.transaction():
        # What is recent first: of 120 chunks all but the newest need not be looked at, series by series.
        recent = from_micros(now_micros() - RECENT)
        for since, known_before in ((recent, "infinity"), ("-infinity", recent)):
            asked = {"series": sorted(plain - odd.keys()), "since": since, "known_before": known_before}
            await conn.execute(SQL.catch_up, asked)
        for series, times in sorted(odd.items()):
            ts, watermark, top = map(from_micros, times)
            one = {"series": series, "ts": ts, "watermark": watermark, "top": top}
            await conn.execute(SQL.catch_up_odd, one)
        # A note is for the readings of its own commit, so nobody needs it any more, whoever wrote it.
        given = {"writers": [note[0] for note in notes], "numbers": [note[1] for note in notes]}
        await conn.execute(SQL.forget_all, given)


def pack(series: NDArray[np.int32]) -> bytes:
    """Ascending ids: as bits after the first one where they lie close, else 4 bytes each; the first byte tells."""
    if not len(series):
        return b""
    first, span = series[:1], int(series[-1]) - int(series[0]) + 1
    if span > 32 * len(series):
        return b"\0" + series.tobytes()
    bits = np.zeros(span, np.bool_)
    bits[series - first] = True
    return b"\1" + first.tobytes() + np.packbits(bits).tobytes()


def unpack(packed: bytes) -> NDArray[np.int32]:
    """The ids that `pack` was given."""
    if not packed:
        return np.empty(0, np.int32)
    if packed[:1] == b"\0":
        return np.frombuffer(packed, np.int32, offset=1)
    first, bits = np.frombuffer(packed, np.int32, 1, 1), np.frombuffer(packed, np.uint8, offset=5)
    return first + np.flatnonzero(np.unpackbits(bits)).astype(np.int32)


def _grown(old: NDArray[T], size: int, fill: object) -> NDArray[T]:
    new = np.full(size, fill, old.dtype)
    new[: len(old)] = old
    return new
