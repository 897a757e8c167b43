"""Claims commands from the store and sends each at most once over this process's downlinks."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from devices.commands.downlink import Addressee, BrokerDownlink, Command, Downlink, Taken
from devices.commands.sessions import Sessions
from hub.backoff import Backoff
from hub.errors import HubError, StoreUnavailable, TransientError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Commands being sent; a further one waits until its offer ends."""
POLL_S = 0.5
"""How often it looks for commands that no notification told of; looking costs a tenth of a millisecond."""
BEAT_S = 5.0
FORGET_S = 60.0
"""A process that has said nothing for so long is forgotten, with its sessions."""


class CommandDelivery:
    """Runs in every process with a downlink; each command is claimed by one of them."""

    def __init__(self, pool: Pool, holder: str, ways: Sequence[Downlink]) -> None:
        """`holder` identifies this process among those on the database."""
        self._pool, self._holder, self._ways = pool, holder, ways
        self._woken = asyncio.Event()
        self._under_way = 0
        self._beat_at = -BEAT_S
        self._told: bool | None = None

    def heard(self, payload: str) -> None:
        """Handle a notification: the session holder's id, or empty when any process may claim."""
        if payload in ("", self._holder):
            self._woken.set()

    async def run(self) -> None:
        """Deliver forever; outages are waited out silently, as the pipeline reports them."""
        backoff = Backoff()
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                try:
                    with sorted_errors():
                        async with self._pool.connection() as conn:
                            await self._beat(conn)
                            taken = await self._take(conn)
                    backoff.succeeded()
                except HubError as error:
                    log.debug("commands wait for the store: %s", error)
                    await backoff.wait()
                    continue
                for way, (device, command) in taken:
                    self._under_way += 1
                    group.create_task(self._deliver(way, device, command), name=f"command.{device.code}")
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._woken.wait()

    async def end(self) -> None:
        """Stop claiming commands; if the store is down, the registration expires."""
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.end, {"holder": self._holder})
        except StoreUnavailable as error:
            log.debug("the store is not told that this process ends: %s", error)

    async def _beat(self, conn: psycopg.AsyncConnection) -> None:
        """Write this process's heartbeat and broker state, every few seconds and on change."""
        now = asyncio.get_running_loop().time()
        broker = any(way.ready for way in self._ways if isinstance(way, BrokerDownlink))
        if broker == self._told and now - self._beat_at < BEAT_S:
            return
        row = await (await conn.execute(SQL.beat, {"holder": self._holder, "broker": broker})).fetchone()
        if row is not None and row[0]:  # it is new, or was forgotten
            for way in self._ways:
                if isinstance(way, Sessions):
                    await way.restore(conn)
        await conn.execute(SQL.forget, {"forget_s": FORGET_S})
        self._beat_at, self._told = now, broker

    async def _take(self, conn: psycopg.AsyncConnection) -> list[tuple[Downlink, Taken]]:
        found: list[tuple[Downlink, Taken]] = []
        for way in self._ways:
            room = AT_ONCE - self._under_way - len(found)
            if room > 0 and way.ready:
                found += [(way, taken) for taken in await way.take(conn, self._holder, room)]
        return found

    async def _deliver(self, way: Downlink, device: Addressee, command: Command) -> None:
        """Send within the timeout and record the outcome; a reply may arrive first."""
        why = None
        try:
            async with asyncio.timeout((command.expires_at - command.created_at).total_seconds()):
                await way.send(device, command)
        except TimeoutError:
            why = "not confirmed in time"
        except TransientError as error:
            why = f"not sent: {error}"
        except Exception as error:
            log.exception("command %s to %s could not be sent", command.id, device.code)
            why = f"not sent: the hub failed on it: {error!r}"
        finally:
            self._under_way -= 1
            self._woken.set()
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(_outcome(way.queues, why is None), {"id": command.id, "error": why})
        except StoreUnavailable as error:
            log.warning("what became of command %s to %s is not noted: %s", command.id, device.code, error)


def _outcome(queues: bool, is_sent: bool) -> str:
    """The statement that notes what became of sending."""
    if queues:
        return SQL.queued if is_sent else SQL.not_queued
    return SQL.sent if is_sent else SQL.failed
