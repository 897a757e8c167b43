"""Dead letters through the pipeline once more, after what was wrong has been put right.

A letter goes as it came: transport, address, payload and time of arrival. What the replay stores has derived ids and
keys, so a crash between that commit and the letter's removal leaves a letter whose next replay changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row

from hub.errors import TransientError
from hub.models import DeadLetter, Delivery, Outcome, Raw
from hub.store.letters import REPLAY, storable
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import load

AT_ONCE = 200
"""Letters of one delivery: with 64 KiB each they take 13 MB."""
PATIENCE_S = 30.0
"""How long one delivery may take to be committed; after that the letters stay, and may be replayed again."""


@dataclass(slots=True, frozen=True)
class Selection:
    """Which letters: those that fit everything that is given; up to `until`, so that it comes to an end."""

    id: UUID | None = None
    reason: str | None = None
    device: str | None = None
    since: datetime | None = None
    until: datetime = field(default_factory=lambda: datetime.now(UTC))

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("id", "reason", "device", "since", "until")}


class Place(NamedTuple):
    """Where a replay has come to: the last letter that was looked at."""

    received_at: datetime
    id: UUID


class Refusal(NamedTuple):
    """A letter that was refused again, with its new reason."""

    id: UUID
    device: str | None
    reason: str
    detail: str


@dataclass(slots=True)
class Replayed:
    """What became of the letters that a replay looked at."""

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
    """Puts letters through the pipeline and removes those that it accepts."""

    def __init__(self, pool: Pool, submit: Callable[[Delivery], Awaitable[None]]) -> None:
        self._pool, self._submit = pool, submit

    async def count(self, selection: Selection) -> tuple[int, int]:
        """How many letters of a selection can be replayed, and how many cannot, for they were cut or not kept."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(load("replay_count"), selection.values())).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    async def run(self, selection: Selection, limit: int, place: Place | None = None) -> Replayed:
        """Replay up to `limit` letters after a place, oldest first; TransientError: try again, nothing is lost."""
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
                await cursor.execute(load("replay_select"), values)
                return await cursor.fetchall()

    async def _replay(self, letters: Sequence[Any], done: Replayed) -> None:
        whole = [letter for letter in letters if len(letter.payload) == letter.payload_size > 0]
        kept = {letter.id for letter in whole}
        done.cut += [letter.id for letter in letters if letter.id not in kept]
        if not whole:
            return
        raws = [Raw(one.transport, one.address, one.payload, one.received, source=REPLAY) for one in whole]
        outcome = await self._through(raws)
        await self._settle([letter.id for letter in whole], outcome.refused)
        done.accepted += len(whole) - len(outcome.refused)
        for index, refusal in sorted(outcome.refused.items()):
            done.refused.append(Refusal(whole[index].id, refusal.device, refusal.reason, refusal.detail))

    async def _through(self, raws: list[Raw]) -> Outcome:
        """What the pipeline makes of messages; waits for their commit."""
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            if not result.done():
                result.set_result(outcome)

        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._submit(Delivery(raws, settle))
                outcome = await result
        except TimeoutError:
            raise TransientError(f"not committed within {PATIENCE_S:.0f} s; replay again") from None
        if outcome.superseded:
            raise TransientError("the batch it was in was given up; replay again")
        return outcome

    async def _settle(self, ids: Sequence[UUID], refused: Mapping[int, DeadLetter]) -> None:
        again = [replace(letter, id=ids[index]) for index, letter in refused.items()]
        values = {
            "accepted": [id_ for index, id_ in enumerate(ids) if index not in refused],
            "id": [letter.id for letter in again],
            "reason": [letter.reason for letter in again],
            "detail": [storable(letter.detail) for letter in again],
            "device": [letter.device for letter in again],
            "keep": [bool(letter.raw.payload) for letter in again],
        }
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(load("replay_settle"), values)
