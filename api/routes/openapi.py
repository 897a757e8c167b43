"""The OpenAPI document."""

import asyncio

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from hub.access.door import GuardedRouter, public

router = GuardedRouter()


class Document:
    """The document as it is sent, made when it is first asked for: that takes half a second of a processor."""

    def __init__(self, app: FastAPI) -> None:
        self._app, self._making = app, asyncio.Lock()
        self._made: bytes | None = None

    async def read(self) -> bytes:
        """The document; it is made in a thread, so that others are served meanwhile."""
        async with self._making:
            if self._made is None:
                self._made = bytes(JSONResponse(await asyncio.to_thread(self._app.openapi)).body)
        return self._made


@router.api_route("/openapi.json", methods=["GET", "HEAD"], include_in_schema=False)
@public("it describes what there is to call, and holds no data")
async def openapi(request: Request) -> Response:
    """OpenAPI 3.1."""
    document: Document = request.app.state.document
    return Response(await document.read(), media_type="application/json")
