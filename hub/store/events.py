"""Commits events, each once by id."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from psycopg.types.json import Jsonb

from hub.models import Batch, Event, from_micros
from hub.repeats import Corrected, EventConflict, Repeats
from hub.stage import Connection, Stage
from hub.store.redelivery import maybe_delivered_before
from hub.store.statements import statements

SQL = statements(__name__)

SENT_AGAIN = timedelta(minutes=1)
"""An event with an id and without a time that comes within so long of one with the same content is that one."""

Places = Sequence[int]
"""Of events among those that a batch brought."""


@dataclass(slots=True)
class _Judged:
    """What becomes of the events of a batch."""

    repeats: Repeats
    stays: set[int] = field(default_factory=set)
    """Places of those that are stored."""
    corrected: set[int] = field(default_factory=set)
    """Of these, the ones that replace another content."""
    amended: set[int] = field(default_factory=set)
    """Of these, the ones that say the same to rules."""


class Events(Stage):
    """Stores events, each once by its id.

    What comes again with the same content changes nothing. Another content is a conflict: the first one stays, or
    where the last one wins it replaces that, and is among the batch's events. What was replaced and may be delivered
    again is a repeat.

    An event with an id of its device and without a time is a repeat where it was sent again within SENT_AGAIN, and
    nothing else came by that id meanwhile.
    """

    def __init__(self, last_wins: Callable[[int], bool] = lambda device: False) -> None:
        """`last_wins` tells of a device, by id, whether a later content for the same id replaces the one before."""
        self._last_wins = last_wins

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write the batch's events; those already stored, or duplicated, become its Repeats."""
        events = batch.events
        if not events:
            return
        known = await _sent_again(conn, events)
        fresh = [event for place, event in enumerate(events) if place not in known] if known else events
        rows = await (await conn.execute(SQL.insert_events, _columns(fresh))).fetchall()
        if len(rows) == len(events):
            return
        new, again = {id_ for (id_,) in rows}, []
        judged = _Judged(batch.of(Repeats))
        for place, event in enumerate(events):
            if place in known:
                judged.repeats.events.append(event)
            elif event.id in new:
                new.remove(event.id)
                judged.stays.add(place)
            else:
                again.append(place)
        for turn in self._turns(events, again):
            await self._judge(conn, batch, turn, judged)
        stays = sorted(judged.stays)
        amended = frozenset(number for number, place in enumerate(stays) if place in judged.amended)
        corrected = frozenset(events[place].id for place in judged.corrected)
        batch.events = [events[place] for place in stays]
        batch.put(replace(batch.of(Corrected), events=corrected, amended=amended))

    def _turns(self, events: Sequence[Event], places: Places) -> Iterable[Places]:
        """Stretches to be judged together: where the last one wins, no id comes twice in one, and all in order."""
        turns: list[list[int]] = []
        came: Counter[object] = Counter()
        for place in places:
            event = events[place]
            turn = came[event.id]
            came[event.id] += self._last_wins(event.device_id)
            if turn == len(turns):
                turns.append([])
            turns[turn].append(place)
        return turns

    async def _judge(self, conn: Connection, batch: Batch, places: Places, judged: _Judged) -> None:
        """Tell repeats from conflicts among events that are stored, and replace those where the last one wins."""
        events = [batch.events[place] for place in places]
        found = await (await conn.execute(SQL.compare, _columns(events) | _contents(events))).fetchall()
        differs = {number: (matters, before) for number, matters, before in found}
        again = _again(batch) if any(before for _, before in differs.values()) else set()
        winners = []
        for number, (place, event) in enumerate(zip(places, events, strict=True)):
            wins = self._last_wins(event.device_id)
            matters, before = differs.get(number, (False, False))
            if number not in differs or (wins and before and (event.device, event.received) in again):
                judged.repeats.events.append(event)
                continue
            judged.repeats.event_conflicts.append(EventConflict(event, wins))
            if wins:
                winners.append(event)
                judged.stays.add(place)
                judged.corrected.add(place)
                if not matters:
                    judged.amended.add(place)
        if winners:
            await conn.execute(SQL.replace, _columns(winners))


async def _sent_again(conn: Connection, events: Sequence[Event]) -> set[int]:
    """Places of events without a time that were sent again; costs nothing where all have one."""
    places = [place for place, event in enumerate(events) if event.untimed_id is not None]
    if not places:
        return set()
    untimed = [events[place] for place in places]
    values = _columns(untimed) | _contents(untimed) | {"within": SENT_AGAIN}
    return {places[number] for (number,) in await (await conn.execute(SQL.sent_again, values)).fetchall()}


def _again(batch: Batch) -> set[tuple[str, int]]:
    """Device and arrival of the messages that may have been delivered before."""
    return {(raw.origin.device, raw.received) for raw in batch.raws if maybe_delivered_before(raw)}


def _columns(events: Sequence[Event]) -> dict[str, object]:
    return {
        "id": [event.id for event in events],
        "device_id": [event.device_id for event in events],
        "ts": [from_micros(event.ts) for event in events],
        "received_at": [from_micros(event.received) for event in events],
        "kind": [event.kind for event in events],
        "state": [event.state for event in events],
        "level": [event.level for event in events],
        "attributes": [Jsonb(event.attributes) for event in events],
        "part": [event.part for event in events],
        "untimed_id": [event.untimed_id for event in events],
    }


def _contents(events: Sequence[Event]) -> dict[str, object]:
    return {"content": [Jsonb(_content(event)) for event in events]}


def _content(event: Event) -> list[object]:
    """As event_content of the store."""
    content: list[object] = [event.kind, event.state, event.level, event.attributes]
    return content if event.part is None else [*content, event.part]
