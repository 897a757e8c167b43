"""A thread that outlasts its stream is not heard: what it tells would be taken for another camera's."""

from app.video.voice import Voice
from hub.clip import SHED, no_clip
from ingest.video.messages import Clipped, Ended, Report


def test_nothing_is_told_after_the_end() -> None:
    told: list[Report] = []
    voice, clip = Voice(told.append), Clipped(3, 1, no_clip(SHED))
    voice(clip)
    voice.end(Ended(3))
    voice(clip)
    assert told == [clip, Ended(3)]
