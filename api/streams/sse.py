"""Server-sent events with back-pressure: slow readers are disconnected."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext, suppress

import psycopg
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.change import Streamed
from api.changes import ChangeFeed, Subscription
from api.context import Context
from api.dashboard import Dashboard
from hub.access.door import until_refused
from hub.access.scope import Scope as Within

log = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
"""How often a silent stream says that it lives: proxies drop what is silent for a minute."""
TOGETHER = 20
"""Changes that are written at once to a reader for whom they wait: each write costs as much as it says little."""

Frames = Callable[[Subscription], AsyncIterator[bytes]]


async def alert_changes(
    feed: ChangeFeed, last: int, missed: bool, within: Within, mine: Subscription
) -> AsyncIterator[list[Streamed]]:
    """Changes in a scope after a cursor, first those that were missed, then live; each once and in order.

    What waits comes together; an empty list is a sign of life, each HEARTBEAT_S.
    """
    if missed:
        async for change in feed.missed(last):
            if (seen := change.seen_in(within)) is not None:
                yield [seen]
            last = change.cursor
    while True:
        waiting = await mine.next(HEARTBEAT_S)
        if waiting is None:
            yield []
        else:
            changes = [each.seen_in(within) for each in (waiting, *mine.more(TOGETHER - 1)) if each.cursor > last]
            if shown := [each for each in changes if each is not None]:
                yield shown


async def alert_frames(feed: ChangeFeed, after: int | None, within: Within, mine: Subscription) -> AsyncIterator[bytes]:
    """`alert_changes` after a cursor (None: from now on) as server-sent events."""
    last = await feed.start(after)
    yield b"retry: 1000\nid: %d\n\n" % last
    async for changes in alert_changes(feed, last, after is not None, within, mine):
        yield b"".join([each.frame for each in changes]) or b": alive\n\n"


async def live_frames(board: Dashboard, within: Within, mine: Subscription) -> AsyncIterator[bytes]:
    """For the page: the status once a second, and alert changes as they come."""
    clock = asyncio.get_running_loop().time
    while True:
        yield b"event: status\ndata: %s\n\n" % (await board.current()).encoded
        until = clock() + 1.0
        while (left := until - clock()) > 0:
            if (change := await mine.next(left)) and (seen := change.seen_in(within)) is not None:
                yield b"event: alert\ndata: %s\n\n" % seen.event


class EventStream(Response):
    """Streams the frames of a subscription until the reader leaves, falls behind or may see less, or the feed ends."""

    media_type = "text/event-stream"

    def __init__(self, context: Context, frames: Frames, *, desk: bool = True) -> None:
        """`desk`: whoever reads it is at a desk."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._context, self._feed, self._frames = context, context.changes, frames
        self._desks = context.desks if desk else None
        self._open = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ends when everything is written, the reader leaves, or a write is cut off. ProblemError for one too many."""
        connection = HTTPConnection(scope)
        with self._context.streams.opened(connection.state.caller, self._context.settings.limits.streams):
            await self._serve(connection, receive, send)

    async def _serve(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        mine = self._feed.subscribe()
        try:
            with self._desks.streaming(connection.state.caller) if self._desks else nullcontext():
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._write(mine, send), name="sse.write"),
                        group.create_task(_gone(receive), name="sse.gone"),
                        group.create_task(mine.cut.wait(), name="sse.cut"),
                        group.create_task(until_refused(connection), name="sse.refused"),
                    ]
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in tasks:
                        task.cancel()
        finally:
            self._feed.unsubscribe(mine)
        if not self._open:
            return
        # A reader that reads gets a proper end; one that does not is dropped by the server.
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(1.0):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, mine: Subscription, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._open = True
        try:
            async for chunk in self._frames(mine):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except (psycopg.Error, OSError) as error:
            log.info("a stream ended early: %s", error)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
