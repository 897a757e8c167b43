"""Parts of ISAPI become messages; pictures never do."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.isapi.events import decode
from devices.codecs.isapi.multipart import split
from hub.models import Origin
from hub.picture import Picture
from ingest.cameras.alerts import Alerts
from tests.support.frames_cameras import JPEG, alert, multipart

FIRE = alert("fireDetection")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(100))


def _taken(body: bytes) -> list[tuple[bytes, int]]:
    """The messages of a body, and how many pictures each has."""
    taken: list[tuple[bytes, int]] = []

    async def put(_origin: Origin, payload: bytes, pictures: tuple[Picture, ...]) -> None:
        taken.append((payload, len(pictures)))

    async def gate(_camera: str, _picture: bytes) -> Picture:
        return Picture(b"passed")

    async def take() -> None:
        alerts = Alerts("cam", lambda _channel: Origin("http", "x", "cam", "frame", None, "isapi"), tuple, put, gate)
        for part in split(body, "b"):
            await alerts.take(part)
        await alerts.flush()

    asyncio.run(take())
    return taken


@pytest.mark.parametrize(
    ("type_", "picture"),
    [
        ("image/jpeg", JPEG), ("image/png", PNG), ("application/octet-stream", PNG),
        ("text/xml", b"GIF89a" + bytes(50)),
        ("image/jpeg", b"of a kind that nobody knows"), ("image/svg+xml", b"<svg><image/></svg>"),
    ],
)  # fmt: skip
def test_a_picture_of_whatever_kind_is_no_message_of_its_own(type_: str, picture: bytes) -> None:
    body = multipart("b", ("application/xml", FIRE), (type_, picture), (type_, picture), ("application/xml", FIRE))
    assert [(payload.strip(), pictures) for payload, pictures in _taken(body)] == [(FIRE.strip(), 1), (FIRE.strip(), 0)]
    decoded = decode(body, 0, ZoneInfo("UTC"))
    assert ([event.kind for event in decoded.events], decoded.private, decoded.faults) == (["fire"] * 2, 2, [])


def test_an_alert_is_no_picture_whatever_its_part_says() -> None:
    assert [payload.strip() for payload, _ in _taken(multipart("b", ("image/jpeg", FIRE)))] == [FIRE.strip()]
