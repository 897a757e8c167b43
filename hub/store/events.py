"""Commits events, each once by id."""

from psycopg.types.json import Jsonb

from hub.models import Batch, Repeats, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


class Events(Stage):
    """Stores events; those already stored become repeats and are excluded from decisions."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write the batch's events; those already stored, or duplicated, become its Repeats."""
        if not batch.events:
            return
        events = batch.events
        columns = {
            "id": [event.id for event in events],
            "device_id": [event.device_id for event in events],
            "ts": [from_micros(event.ts) for event in events],
            "received_at": [from_micros(event.received) for event in events],
            "kind": [event.kind for event in events],
            "state": [event.state for event in events],
            "level": [event.level for event in events],
            "attributes": [Jsonb(event.attributes) for event in events],
        }
        new = {id_ for (id_,) in await (await conn.execute(SQL.insert_events, columns)).fetchall()}
        if len(new) == len(events):
            return
        fresh = []
        for event in events:
            if event.id in new:
                new.remove(event.id)
                fresh.append(event)
            else:
                batch.of(Repeats).events.append(event)
        batch.events = fresh
