"""Newest reading of each series: current in memory, flushed to the store at most once a second."""

import asyncio
import logging
import time
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hub.errors import HubError
from hub.models import Batch, Columns
from hub.stage import Connection, Stage
from hub.store.binary_copy import stage_readings
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

T = TypeVar("T", bound=np.generic)

NEVER = np.iinfo(np.int64).min


class Latest(Stage):
    """Growable arrays indexed by series id; `adopt` receives committed batches."""

    def __init__(self) -> None:
        self.ts = np.full(1024, NEVER, np.int64)
        self._value = np.zeros(1024, np.float64)
        self._quality = np.zeros(1024, np.int16)
        self._dirty = np.zeros(1024, np.bool_)

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
        row = await (await conn.execute(SQL.load)).fetchone()
        if row is not None and row[0]:
            series, ts, value, quality = (np.array(column) for column in row)
            self.reserve(int(series.max()))
            newer = ts > self.ts[series]
            series = series[newer]
            self.ts[series], self._value[series], self._quality[series] = ts[newer], value[newer], quality[newer]

    def adopt(self, batch: Batch) -> None:
        """Record the last reading of each series in a committed batch (sorted by series, ts)."""
        readings = batch.readings
        if not len(readings):
            return
        self.reserve(int(readings.series[-1]))
        last = np.append(np.flatnonzero(readings.series[1:] != readings.series[:-1]), len(readings) - 1)
        last = last[readings.ts[last] > self.ts[readings.series[last]]]
        series = readings.series[last]
        self.ts[series] = readings.ts[last]
        self._value[series] = readings.value[last]
        self._quality[series] = readings.quality[last]
        self._dirty[series] = True

    async def flush(self, pool: Pool) -> None:
        """Write changes since the last flush; on StoreUnavailable they are kept for the next one."""
        series = np.flatnonzero(self._dirty)
        if not len(series):
            return
        readings = Columns(self.ts[series], series.astype(np.int32), self._value[series], self._quality[series])
        self._dirty[series] = False
        try:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await stage_readings(conn, readings)
                    await conn.execute(SQL.merge)
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


def _grown(old: NDArray[T], size: int, fill: object) -> NDArray[T]:
    new = np.full(size, fill, old.dtype)
    new[: len(old)] = old
    return new
