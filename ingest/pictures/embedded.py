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

from devices.privacy import place_told
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
_NAME, _SIGNS = b'"image"', (b"/9j", b"iVBORw0KGgo")
"""What stands in a message that may hold pictures, under whatever name: the beginnings of JPEG and PNG as base64."""
_PREFIX = "data:image/jpeg;base64,"
_BASE64 = re.compile(rb'"(?:data:image\\?/[a-z]+;base64,)?(?:\\?/9j\\?/|iVBORw0KGgo)[A-Za-z0-9+/=\\]*"?')
"""A text that begins as a picture does."""


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
    return _NAME in payload or any(sign in payload for sign in _SIGNS)


async def _parted(raw: Raw, gate: Gate) -> Raw:
    """A message without the pictures in its payload, and with those that have passed."""
    if raw.pictures:
        return raw
    try:
        decoded = _EVENTS.decode(raw.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        decoded = []  # it will be refused; no picture may stand in what is kept of it
    told = [bytes(event.image) for event in (decoded if isinstance(decoded, list) else [decoded])]
    images = [text for text in told if _BASE64.match(text)]
    pictures = await asyncio.gather(*[_passed(raw, text, gate) for text in images[:MOST]])
    pictures += [absent(f"{REFUSED}too_many")] * (len(images) - MOST)
    payload, at, parts = raw.payload, 0, []
    for place, text in enumerate(images):
        found = payload.index(text, at)
        parts += [payload[at:found], b'"%s"' % place_told(place).encode()]
        at = found + len(text)
    payload = _BASE64.sub(b'""', b"".join([*parts, payload[at:]]))  # those under other names go
    return raw._replace(payload=payload, pictures=tuple(pictures))


async def _passed(raw: Raw, text: bytes, gate: Gate) -> Picture:
    try:
        base64 = msgspec.json.decode(text, type=str).removeprefix(_PREFIX)
        if len(base64) > MAX_BYTES * 4 // 3 + 4:
            return absent(f"{REFUSED}too_many_bytes")
        picture = binascii.a2b_base64(base64, strict_mode=True)
    except (msgspec.MsgspecError, ValueError):
        return absent(f"{REFUSED}damaged")
    return await gate.passed(raw.origin.device or raw.origin.address, picture)
