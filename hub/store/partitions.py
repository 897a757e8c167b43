"""The partitions that readings go into, made before they are needed."""

import numpy as np
import psycopg
from numpy.typing import NDArray

from hub.models import Columns


class Partitions:
    """Remembers the months (UTC) that are there; on TimescaleDB chunks make themselves."""

    def __init__(self) -> None:
        self._months: set[np.datetime64] = set()

    async def ensure(self, conn: psycopg.AsyncConnection, readings: Columns) -> None:
        """Make what is missing for readings."""
        if not len(readings):
            return
        ends = np.array([readings.ts.min(), readings.ts.max()])
        months = set(_months(ends))
        if len(months) > 1:
            months = set(np.unique(_months(readings.ts)))
        for month in sorted(months - self._months):
            await conn.execute("select ensure_partition(%s)", (month.astype("datetime64[D]").item(),))
        self._months |= months

    def forget(self) -> None:
        """Retention may have dropped some."""
        self._months.clear()


def _months(ts: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return ts.astype("datetime64[us]").astype("datetime64[M]")
