"""The analysis of one camera: frames in, findings out."""

import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from analytics.video.detector import Detector, Key
from analytics.video.detectors import detectors
from analytics.video.finding import Cue, Finding
from analytics.video.hold import Holds
from analytics.video.measure import Measure, Measuring
from analytics.video.network import NetworkDetector
from analytics.video.settings import VideoSettings
from analytics.video.view import Image, View, reduced
from hub.words.sentence import Sentence

JUMP = 60.0
"""Seconds between two frames beyond which nothing goes on from the one to the other; also when time goes back."""
LOST = "signal_loss"


class CameraAnalysis:
    """One camera, in one thread at a time. It holds below 4 MB, however long it runs."""

    def __init__(
        self, settings: VideoSettings, clock: Callable[[], datetime] | None = None, network: bytes | None = None
    ) -> None:
        """`clock`: the time of day where the camera is now; without it, windows of time always hold.

        `network`: the file of `settings.network`. Raises BadVideoSettings if it cannot be run.
        """
        self.settings = settings
        self.cost: dict[str, float] = {}
        """Processor seconds by detector; `reduce` is what making the frame smaller took, if it was too large."""
        self._detectors: list[Detector] = detectors(settings, network)
        self._told: list[dict[Key, Cue]] = [{} for _ in self._detectors]
        self._holds = Holds({kind: settings.level(kind) for kind in settings.kinds})
        self._clock = clock
        self._newest: float | None = None
        self._last: View | None = None

    def see(self, t: float, bgr: Image | None) -> list[Finding]:
        """Look at a frame at `t` seconds of the stream; None: there is no frame, but one was due.

        Frames are uint8 (h, w, 3) of any size; larger ones than 640 x 360 are reduced. While a stream is away, call it
        with None once a second: that is how its loss is found. Raises ValueError for what is no frame or no time.
        """
        if not math.isfinite(t):
            raise ValueError(f"{t} is no time of a frame")
        if self._newest is not None and not 0 <= t - self._newest <= JUMP:
            self._last = None
            self._holds.restart()
            for known in self._told:
                known.clear()
        self._newest = t
        if bgr is None:
            self._last = None
            return list(self._holds.see(t, {(LOST, None): Cue(1.0, {"no_frame": 1.0})} if self._wanted(LOST) else {}))
        view = self._view(t, bgr)
        found = list(self._holds.see(t, self._scores(view)))
        view.previous = None
        self._last = view
        return found

    def active(self) -> Mapping[Key, Cue]:
        """What is active now, with its newest score."""
        return self._holds.active()

    def measured(self) -> list[Measure]:
        """The readings since the last call."""
        measuring = (detector for detector in self._detectors if isinstance(detector, Measuring))
        return [measure for detector in measuring for measure in detector.taken()]

    @property
    def fault(self) -> Sentence | None:
        """Why the network of the settings is not asked any more; None: it is, or there is none."""
        networks = (detector for detector in self._detectors if isinstance(detector, NetworkDetector))
        return next((each.fault for each in networks), None)

    def _wanted(self, kind: str) -> bool:
        return kind in self.settings.kinds

    def _view(self, t: float, bgr: Image) -> View:
        began = time.thread_time()
        small = reduced(bgr)
        if small is not bgr:
            self._spent("reduce", began)
        if self._last is not None and self._last.bgr.shape != small.shape:
            self._last = None
        return View(t, small, self._last, None if self._clock is None else self._clock())

    def _scores(self, view: View) -> Mapping[Key, Cue]:
        """What is told with this frame; of detectors that look for the same, the surest counts."""
        told: dict[Key, Cue] = {}
        for detector, known in zip(self._detectors, self._told, strict=True):
            began = time.thread_time()
            scores = detector.scores(view)
            self._spent(detector.name, began)
            known.update((key, cue) for key, cue in scores.items() if self._wanted(key[0]))
            told.update((key, known[key]) for key in scores if key in known)
        for key in told:
            told[key] = max((known[key] for known in self._told if key in known), key=lambda cue: cue.score)
        return told

    def _spent(self, name: str, began: float) -> None:
        self.cost[name] = self.cost.get(name, 0.0) + time.thread_time() - began
