"""Commits device status messages."""

from hub.models import Batch, Micros, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


class ReportedStatuses(dict[int, tuple[bool, Micros]]):
    """By device id: whether it said last that it is online, and when that came."""


class RetainedStatuses(dict[int, bool]):
    """By device id: whether it said that it is online, in a message that the broker had retained: some time ago."""


class Statuses(Stage):
    """Writes what status messages of a batch say; what was retained only counts while nothing else is known."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store what has changed."""
        retained = sorted(batch.of(RetainedStatuses).items())  # one order: two writers do not deadlock
        if retained:
            kept = {"device_id": [device for device, _ in retained], "online": [online for _, online in retained]}
            await conn.execute(SQL.status_retained, kept)
        said = sorted(batch.of(ReportedStatuses).items())
        if not said:
            return
        values = {
            "device_id": [device for device, _ in said],
            "online": [online for _, (online, _) in said],
            "at": [from_micros(at) for _, (_, at) in said],
        }
        await conn.execute(SQL.status_put, values)
