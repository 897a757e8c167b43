"""`POST /edges/files`: a file that an edge posts one-way. The answer means nothing: it is stored from the inbox."""

import asyncio

from fastapi import HTTPException, Request, Response

from hub.access.door import GuardedRouter, public
from hub.words.sentence import Sentence
from ingest.diode.envelope import MAX_HEAD, Head, UnusableError, name_of, opened, signed
from ingest.diode.folders import Folders
from ingest.diode.keys import Keys

BODY_LIMIT = 80 << 20
LARGER = {"/api/v1/edges/files": BODY_LIMIT}
AT_ONCE = 4
"""Files that are read at one time: each is in memory until it is on the disk."""


def diode_router(folders: Folders, keys: Keys) -> GuardedRouter:
    """The route, to be included under /api/v1."""
    router, room = GuardedRouter(tags=["edges"]), asyncio.Semaphore(AT_ONCE)
    described = {
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }

    @router.post("/edges/files", status_code=202, response_class=Response, openapi_extra=described)
    @public("a file is signed by its edge; what is not signed is not read beyond its first lines")
    async def take_file(request: Request) -> Response:
        """Take a file of an edge behind a data diode into the inbox."""
        if room.locked():
            raise HTTPException(503, Sentence("refusal.edge.busy"), {"Retry-After": "2"})
        async with room:
            head, content = await _read(request, keys)
            kept = await asyncio.to_thread(folders.put, name_of(head.edge, head.chain, head.number), content)
        if not kept:
            raise HTTPException(503, Sentence("refusal.edge.full"), {"Retry-After": "60"})
        return Response(status_code=202)

    return router


async def _read(request: Request, keys: Keys) -> tuple[Head, bytes]:
    """A file that is signed and whole; what comes behind lines that are not is not read."""
    content, trusted = bytearray(), False
    async for chunk in request.stream():
        content += chunk
        if not trusted and (content.count(b"\n", 0, MAX_HEAD) >= 3 or len(content) > MAX_HEAD):
            try:
                signed(bytes(content[: MAX_HEAD + 256]), keys)
            except UnusableError as error:
                raise _refused(error) from None
            trusted = True
    try:
        envelope = await asyncio.to_thread(opened, bytes(content), keys)
    except UnusableError as error:
        raise _refused(error) from None
    return envelope.head, bytes(content)


def _refused(error: UnusableError) -> HTTPException:
    return HTTPException(422, Sentence("refusal.edge.file", why=error.sentence))
