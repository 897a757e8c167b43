"""Kinds that are looked for, and of which the settings of a camera do not say where."""

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from hub.words.sentence import Sentence

if TYPE_CHECKING:
    from analytics.video.settings import VideoSettings


def undrawn(kinds: Set[str], settings: "VideoSettings") -> Iterator[tuple[str, Sentence]]:
    """Each of them with what it lacks, and what is done without it."""
    from analytics.video.kinds import WHERE_DRAWN

    drawn = {kind for zone in settings.zones for kind in zone.kinds}
    drawn |= ({"line_crossing"} if settings.lines else set()) | ({"level"} if settings.gauges else set())
    lacking = {"line_crossing": Sentence("video.undrawn.lines"), "level": Sentence("video.undrawn.gauges")}
    for kind in sorted((kinds & settings.kinds & WHERE_DRAWN) - drawn):
        yield kind, lacking.get(kind, Sentence("video.undrawn.zones"))
