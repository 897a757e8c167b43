"""Commits heartbeats of bus edges."""

from devices.health.heartbeat import SQL as HEARING
from hub.models import Batch, Micros, from_micros
from hub.stage import Connection, Stage


class Heartbeats(dict[str, tuple[Micros | None, Micros]]):
    """Heartbeats by edge: (since, until); since None means not receiving."""


class Edges(Stage):
    """Writes the heartbeats of edges, which have no database themselves."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store the newest heartbeat of each edge."""
        for source, (since, until) in sorted(batch.of(Heartbeats).items()):
            begun = None if since is None else from_micros(since)
            row = {"source": source, "ears": True, "since": begun, "at": from_micros(until)}
            await conn.execute(HEARING.listening_put, row)
