"""What a hub is made of: each kind of fact that a batch may leave behind is one stage."""

from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg

from hub.models import Batch, Micros

Connection = psycopg.AsyncConnection[Any]


class Stage:
    """A kind of fact: how it is read or decided, written and remembered. What a stage does not need, it leaves as here.

    For each batch: `steps`, then `write` inside the transaction, then `adopt` once that is committed and before any
    sender is told. `tests/contract/test_stage.py` holds every stage to it.
    """

    ahead: ClassVar[bool] = False
    """Whether `steps` needs nothing but the messages: it runs while the batch before is being committed."""

    async def restore(self, conn: Connection) -> None:
        """Take the state from the store: at the start, at a takeover, and after an `adopt` that failed."""

    def steps(self, batch: Batch) -> Iterator[None]:
        """Read, or decide, some milliseconds a step; changes nothing but the batch, and may run twice on it."""
        return iter(())

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write inside the caller's transaction; writing the same batch again changes nothing."""

    def adopt(self, batch: Batch) -> None:
        """The batch is committed: its facts become the state. After an error here the stage is restored."""

    def due(self, now: Micros) -> Micros | None:
        """When it wants a batch without messages, to decide something that no message brings; None: not at all."""
        return None


def run_steps(stage: Stage, batch: Batch) -> None:
    """All steps of a stage at once."""
    for _ in stage.steps(batch):
        pass
