"""Where at its target an alert is: what the rules tell alerts of one rule apart by. Pure.

The place of a reading is empty, for its series says all. That of an event is a path: "/", the whole device, or below it
the part that the event names, "/1/3/40-217". An end at a path ends all below it.
"""

from collections.abc import Iterator

READING, WHOLE = "", "/"


def place_of(part: str | None) -> str:
    """The place of an event at a part of its device; None: at all of it."""
    return WHOLE + (part or "")


def part_of(place: str) -> str | None:
    """The part of the device that a place is of an event."""
    return place[1:] or None


def target_of(device: str, kind: str, place: str) -> str:
    """What an event's alert is of, as it is stored: unique with its rule."""
    return f"{device}/{kind}{'' if place == WHOLE else place}"


def below(place: str) -> str:
    """What the places begin with that are below one."""
    return place if place == WHOLE else f"{place}/"


def up_from(place: str) -> Iterator[str]:
    """The place, and all that it is below."""
    while place != WHOLE:
        yield place
        place = place.rpartition("/")[0] or WHOLE
    yield WHOLE
