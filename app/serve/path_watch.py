"""The path of alerts watches itself: the leader sends rounds from the broker to the delivery worker, one by one.

A round that is not complete in time is an alert of the hub's own, which names the link that it reached last. Where the
database or the hub is dead nobody can say so here: a dead-man outside is called after a complete round only.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import psycopg

from api.push.http_call import HttpCalls, Reply, Request, open_calls
from app.serve.sources import Engine
from devices.topics import own_topic
from hub.access.outgoing import Outgoing
from hub.alerts.apply import SQL as APPLY
from hub.alerts.own import over, tell
from hub.alerts.path import DRILL, KIND, round_id, round_origin, round_payload
from hub.alerts.routing import OWN
from hub.backoff import Backoff
from hub.errors import BrokerUnavailable
from hub.models import Delivery, Outcome, Raw, now_micros
from hub.settings import Settings
from hub.store.leader import Work
from hub.store.statements import statements
from ingest.mqtt.control import open_link

SQL = statements(__name__)

log = logging.getLogger(__name__)

LOOK_S = 0.25
BEFORE_S = 10.0
"""Before the first round: what takes it from the broker starts as well."""
REACHED = ("begun", "published", "applied")
RED = 4

Send = Callable[[bytes], Awaitable[None]]
"""Hands a round over at the beginning of the path; BrokerUnavailable."""


def watch_path(settings: Settings, engine: Engine | None) -> Work:
    """Work of one leader: rounds for ever."""

    async def work(conn: psycopg.AsyncConnection) -> float:
        outgoing = Outgoing(settings)
        async with _sender(conn, settings, engine) as send, open_calls(outgoing, settings.outgoing.tls) as calls:
            watch = PathWatch(conn, send, calls, settings)
            await asyncio.sleep(min(settings.path_watch.every_s, BEFORE_S))
            while True:
                await watch.round()
                await asyncio.sleep(settings.path_watch.every_s)

    return work


class PathWatch:
    """Sends rounds, tells what became of them, and calls the dead-man."""

    def __init__(self, conn: psycopg.AsyncConnection, send: Send, calls: HttpCalls, settings: Settings) -> None:
        self._conn, self._send, self._calls = conn, send, calls
        self._limit_s, self._url = settings.path_watch.limit_s, settings.path_watch.url
        self._dead_man = Backoff(log, "the dead-man of the path (path_watch.url) is called again")

    async def round(self) -> bool:
        """One round; whether it was complete."""
        await self._conn.execute(SQL.prepare, {"consumer": OWN, "kind": KIND, "drill": DRILL})
        async with self._conn.transaction():
            await self._conn.execute(APPLY.lock)
            for statement in (SQL.forget_deliveries, SQL.forget_changes, SQL.forget):
                await self._conn.execute(statement, {"drill": DRILL})
        at = now_micros() // 1000 * 1000
        id_ = round_id(at)
        await self._conn.execute(SQL.begin, {"id": id_})
        try:
            async with asyncio.timeout(self._limit_s):
                await self._published(id_, round_payload(at))
                await _until(lambda: self._delivered(id_))
        except TimeoutError:
            await self._broken(id_)
            return False
        await self._conn.execute(SQL.complete, {"id": id_})
        for link in REACHED:
            if await over(self._conn, "path_broken", link):
                log.warning("the path of alerts is whole again")
        if self._url is not None:
            await self._call(self._url.get_secret_value())
        return True

    async def _published(self, id_: UUID, payload: bytes) -> None:
        await _until(lambda: self._sent(payload))
        await self._conn.execute(SQL.published, {"id": id_})

    async def _sent(self, payload: bytes) -> bool:
        try:
            await self._send(payload)
        except BrokerUnavailable as error:
            log.debug("a round waits for the broker: %s", error)
            return False
        return True

    async def _delivered(self, id_: UUID) -> bool:
        row = await (await self._conn.execute(SQL.look, {"id": id_})).fetchone()
        return row is not None and bool(row[0])

    async def _broken(self, id_: UUID) -> None:
        found = await (await self._conn.execute(SQL.broken, {"id": id_})).fetchone()
        reached = found[0] if found is not None else REACHED[0]
        for link in REACHED:
            if link != reached:
                await over(self._conn, "path_broken", link)
        if await tell(self._conn, "path_broken", reached, RED):
            log.error("no reading gets through to a channel: the path of alerts is broken behind '%s'", reached)

    async def _call(self, url: str) -> None:
        """Tell the dead-man outside that all is well."""
        reply = await self._calls.call(Request(httpx.URL(url), b"", {}, method="GET"))
        error = None
        if not isinstance(reply, Reply):
            error = str(reply.reason)
        elif not reply.success:
            error = str(reply.status)
        if error is None:
            self._dead_man.succeeded()
        else:
            self._dead_man.failed("the dead-man of the path (path_watch.url) does not answer: %s", error)
        await self._conn.execute(SQL.called, {"error": error})


async def _until(passed: Callable[[], Awaitable[bool]]) -> None:
    while not await passed():  # noqa: ASYNC110 what is waited for happens elsewhere
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def _sender(conn: psycopg.AsyncConnection, settings: Settings, engine: Engine | None) -> AsyncIterator[Send]:
    """Where rounds begin: at the broker, or where what is posted is taken."""
    through = settings.path_watch.through
    if through == "queue" and engine is not None:
        yield _posted(engine)
        return
    topic = own_topic(settings.mqtt.prefix, "path")
    async with open_link(settings.mqtt, "path", "rounds of the path watch") as link:

        async def publish(payload: bytes) -> None:
            await link.publish(topic, payload)

        yield publish if through != "auto" or engine is None else either(conn, publish, _posted(engine))


def either(conn: psycopg.AsyncConnection, publish: Send, post: Send) -> Send:
    """At the broker; in the queue while there has never been one: a hub without a broker is not a broken one."""

    async def send(payload: bytes) -> None:
        try:
            await publish(payload)
        except BrokerUnavailable:
            if await (await conn.execute(SQL.had_broker)).fetchone():
                raise
            await post(payload)
        else:
            await conn.execute(SQL.has_broker)

    return send


def _posted(engine: Engine) -> Send:
    async def submit(payload: bytes) -> None:
        settled = asyncio.Event()

        async def settle(_outcome: Outcome) -> None:
            settled.set()

        raw = Raw(round_origin("http", "path"), payload, now_micros())
        await engine.sink.submit(Delivery([raw], settle))
        await settled.wait()

    return submit
