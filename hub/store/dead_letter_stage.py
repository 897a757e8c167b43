"""Writes dead letters: all of them normally, a sample per minute under load; every one is counted.

A storm of bad messages must not fill the disk: above a limit a letter is only counted, in the same transaction.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from hub.errors import At
from hub.models import Batch, DeadLetter, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements
from hub.words.sentence import Words
from hub.words.sentence import written as words_of

SQL = statements(__name__)

DEAD_LETTER_BYTES = 65_536
"""Of a refused message this much is kept, so that large ones cannot fill the disk."""

BYTES_EACH = 4096
"""Of a reason, a minute keeps letters until this much for each of its allowed number is used up."""

PER_MINUTE = 1000

AT_ONCE = 16
"""Letters that pass the gate before others have a turn: each takes up to some milliseconds."""

REPLAY = "\0replay "
"""Before the letter's id: `Raw.source` of a dead letter that is tried again. No MQTT client id can hold a NUL."""

Dropped = dict[tuple[str, str], int]
"""By reason and transport."""


class Kept(set[int]):
    """Indices of messages whose letters are stored whatever came in the minute: who puts them here bounds them."""

    def __init__(self) -> None:
        super().__init__()
        self.displaced: Dropped = {}
        """Letters that were deleted for them."""


class Sampler:
    """Selects the dead letters to store: the first `per_minute` of each reason per minute. Pure."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._kept: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def choose(self, letters: Iterable[DeadLetter], minute: int) -> tuple[list[DeadLetter], Dropped]:
        """Those to store, in order, and the number to count only; `minute` never decreases."""
        if minute > self._minute:
            self._minute = minute
            self._kept.clear()
            self._bytes.clear()
        chosen: list[DeadLetter] = []
        dropped: Counter[tuple[str, str]] = Counter()
        for letter in letters:
            reason = letter.reason
            full = letter.counted_only or self._kept[reason] >= self._per_minute
            if full or self._bytes[reason] >= self._per_minute * BYTES_EACH:
                dropped[reason, letter.raw.origin.transport] += 1
                continue
            self._kept[reason] += 1
            self._bytes[reason] += min(len(letter.raw.payload), DEAD_LETTER_BYTES)
            chosen.append(letter)
        return chosen, dict(dropped)


class DeadLetters(Stage):
    """Writes the dead letters of batches; the limit applies per process."""

    def __init__(
        self, per_minute: int = PER_MINUTE, gate: Callable[[DeadLetter], DeadLetter] = lambda letter: letter
    ) -> None:
        """`gate` makes of a letter what may be stored of it; it is asked for those that are stored only."""
        self._sampler, self._gate = Sampler(per_minute), gate
        self._batch: Batch | None = None
        self._of: Mapping[int, DeadLetter] = {}
        """The letters that were chosen from: an attempt may have refused others."""
        self._chosen: tuple[list[DeadLetter], Dropped] = [], {}
        self._passed = 0
        """So many of the chosen have passed the gate."""
        self._minute = 0

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store and count a batch's dead letters; a repeated commit selects the same ones."""
        if not batch.refused:
            return
        stored, sampled = await self._choose(batch)
        dropped = Counter(sampled) + Counter(batch.of(Kept).displaced)
        if not stored and not dropped:
            return
        tally = {
            "minute": datetime.fromtimestamp(self._minute * 60, UTC),
            "dropped_reason": [reason for reason, _ in dropped],
            "dropped_transport": [transport for _, transport in dropped],
            "dropped": list(dropped.values()),
        }
        await conn.execute(SQL.dead_letter_insert, tally | _columns(stored))

    async def _choose(self, batch: Batch) -> tuple[list[DeadLetter], Dropped]:
        if batch is not self._batch or batch.refused != self._of:
            self._batch, self._of, self._minute = batch, batch.refused, int(time.time()) // 60
            fresh = {i: letter for i, letter in batch.refused.items() if not letter.raw.source.startswith(REPLAY)}
            kept = [letter for i, letter in fresh.items() if i in batch.of(Kept)]
            others = [letter for i, letter in fresh.items() if i not in batch.of(Kept)]
            chosen, dropped = self._sampler.choose(others, self._minute)
            self._chosen, self._passed = ([*kept, *chosen], dropped), 0
        chosen, _ = self._chosen
        while self._passed < len(chosen):
            chosen[self._passed] = self._gate(chosen[self._passed])
            self._passed += 1
            if not self._passed % AT_ONCE:
                await asyncio.sleep(0)
        return self._chosen


def _columns(letters: list[DeadLetter]) -> dict[str, object]:
    return {
        "id": [letter.id for letter in letters],
        "received_at": [from_micros(letter.raw.received) for letter in letters],
        "transport": [letter.raw.origin.transport for letter in letters],
        "address": [storable(letter.raw.origin.address) for letter in letters],
        "device": [letter.device for letter in letters],
        "reason": [letter.reason for letter in letters],
        "detail": [storable(letter.detail) for letter in letters],
        "detail_words": [words_written(letter.detail) for letter in letters],
        "at": [written(letter.at) for letter in letters],
        "payload": [letter.raw.payload[:DEAD_LETTER_BYTES] for letter in letters],
        "payload_size": [len(letter.raw.payload) for letter in letters],
    }


def storable(text: str) -> str:
    """Sanitise text for PostgreSQL, because a rejected dead letter would stop the pipeline."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def words_written(detail: str) -> str | None:
    """What a sentence was made of as JSON for the column `detail_words`; None for other text."""
    words = words_of(detail)
    return None if words is None else msgspec.json.encode(_storable_words(words)).decode()


def _storable_words(words: Words) -> Words:
    values = {
        name: _storable_words(value)
        if isinstance(value, dict)
        else storable(value)
        if isinstance(value, str)
        else value
        for name, value in words["values"].items()
    }
    return {"key": words["key"], "values": values}


def written(at: At) -> str | None:
    """A location as JSON for the column `at`."""
    return None if at is None else msgspec.json.encode(at).decode()
