"""Changes of alerts, as they are committed with what they were decided from."""

from hub.alerts.alert import Result
from hub.alerts.apply import apply
from hub.models import Batch
from hub.stage import Connection, Stage


class Results(list[Result]):
    """What became of the changes of a batch, in their order."""


class AlertChanges(Stage):
    """The last stage of a commit: applying changes takes a lock that all processes share, held until the commit."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Apply the changes that earlier stages decided; leaves their Results."""
        batch.put(Results(await apply(conn, batch.changes)))
