"""How an alert on the command line leads to its picture and clip (app/cli/alert_evidence.py)."""

from typing import Any

from app.cli.alert_evidence import saving

EVENT = "0b0f6f5e-7a4b-5f5e-9d3b-2f4f0c7c9b11"


def evidence(why: str | None, clip: dict[str, Any] | None) -> list[str]:
    return list(saving([{"event": EVENT, "why_text": why, "clip": clip}]))


def test_each_picture_and_clip_has_its_command() -> None:
    assert evidence(None, {"why_text": None}) == [
        f"picture: hub events picture {EVENT} --out 0b0f6f5e.jpg",
        f"clip:    hub events clip {EVENT} --out 0b0f6f5e.webp",
    ]
    assert len(list(saving([{"event": EVENT, "why_text": None, "clip": None}] * 20))) == 5


def test_why_there_is_none_is_told_instead() -> None:
    assert evidence("the gate was full", {"why_text": "it is being made"}) == [
        f"no picture of event {EVENT}: the gate was full", f"no clip of event {EVENT}: it is being made",
    ]  # fmt: skip
    assert evidence(None, None)[0].startswith("picture: ")
