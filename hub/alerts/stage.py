"""Commits alert changes together with the data they were decided from."""

import logging

from hub.alerts.alert import Result
from hub.alerts.apply import apply
from hub.models import Batch
from hub.stage import Connection, Stage

log = logging.getLogger(__name__)


class Results(list[Result]):
    """Results of a batch's changes, in order."""

    @property
    def refused(self) -> list[Result]:
        """Changes decided from a stale state; the deciding stage must restore itself."""
        return [result for result in self if result.outcome == "refused"]


class AlertChanges(Stage):
    """The last stage of a commit, because applying changes takes a global lock until the commit."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Apply the changes decided by earlier stages and record their Results."""
        batch.put(Results(await apply(conn, batch.changes)))

    def adopt(self, batch: Batch) -> None:
        """Log refused changes."""
        if refused := batch.of(Results).refused:
            change, _, reason, _ = refused[0]
            log.warning(
                "%d changes of alerts were refused, such as %s of %s: %s",
                len(refused), change.kind, change.alert_id, reason,
            )  # fmt: skip
