"""Replays dead letters through the pipeline after a fix.

A letter goes as it came: transport, address, payload and time of arrival, with its id as its source. Who commits it,
here, in a worker process or behind the bus, settles the letter in the same transaction; a replay only looks on. What
it stores has derived ids and keys, so a letter that is tried twice changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row

from hub.errors import At, TransientError
from hub.models import Delivery, Origin, Outcome, Raw
from hub.store.dead_letter_stage import REPLAY
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import stored

SQL = statements(__name__)

AT_ONCE = 200
"""Letters of one delivery: with 64 KiB each they take 13 MB."""
PATIENCE_S = 30.0
"""How long one delivery may take to be committed; after that the letters may be replayed again."""
LOOK_S = 0.1
"""How often it is looked whether the bus has brought letters to their commit."""


@dataclass(slots=True, frozen=True)
class Selection:
    """Filter for dead letters; bounded by `until`, so that a replay terminates."""

    id: UUID | None = None
    reason: str | None = None
    device: str | None = None
    devices: list[str] | None = None
    """Of one of these."""
    under: str | None = None
    """How their address begins."""
    transport: str | None = None
    since: datetime | None = None
    until: datetime = field(default_factory=lambda: datetime.now(UTC))

    def values(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


class Place(NamedTuple):
    """Position of a replay: the last dead letter processed."""

    received_at: datetime
    id: UUID


class Refusal(NamedTuple):
    """A dead letter refused again, with its new reason."""

    id: UUID
    device: str | None
    reason: str
    detail: str
    at: At = None


@dataclass(slots=True)
class Replayed:
    """Results of a replay."""

    accepted: int = 0
    refused: list[Refusal] = field(default_factory=list)
    cut: list[UUID] = field(default_factory=list)
    """Not replayed, for their payload was cut or not kept."""
    place: Place | None = None
    """Where to go on; None when the selection has come to its end."""

    @property
    def looked_at(self) -> int:
        return self.accepted + len(self.refused) + len(self.cut)


class Replay:
    """Resubmits dead letters; accepted ones are removed."""

    def __init__(
        self,
        pool: Pool,
        submit: Callable[[Delivery], Awaitable[None]],
        origin: Callable[[str, str], Origin],
    ) -> None:
        """`origin` resolves a dead letter's transport and address."""
        self._pool, self._submit, self._origin = pool, submit, origin

    async def count(self, selection: Selection) -> tuple[int, int]:
        """Number of dead letters that can be replayed, and of those that cannot (payload cut or not kept)."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.count, selection.values())).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    async def run(self, selection: Selection, limit: int, place: Place | None = None) -> Replayed:
        """Replay up to `limit` dead letters after a position, oldest first; TransientError: retry, nothing is lost."""
        done = Replayed(place=place)
        while done.looked_at < limit:
            size = min(AT_ONCE, limit - done.looked_at)
            letters = await self._next(selection, done.place, size)
            await self._replay(letters, done)
            if len(letters) < size:
                done.place = None
                break
            done.place = Place(letters[-1].received_at, letters[-1].id)
        return done

    async def _next(self, selection: Selection, place: Place | None, size: int) -> Sequence[Any]:
        after = place or Place(None, None)  # type: ignore[arg-type]  # null: from the first on
        values = selection.values() | {"after_received_at": after.received_at, "after_id": after.id, "limit": size}
        with sorted_errors():
            async with self._pool.connection() as conn, conn.cursor(row_factory=namedtuple_row) as cursor:
                await cursor.execute(SQL.select, values)
                return await cursor.fetchall()

    async def _replay(self, letters: Sequence[Any], done: Replayed) -> None:
        whole = [letter for letter in letters if len(letter.payload) == letter.payload_size > 0]
        kept = {letter.id for letter in whole}
        done.cut += [letter.id for letter in letters if letter.id not in kept]
        if not whole:
            return
        raws = [
            Raw(self._origin(one.transport, one.address), one.payload, one.received, source=f"{REPLAY}{one.id}")
            for one in whole
        ]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._through(raws)
                left = await self._committed(whole)
        except TimeoutError:
            raise TransientError(f"not committed within {PATIENCE_S:.0f} s; replay again") from None
        done.accepted += len(whole) - len(left)
        done.refused += [
            Refusal(one.id, one.device, one.reason, stored(one.detail, one.detail_words), one.at) for one in left
        ]

    async def _through(self, raws: list[Raw]) -> None:
        """Submit messages and wait until settled; on the bus their commit is still pending then."""
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            if not result.done():
                result.set_result(outcome)

        await self._submit(Delivery(raws, settle))
        if (await result).superseded:
            raise TransientError("the batch it was in was given up; replay again")

    async def _committed(self, letters: Sequence[Any]) -> list[Any]:
        """Wait for the verdict on each dead letter; returns those refused again, in order."""
        before = {letter.id: letter.replays for letter in letters}
        while True:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.cursor(row_factory=namedtuple_row) as cursor:
                    await cursor.execute(SQL.verdicts, {"ids": list(before)})
                    rows: list[Any] = await cursor.fetchall()
            left = {row.id: row for row in rows}
            if all(row.replays > before[id_] for id_, row in left.items()):
                return [left[id_] for id_ in before if id_ in left]
            await asyncio.sleep(LOOK_S)
