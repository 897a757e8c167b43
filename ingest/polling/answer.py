"""Finding the answer to a request in what a DTU sent: among heartbeats and answers that came late. Pure.

A DTU puts its heartbeat into the stream whenever it is due, also into the middle of an answer. Its token is taken out
only where nothing fits as it came: data may hold the token by chance, and then its checksum is right.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.modbus.registers import COILS, REGISTERS
from devices.codecs.modbus.requests import EXCEPTION, Request

MOST_TOKENS = 4
"""Heartbeats that are looked for inside one answer: each one more doubles what has to be tried."""

Complaint = Literal["silent", "checksum", "slave", "function", "length", "cut", "noise"]
"""Why what came is no answer: nothing came; its checksum is wrong; another slave, another function or another length
answers; it ends too early; it looks like nothing."""


class Found(NamedTuple):
    """An answer, and what stood before and behind it."""

    answer: bytes
    before: bytes
    behind: bytes


def find(heard: bytes, request: Request, tokens: Sequence[bytes]) -> Found | None:
    """The answer to a request; None while there is none."""
    for candidate in _candidates(heard, tokens):
        found = _in(candidate, request)
        if found is not None:
            return found
    return None


def _in(heard: bytes, request: Request) -> Found | None:
    for size, start in zip(request.sizes, request.starts, strict=True):
        place = heard.find(start)
        while 0 <= place <= len(heard) - size:
            if request.fits(heard[place : place + size]):
                return Found(heard[place : place + size], heard[:place], heard[place + size :])
            place = heard.find(start, place + 1)
    return None


def _candidates(heard: bytes, tokens: Sequence[bytes]) -> Iterator[bytes]:
    """What was heard, first as it came, then without one heartbeat, without two, ..."""
    yield heard
    places = list(_places(heard, tokens))[:MOST_TOKENS]
    for count in range(1, len(places) + 1):
        for some in combinations(places, count):
            yield _without(heard, some)


def _places(heard: bytes, tokens: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Begin and end of each heartbeat; none overlaps another."""
    at = 0
    while at < len(heard):
        token = next((token for token in tokens if heard.startswith(token, at)), None)
        if token:
            yield at, at + len(token)
        at += len(token) if token else 1


def _without(heard: bytes, places: Sequence[tuple[int, int]]) -> bytes:
    kept, at = b"", 0
    for begin, end in places:
        kept += heard[at:begin]
        at = end
    return kept + heard[at:]


def stripped(heard: bytes, tokens: Sequence[bytes]) -> tuple[bytes, int]:
    """What was heard without heartbeats, and how many there were."""
    places = list(_places(heard, tokens))
    return (_without(heard, places), len(places)) if places else (heard, 0)


def begun(heard: bytes, tokens: Sequence[bytes]) -> bytes:
    """The end of what was heard that may be the beginning of a heartbeat; the rest of it is still to come."""
    for token in tokens:
        for size in range(min(len(token) - 1, len(heard)), 0, -1):
            if heard.endswith(token[:size]):
                return heard[-size:]
    return b""


def complaint(heard: bytes, request: Request, tokens: Sequence[bytes]) -> Complaint:
    """Why nothing of what was heard until the time was over is the answer."""
    heard = stripped(heard, tokens)[0]
    if not heard:
        return "silent"
    if request.framing != "modbus-rtu":
        return "cut" if len(heard) < min(request.sizes) else "noise"
    for place in range(len(heard)):
        if (frame := _whole(heard, place)) is not None:
            if frame[0] != request.head[0]:
                return "slave"
            return "function" if frame[1] & ~EXCEPTION != request.head[1] else "length"
    begin = heard.find(request.head)
    if begin < 0:
        return "noise"
    return "checksum" if len(heard) - begin >= request.sizes[0] else "cut"


def _whole(heard: bytes, place: int) -> bytes | None:
    """An answer with a right checksum, whose ever it is."""
    if len(heard) - place < 5:
        return None
    function = heard[place + 1]
    if function & EXCEPTION:
        size = 5
    elif function in (*COILS, *REGISTERS):
        size = 5 + heard[place + 2]
    else:
        return None
    frame = heard[place : place + size]
    right = len(frame) == size and crc16(frame[:-2]).to_bytes(2, "little") == frame[-2:]
    return frame if right else None
