"""What edges of the bus tell of themselves, as it is committed: since when and until when they hear all devices."""

from devices.health.heartbeat import SQL as HEARING
from hub.models import Batch, Micros, from_micros
from hub.stage import Connection, Stage


class Heartbeats(dict[str, tuple[Micros | None, Micros]]):
    """By edge of the bus: since when it hears all devices (None: it does not), and until when."""


class Edges(Stage):
    """Writes the heartbeats of edges, which have no database, beside those of other processes."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store the newest of each edge."""
        for source, (since, until) in sorted(batch.of(Heartbeats).items()):
            begun = None if since is None else from_micros(since)
            row = {"source": source, "ears": True, "since": begun, "at": from_micros(until)}
            await conn.execute(HEARING.listening_put, row)
