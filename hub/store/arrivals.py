"""Times of arrival that outlive the process, for messages that carry no time of their own.

A broker delivers a message again when it did not see our acknowledgement, even if we committed the message. Its
packet id and content are then the same, and it must get the same time, or it would be stored twice. Each commit
with such messages writes one row of packed entries; rows are pruned once 16-bit packet ids must have come round.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
import psycopg

from hub.models import Arrival
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import load

KEEP = 2 * 65_536
"""Entries kept for a source: twice the number of packet ids there are."""

_ENTRY = np.dtype([("token", "<u2"), ("digest", "<u4"), ("received", "<i8")])


class Arrivals:
    """The stored arrivals of one source (an MQTT client id)."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._kept: deque[tuple[int, int]] = deque()
        self._count = 0

    async def load(self, pool: Pool) -> dict[int, tuple[int, int]]:
        """token -> (digest, received) of what was stored last."""
        with sorted_errors():
            async with pool.connection() as conn:
                cursor = await conn.execute(load("arrival_load"), {"source": self._source})
                rows = await cursor.fetchall()
        known: dict[int, tuple[int, int]] = {}
        self._kept.clear()
        self._count = 0
        for seq, packed in rows:
            entries = np.frombuffer(packed, _ENTRY)
            self._kept.append((seq, len(entries)))
            self._count += len(entries)
            known.update({int(token): (int(digest), int(received)) for token, digest, received in entries})
        return known

    async def save(self, conn: psycopg.AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Store a batch's arrivals inside the caller's transaction; storing them twice is storing them once."""
        seq = arrivals[-1].received
        if not self._kept or self._kept[-1][0] != seq:
            self._kept.append((seq, len(arrivals)))
            self._count += len(arrivals)
        while self._count - self._kept[0][1] >= KEEP:
            self._count -= self._kept.popleft()[1]
        entries = np.array(arrivals, _ENTRY).tobytes()
        oldest = self._kept[0][0]
        values = {"source": self._source, "seq": seq, "entries": entries, "oldest": oldest}
        await conn.execute(load("arrival_save"), values)
