"""Silences (静默): deliveries that are kept back for a while, and what becomes of them afterwards.

Only what is pushed to consumers is kept back: alerts are raised, listed, streamed and escalate as ever.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from hub.alerts.routing import Filter, Place
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

RED = 4
LONGEST_RED = timedelta(hours=24)
LONGEST = timedelta(days=30)
EVERY_S = 1.0
AT_ONCE = 1000
LOUD = frozenset({"raised", "updated"})
"""What is kept back of an alert that a consumer was told of before; how else it goes on, it hears."""


class Silence(NamedTuple):
    """One that is in force or will be: approved, where it needs that."""

    id: UUID
    wanted: Filter
    device: str | None
    max_level: int
    from_at: datetime
    to_at: datetime

    def covers(self, place: Place, at: datetime) -> bool:
        """Whether what happens at a time with such an alert is kept back."""
        return (
            self.from_at <= at < self.to_at
            and place.level <= self.max_level
            and self.device in (None, place.device)
            and self.wanted.takes(place, at)
        )


def silence_of(silences: Iterable[Silence], kind: str, place: Place, consumer: int, at: datetime) -> UUID | None:
    """The silence that keeps a change of a kind back from a consumer; of several the longest."""
    if kind not in LOUD and consumer in place.told:
        return None
    covering = [each for each in silences if each.covers(place, at)]
    return max(covering, key=lambda each: each.to_at).id if covering else None


async def release_ended(conn: psycopg.AsyncConnection) -> float:
    """Deliver what still lasts of ended silences, the newest change of each alert; returns seconds until the next look.

    Work of a leader. What is over, or was told by a later change, is given up. One statement: all or nothing.
    """
    over = Sentence("delivery.silenced")
    words = {"reason": str(over), "words": Jsonb(written(over)), "limit": AT_ONCE}
    while (await conn.execute(SQL.release, words)).rowcount:
        await conn.execute(SQL.notify)
    return EVERY_S
