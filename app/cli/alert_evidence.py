"""How the pictures and clips of an alert are read from the command line."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SHOWN = 5
"""Events of an alert whose commands are told, the newest first."""


def saving(pictures: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each picture and clip (`GET /alerts/ID/pictures`): the command that saves it, or why there is none."""
    for each in list(pictures)[:SHOWN]:
        event = each["event"]
        yield _line("picture", event, "jpg", each["why_text"])
        if (clip := each["clip"]) is not None:
            yield _line("clip", event, "webp", clip["why_text"])


def _line(what: str, event: str, ending: str, why: str | None) -> str:
    if why is not None:
        return f"no {what} of event {event}: {why}"
    return f"{what + ':':9}hub events {what} {event} --out {event[:8]}.{ending}"
