"""Which people have a stream of alerts open at this process, proven in the store for as long as they have."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from hub.access.caller import Caller
from hub.duty.desk import PROVEN_S, prove_streams
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)


class Desks:
    """Counts the open streams of each person; machines are no desks."""

    def __init__(self) -> None:
        self._open: Counter[UUID] = Counter()
        self._opened = asyncio.Event()

    @contextmanager
    def streaming(self, caller: Caller) -> Iterator[None]:
        """While a caller has a stream of alerts open."""
        if caller.kind != "person" or caller.principal is None:
            yield
            return
        self._open[caller.principal] += 1
        self._opened.set()
        try:
            yield
        finally:
            self._open -= Counter((caller.principal,))

    async def run(self, pool: Pool) -> None:
        """Prove open streams in the store, at once and again and again, forever; an outage is reported elsewhere."""
        while True:
            self._opened.clear()
            if people := list(self._open):
                try:
                    with sorted_errors():
                        async with pool.connection() as conn:
                            await prove_streams(conn, people)
                except HubError as error:
                    log.debug("open streams are proven later: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._opened.wait(), PROVEN_S)
