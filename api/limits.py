"""How large a request may be: what a stranger sends must not fill the memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer

BODY_LIMIT = 1 << 20
"""Bytes of a request."""


class BodyLimit:
    """ASGI middleware; `larger` gives the paths that take more than BODY_LIMIT, with their own limits."""

    def __init__(self, app: ASGIApp, larger: dict[str, int]) -> None:
        self._app, self._larger = app, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], BODY_LIMIT)
        told = Headers(scope=scope).get("content-length", "")
        if told.isdigit() and int(told) > limit:
            await answer(413, f"the body has {told} bytes; here it may have {limit}")(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"the body has more than the {limit} bytes it may have here")
            return message

        await self._app(scope, limited, send)
