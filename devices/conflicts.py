"""Makes dead letters of messages that conflict with what is stored, and tells which ones only repeat it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from devices.letters import Withheld, conflict_letter
from devices.registry.registry import Registry
from hub.models import Batch, Event, Micros, Raw, from_micros
from hub.repeats import Conflicting, Conflicts, Doubles, Repeated, Repeats
from hub.stage import Connection, Stage
from hub.store.dead_letter_stage import REPLAY
from hub.words.sentence import Sentence

BURST = 20
"""Letters of conflicts that a device may have at once."""
EVERY: Micros = 10_000_000
"""It may have one more after so long."""


class _Used(dict[str, Micros]):
    """Until when the letters that a device (code) has had use up its allowance, if each one does so for EVERY."""


class _Conflict(NamedTuple):
    message: int
    taken: bool
    detail: Sentence


class ConflictLetters(Stage):
    """Tells repeats from conflicts by message, once the store has told them apart by reading and event.

    A message that is refused for another reason keeps its letter. A device that conflicts all the time, such as one
    that is faster than its clock, has few letters (BURST, EVERY), so that it does not use up those of others; the
    other ones are counted. It is no flood: its good data goes on. Costs nothing while nothing comes again.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._used = _Used()

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Add the letters of conflicts to the batch, its Repeated and its Conflicting."""
        doubles, repeats = batch.of(Doubles), batch.of(Repeats)
        if not len(doubles) and not len(repeats):
            return
        by_arrival = {(raw.origin.device, raw.received): index for index, raw in enumerate(batch.raws)}
        conflicts = list(self._conflicts(batch, doubles, repeats, by_arrival))
        batch.put(Conflicting(conflict.message for conflict in conflicts))
        withheld, letters, used = batch.of(Withheld), dict(batch.refused), batch.of(_Used)
        for index, taken, detail in sorted(conflicts, key=lambda conflict: conflict.taken):  # what is lost comes first
            if index not in letters:
                letter = conflict_letter(batch.raws[index], detail, taken, index in withheld)
                letters[index] = replace(letter, counted_only=self._is_excess(letter.raw, used))
        batch.refused = letters
        again = {*doubles.messages.tolist(), *repeats.messages.tolist(), *_messages(repeats.events, by_arrival)}
        new = {*batch.messages().tolist(), *_messages(batch.events, by_arrival)}
        batch.put(Repeated(again - new - letters.keys() - {-1}))

    def adopt(self, batch: Batch) -> None:
        """Take over who has had letters; those who may have BURST again are forgotten."""
        if used := batch.of(_Used):
            now = max(raw.received for raw in batch.raws)
            self._used = _Used({device: at for device, at in {**self._used, **used}.items() if at > now})

    def _is_excess(self, raw: Raw, used: _Used) -> bool:
        """Whether the device of a message has had its letters; if not, it has one more."""
        if raw.source.startswith(REPLAY):
            return False
        device = raw.origin.device
        until = max(used.get(device, self._used.get(device, raw.received)), raw.received)
        if until > raw.received + (BURST - 1) * EVERY:
            return True
        used[device] = until + EVERY
        return False

    def _conflicts(
        self, batch: Batch, doubles: Doubles, repeats: Repeats, by_arrival: dict[tuple[str, Micros], int]
    ) -> Iterator[_Conflict]:
        """All conflicts whose message is known, those of readings first."""
        for conflicts in (repeats.conflicts, doubles.conflicts):
            yield from self._of_readings(conflicts)
        for event, won in repeats.event_conflicts:
            for index in _messages([event], by_arrival):
                yield _Conflict(index, won, _event_sentence(event, won))

    def _of_readings(self, conflicts: Conflicts) -> Iterator[_Conflict]:
        """The first conflict of each message."""
        readings, told = conflicts.readings, set[int]()
        rows = zip(
            conflicts.message.tolist(), readings.series.tolist(), readings.ts.tolist(), readings.value.tolist(),
            conflicts.other.tolist(), conflicts.won.tolist(), strict=True,
        )  # fmt: skip
        for message, series, ts, value, other, won in rows:
            if message < 0 or message in told:
                continue
            told.add(message)
            values = {"metric": self._metric(series), "time": _written(ts)}
            values |= {"value": f"{value:.15g}", "other": f"{other:.15g}"}
            detail = (
                Sentence("refusal.reading.replaced", **values)
                if won
                else Sentence("refusal.reading.conflicting", **values)
            )
            yield _Conflict(message, won, detail)

    def _metric(self, series: int) -> str:
        device = self._registry.owner(series)
        return next((repr(metric) for metric, id_ in device.series.items() if id_ == series), "") if device else ""


def _event_sentence(event: Event, won: bool) -> Sentence:
    values = {"kind": repr(event.kind), "time": _written(event.ts)}
    return Sentence("refusal.event.replaced", **values) if won else Sentence("refusal.event.conflicting", **values)


def _messages(events: list[Event], by_arrival: dict[tuple[str, Micros], int]) -> Iterator[int]:
    """Indices of the messages of events, where they are known."""
    for event in events:
        index = by_arrival.get((event.device, event.received))
        if index is not None:
            yield index


def _written(ts: Micros) -> str:
    return from_micros(ts).isoformat().replace("+00:00", "Z")
