"""Pictures are known however they are written."""

import base64
import json

import pytest

from devices.codecs.event import decode
from devices.picture_signs import contains_picture, is_picture, writes_picture
from devices.privacy import holds_picture, without_private

REST = bytes(range(1, 100)) * 2
BEGINNINGS = {
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "gif": b"GIF89a",
    "webp": b"RIFF\x24\x01\0\0WEBPVP8 ",
    "bmp": b"BM\x36\x84\x03\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    "tiff": b"II*\0\x08\0\0\0",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0",
}
PICTURES = {name: begins + REST for name, begins in BEGINNINGS.items()}


def ways(picture: bytes) -> dict[str, str]:
    plain = base64.b64encode(picture).decode()
    return {
        "base64": plain,
        "a prefix": "base64," + plain,
        "data": "data:image/jpeg;base64," + plain,
        "DATA": "data:image/JPEG;base64," + plain,
        "charset": "data:image/jpg;charset=utf-8;base64," + plain,
        "for URLs": base64.urlsafe_b64encode(picture).decode().rstrip("="),
        "in lines": "data:image/x;base64," + plain[:60] + " " + plain[60:],
        "hex": picture.hex(),
        "HEX": "0x" + picture.hex().upper(),
        "JSON in a text": json.dumps({"a": plain}),
    }


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_known_however_it_is_written(name: str) -> None:
    picture = PICTURES[name]
    assert is_picture(picture)
    assert holds_picture(picture)
    for way, text in ways(picture).items():
        assert writes_picture(text), way
        payload = json.dumps({"kind": "fire", "attributes": {"shots": [text], "floor": 3}}).encode()
        for written in (payload, payload.replace(b"/", b"\\/"), payload.replace(b"/", b"\\u002f")):
            assert holds_picture(written), way
            decoded = decode(written, 0, None)  # type: ignore[arg-type]
            [event] = decoded.events
            assert (event.attributes, decoded.private) == ({"shots": [""], "floor": 3}, 1), way


@pytest.mark.parametrize(
    "text",
    [
        "/api/v1/files/9j/report.pdf",
        "BM25 is a way to rank texts; it has no picture in it, nor anything like one at all",
        "ffd8ff12", "0123456789abcdef" * 8, base64.b64encode(bytes(range(256))).decode(),
        "一楼东侧烟感探测器报警, 请值班人员到场确认" * 4,
        "Qk1 is a name, RIFF is a rift, GIF8 is a gift " * 3, "https://example.org/" + "path/" * 40,
    ],
)  # fmt: skip
def test_what_is_none_stays(text: str) -> None:
    assert not writes_picture(text)
    assert not contains_picture(json.dumps({"a": text}, ensure_ascii=False).encode())
    assert without_private({"a": text}) == ({"a": text}, 0)
