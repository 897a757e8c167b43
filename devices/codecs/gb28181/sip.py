"""SIP messages (RFC 3261) as GB/T 28181 needs them: read, cut out of a stream, answered and written. Pure.

Our own, for the one library that reads the standard's 20-digit hosts (aiosipua 0.7) has no bounds, and neither a
registrar nor digest. Headers are Latin-1 both ways, so that an answer repeats their bytes as they came.
"""

import re
from typing import NamedTuple

from devices.personal_values import masked
from hub.errors import DecodeError
from hub.words.sentence import Sentence

VERSION = "SIP/2.0"
MAX_HEAD = 16 << 10
"""Bytes before the body: a peer that never ends its headers would use up memory."""
MAX_HEADERS = 100
MAX_BODY = 512 << 10
"""Bytes of a body: a page of a directory."""
_COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "e": "content-encoding", "s": "subject", "k": "supported", "o": "event", "u": "allow-events",
}  # fmt: skip
_REQUEST = re.compile(r"([A-Z]{3,20}) (\S{1,512}) SIP/2\.0")
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?")
_LENGTH = re.compile(rb"(?:^|\n)(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_USER = re.compile(r"sips?:([^@;>\s]{1,64})@", re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=\s*([^\s;,>]+)", re.IGNORECASE)
_RPORT = re.compile(r";\s*rport(?:\s*=\s*[0-9]*)?(?=[\s;,]|$)", re.IGNORECASE)
_RECEIVED = re.compile(r";\s*received\s*=\s*[^;,\s]*", re.IGNORECASE)
_BRANCH = re.compile(r";\s*branch\s*=\s*([^\s;,]+)", re.IGNORECASE)
_DOCUMENT_END = re.compile(rb"</(?:notify|response|control|query)\s*>\s*\Z", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]+")
_REPEATED = ("via", "from", "to", "call-id", "cseq")
"""Headers of a request that its response repeats."""

Header = tuple[str, str]
"""Name in lower case, never the compact form, and value."""


class Message(NamedTuple):
    """A message; a response has no method of its own, a request no status."""

    method: str
    uri: str
    status: int
    reason: str
    headers: tuple[Header, ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first of a name (in lower case); "" where there is none."""
        return next((value for each, value in self.headers if each == name), "")

    @property
    def sender(self) -> str:
        """The user of From: who it is that sends."""
        return user_of(self.header("from"))

    @property
    def call_id(self) -> str:
        return self.header("call-id")

    @property
    def number(self) -> int:
        """Of CSeq; 0 where it tells none."""
        told = self.header("cseq").partition(" ")[0]
        return int(told) if is_number(told) else 0

    @property
    def branch(self) -> str:
        """Of the top Via: the transaction."""
        found = _BRANCH.search(_top(self.header("via"))[0])
        return found[1] if found else ""

    @property
    def transaction(self) -> tuple[str, ...]:
        """What a retransmission has in common with what it repeats, and no other message."""
        via = _RPORT.sub("", _RECEIVED.sub("", _top(self.header("via"))[0]))
        return (via, self.call_id, self.header("cseq"), tag_of(self.header("from")))


class Cut(NamedTuple):
    """What a stream holds."""

    messages: list[bytes]
    rest: bytes
    pings: int = 0
    """Empty lines that keep a connection open (RFC 5626)."""


def read(octets: bytes) -> Message:
    """Read one message; DecodeError with the byte of the line that is wrong.

    A body that is shorter than Content-Length was cut on its way. One that is longer has all that came, for some tell
    0 or count characters; what follows the end of a document is left out.
    """
    end, after = _end_of_head(octets)
    if end < 0 or end > MAX_HEAD:
        at = min(len(octets), MAX_HEAD)
        raise DecodeError("bad_frame", Sentence("refusal.sip.head", most=f"{MAX_HEAD:,}"), at)
    lines = _FOLD.sub(" ", octets[:end].decode("latin-1")).split("\n")
    start = lines[0].strip()
    headers = tuple(_header(octets, line) for line in lines[1:] if line.strip())
    if len(headers) > MAX_HEADERS:
        raise DecodeError("bad_frame", Sentence("refusal.sip.headers", most=MAX_HEADERS), end)
    if (found := _REQUEST.fullmatch(start)) is not None:
        message = Message(found[1], found[2], 0, "", headers)
    elif (found := _STATUS.fullmatch(start)) is not None:
        message = Message("", "", int(found[1]), found[2] or "", headers)
    else:
        raise DecodeError("bad_frame", Sentence("refusal.sip.start", line=_quoted(start)), 0)
    for name in _REPEATED:
        if not message.header(name):
            raise DecodeError("missing_field", Sentence("refusal.sip.missing", name=name), end)
    body, told = octets[after:], message.header("content-length").strip()
    if told and not is_number(told):
        raise DecodeError("bad_length", Sentence("refusal.sip.length", told=repr(told[:20])), end)
    if told and int(told) > len(body):
        raise DecodeError("bad_length", Sentence("refusal.octets.cut", found=len(octets), wanted=after + int(told)),
                          len(octets))  # fmt: skip
    document = body[: int(told)] if told else body
    return message._replace(body=document if _DOCUMENT_END.search(document) else body.rstrip(b"\0\r\n "))


def cut(buffer: bytes) -> Cut:
    """Cut a stream into messages by Content-Length; DecodeError where no message can begin or it is too long."""
    messages: list[bytes] = []
    pings = 0
    while True:
        begin = len(buffer) - len(buffer.lstrip(b"\r\n\0"))
        pings += buffer[:begin].count(b"\n")
        buffer = buffer[begin:]
        end, after = _end_of_head(buffer)
        if end < 0:
            if len(buffer) > MAX_HEAD:
                raise DecodeError("bad_frame", Sentence("refusal.sip.head", most=f"{MAX_HEAD:,}"), MAX_HEAD)
            return Cut(messages, buffer, pings)
        told = _LENGTH.search(buffer, 0, end + 1)
        length = 0 if told is None else int(told[1])
        if length > MAX_BODY:
            raise DecodeError("too_large", Sentence("refusal.bytes", size=f"{length:,}", most=f"{MAX_BODY:,}"), end)
        if len(buffer) < after + length:
            return Cut(messages, buffer, pings)
        messages.append(buffer[: after + length])
        buffer = buffer[after + length :]


def is_number(text: str) -> bool:
    """Whether a text is a number of up to nine digits: a length, seconds, a count."""
    return text.isascii() and text.isdigit() and len(text) <= 9


def body_at(octets: bytes) -> int:
    """Where the body of a message begins; 0 where it is no message, but a body alone."""
    head = octets[:64].partition(b"\n")[0]
    if b"SIP/2.0" not in head:
        return 0
    return max(_end_of_head(octets)[1], 0)


def arrived(message: Message, host: str, port: int) -> Message:
    """A request with where it came from in its top Via (RFC 3581): its answer goes there, whatever it says itself."""
    headers = list(message.headers)
    at = next(number for number, (name, _) in enumerate(headers) if name == "via")
    top, rest = _top(headers[at][1])
    asked = _RPORT.search(top) is not None
    top = _RPORT.sub("", _RECEIVED.sub("", top))
    top += f";received={host}" + (f";rport={port}" if asked else "")
    headers[at] = ("via", top + rest)
    return message._replace(headers=tuple(headers))


def answer(request: Message, status: int, reason: str, tag: str, *headers: Header, body: bytes = b"") -> bytes:
    """The response to a request, with a tag where its To has none."""
    repeated: list[Header] = []
    for name, value in request.headers:
        if name in _REPEATED:
            repeated.append((name, f"{value};tag={tag}" if name == "to" and tag and not tag_of(value) else value))
    return written(Message("", "", status, reason, (*repeated, *headers), body))


def written(message: Message) -> bytes:
    """The bytes of a message, with the length of its body."""
    start = f"{message.method} {message.uri} {VERSION}" if message.method else (
        f"{VERSION} {message.status} {message.reason}"
    )  # fmt: skip
    lines = [start, *(f"{_shown(name)}: {value}" for name, value in message.headers if name != "content-length")]
    head = "\r\n".join([*lines, f"Content-Length: {len(message.body)}", "", ""])
    return head.encode("latin-1", "replace") + message.body


def user_of(header: str) -> str:
    """The user of a From, To or Contact; "" where it has none."""
    found = _USER.search(header)
    return found[1] if found else ""


def tag_of(header: str) -> str:
    """The tag of a From or To; "" where it has none."""
    found = _TAG.search(header.rpartition(">")[2] if ">" in header else header)
    return found[1] if found else ""


def _top(via: str) -> tuple[str, str]:
    """The first of several in one line, and the rest."""
    top, comma, rest = via.partition(",")
    return top.rstrip(), comma + rest


def _end_of_head(octets: bytes) -> tuple[int, int]:
    """Where the head ends and the body begins; (-1, -1) while it does not end."""
    strict, loose = octets.find(b"\r\n\r\n"), octets.find(b"\n\n")
    if strict >= 0 and (loose < 0 or strict < loose):
        return strict, strict + 4
    return (loose, loose + 2) if loose >= 0 else (-1, -1)


def _header(octets: bytes, line: str) -> Header:
    name, colon, value = line.partition(":")
    name = name.strip().lower()
    if not colon or not name or " " in name:
        at = max(octets.find(line.strip()[:20].encode("latin-1")), 0)
        raise DecodeError("bad_frame", Sentence("refusal.sip.header", line=_quoted(line.strip())), at)
    return _COMPACT.get(name, name), value.strip()


def _quoted(line: str) -> str:
    """Of a line that is wrong: what is ASCII, without what identifies a person."""
    return masked(repr(re.sub(r"[^\x00-\x7f]+", "?", line[:80])))[0]


def _shown(name: str) -> str:
    if name in _SHOWN:
        return _SHOWN[name]
    return "-".join(part.capitalize() for part in name.split("-"))


_SHOWN = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "x-gb-ver": "X-GB-Ver"}
