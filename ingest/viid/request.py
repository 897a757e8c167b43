"""One request of a view library: who sends it, and its body within bounds of size and time."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from devices.codecs.gat1400.writing import Code
from hub.words.sentence import Sentence
from ingest.viid.limits import BODIES_BYTES, DISCARD_BYTES


class Refused(Exception):
    """A request is not taken"""

    def __init__(self, http: int, code: Code, sentence: Sentence, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.http, self.code, self.sentence, self.headers = http, code, sentence, headers or {}


BUSY = {"Retry-After": "5"}


class Bodies:
    """Reads bodies; bounded in all."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._held = 0

    async def read(self, request: HttpRequest, most: int) -> "Body":
        """A body of at most `most` bytes, to be given back. Refused; a larger one is read to its end, so that its
        sender reads the answer, and not kept."""
        body, parts, size = Body(self), list[bytes](), 0
        unpacked = _unpacking(request.headers.get("content-encoding", ""))
        try:
            async for packed in self._parts(request):
                part = b"" if size > most else unpacked.take(packed, most + 1 - size)
                size += len(part)
                if size > most:
                    parts.clear()
                    body.end()
                elif self._held + len(part) > BODIES_BYTES:
                    raise Refused(503, Code.BUSY, Sentence("refusal.push.full"), BUSY)
                else:
                    body.hold(len(part))
                    parts.append(part)
            if size > most:
                raise _too_large(size, most)
            if not unpacked.is_whole():
                raise Refused(400, Code.JSON_FORMAT, Sentence("refusal.viid.gzip"))
        except BaseException:
            body.end()
            raise
        body.octets = b"".join(parts)
        return body

    async def pass_over(self, request: HttpRequest) -> None:
        """Read a body to its end, and keep nothing of it. Refused."""
        async for _ in self._parts(request):
            pass

    async def _parts(self, request: HttpRequest) -> AsyncIterator[bytes]:
        """The parts of a body as they arrive, each for itself. Refused, also what is beyond all bounds."""
        size, until = 0, asyncio.get_running_loop().time() + self._longest_s
        stream = request.stream()
        try:
            while True:
                async with asyncio.timeout_at(until):
                    part = await anext(stream, None)
                if part is None:
                    return
                size += len(part)
                if size > DISCARD_BYTES:
                    raise _too_large(size, DISCARD_BYTES)
                yield part
        except TimeoutError:
            sentence = Sentence("refusal.viid.slow", seconds=f"{self._longest_s:g}")
            raise Refused(408, Code.OTHER, sentence, {"Connection": "close"}) from None
        except ClientDisconnect:
            raise Refused(400, Code.OTHER, Sentence("refusal.viid.cut")) from None

    def hold(self, size: int) -> None:
        """So much is taken up."""
        self._held += size

    def give_back(self, size: int) -> None:
        """So much is free again."""
        self._held -= size


class Body:
    """The octets of one, which count until its end."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.size = 0
        self.octets = b""

    def hold(self, size: int) -> None:
        """So much more of it is here."""
        self._bodies.hold(size)
        self.size += size

    def end(self) -> None:
        """It is not needed any more."""
        self._bodies.give_back(self.size)
        self.size, self.octets = 0, b""


def _unpacking(coding: str) -> "_Gzip | _Plain":
    """How a body is to be read. Refused: as nothing that is known."""
    named = coding.strip().lower()
    if named in ("", "identity"):
        return _Plain()
    if named in ("gzip", "x-gzip"):
        return _Gzip()
    raise Refused(415, Code.OTHER, Sentence("refusal.viid.coding", told=repr(named[:20])), {"Accept-Encoding": "gzip"})


class _Plain:
    """As it comes."""

    def take(self, part: bytes, _most: int) -> bytes:
        """The part itself."""
        return part

    def is_whole(self) -> bool:
        """It always is."""
        return True


class _Gzip:
    """Unpacked as it comes, and never more than is asked for: a small body may unpack to a thousand times its size."""

    def __init__(self) -> None:
        self._unpacking = zlib.decompressobj(wbits=31)

    def take(self, part: bytes, most: int) -> bytes:
        """At most so many bytes of what a part unpacks to, which is more than may be if there are as many. Refused."""
        try:
            return self._unpacking.decompress(part, most)
        except zlib.error:
            raise Refused(400, Code.JSON_FORMAT, Sentence("refusal.viid.gzip")) from None

    def is_whole(self) -> bool:
        """Whether its end has come, and nothing after it."""
        return self._unpacking.eof and not self._unpacking.unused_data


def host_of(request: HttpRequest) -> str:
    """The address from which it comes."""
    return request.client.host if request.client else ""


def sender_of(request: HttpRequest) -> str:
    """Who says to send it: a header that is worth nothing without a registration from that address."""
    return request.headers.get("user-identify", "").strip()[:64]


def _too_large(size: int, most: int) -> Refused:
    sentence = Sentence("refusal.bytes", size=f"{size:,}", most=f"{most:,}")
    return Refused(413, Code.JSON_CONTENT, sentence, {"Connection": "close"})
