"""Pictures inside JSON events (`"image"`, base64): each passes the gate before anything of its message is queued.

In the payload its place among the message's pictures stands for it from then on; all else stays as it is.
"""

import asyncio
import binascii
import re
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from devices.picture_signs import contains_picture, writes_picture
from devices.privacy import SHORTEST_PICTURE, place_told
from hub.models import Delivery, Raw
from hub.picture import REFUSED, Picture, absent
from hub.pipeline import Sink
from ingest.pictures.gate import Gate

EVENT = "event"
"""The form of payload that may hold pictures."""
MOST = 8
"""Pictures of one message that are looked at; further ones are refused."""
MAX_BYTES = 256 << 10
"""Of a picture in an event; whole pictures belong to a video store."""
_NAME = b'"image"'
_STRETCH = 256
"""Bytes without a quotation mark: no picture that shows anything is written shorter. Looked for in leaps, which costs
less than one look for each of its signs."""
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_RUN = re.compile(rb"[A-Za-z0-9+/=_\\-]{%d,}" % SHORTEST_PICTURE)
_SHORT = re.compile(rb'"(?:data:image|\\?/9j\\?/|iVBORw0KGgo)')
_HEX = ("ffd8ff", "89504e47")
_FROM_URLS = str.maketrans("-_", "+/")


class _Event(msgspec.Struct):
    image: msgspec.Raw = msgspec.Raw(b"null")


_EVENTS = msgspec.json.Decoder(list[_Event] | _Event)


class GatedSink:
    """A sink before which pictures pass the gate; what holds none goes by, in its order."""

    def __init__(self, sink: Sink, gate: Gate) -> None:
        self._sink, self._gate = sink, gate
        self._last: tuple[Delivery, Delivery] | None = None
        """The last one that held pictures, before and behind the gate: one that found no room comes again."""

    @property
    def full(self) -> bool:
        """Whether a further delivery would have to wait."""
        return self._sink.full

    async def submit(self, delivery: Delivery) -> None:
        """Submit a delivery once its pictures have passed, after gate.ANSWER_S at the latest."""
        raws = delivery.raws
        places = [place for place, raw in enumerate(raws) if raw[0].form == EVENT and _may_hold(raw[1])]
        if places:
            if self._last is None or self._last[0] is not delivery:
                self._last = delivery, await self._passed(delivery, places)
            delivery = self._last[1]
        await self._sink.submit(delivery)

    async def _passed(self, delivery: Delivery, places: Sequence[int]) -> Delivery:
        """A delivery with the pictures of messages at some places behind the gate.

        It arrives as much later as that took: whoever asks up to when all is received counts on it. What comes out of a
        log keeps its time, which is the same whenever it is read.
        """
        began = time.monotonic_ns()
        passed = await asyncio.gather(*[_parted(delivery.raws[place], self._gate) for place in places])
        changed = dict(zip(places, passed, strict=True))
        late = 0 if delivery.positions else (time.monotonic_ns() - began) // 1000
        raws = [changed.get(place, raw) for place, raw in enumerate(delivery.raws)]
        return replace(delivery, raws=[raw._replace(received=raw.received + late) for raw in raws])


def _may_hold(payload: bytes) -> bool:
    return _NAME in payload or _is_stretched(payload)


def _is_stretched(payload: bytes) -> bool:
    """Whether _STRETCH bytes stand in it with no quotation mark between them."""
    at, last = 0, len(payload) - _STRETCH
    while at <= last:
        mark = payload.rfind(b'"', at, at + _STRETCH)
        if mark < 0:
            return True
        at = mark + 1
    return False


async def _parted(raw: Raw, gate: Gate) -> Raw:
    """A message without the pictures in its payload, and with those that have passed."""
    if raw.pictures:
        return raw
    try:
        decoded = _EVENTS.decode(raw.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        decoded = None  # it will be refused; no picture may stand in what is kept of it
    events = decoded if isinstance(decoded, list) else [] if decoded is None else [decoded]
    images = [text for event in events if writes_picture(_told(text := bytes(event.image)))]
    pictures = await asyncio.gather(*[_passed(raw, text, gate) for text in images[:MOST]])
    pictures += [absent(f"{REFUSED}too_many")] * (len(images) - MOST)
    payload, at, parts = raw.payload, 0, []
    for place, text in enumerate(images):
        found = payload.index(text, at)
        parts += [payload[at:found], b'"%s"' % place_told(place).encode()]
        at = found + len(text)
    payload = _TEXT.sub(_without, b"".join([*parts, payload[at:]]))  # those under other names go
    if decoded is None and contains_picture(payload):
        payload = _RUN.sub(b"", payload)
    return raw._replace(payload=raw.payload if payload == raw.payload else payload, pictures=tuple(pictures))


def _without(match: re.Match[bytes]) -> bytes:
    text = match[0]
    is_one = contains_picture(text) if len(text) > SHORTEST_PICTURE else _SHORT.match(text)
    return b'""' if is_one else text


def _told(text: bytes) -> str:
    """What a text of JSON says; "" of anything else."""
    try:
        return msgspec.json.decode(text, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


async def _passed(raw: Raw, text: bytes, gate: Gate) -> Picture:
    if len(text) > 4 * MAX_BYTES:
        return absent(f"{REFUSED}too_many_bytes")
    try:
        picture = _octets(_told(text))
    except ValueError:
        return absent(f"{REFUSED}damaged")
    if len(picture) > MAX_BYTES:
        return absent(f"{REFUSED}too_many_bytes")
    return await gate.passed(raw.origin.device or raw.origin.address, picture)


def _octets(text: str) -> bytes:
    """What is written in hex or base64, behind a prefix, with blanks between; ValueError."""
    written = "".join(text[text.rfind(",") + 1 :].split())
    digits = written.lower().removeprefix("0x")
    if digits.startswith(_HEX):
        return bytes.fromhex(digits)
    written = written.translate(_FROM_URLS)
    return binascii.a2b_base64(written + "=" * (-len(written) % 4), strict_mode=True)
