"""The detectors that there are: one line each."""

from collections.abc import Callable, Mapping

from analytics.video.detector import Detector
from analytics.video.quality.quality import Quality
from analytics.video.scenes.scenes import Scenes
from analytics.video.settings import VideoSettings

ALL: Mapping[str, Callable[[VideoSettings], Detector]] = {
    "quality": Quality,
    "scenes": Scenes,
}
"""By name; each is made with the settings of a camera."""


def detectors(settings: VideoSettings) -> list[Detector]:
    """Those that a camera needs, for the kinds that it looks for."""
    made = (make(settings) for make in ALL.values())
    return [detector for detector in made if settings.kinds.intersection(detector.kinds)]
