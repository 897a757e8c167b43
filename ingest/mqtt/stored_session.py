"""The hub's session with the broker as the database keeps it: its client id, and what happened to it."""

import asyncio
import logging
import time
from secrets import token_hex

from hub.errors import StoreUnavailable
from hub.models import Micros, from_micros, to_micros
from hub.settings import Mqtt
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.mqtt.session import Identity, identity

SQL = statements(__name__)

log = logging.getLogger(__name__)

RANDOM_BYTES = 12
"""Of the client id: 96 bits cannot be tried out on a broker."""
HELD_EVERY_S = 5.0
"""How often it is noted that the session is held."""
LOOK_S = 0.2


class StoredSession:
    """Session of a process with a database; `run` is a background task that notes what happened."""

    def __init__(self, pool: Pool, settings: Mqtt) -> None:
        self.held = self.whole = False
        self.filters: frozenset[str] | None = frozenset()
        self._confirmed: frozenset[str] | None = None
        """Filters to be noted."""
        self._pool, self._name = pool, settings.client_id
        self._handed_over = self._taken_over = False
        self._lost_since: Micros | None = None

    async def load(self) -> Identity:
        """See Session."""
        made = {"name": self._name, "client_id": f"{self._name}-{token_hex(RANDOM_BYTES)}"}
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.make, made)
                row = await (await conn.execute(SQL.load, {"name": self._name})).fetchone()
        if row is None:
            raise StoreUnavailable("the row of the session has just been deleted")
        client_id, handed_over, held_at, self.whole, filters = row
        self.filters, self._confirmed = None if filters is None else frozenset(filters), None
        former = None if handed_over else self._name
        return identity(self._name, client_id, former, None if held_at is None else to_micros(held_at))

    async def begin(self, whole: bool) -> None:
        """See Session."""
        self._confirmed = None
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.begin, {"name": self._name, "whole": whole})
        self.whole, self.filters = whole, frozenset()

    def subscribed(self, filters: frozenset[str]) -> None:
        """See Session."""
        if filters != self.filters:
            self.filters = self._confirmed = filters

    def handed_over(self) -> None:
        """See Session."""
        self._handed_over = True

    def lost(self, since: Micros) -> None:
        """See Session."""
        self._lost_since = since

    def taken_over(self) -> None:
        """See Session."""
        self._taken_over = True

    async def run(self) -> None:
        """Note forever what happened, at once, and every few seconds that the session is held."""
        due = 0.0
        while True:
            happened = self._handed_over or self._taken_over or self._lost_since is not None
            happened = happened or self._confirmed is not None
            if happened or (self.held and time.monotonic() >= due):
                try:
                    await self._note()
                except StoreUnavailable as error:
                    log.debug("what happened to the session is noted later: %s", error)
                due = time.monotonic() + HELD_EVERY_S
            await asyncio.sleep(LOOK_S)

    async def _note(self) -> None:
        since, confirmed = self._lost_since, self._confirmed
        values = {
            "name": self._name,
            "held": self.held,
            "handed_over": self._handed_over,
            "lost_since": None if since is None else from_micros(since),
            "taken_over": self._taken_over,
            "filters": None if confirmed is None else sorted(confirmed),
        }
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.note, values)
        # What happened meanwhile is noted the next time; noting it twice would do no harm.
        self._handed_over = self._handed_over and not values["handed_over"]
        self._taken_over = self._taken_over and not values["taken_over"]
        self._confirmed = None if self._confirmed == confirmed else self._confirmed
        self._lost_since = None if self._lost_since == since else self._lost_since
