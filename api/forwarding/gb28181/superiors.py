"""The superior platforms at which the hub is registered: one process leads for each, another goes on after it."""

import asyncio
import logging

from psycopg import AsyncConnection

from api.forwarding.gb28181.platform import OpenLink, Superior
from api.forwarding.gb28181.registration import Registration, superiors
from api.forwarding.gb28181.session import Session, Times, first
from hub.backoff import Backoff
from hub.errors import HubError, TransientError
from hub.store.leader import Work
from hub.store.led_tasks import lead_each
from hub.store.pool import Pool

log = logging.getLogger(__name__)

LONGEST_S = 60.0
"""Between two attempts to register."""
WATCH_S = 2.0
"""How often it is looked whether this process still leads."""


class Superiors:
    """Those of one process."""

    def __init__(
        self, url: str, pool: Pool, open_link: OpenLink, times: Times | None = None, longest_s: float = LONGEST_S
    ) -> None:
        self._url, self._pool, self._open_link = url, pool, open_link
        self._times, self._longest_s = times or Times(), longest_s

    async def run(self) -> None:
        """Be registered until cancelled; at a platform that changes anew."""

        def work_of(superior: Superior) -> Work:
            return _Led(superior, self._pool, self._open_link, self._times, self._longest_s).work

        async def wanted() -> set[Superior]:
            return await superiors(self._pool)

        await lead_each(self._url, "registration at", wanted, work_of)


class _Led:
    """One platform."""

    def __init__(self, superior: Superior, pool: Pool, open_link: OpenLink, times: Times, longest_s: float) -> None:
        self._superior, self._pool, self._open_link, self._times = superior, pool, open_link, times
        self._backoff = Backoff(log, "%s: registered again", superior.code, longest_s=longest_s)
        self._session: Session | None = None

    async def work(self, conn: AsyncConnection) -> float:
        """Be registered while the connection lasts, on which the leadership rests; see hub/store/leader.py."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._registered(), name=f"registered at {self._superior.code}")
                try:
                    while True:
                        await conn.execute("select 1")  # with the connection goes the leadership
                        await asyncio.sleep(WATCH_S)
                except asyncio.CancelledError:  # nobody else leads yet: with a lost connection somebody may
                    if self._session is not None:
                        self._session.is_leaving = True
                    raise
        except BaseExceptionGroup as errors:
            raise first(errors) from errors

    async def _registered(self) -> None:
        superior, backoff = self._superior, self._backoff
        while True:
            session = self._session = Session(superior, self._pool, self._times)
            try:
                async with self._open_link(superior, session.take) as (link, password):
                    await session.run(link, password, backoff.succeeded)
            except Exception as error:
                if not backoff.down and not isinstance(error, TransientError):
                    log.exception("the registration at %s failed", superior.code)
                backoff.failed("%s: not registered: %s", superior.code, error)
                await self._note(error)
                await backoff.wait()

    async def _note(self, error: Exception) -> None:
        try:
            await Registration(self._superior, self._pool).lost(error)
        except HubError as away:
            log.debug("%s: the reason is not stored: %s", self._superior.code, away)
