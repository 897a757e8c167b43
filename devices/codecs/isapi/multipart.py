"""Splits multipart streams of cameras: bounded, and forgiving where cameras are not exact. Pure.

The boundary is taken as it is told: it may hold <> or begin with --, and lines end with CRLF or LF. A part is given out
as soon as it is whole, by its Content-Length or by the end of its text: the next boundary may come ten seconds later.
"""

import re
from typing import NamedTuple

from devices.picture_signs import is_picture

MAX_HEAD = 8 << 10
"""Bytes of the headers of a part."""
MAX_PART = 4 << 20
"""Bytes of a part: a picture of 8 megapixels has less. A larger one is passed over, and the stream goes on after it."""
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))""", re.IGNORECASE)
_ENDS = re.compile(rb"</(?:[\w.-]+:)?EventNotificationAlert\s*>\s*\Z")
_OF_ALERTS = (b"EventNotificationAlert", b"eventType")
_LINE_END = re.compile(rb"\r?\n")


class Part(NamedTuple):
    """A part: its headers by lower-case name, and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def is_picture(self) -> bool:
        """Whether it begins as a picture does, whatever its headers say; or they say it is one, and it is no alert."""
        if is_picture(self.body):
            return True
        told = self.headers.get("content-type", "").lower().startswith("image/")
        return told and not any(name in self.body for name in _OF_ALERTS)


def boundary_of(content_type: str) -> str:
    """The boundary that a Content-Type tells; "" where it tells none: the first line beginning with -- is it then."""
    found = _BOUNDARY.search(content_type)
    return "" if found is None else found[1] or found[2]


class Splitter:
    """Takes a stream as it comes, and gives out its parts."""

    def __init__(self, boundary: str = "") -> None:
        self._token = boundary.encode("latin-1", "replace").lstrip(b"-")
        self._buffer = bytearray()
        self._headers: dict[str, str] | None = None
        """Of the part whose body comes; None: a boundary or headers are waited for."""
        self._in_head = False
        self._looked = 0
        """Bytes of the body that hold no boundary."""
        self._passing = False
        """Whether the body is too large, and passed over."""
        self.passed_over = 0
        """Parts that were too large."""

    @property
    def waits(self) -> bool:
        """Whether a part has begun and is not whole."""
        return self._headers is not None or self._in_head

    def feed(self, octets: bytes) -> list[Part]:
        """Parts that are whole with these bytes."""
        self._buffer += octets
        found: list[Part] = []
        while True:
            if self._headers is not None:
                part = self._body(at_end=False)
                if part is None:
                    return found
                if part.body:
                    found.append(part)
            elif not (self._head() if self._in_head else self._seek()):
                return found

    def end(self) -> list[Part]:
        """What is whole now that nothing more comes: a body without a last boundary."""
        part = self._body(at_end=True) if self._headers is not None else None
        return [part] if part is not None and part.body else []

    def _seek(self) -> bool:
        """Find a boundary; what stands before it is let go."""
        buffer = self._buffer
        if not self._token:
            start = 0 if buffer.startswith(b"--") else buffer.find(b"\n--") + 1
            line = _LINE_END.search(buffer, start) if start or buffer.startswith(b"--") else None
            if line is None:
                del buffer[: -MAX_HEAD or None]
                return False
            self._token = bytes(buffer[start : line.start()]).strip().lstrip(b"-")
            if not self._token:
                del buffer[: line.end()]
                return True
        at = buffer.find(self._token)
        if at < 0:
            del buffer[: max(0, len(buffer) - len(self._token))]
            return False
        line = _LINE_END.search(buffer, at + len(self._token))
        if line is None:
            del buffer[:at]
            if len(buffer) > MAX_HEAD:
                buffer.clear()
            return False
        del buffer[: line.end()]
        self._in_head = True
        return True

    def _head(self) -> bool:
        """Read the headers, once they are all there; a body that begins without any is taken."""
        headers: dict[str, str] = {}
        at = 0
        while True:
            if self._buffer[at : at + 1] in b"<{" and at < len(self._buffer):
                break
            line = _LINE_END.search(self._buffer, at)
            if line is None:
                if len(self._buffer) > MAX_HEAD:
                    self._buffer.clear()
                    self._in_head = False
                return False
            text = self._buffer[at : line.start()].decode("latin-1")
            at = line.end()
            if not text.strip():
                break
            name, _, told = text.partition(":")
            headers[name.strip().lower()] = told.strip()
        del self._buffer[:at]
        self._in_head, self._headers, self._looked, self._passing = False, headers, 0, False
        return True

    def _body(self, *, at_end: bool) -> Part | None:
        """The part, once its body is whole; with an empty body where there is nothing to give out."""
        buffer, headers = self._buffer, self._headers or {}
        close = self._delimiter()
        length = _length(headers)
        size: int | None = None
        if length is not None and length <= len(buffer) and (close is None or length <= close) and not self._passing:
            body = bytes(buffer[:length])
            if _is_plausible(body):
                size = length
        if size is None and close is not None:
            size = close
        if size is None and length is None and not self._passing and _ends_text(buffer):
            size = len(buffer)
        if size is None and at_end:
            size = len(buffer)
        if size is None:
            if self._passing or len(buffer) > MAX_PART:
                self.passed_over += not self._passing
                self._passing = True
                kept = len(self._token) + 8
                del buffer[: max(0, len(buffer) - kept)]
                self._looked = 0
            return None
        body = b"" if self._passing else bytes(buffer[:size]).strip(b"\r\n")
        if len(body) > MAX_PART:
            self.passed_over += 1
            body = b""
        del buffer[:size]
        self._headers = None
        return Part(headers, body)

    def _delimiter(self) -> int | None:
        """Where the body ends, for a boundary follows; None: none has come yet."""
        buffer, at = self._buffer, self._looked
        while (at := buffer.find(self._token, at)) >= 0:
            begin = at
            while begin > 0 and buffer[begin - 1] == 0x2D:
                begin -= 1
            if begin == 0 or buffer[begin - 1] == 0x0A:
                return begin
            at += 1
        self._looked = max(0, len(buffer) - len(self._token) - 4)
        return None


def split(body: bytes, boundary: str = "") -> list[Part]:
    """The parts of a whole body."""
    splitter = Splitter(boundary)
    return [*splitter.feed(body), *splitter.end()]


def _length(headers: dict[str, str]) -> int | None:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and 0 < len(told) < 9 and int(told) <= MAX_PART else None


def _is_plausible(body: bytes) -> bool:
    """Whether a body of the length that was told is whole: some cameras count wrongly."""
    text = body.strip(b"\r\n\t \0")
    if text.startswith(b"<"):
        return text.endswith(b">")
    return text.endswith((b"}", b"]")) if text.startswith((b"{", b"[")) else True


def _ends_text(buffer: bytearray) -> bool:
    """Whether a document that tells no length is whole."""
    tail = bytes(buffer[-200:])
    if buffer.lstrip()[:1] == b"<":
        return _ENDS.search(tail) is not None
    text = tail.strip()
    return buffer.lstrip()[:1] == b"{" and text.endswith(b"}") and buffer.count(b"{") == buffer.count(b"}")
