"""Commits device status messages."""

from hub.models import Batch, Micros, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


class ReportedStatuses(dict[int, tuple[bool, Micros]]):
    """By device id: whether it said last that it is online, and when that came."""


class Statuses(Stage):
    """Writes what status messages of a batch say."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store what has changed."""
        said = sorted(batch.of(ReportedStatuses).items())  # one order: two writers do not deadlock
        if not said:
            return
        values = {
            "device_id": [device for device, _ in said],
            "online": [online for _, (online, _) in said],
            "at": [from_micros(at) for _, (_, at) in said],
        }
        await conn.execute(SQL.status_put, values)
