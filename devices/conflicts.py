"""Makes dead letters of messages that conflict with what is stored, and tells which ones only repeat it."""

from collections.abc import Iterator
from typing import NamedTuple

from devices.letters import Withheld, conflict_letter
from devices.registry.registry import Registry
from hub.models import Batch, Event, Micros, from_micros
from hub.repeats import Conflicting, Conflicts, Doubles, Repeated, Repeats
from hub.stage import Connection, Stage
from hub.words.sentence import Sentence


class _Conflict(NamedTuple):
    message: int
    taken: bool
    detail: Sentence


class ConflictLetters(Stage):
    """Tells repeats from conflicts by message, once the store has told them apart by reading and event.

    A message that is refused for another reason keeps its letter. Costs nothing while nothing comes again.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Add the letters of conflicts to the batch, its Repeated and its Conflicting."""
        doubles, repeats = batch.of(Doubles), batch.of(Repeats)
        if not len(doubles) and not len(repeats):
            return
        by_arrival = {(raw.origin.device, raw.received): index for index, raw in enumerate(batch.raws)}
        conflicts = list(self._conflicts(batch, doubles, repeats, by_arrival))
        batch.put(Conflicting(conflict.message for conflict in conflicts))
        withheld, letters = batch.of(Withheld), dict(batch.refused)
        for index, taken, detail in sorted(conflicts, key=lambda conflict: conflict.taken):  # what is lost comes first
            if index not in letters:
                letters[index] = conflict_letter(batch.raws[index], detail, taken, index in withheld)
        batch.refused = letters
        again = {*doubles.messages.tolist(), *repeats.messages.tolist(), *_messages(repeats.events, by_arrival)}
        new = {*batch.messages().tolist(), *_messages(batch.events, by_arrival)}
        batch.put(Repeated(again - new - letters.keys() - {-1}))

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
