"""Answers of RTSP (RFC 2326) as they are read, and what a server tells in their headers."""

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_HEAD, MAX_BODY = 16 << 10, 64 << 10
DOLLAR = 0x24
"""Begins a packet of media in the connection."""
_CHANNEL = re.compile(r"interleaved\s*=\s*(\d{1,3})", re.IGNORECASE)
_PORTS = re.compile(r"server_port\s*=\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?", re.IGNORECASE)
MAX_BEFORE = 4_096
"""Packets of media that come before an answer."""
LEAST_PORT = 1_024
LEAST_ALIVE_S, MOST_ALIVE_S = 5.0, 60.0


class Answer(NamedTuple):
    """An answer; of what is none the status is 0."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name; the last of each counts."""
    challenges: tuple[str, ...]
    body: bytes


def channel_of(transport: str) -> int:
    """On which channel a server sends media, by its `Transport`; the one that was asked for, if it tells none."""
    found = _CHANNEL.search(transport)
    return int(found[1]) & 0xFF if found else 0


def ports_of(transport: str) -> tuple[int, int] | None:
    """From which ports a server sends datagrams and their reports, if it says; no system port of any host."""
    found = _PORTS.search(transport)
    first = int(found[1]) if found else 0
    second = int(found[2]) if found and found[2] else first + 1
    return (first, second) if LEAST_PORT <= first <= 65_534 and LEAST_PORT <= second <= 65_535 else None


def session_of(told: str) -> tuple[str, float | None]:
    """The session of a header, and how often it is kept alive, if the server says."""
    session, _, rest = told.partition(";")
    timeout = rest.lower().partition("timeout=")[2].partition(";")[0].strip()
    if not timeout.isdigit():
        return session.strip(), None
    return session.strip(), min(max(int(timeout[:6]) / 2, LEAST_ALIVE_S), MOST_ALIVE_S)


def within(base: str, control: str) -> str:
    """The URL of a part of a stream; nothing in it begins another line."""
    url = base if control in ("", "*") else f"{base.rstrip('/')}/{control}"
    if control.lower().startswith(("rtsp://", "rtspu://", "rtsps://")):
        url = control
    return url if url.isprintable() and " " not in url else base


async def next_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer; media before it is passed over. ValueError for what is none."""
    for _ in range(MAX_BEFORE):
        head = await reader.readexactly(4)
        if head[0] == DOLLAR:
            await reader.readexactly(int.from_bytes(head[2:], "big"))
        elif head == b"RTSP":
            return await read_answer(reader, head)
        else:
            raise ValueError(head.decode("latin-1"))
    raise ValueError("media without an answer")


async def read_answer(reader: asyncio.StreamReader, begun: bytes) -> Answer:
    """A message whose first bytes are read; ValueError for what is too long."""
    lines, size = list[str](), 0
    while True:
        line = await reader.readline()
        size += len(line)
        if not line.endswith(b"\n") or size > MAX_HEAD:
            raise ValueError("a head without an end")
        text = (begun + line).decode("latin-1").rstrip("\r\n")
        begun = b""
        if not text:
            break
        lines.append(text)
    if not lines:
        raise ValueError("no answer")
    status = lines[0].split(" ")[1] if " " in lines[0] else ""
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    headers = dict(pairs)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[-9:]) > MAX_BODY or len(length) > 9:
        raise ValueError("a body that is too long")
    body = await reader.readexactly(int(length))
    challenges = tuple(value for name, value in pairs if name == "www-authenticate")
    return Answer(int(status) if status.isdigit() else 0, headers, challenges, body)
