"""What lasts at a camera is known again after a restart, by the name that its events carry."""

import json
from datetime import UTC
from types import SimpleNamespace

import numpy as np
import pytest

from devices.codecs.video.findings import decode
from hub.clip import Clip, no_clip
from hub.models import Origin
from hub.picture import MOST_BYTES, Picture
from ingest.video.findings import Findings
from ingest.video.messages import Clipped, Found
from tests.support.pictures import jpeg

ORIGIN = Origin("video", "cam", "cam", "frame", protocol="video")


@pytest.mark.parametrize("zone", ["yard", " yard ", "yard\x07 13800138000", None])
async def test_what_is_found_again_after_a_restart_is_not_taken_for_over(
    zone: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, clock = list[str](), SimpleNamespace(now=0.0)
    monkeypatch.setattr("ingest.video.findings.time", SimpleNamespace(monotonic=lambda: clock.now))

    async def put(origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None) -> None:
        told.append(json.loads(payload)["state"])

    findings = Findings(ORIGIN, put, lambda _picture: None)
    stored = {None: None, "yard": "yard", " yard ": "yard"}.get(zone)
    findings.restore([("intrusion", stored)])
    await findings.shown()
    clock.now = 3.0
    await findings.take(Found(0, 1_700_000_000_000_000, 1.0, "intrusion", "active", 0.9, zone, {}))
    clock.now = 60.0
    await findings.turn(30.0)
    assert told == ["active"]


async def test_a_picture_that_is_none_does_not_leave_a_child_that_was_taken_over() -> None:
    told, counted = list[Picture](), list[str]()

    async def put(origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None) -> None:
        told.extend(pictures)

    findings = Findings(ORIGIN, put, lambda picture: counted.append(picture.why))
    good = jpeg(np.zeros((36, 64, 3), np.uint8))
    for content in (good, b"<html>", good + bytes(MOST_BYTES)):
        picture = Picture(content, 64, 36)
        await findings.take(Found(0, 1_700_000_000_000_000, 1.0, "black", "active", 0.9, None, {}, picture=picture))
    assert [each.jpeg for each in told] == [good, b"", b""]
    assert counted == ["", "refused: not_jpeg_or_png", "refused: too_many_bytes"]


def test_what_a_patrol_tells_is_no_episode() -> None:
    for source, continues in ((None, True), ("patrol", False)):
        told = {"kind": "black", "state": "active", "score": 0.9, "ts": "2026-11-03T04:00:00+00:00", "source": source}
        (event,) = decode(json.dumps(told).encode(), 0, UTC).events
        assert (event.continues, event.attributes.get("source")) == (continues, source)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]), ([0, 0, 1, 1], [0, 0, 1, 1]), (None, None), ([0.1] * 4, None),
        ([0.1, 0.2, 0.3], None), ([0.1, 0.2, 0.3, 1.4], None), ([0.1, 0.2, "a", 0.4], None), ({"x": 1}, None),
    ],
)  # fmt: skip
def test_where_it_is_goes_with_the_event_if_it_is_a_place_in_the_picture(told: object, kept: object) -> None:
    (event,) = decode(json.dumps({"kind": "flame", "state": "active", "box": told}).encode(), 0, UTC).events
    assert event.attributes.get("box") == kept


async def test_where_it_is_goes_with_the_finding_and_with_its_clip() -> None:
    told = list[object]()

    async def put(origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None) -> None:
        told.append(json.loads(payload).get("box"))

    findings = Findings(ORIGIN, put, lambda _picture: None)
    box = (0.1, 0.2, 0.3, 0.4)
    await findings.take(Found(0, 1_700_000_000_000_000, 1.0, "flame", "active", 0.9, None, {}, clip=1, box=box))
    await findings.clipped(Clipped(0, 1, no_clip("busy")))
    await findings.take(Found(0, 1_700_000_000_000_000, 1.0, "black", "active", 0.9, None, {}))
    assert told == [list(box), list(box), None]
