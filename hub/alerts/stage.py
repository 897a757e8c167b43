"""Changes of alerts, as they are committed with what they were decided from."""

import logging

from hub.alerts.alert import Result
from hub.alerts.apply import apply
from hub.models import Batch
from hub.stage import Connection, Stage

log = logging.getLogger(__name__)


class Results(list[Result]):
    """What became of the changes of a batch, in their order."""

    @property
    def refused(self) -> list[Result]:
        """Of changes that were decided by a state other than the store's: who decided them is to restore itself."""
        return [result for result in self if result.outcome == "refused"]


class AlertChanges(Stage):
    """The last stage of a commit: applying changes takes a lock that all processes share, held until the commit."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Apply the changes that earlier stages decided; leaves their Results."""
        batch.put(Results(await apply(conn, batch.changes)))

    def adopt(self, batch: Batch) -> None:
        """Log what was refused."""
        if refused := batch.of(Results).refused:
            change, _, reason, _ = refused[0]
            log.warning(
                "%d changes of alerts were refused, such as %s of %s: %s",
                len(refused), change.kind, change.alert_id, reason,
            )  # fmt: skip
