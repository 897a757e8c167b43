"""What devices say of their presence, and what edges of the bus say of theirs, committed with a batch."""

import psycopg

from devices.health.hearing import SQL as HEARING
from hub.models import Batch, from_micros
from hub.store.statements import statements

SQL = statements(__name__)


async def write_presence(conn: psycopg.AsyncConnection, batch: Batch) -> None:
    """Store what has changed, inside the caller's transaction; storing it again changes nothing."""
    if batch.statuses:
        said = sorted(batch.statuses.items())  # in one order, so that two writers do not wait for each other
        values = {
            "device_id": [device for device, _ in said],
            "online": [online for _, (online, _) in said],
            "at": [from_micros(at) for _, (_, at) in said],
        }
        await conn.execute(SQL.status_put, values)
    for source, (since, until) in sorted(batch.edges.items()):
        begun = None if since is None else from_micros(since)
        row = {"source": source, "ears": True, "since": begun, "at": from_micros(until)}
        await conn.execute(HEARING.listening_put, row)
