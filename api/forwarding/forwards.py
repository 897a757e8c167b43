"""Forwards to each target what waits for it: one process leads for each; at least once, in order, with a fixed QN."""

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple

import psycopg
from psycopg import AsyncConnection

from api.forwarding.pending import SQL, Pending, acknowledged, claim, failed, put_off
from api.forwarding.way import Interrupted, OpenWay, Target, Way
from hub.backoff import Backoff
from hub.errors import TransientError
from hub.store.leader import Work
from hub.store.led_tasks import lead_each
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)


class Patience(NamedTuple):
    """Times of forwarding, in seconds."""

    idle_s: float = 0.5
    """How often it is looked whether something waits."""
    longest_s: float = 60.0
    """Between two attempts at a target that takes nothing."""
    put_off_s: float = 30.0
    """Before a report is sent again that alone was not answered; each time twice as long, up to an hour."""


class Forwards:
    """The forwarding of one process. Several may run it; one of them leads for each target."""

    def __init__(self, url: str, pool: Pool, ways: Mapping[str, OpenWay], patience: Patience | None = None) -> None:
        """`ways` by kind of target."""
        self._url, self._pool, self._ways, self._patience = url, pool, ways, patience or Patience()

    async def run(self) -> None:
        """Forward until cancelled; a target that changes is connected anew."""

        def work_of(target: Target) -> Work:
            return _Forward(target, self._ways[target.kind], self._patience).work

        await lead_each(self._url, "forwarding to", self._wanted, work_of)

    async def _wanted(self) -> set[Target]:
        with sorted_errors():
            async with self._pool.connection() as conn:
                cursor = await conn.execute(SQL.targets, {"kinds": list(self._ways)})
                return {Target(*row) for row in await cursor.fetchall()}


class _Forward:
    """One target."""

    def __init__(self, target: Target, open_way: OpenWay, patience: Patience) -> None:
        self._target, self._open_way, self._patience = target, open_way, patience
        self._backoff = Backoff(log, "%s takes what is forwarded again", target.code, longest_s=patience.longest_s)

    async def work(self, conn: AsyncConnection) -> float:
        """Forward while the connection lasts, on which the leadership rests; see hub/store/leader.py."""
        while True:
            waiting = await self._next(conn)
            try:
                async with self._open_way(self._target) as way:
                    while True:
                        await self._hand_over(conn, way, waiting)
                        waiting = await self._next(conn)
            except psycopg.Error:
                raise  # with the connection goes the leadership
            except Exception as error:
                if not self._backoff.down and not isinstance(error, TransientError):
                    log.exception("forwarding to %s failed", self._target.code)
                self._backoff.failed("%s does not take what is forwarded: %s", self._target.code, error)
                await failed(conn, self._target.id, error)
                await self._backoff.wait()

    async def _hand_over(self, conn: AsyncConnection, way: Way, waiting: list[Pending]) -> None:
        try:
            taken = await way.deliver(waiting)
        except Interrupted as error:
            self._backoff.succeeded()
            await acknowledged(conn, self._target.id, sorted(error.arrived))
            raise
        self._backoff.succeeded()
        async with conn.transaction():
            await acknowledged(conn, self._target.id, sorted(taken))
            if left := [each.id for each in waiting if each.id not in taken]:
                await put_off(conn, left, self._patience.put_off_s)

    async def _next(self, conn: AsyncConnection) -> list[Pending]:
        """What is to be handed over next, however long that takes."""
        while not (waiting := await claim(conn, self._target.id, self._target.at_once)):  # noqa: ASYNC110 other processes store it
            await asyncio.sleep(self._patience.idle_s)
        return waiting
