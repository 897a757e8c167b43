"""Commits events, each once by id."""

from collections.abc import Callable
from dataclasses import replace

from psycopg.types.json import Jsonb

from hub.models import Batch, Event, from_micros
from hub.repeats import Corrected, EventConflict, Repeats
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


class Events(Stage):
    """Stores events, each once by its id.

    What comes again with the same content changes nothing. Another content is a conflict: the first one stays, or
    where the last one wins it replaces that, and is among the batch's events.
    """

    def __init__(self, last_wins: Callable[[int], bool] = lambda device: False) -> None:
        """`last_wins` tells of a device, by id, whether a later content for the same id replaces the one before."""
        self._last_wins = last_wins

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write the batch's events; those already stored, or duplicated, become its Repeats."""
        if not batch.events:
            return
        events = batch.events
        rows = await (await conn.execute(SQL.insert_events, _columns(events))).fetchall()
        new = {id_ for (id_,) in rows}
        if len(new) == len(events):
            return
        repeats, stays, corrected = batch.of(Repeats), [], set()
        for event in events:
            if event.id in new:
                new.remove(event.id)
                stays.append(event)
            elif await self._replaces(conn, repeats, event):
                stays.append(event)
                corrected.add(event.id)
        batch.events = stays
        batch.put(replace(batch.of(Corrected), events=frozenset(corrected)))

    async def _replaces(self, conn: Connection, repeats: Repeats, event: Event) -> bool:
        """Tell whether an event that is stored is a repeat or a conflict; True when it replaces that one."""
        if not (await conn.execute(SQL.differs, _values(event))).rowcount:
            repeats.events.append(event)
            return False
        wins = self._last_wins(event.device_id)
        repeats.event_conflicts.append(EventConflict(event, wins))
        if wins:
            await conn.execute(SQL.replace, _values(event))
        return wins


def _values(event: Event) -> dict[str, object]:
    return {name: column[0] for name, column in _columns([event]).items()}


def _columns(events: list[Event]) -> dict[str, list[object]]:
    return {
        "id": [event.id for event in events],
        "device_id": [event.device_id for event in events],
        "ts": [from_micros(event.ts) for event in events],
        "received_at": [from_micros(event.received) for event in events],
        "kind": [event.kind for event in events],
        "state": [event.state for event in events],
        "level": [event.level for event in events],
        "attributes": [Jsonb(event.attributes) for event in events],
    }
