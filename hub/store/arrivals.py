"""Times of arrival that outlive the process, for messages that carry no time of their own.

A broker delivers a message again when it did not see our acknowledgement, even if we committed the message. Its
packet id and content are then the same, and it must get the same time, or it would be stored twice. Each commit
with such messages writes one row of packed entries; rows are pruned once 16-bit packet ids must have come round.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import psycopg

from hub.models import Arrival, Micros
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import load

KEEP = 2 * 65_536
"""Entries kept for a source: twice the number of packet ids there are."""

_ENTRY = np.dtype([("token", "<u2"), ("digest", "<u4"), ("received", "<i8")])


Known = dict[str, dict[int, tuple[int, Micros]]]
"""By source and token, the newest token last: digest and time of arrival of the message that came last with it."""


def remember(known: Known, source: str, arrival: Arrival) -> None:
    """Note an arrival as the newest of its source, if it is not known; at most 65,536 are kept of a source."""
    tokens, noted = known.setdefault(source, {}), (arrival.digest, arrival.received)
    if tokens.get(arrival.token) != noted:
        tokens.pop(arrival.token, None)
        tokens[arrival.token] = noted


async def load_arrivals(pool: Pool) -> Known:
    """What the store remembers of all sources."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(load("arrival_load"))).fetchall()
    known: Known = {}
    for source, packed in rows:
        for entry in np.frombuffer(packed, _ENTRY).tolist():
            remember(known, source, Arrival(*entry))
    return known


@dataclass(slots=True)
class _Written:
    """Of one source: seq and size of the rows that this process wrote and has not pruned."""

    rows: deque[tuple[int, int]] = field(default_factory=deque)
    entries: int = 0
    oldest: int = -(2**63)
    """Rows before this seq may go."""


class Arrivals:
    """Writes the arrivals of sources, each in rising order, and prunes what is too old to matter."""

    def __init__(self) -> None:
        self._written: dict[str, _Written] = {}

    async def save(self, conn: psycopg.AsyncConnection, source: str, arrivals: Sequence[Arrival]) -> None:
        """Store a batch's arrivals inside the caller's transaction; storing them twice does no harm."""
        written = self._written.setdefault(source, _Written())
        # Unique for a row that holds anything new, and the same when a commit or a delivery is repeated.
        seq = max(arrival.received for arrival in arrivals)
        if not written.rows or written.rows[-1][0] != seq:
            written.rows.append((seq, len(arrivals)))
            written.entries += len(arrivals)
        while written.entries - written.rows[0][1] >= KEEP:
            written.entries -= written.rows.popleft()[1]
            written.oldest = written.rows[0][0]
        entries = np.array(arrivals, _ENTRY).tobytes()
        values = {"source": source, "seq": seq, "entries": entries, "oldest": written.oldest}
        await conn.execute(load("arrival_save"), values)
