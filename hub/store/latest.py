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

SQL = statements(__name__)

log = logging.getLogger(__name__)

T = TypeVar("T", bound=np.generic)

NEVER = np.iinfo(np.int64).min
RECENT: Micros = 2 * 86_400_000_000
"""Since when the newest reading of most series is."""


class Latest(Stage):
    """Growable arrays indexed by series id; `adopt` receives committed batches."""

    def __init__(self) -> None:
        self.ts = np.full(1024, NEVER, np.int64)
        self._value = np.zeros(1024, np.float64)
        self._quality = np.zeros(1024, np.int16)
        self._dirty = np.zeros(1024, np.bool_)
        self._id = uuid4()
        self._noted = self._adopted = 0
        """Numbers of this process's newest note, and of the newest one that is committed."""

    def reserve(self, series: int) -> None:
        """Ensure capacity for series ids up to `series`."""
        if series < len(self.ts):
            return
        size = max(series + 1, 2 * len(self.ts))
        self.ts = _grown(self.ts, size, NEVER)
        self._value = _grown(self._value, size, 0)
        self._quality = _grown(self._quality, size, 0)
        self._dirty = _grown(self._dirty, size, False)

    async def restore(self, conn: Connection) -> None:
        """Load from the store, so that old data is not taken for new after a restart."""
        await catch_up(conn)
        row = await (await conn.execute(SQL.load)).fetchone()
        if row is not None and row[0]:
            series, ts, value, quality = (np.array(column) for column in row)
            self.reserve(int(series.max()))
            newer = ts > self.ts[series]
            series = series[newer]
            self.ts[series], self._value[series], self._quality[series] = ts[newer], value[newer], quality[newer]

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Note the series of which the batch has the newest reading, until they are flushed."""
        series = batch.readings.series[self._newest(batch)]
        if len(series):
            self._noted += 1
            note = {"writer": self._id, "number": self._noted, "series": pack(series)}
            await conn.execute(SQL.note, note)

    def adopt(self, batch: Batch) -> None:
        """Record the last reading of each series in a committed batch."""
        readings, last = batch.readings, self._newest(batch)
        self._adopted = self._noted
        series = readings.series[last]
        self.ts[series] = readings.ts[last]
        self._value[series] = readings.value[last]
        self._quality[series] = readings.quality[last]
        self._dirty[series] = True

    def _newest(self, batch: Batch) -> NDArray[np.int64]:
        """Where a reading is the last of its series (sorted by series, ts), and newer than the known one, or that."""
        readings = batch.readings
        if not len(readings):
            return np.empty(0, np.int64)
        self.reserve(int(readings.series[-1]))
        last = np.append(np.flatnonzero(readings.series[1:] != readings.series[:-1]), len(readings) - 1)
        known = self.ts[readings.series[last]]
        newest = readings.ts[last] > known
        if (corrected := batch.of(Corrected).which) is not None:
            newest |= corrected[last] & (readings.ts[last] == known)
        found: NDArray[np.int64] = last[newest]
        return found

    async def flush(self, pool: Pool) -> None:
        """Write changes since the last flush; on StoreUnavailable they are kept for the next one."""
        series = np.flatnonzero(self._dirty)
        if not len(series):
            return
        readings = Columns(self.ts[series], series.astype(np.int32), self._value[series], self._quality[series])
        self._dirty[series] = False
        notes = {"writer": self._id, "number": self._adopted}
        try:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await stage_readings(conn, readings)
                    await conn.execute(SQL.merge)
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


async def catch_up(conn: Connection) -> None:
    """Bring the table `latest` up to date with what is committed, of this process and of others, killed or not."""
    notes = await (await conn.execute(SQL.noted, binary=True)).fetchall()
    if not notes:
        return
    series = np.unique(np.concatenate([unpack(packed) for *_, packed in notes]))
    async with conn.transaction():
        # What is recent first: of 120 chunks all but the newest need not be looked at, series by series.
        recent = from_micros(now_micros() - RECENT)
        for since, known_before in ((recent, "infinity"), ("-infinity", recent)):
            values = {"series": series.tolist(), "since": since, "known_before": known_before}
            await conn.execute(SQL.catch_up, values)
        # A note is for the readings of its own commit, so nobody needs it any more, whoever wrote it.
        writers, numbers, _ = zip(*notes, strict=True)
        await conn.execute(SQL.forget_all, {"writers": list(writers), "numbers": list(numbers)})


def pack(series: NDArray[np.int32]) -> bytes:
    """Ascending ids: as bits after the first one where they lie close, else 4 bytes each; the first byte tells."""
    first, span = series[:1], int(series[-1]) - int(series[0]) + 1
    if span > 32 * len(series):
        return b"\0" + series.tobytes()
    bits = np.zeros(span, np.bool_)
    bits[series - first] = True
    return b"\1" + first.tobytes() + np.packbits(bits).tobytes()


def unpack(packed: bytes) -> NDArray[np.int32]:
    """The ids that `pack` was given."""
    if packed[:1] == b"\0":
        return np.frombuffer(packed, np.int32, offset=1)
    first, bits = np.frombuffer(packed, np.int32, 1, 1), np.frombuffer(packed, np.uint8, offset=5)
    return first + np.flatnonzero(np.unpackbits(bits)).astype(np.int32)


def _grown(old: NDArray[T], size: int, fill: object) -> NDArray[T]:
    new = np.full(size, fill, old.dtype)
    new[: len(old)] = old
    return new
