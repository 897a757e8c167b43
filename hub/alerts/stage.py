"""Commits alert changes together with the data they were decided from."""

import logging

from hub.alerts.alert import Change, Result
from hub.alerts.apply import apply
from hub.alerts.path import Rounds, raised
from hub.models import Batch
from hub.stage import Connection, Stage, StaleDecision

log = logging.getLogger(__name__)


class Results(list[Result]):
    """Results of a batch's changes, in order."""

    @property
    def refused(self) -> list[Result]:
        """Changes decided from a state that is not the store's; the deciding stage must restore itself."""
        return [result for result in self if result.outcome == "refused"]

    @property
    def sentence(self) -> str:
        """What was refused, and why; call it when something was."""
        change, _, reason, *_ = self.refused[0]
        return f"{len(self.refused)} alert changes were refused, such as {change.kind} of {change.alert_id}: {reason}"


class OwnChanges(list[Change]):
    """Changes of a batch that no rule decides; what of them the store refuses was so before."""


class AlertChanges(Stage):
    """The last stage of a commit, because applying changes takes a global lock until the commit."""

    def __init__(self, decider: Stage | None = None) -> None:
        """`decider` is the stage that decides changes; without one whatever is refused stays refused."""
        self._decider = decider
        self._decided_again: Batch | None = None

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Apply the changes decided by earlier stages and record their Results.

        Raises StaleDecision, once for a batch, when one is refused: a desk may have ended the alert a moment ago.
        """
        rounds = raised(batch.of(Rounds))
        applied = await apply(conn, [*batch.changes, *rounds, *batch.of(OwnChanges)])
        results = Results(applied[: len(batch.changes)])
        if results.refused and self._decider is not None and self._decided_again is not batch:
            self._decided_again = batch
            raise StaleDecision(self._decider, results.sentence)
        batch.put(results)

    def adopt(self, batch: Batch) -> None:
        """Log refused changes."""
        if (results := batch.of(Results)).refused:
            log.warning(results.sentence)
