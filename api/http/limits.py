"""Limits on request size and duration, protecting memory from untrusted clients."""

import asyncio
from collections.abc import Mapping
from fnmatch import fnmatchcase

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer
from hub.words.sentence import Sentence

BODY_LIMIT = 1 << 20
"""Bytes of a request, where its path has no limit of its own."""
BODY_S = 30.0
"""How long a whole body may take to arrive."""
SHEET_RATE = 256 << 10
"""Bytes a second at which a larger body may come: at paths that take more than BODY_LIMIT the time grows with it."""


class BodyLimit:
    """ASGI middleware; `limits` are those of single paths, in which * stands for anything."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limit = next((limit for like, limit in self._limits.items() if fnmatchcase(path, like)), BODY_LIMIT)
        told = Headers(scope=scope).get("content-length", "")
        if told.isdigit() and int(told) > limit:
            await answer(413, f"the body has {told} bytes; here it may have {limit}")(scope, receive, send)
            return
        taken, whole = 0, False
        seconds = max(BODY_S, limit / SHEET_RATE) if limit > BODY_LIMIT else BODY_S
        deadline = asyncio.get_running_loop().time() + seconds

        async def limited() -> Message:
            nonlocal taken, whole
            try:
                async with asyncio.timeout_at(None if whole else deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, Sentence("refusal.http.slow", seconds=round(seconds))) from None
            whole = whole or not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, Sentence("refusal.http.long", limit=limit))
            return message

        await self._app(scope, limited, send)
