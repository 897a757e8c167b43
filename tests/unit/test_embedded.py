"""Pictures in messages are taken out of them before anything is queued, however they are written."""

import asyncio
import base64
import json
from typing import cast

import pytest

from devices.codecs.event import decode
from hub.models import Delivery, Outcome, Raw
from hub.picture import Picture
from ingest.pictures.embedded import GatedSink
from ingest.pictures.gate import Gate
from tests.support.origins import raw_of

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(200))
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200))
PLAIN = base64.b64encode(JPEG).decode()
WAYS = {
    "base64": PLAIN,
    "data": "data:image/jpeg;base64," + PLAIN,
    "prefix": "base64," + PLAIN,
    "large": "data:image/JPEG;base64," + PLAIN,
    "charset": "data:image/jpg;charset=utf-8;base64," + PLAIN,
    "for URLs": base64.urlsafe_b64encode(JPEG).decode().rstrip("="),
    "hex": JPEG.hex(),
    "in lines": PLAIN[:60] + " \r\n" + PLAIN[60:],
}
OTHERS = {"png": base64.b64encode(PNG).decode(), "webp": base64.b64encode(b"RIFF\1\1\0\0WEBPVP8 " + JPEG[3:]).decode()}


class _Gate:
    """Passes all, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def passed(self, _camera: str, picture: bytes) -> Picture:
        self.asked.append(picture)
        return Picture(b"passed")


class _Sink:
    full = False

    def __init__(self) -> None:
        self.raws: list[Raw] = []

    async def submit(self, delivery: Delivery) -> None:
        self.raws += delivery.raws


def _behind(payload: bytes) -> tuple[Raw, list[bytes]]:
    """A message behind the gate, and the pictures that were asked for."""

    async def settled(_outcome: Outcome) -> None: ...

    gate, sink = _Gate(), _Sink()
    raw = raw_of("mqtt", "ganzhi/v1/cam/event", payload, 0)
    asyncio.run(GatedSink(sink, cast(Gate, gate)).submit(Delivery([raw], settled)))
    [passed] = sink.raws
    return passed, gate.asked


@pytest.mark.parametrize("way", [*WAYS, *OTHERS])
@pytest.mark.parametrize("slash", [b"/", b"\\/", b"\\u002f"])
def test_no_picture_of_whatever_name_is_left_in_the_payload(way: str, slash: bytes) -> None:
    text = (WAYS | OTHERS)[way]
    payload = json.dumps({"kind": "fire", "attributes": {"pic": text, "floor": 1.5}, "more": [text]}).encode()
    raw, asked = _behind(payload.replace(b"/", slash).replace(b"1.5", b"1.50"))
    assert json.loads(raw.payload) == {"kind": "fire", "attributes": {"pic": "", "floor": 1.5}, "more": [""]}
    assert b"1.50" in raw.payload, "all else stays as it is written"
    assert asked == []


@pytest.mark.parametrize("way", WAYS)
def test_the_picture_of_an_event_passes_however_it_is_written(way: str) -> None:
    payload = json.dumps({"kind": "fire", "image": WAYS[way]}).encode()
    for written in (payload, payload.replace(b"/", b"\\u002f"), payload.replace(b'"image"', b'"im\\u0061ge"')):
        raw, asked = _behind(written)
        assert asked == [JPEG]
        assert [picture.jpeg for picture in raw.pictures] == [b"passed"]
        [event] = decode(raw.payload, 0, None).events  # type: ignore[arg-type]
        assert event.image == 0


def test_what_is_no_json_holds_no_picture_behind_the_gate() -> None:
    raw, _ = _behind(f'{{"kind": "fire", "pic": "{WAYS["large"]}", "x": "{PLAIN}'.encode())
    assert PLAIN[:60].encode() not in raw.payload


def test_what_holds_no_picture_stays_the_same_object() -> None:
    payload = json.dumps({"kind": "fire", "note": "一楼东侧烟感探测器报警" * 20, "id": "x" * 128}).encode()
    raw, _ = _behind(payload)
    assert raw.payload is payload
