"""Followers: consumers that keep a position in the log of alert changes, instead of a delivery for each change.

At least once, in order per alert, each change with an id by which a repeat is dropped: the position is stored after
the sink has confirmed, so what was under way at a kill, or at a change of leader, is handed over again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from api.change import Change
from api.cloudevents import encode, event_of
from api.push.deliveries import retitle
from api.push.heartbeats import due
from api.push.proofs import failing, proven
from hub.access.classification import Level, level_named
from hub.access.shares import count_uses
from hub.alerts.recipients import sights
from hub.backoff import Backoff
from hub.errors import HubError, TransientError
from hub.store.leader import Work
from hub.store.led_tasks import lead_each
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

log = logging.getLogger(__name__)

PAGE = 500
"""Changes that are read, handed over and confirmed at a time: bounds memory, and what a kill repeats."""
POLL_S = 1.0
"""How often the log is read without a notification."""


class Message(NamedTuple):
    """A change for a consumer."""

    alert: str
    """Id of the alert: what is of one alert stays in order. Of a heartbeat the consumer's code."""
    event: dict[str, Any]
    """The CloudEvent, cut to the consumer's ceiling, in its language."""
    body: bytes
    """The same in JSON."""


Recent = Callable[[int, int], Sequence[Change] | None]
"""The next changes after a cursor, at most so many, that the process has read already; None: it cannot tell."""


class Sink(Protocol):
    """Where a follower hands changes over to. Passes tests/contract/test_follower.py."""

    async def hand_over(self, messages: Sequence[Message]) -> None:
        """Return once all are confirmed, in order per alert.

        TransientError, within about 10 s: they are handed over again, from the first. May be cancelled.
        """


class Target(NamedTuple):
    """A consumer that is followed; one whose row here changes is followed anew."""

    id: int
    code: str
    kind: str
    settings: str
    """Of its kind, in JSON."""


OpenSink = Callable[[Target], AbstractAsyncContextManager[Sink]]
"""Opens a sink; it reconnects by itself."""


class Followers:
    """Follows the log for each consumer of some kinds. Several processes may run it; one of them leads for each."""

    def __init__(
        self,
        url: str,
        pool: Pool,
        sinks: Mapping[str, OpenSink],
        page: str | None = None,
        poll_s: float = POLL_S,
        recent: Recent = lambda after, limit: None,
    ) -> None:
        """`sinks` by kind of consumer; `page` is the address of the hub's page, for links.

        What is `recent` is not read again; call `wake` when there is more of it.
        """
        self._url, self._pool, self._sinks, self._poll_s = url, pool, sinks, poll_s
        self._log = _Log(page, recent)
        self._following = False
        self._running: dict[Target, _Follower] = {}

    def wake(self) -> None:
        """Read the log now."""
        for follower in self._running.values():
            follower.woken.set()

    async def run(self) -> None:
        """Follow until cancelled; once only: of two that follow, `wake` would reach the one that does not lead."""
        if self._following:
            raise RuntimeError("they follow already")
        self._following = True

        def work_of(target: Target) -> Work:
            follower = self._running[target] = _Follower(target, self._sinks[target.kind], self._log, self._poll_s)
            return follower.work

        await lead_each(self._url, "alerts of consumer", self._wanted, work_of)

    async def _wanted(self) -> set[Target]:
        with sorted_errors():
            async with self._pool.connection() as conn:
                cursor = await conn.execute(SQL.consumers, {"kinds": list(self._sinks)})
                wanted = {Target(*row) for row in await cursor.fetchall()}
        self._running = {target: each for target, each in self._running.items() if target in wanted}
        return wanted


class _Follower:
    """One consumer's way through the log."""

    def __init__(self, target: Target, open_sink: OpenSink, log_: "_Log", poll_s: float) -> None:
        self._target, self._open_sink, self._log, self._poll_s = target, open_sink, log_, poll_s
        self.woken = asyncio.Event()

    async def work(self, conn: AsyncConnection) -> float:
        """Follow while the connection lasts, on which the leadership rests; see hub/store/leader.py."""
        backoff = Backoff(log, "consumer %s accepts again", self._target.code)
        async with self._open_sink(self._target) as sink:
            told = False
            while True:
                self.woken.clear()
                try:
                    more = await self._go_on(conn, sink, told)
                except psycopg.Error:
                    raise  # with the connection goes the leadership
                except Exception as error:
                    if not backoff.down and not isinstance(error, TransientError):
                        log.exception("following the alerts for consumer %s failed", self._target.code)
                    backoff.failed("consumer %s does not accept: %s", self._target.code, error)
                    await conn.execute(SQL.failed, {"consumer_id": self._target.id, **_told(error)})
                    await failing(conn, self._target.id, "connection")
                    await backoff.wait()
                    continue
                backoff.succeeded()
                if not more:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll_s):
                            await self.woken.wait()
                    told = self.woken.is_set()  # else it looks for itself

    async def _go_on(self, conn: AsyncConnection, sink: Sink, told: bool) -> bool:
        """Hand over a page of the log and move behind it; whether there was one. A heartbeat goes before it.

        `told`: that there is something recent.
        """
        for beat in await due(conn, [self._target.kind], 1, self._target.id):
            sent = beat.delivery
            event = event_of(sent.id, sent.kind, sent.at, sent.picture)
            await sink.hand_over([Message(self._target.code, event, encode(event))])
            await proven(conn, self._target.id)
            await conn.execute(SQL.move, {"consumer_id": self._target.id, "cursor": 0})
        cursor, messages, shares = await self._page_of(conn, told)
        if cursor is None:
            return False
        if messages:
            await sink.hand_over(messages)
            await proven(conn, self._target.id)
        async with conn.transaction():
            await conn.execute(SQL.move, {"consumer_id": self._target.id, "cursor": cursor})
            await count_uses(conn, [(self._target.code, share) for share in shares])
        return True

    async def _page_of(self, conn: AsyncConnection, told: bool) -> tuple[int | None, list[Message], list[UUID]]:
        """The cursor of the last change of the next page, None where there is none, and those for the consumer.

        And the shares by which its organisation sees these, one for each use.
        """
        async with conn.cursor(row_factory=dict_row) as reader:
            await reader.execute(SQL.position, {"consumer_id": self._target.id})
            stands = await reader.fetchone()
            if stands is None:
                return None, [], []
            changes = await self._log.after(reader, stands["cursor"], told)
            if not changes:
                return None, [], []
            chosen = [change for change in changes if self._target.id in change.recipients]
            tops = dict.fromkeys((change.row["alert_id"] for change in chosen), level_named(stands["ceiling"]))
            shares = list[UUID]()
            if (owner := stands["owner"]) is not None:  # what it saw at the commit it may not see any more
                found = await sights(conn, {(alert, owner) for alert in tops})
                seen = {alert: sight for (alert, _), sight in found.items() if sight is not None}
                tops = {alert: min(tops[alert], Level(sight.ceiling)) for alert, sight in seen.items()}
                chosen = [change for change in chosen if change.row["alert_id"] in tops]
                shares = [share for change in chosen for share in seen[change.row["alert_id"]].shares]
            if stands["lang"] is not None:
                rows = [{**change.row, "lang": stands["lang"]} for change in chosen]
                await retitle(reader, rows)
                chosen = [Change(change.cursor, change.kind, row) for change, row in zip(chosen, rows, strict=True)]
        messages = [self._log.message(change, tops[change.row["alert_id"]]) for change in chosen]
        return changes[-1].cursor, messages, shares


class _Log:
    """The log of changes, as followers read it."""

    def __init__(self, page: str | None, recent: Recent) -> None:
        self._page, self._recent = page, recent

    async def after(self, reader: AsyncCursor[DictRow], cursor: int, told: bool) -> Sequence[Change]:
        """The next changes after a cursor, at most PAGE."""
        if told and (recent := self._recent(cursor, PAGE)) is not None:
            return recent
        await reader.execute(SQL.after, {"after": cursor, "limit": PAGE})
        return [
            Change(row["cursor"], row["kind"], row, recipients=frozenset(row["recipients"]))
            for row in await reader.fetchall()
        ]

    def message(self, change: Change, ceiling: Level) -> Message:
        """A change as it is handed over."""
        event, body = change.rendered(ceiling, self._page)
        return Message(str(change.row["alert_id"]), event, body)


def _told(error: Exception) -> dict[str, object]:
    reason = str(error) if isinstance(error, HubError) else Sentence("delivery.defect", error=type(error).__name__)
    words = written(reason)
    return {"reason": str(reason), "words": None if words is None else Jsonb(words)}
