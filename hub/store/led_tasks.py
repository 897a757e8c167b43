"""A led task for each of the targets that a table names: begun, ended and begun anew as its rows change."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol, TypeVar

from hub.backoff import Backoff
from hub.errors import TransientError
from hub.store.leader import Work, lead

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often it is looked which targets there are: so much later a new one begins."""


class Target(Hashable, Protocol):
    """Whom a task is for; one of which anything is different is another one."""

    @property
    def id(self) -> int:
        """Number of its row."""

    @property
    def code(self) -> str:
        """Its name."""


T = TypeVar("T", bound=Target)


async def lead_each(url: str, name: str, wanted: Callable[[], Awaitable[set[T]]], work_of: Callable[[T], Work]) -> None:
    """Run forever: one task for each wanted target, for which one process leads by `name` and its id.

    `wanted` raises TransientError where it cannot tell: the tasks go on as they are.
    """
    store = Backoff(log, f"{name}: the targets are read again")
    tasks: dict[T, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            try:
                targets = await wanted()
            except TransientError as error:
                store.failed("%s: cannot read the targets: %s", name, error)
            else:
                store.succeeded()
                for target in tasks.keys() - targets:
                    tasks.pop(target).cancel()
                for target in targets - tasks.keys():
                    work = lead(url, f"{name} {target.id}", work_of(target))
                    tasks[target] = group.create_task(work, name=f"{name} {target.code}")
            await asyncio.sleep(LOOK_S)
