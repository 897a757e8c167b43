"""The detectors that there are: one line each."""

from collections.abc import Callable, Mapping

from analytics.video.detector import Detector
from analytics.video.network import NetworkDetector
from analytics.video.quality.quality import Quality
from analytics.video.scenes.scenes import Scenes
from analytics.video.settings import BadVideoSettings, VideoSettings

ALL: Mapping[str, Callable[[VideoSettings], Detector]] = {
    "quality": Quality,
    "scenes": Scenes,
}
"""By name; each is made with the settings of a camera."""


def detectors(settings: VideoSettings, network: bytes | None = None) -> list[Detector]:
    """Those that a camera needs, for the kinds that it looks for; `network`: the file that its settings name.

    Raises BadVideoSettings if that file is missing or cannot be run.
    """
    made = (make(settings) for make in ALL.values())
    found = [detector for detector in made if settings.kinds.intersection(detector.kinds)]
    if settings.network is not None:
        if network is None:
            raise BadVideoSettings(f"network: {settings.network.file} is not there")
        found.append(NetworkDetector(settings, settings.network, network))
    return found
