"""The events of the scene of one camera: its detectors, with the model of the place that they share."""

from collections.abc import Iterator, Mapping, Sequence

from analytics.video.detector import Detector, Key
from analytics.video.finding import Cue
from analytics.video.kinds import SCENES
from analytics.video.measure import Measure, Measuring
from analytics.video.scenes.background import Background
from analytics.video.scenes.crossings import Crossings
from analytics.video.scenes.crowd import Crowd
from analytics.video.scenes.flame import Flame
from analytics.video.scenes.gauge import Gauges
from analytics.video.scenes.intrusion import Intrusion
from analytics.video.scenes.masks import areas, watched
from analytics.video.scenes.objects import Objects
from analytics.video.scenes.smoke import Smoke
from analytics.video.scenes.water import Water
from analytics.video.settings import VideoSettings
from analytics.video.view import View


class Scenes:
    """Those that the settings ask for, as one detector."""

    name = "scenes"
    kinds = tuple(SCENES)

    def __init__(self, settings: VideoSettings) -> None:
        self._detectors = list(_made(settings))

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """The scores of all of them."""
        scores: dict[Key, Cue] = {}
        for detector in self._detectors:
            scores.update(detector.scores(view))
        return scores

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""
        return [measure for part in self._detectors if isinstance(part, Measuring) for measure in part.taken()]


def _made(settings: VideoSettings) -> Iterator[Detector]:
    place, kinds = Background(), settings.kinds
    if "flame" in kinds:
        yield Flame(watched("flame", settings))
    if "smoke" in kinds:
        yield Smoke(place, watched("smoke", settings))
    if intruded := areas("intrusion", settings):
        yield Intrusion(place, intruded)
    if "line_crossing" in kinds and settings.lines:
        yield Crossings(place, settings.lines, settings.readings_s)
    if crowded := areas("crowd", settings):
        yield Crowd(place, crowded, settings.readings_s)
    left, removed = areas("object_left", settings), areas("object_removed", settings)
    if left or removed:
        yield Objects(place, left, removed)
    if flooded := areas("flood", settings):
        yield Water(place, flooded)
    if "level" in kinds and settings.gauges:
        yield Gauges(settings.gauges, settings.readings_s)
