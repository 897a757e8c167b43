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
from hub.store.statements import statements

SQL = statements(__name__)

KEEP = 2 * 65_536
"""Entries kept for a source: twice the number of packet ids there are."""

_BUCKET = 1024

_ENTRY = np.dtype([("token", "<u2"), ("digest", "<u4"), ("received", "<i8")])


class Remembered:
    """Of one source: digest and time of arrival of the message that came last with each token."""

    def __init__(self) -> None:
        self.tokens: dict[int, tuple[int, Micros]] = {}
        self._newest = [0] * (65_536 // _BUCKET)
        """The newest time of arrival among each _BUCKET tokens."""

    def note(self, arrival: Arrival) -> None:
        """Note what arrived with a token, in place of what had the token before."""
        token, digest, received = arrival
        self.tokens[token] = (digest, received)
        bucket = token // _BUCKET
        self._newest[bucket] = max(self._newest[bucket], received)

    def recall(self, token: int, digest: int) -> Micros | None:
        """When the message arrived that is delivered again with this token; None when it is another message.

        Tokens rise and come round. What was noted before messages that are some 20,000 tokens behind it is of the round
        before: it was acknowledged long ago. So a message may be delivered again while one that is 40,000 further ahead
        was seen already; mosquitto with max_inflight_messages 20000 was seen to have 38,000 in flight on a machine with
        too much to do.
        """
        noted = self.tokens.get(token)
        if noted is None or noted[0] != digest:
            return None
        behind = range(token - 22 * _BUCKET, token - 18 * _BUCKET, _BUCKET)
        past = any(self._newest[place % 65_536 // _BUCKET] > noted[1] for place in behind)
        return None if past else noted[1]


Known = dict[str, Remembered]
"""By source."""


async def load_arrivals(pool: Pool) -> Known:
    """What the store remembers of all sources."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.load)).fetchall()
    known: Known = {}
    for source, packed in rows:
        remembered = known.setdefault(source, Remembered())
        for entry in np.frombuffer(packed, _ENTRY).tolist():
            remembered.note(Arrival(*entry))
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
        await conn.execute(SQL.save, values)
