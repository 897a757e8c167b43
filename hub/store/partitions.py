"""Creates partitions of table reading ahead of use."""

import numpy as np
import psycopg
from numpy.typing import NDArray

from hub.models import Columns


class Partitions:
    """Caches existing monthly partitions (UTC); TimescaleDB creates chunks itself."""

    def __init__(self) -> None:
        self._months: set[np.datetime64] = set()

    async def ensure(self, conn: psycopg.AsyncConnection, readings: Columns) -> None:
        """Create missing partitions for readings."""
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
        """Clear the cache, because retention may have dropped partitions."""
        self._months.clear()


def _months(ts: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return ts.astype("datetime64[us]").astype("datetime64[M]")
