"""`POST /edges/files`: a file that an edge posts one-way. The answer means nothing: it is stored from the inbox."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import HTTPException, Request, Response

from hub.access.door import GuardedRouter, public
from hub.words.sentence import Sentence
from ingest.diode.envelope import MAX_HEAD, Head, UnusableError, name_of, opened, signed
from ingest.diode.folders import Folders
from ingest.diode.keys import Keys

BODY_LIMIT = 80 << 20
LARGER = {"/api/v1/edges/files": BODY_LIMIT}
AT_ONCE = 4
"""Files that are read at one time: each is in memory until it is on the disk. One counts once its head is signed."""
HEAD_S = 10.0
"""For the first lines; what is not signed holds no place."""
SLOWEST = 100_000
"""Bytes a second that a body comes with at least: who sends nothing holds no place for long."""


router = GuardedRouter(tags=["edges"])
_DESCRIBED = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Receiver:
    """Where files go, and whose are taken; an app has it as `state.diode_receiver`."""

    def __init__(self, folders: Folders, keys: Keys) -> None:
        self.folders, self.keys, self.room = folders, keys, asyncio.Semaphore(AT_ONCE)


@router.post("/edges/files", status_code=202, response_class=Response, openapi_extra=_DESCRIBED)
@public("a file is signed by its edge; what is not signed is not read beyond its first lines")
async def take_file(request: Request) -> Response:
    """Take a file of an edge behind a data diode into the inbox."""
    receiver: Receiver = request.app.state.diode_receiver
    stream = request.stream()
    try:
        async with asyncio.timeout(HEAD_S):
            content = await _first(stream)
        head = _signed(content, receiver.keys)
        if receiver.room.locked():
            raise HTTPException(503, Sentence("refusal.edge.busy"), {"Retry-After": "2"})
        async with receiver.room:
            async with asyncio.timeout(HEAD_S + head.packed / SLOWEST):
                async for chunk in stream:
                    content += chunk
            kept = await asyncio.to_thread(_kept, receiver.folders, bytes(content), receiver.keys)
    except TimeoutError:
        raise HTTPException(408, Sentence("refusal.edge.slow")) from None
    except UnusableError as error:
        raise HTTPException(422, Sentence("refusal.edge.file", why=error.sentence)) from None
    if not kept:
        raise HTTPException(503, Sentence("refusal.edge.full"), {"Retry-After": "60"})
    return Response(status_code=202)


async def _first(stream: AsyncIterator[bytes]) -> bytearray:
    """As much as has the first three lines, or could not have them any more."""
    content = bytearray()
    async for chunk in stream:
        content += chunk
        if content.count(b"\n", 0, MAX_HEAD) >= 3 or len(content) > MAX_HEAD:
            break
    return content


def _signed(content: bytearray, keys: Keys) -> Head:
    return signed(bytes(content[: MAX_HEAD + 256]), keys).head


def _kept(folders: Folders, content: bytes, keys: Keys) -> bool:
    """Put a file into the inbox that is signed and whole; False: there is no room. UnusableError."""
    head = opened(content, keys).head
    return folders.put(name_of(head.edge, head.chain, head.number), content)
