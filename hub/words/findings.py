"""Names of what the analysis of video finds, and of the parts of a camera that go by them."""

from hub.words import Lang, optional

PICTURE = "picture"
"""The place of findings that are about all of the picture."""


def finding_name(kind: str, lang: Lang) -> str:
    """What people call a kind of finding; the kind itself where it is none of the hub's own."""
    return optional(f"video.kind.{kind}", lang) or kind


def part_name(path: str, event: str, lang: Lang) -> str:
    """What people call the part of a device at which a kind of event is: `picture/freeze` is "frozen picture".

    `pier/level` is a water level where there is a flood, and but a path at a tank that leaks gas; the path where it
    tells nothing.
    """
    place, _, kind = path.rpartition("/")
    if place == PICTURE:
        return finding_name(kind, lang)
    return f"{place} {finding_name(kind, lang)}" if place and (kind, event) == ("level", "flood") else path
