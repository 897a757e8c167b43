"""Persistent arrival times of messages without timestamps, so that redeliveries keep theirs.

A broker delivers a message again when it did not see our acknowledgement, even if we committed the message. Its
packet id and content are then the same, and it must get the same time, or it would be stored twice. Each commit
with such messages writes one row of packed entries; rows are pruned once 16-bit packet ids must have come round.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

import numpy as np

from hub.models import Batch, Micros, Raw, Repeat
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

KEEP = 2 * 65_536
"""Entries kept for a source: twice the number of packet ids there are."""

DISTINCT = 3
"""Different messages that tell a replay."""
AHEAD = 1_000
"""Messages among which they are looked for."""
LOOKS = 8
"""How often, while few messages are there."""

_BUCKET = 1024

_ENTRY = np.dtype([("token", "<u2"), ("digest", "<u4"), ("received", "<i8")])


class Arrival(NamedTuple):
    """Identifies a message without a timestamp when it is redelivered."""

    token: int
    digest: int
    received: Micros


class Remembered:
    """Per source: digest and arrival time of the last message for each token."""

    def __init__(self) -> None:
        self.tokens: dict[int, tuple[int, Micros]] = {}
        self._newest = [0] * (65_536 // _BUCKET)
        """The newest time of arrival among each _BUCKET tokens."""
        self._last = 0
        """The token that was noted last."""
        self._replay: bool | None = False
        """Whether what comes is a replay; None: that is to be found out."""
        self._looks = 0

    def note(self, arrival: Arrival) -> None:
        """Record an arrival, replacing the token's previous one."""
        token, digest, received = arrival
        self._last = token
        self.tokens[token] = (digest, received)
        bucket = token // _BUCKET
        self._newest[bucket] = max(self._newest[bucket], received)

    def is_replay(self, token: int, coming: Iterable[tuple[int, int]]) -> bool:
        """Whether a resumed session delivers again, unmarked, what it had delivered; `coming`: tokens and digests.

        A broker that was killed and has lost what it noted since its last save goes back to the tokens of then, and
        delivers the same messages by the same tokens in the same order. So the tokens have to go back, and DISTINCT
        messages of the next ones have to be known; one alone may be like another of before on a broker whose tokens
        begin anew. The first one that is new is behind all that come again.
        """
        self.note_token(token)
        if self._replay is None:
            known = {digest for token, digest in coming if self.recall(token, digest) is not None}
            self._looks += 1
            if len(known) >= DISTINCT or self._looks >= LOOKS:
                self._replay = len(known) >= DISTINCT
        return bool(self._replay)

    def note_token(self, token: int) -> None:
        """A message may have come again: when the tokens go back, a replay may begin."""
        if (self._last - token) % 65_536 < 32_768:
            self._replay, self._looks = None, 0

    def end_replay(self) -> None:
        """A message was new: no message behind it is a replay, until the tokens go back."""
        if self._replay:
            self._replay = False

    def recall(self, token: int, digest: int) -> Micros | None:
        """Original arrival time of a redelivered message; None when it is a different message.

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


class Fresh(dict[str, list[Arrival]]):
    """New arrivals of a batch, by source."""


@dataclass(slots=True)
class _Written:
    """Per source: sequence number and size of the rows written and not yet pruned."""

    rows: deque[tuple[int, int]] = field(default_factory=deque)
    entries: int = 0
    oldest: int = -(2**63)
    """Rows before this seq may go."""


class Arrivals(Stage):
    """Writes arrivals in increasing order per source, and prunes old ones."""

    def __init__(self) -> None:
        self.known: Known = {}
        """Noted when a message is read, for it may come again before the commit; with that it is kept for good."""
        self._written: dict[str, _Written] = {}

    async def restore(self, conn: Connection) -> None:
        """Load the arrivals of all sources."""
        rows = await (await conn.execute(SQL.load)).fetchall()
        self.known.update({source: Remembered() for source, _ in rows})
        for source, packed in rows:
            remembered = self.known[source]
            for entry in np.frombuffer(packed, _ENTRY).tolist():
                remembered.note(Arrival(*entry))

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store a batch's arrivals."""
        for source, arrivals in batch.of(Fresh).items():
            await self._save(conn, source, arrivals)

    async def _save(self, conn: Connection, source: str, arrivals: Sequence[Arrival]) -> None:
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


def possible(raws: Iterable[Raw], source: str) -> Iterator[tuple[int, int]]:
    """Tokens and digests of what a source may be delivering again, unmarked."""
    return ((raw.token, digest_of(raw)) for raw in raws if raw.repeated == Repeat.POSSIBLE and raw.source == source)


def digest_of(raw: Raw) -> int:
    """Digest distinguishing messages that had the same packet id."""
    return crc32(raw.payload, crc32(raw.origin.address.encode()))
