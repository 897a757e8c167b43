"""HEAD wherever GET is: the same answer without its body (RFC 9110, 9.3.2)."""

import asyncio
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """ASGI middleware: asks the app for a GET, and passes on the beginning of its answer alone.

    An answer that goes on, a stream of events or an export, is ended after its beginning.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        begun: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.set_result(message)
            elif message.get("more_body", False):
                raise ConnectionResetError  # as of a client that has left: what is open is closed

        async def get() -> None:
            try:
                await self._app({**scope, "method": "GET"}, receive, keep)
            except Exception:
                if not begun.done():  # what has begun tells it
                    raise

        async with asyncio.TaskGroup() as group:
            app = group.create_task(get(), name="head")
            waited: list[asyncio.Future[Any]] = [app, begun]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if begun.done() and _endless(begun.result()):
                app.cancel()
        if begun.done():
            await send(begun.result())
            await send({"type": "http.response.body", "body": b""})


def _endless(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")
