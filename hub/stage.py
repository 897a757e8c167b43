"""Stages: each kind of fact a batch can produce is handled by one stage."""

from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg

from hub.errors import HubError
from hub.models import Batch, Micros

Connection = psycopg.AsyncConnection[Any]


class Stage:
    """Handles one kind of fact: decide, write, adopt, restore. All methods default to no-ops.

    For each batch: `steps`, then `write` inside the transaction, then `adopt` once that is committed and before any
    sender is told. `tests/contract/test_stage.py` holds every stage to it.
    """

    ahead: ClassVar[bool] = False
    """Whether `steps` needs nothing but the messages: it runs while the batch before is being committed."""

    async def restore(self, conn: Connection) -> None:
        """Load state from the store: at startup, on takeover, and after a failed `adopt`."""

    def steps(self, batch: Batch) -> Iterator[None]:
        """Read or decide in steps of a few milliseconds; modifies only the batch, and may run twice."""
        return iter(())

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write within the caller's transaction; idempotent for the same batch."""

    def adopt(self, batch: Batch) -> None:
        """Take over the facts of a committed batch. On an exception the stage is restored."""

    def due(self, now: Micros) -> Micros | None:
        """When the stage next needs a batch without messages (a timer); None: never."""
        return None


class StaleDecision(HubError):
    """A batch was decided from a state that is not the store's"""

    def __init__(self, stage: Stage, detail: str) -> None:
        """`stage` is to be restored, and to decide the batch again; nothing of it is stored."""
        super().__init__(detail)
        self.stage = stage


def run_steps(stage: Stage, batch: Batch) -> None:
    """Run all steps of a stage."""
    for _ in stage.steps(batch):
        pass
