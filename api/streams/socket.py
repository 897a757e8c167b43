"""Alert changes over a WebSocket: those of api/streams/sse.py, with codes that say why it ended."""

import asyncio
import logging
from contextlib import suppress

import psycopg
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.changes import ChangeFeed, Subscription
from api.cloudevents import encode
from api.streams.sse import alert_changes
from api.websocket_frames import text_frame
from hub.access.door import until_refused
from hub.access.scope import Scope as Within

log = logging.getLogger(__name__)

CLOUDEVENTS = "cloudevents.json"
"""The subprotocol, after CloudEvents' binding to WebSockets."""
ENDED, SLOW, RESTART, TRY_AGAIN = 4401, 4408, 1012, 1013
NARROWED = 4403
_REASONS = {
    ENDED: "the session or key has ended: log in again",
    NARROWED: "what may be seen has changed: connect again",
    SLOW: "too slow: go on from the last cursor",
    RESTART: "the hub ends: go on from the last cursor",
    TRY_AGAIN: "the store is away: go on from the last cursor",
}
_REFUSED = {403: NARROWED, 503: TRY_AGAIN}
"""By the status of a refusal; who is told 503 is let in again once the store is back."""
CLOSING_S = 1.0
"""How long a reader may take to hear why it is closed."""


class AlertSocket:
    """Sends changes until the reader leaves, falls behind or may see less, or the feed ends."""

    def __init__(self, feed: ChangeFeed, after: int | None, within: Within) -> None:
        self._feed, self._after, self._within = feed, after, within

    async def serve(self, socket: WebSocket) -> None:
        """Accept, send and close."""
        mine = self._feed.subscribe()
        try:
            offered = socket.scope.get("subprotocols", ())
            await socket.accept(CLOUDEVENTS if CLOUDEVENTS in offered else None)
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._write(socket, mine), name="socket.write")
                gone = group.create_task(_gone(socket), name="socket.gone")
                cut = group.create_task(mine.cut.wait(), name="socket.cut")
                refused = group.create_task(until_refused(socket), name="socket.refused")
                tasks = (writing, gone, cut, refused)
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
        finally:
            self._feed.unsubscribe(mine)
        if gone.done() and not gone.cancelled():
            return
        code = TRY_AGAIN
        if mine.cut.is_set():
            code = SLOW if mine.slow else RESTART
        elif refused.done() and not refused.cancelled():
            code = _REFUSED.get(refused.result(), ENDED)
        # A reader that reads hears why; one that does not is dropped by the server.
        with suppress(TimeoutError, OSError, WebSocketDisconnect):
            async with asyncio.timeout(CLOSING_S):
                await socket.close(code, _REASONS[code])

    async def _write(self, socket: WebSocket, mine: Subscription) -> None:
        try:
            last = await self._feed.start(self._after)
            await _send(socket, text_frame(encode(_opened(last))))
            async for changes in alert_changes(self._feed, last, self._after is not None, self._within, mine):
                if changes:  # that it lives is told by pings
                    await _send(socket, b"".join([each.message for each in changes]))
        except psycopg.Error as error:
            log.info("an alert socket ended early: %s", error)
        except WebSocketDisconnect as error:
            log.debug("an alert socket ended: %s", error)


def _opened(cursor: int) -> dict[str, object]:
    """The first message: from which cursor on changes follow."""
    return {
        "cursor": cursor, "specversion": "1.0", "id": f"opened.{cursor}", "source": "ganzhi/-",
        "type": "ganzhi.stream.opened",
    }  # fmt: skip


async def _send(socket: WebSocket, frames: bytes) -> None:
    await socket.send({"type": "websocket.send", "frames": frames})


async def _gone(socket: WebSocket) -> None:
    """Until the reader leaves; what it says is dropped."""
    while socket.client_state is WebSocketState.CONNECTED:
        await socket.receive()
