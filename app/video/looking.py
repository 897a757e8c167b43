"""Looks at the frames of one camera: at so many a second, with what is found told, again while it lasts, and drawn."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from analytics.video.camera import CameraAnalysis
from analytics.video.finding import Box, Finding
from analytics.video.reading_names import metric_of
from analytics.video.settings import VideoSettings, read_settings
from app.video.networks import network_of
from app.video.overlay import Overlay
from app.video.sampler import Sampler
from hub.clip import Clip
from hub.models import now_micros
from hub.picture import NOT_KEPT, absent
from hub.picture import Picture as Passed
from hub.words.sentence import written
from ingest.clips.clipping import Clipping
from ingest.clips.place import Place
from ingest.video.decoding import Picture
from ingest.video.messages import Clipped, Figures, Found, Measured, Pace, Placed, Report

AGAIN_S = 30.0
"""What lasts is told again so often: episodes that nobody tells of for longer end."""
FIGURES_S = 5.0
CLIPS = "clips"
"""What they and pictures cost, beside the detectors."""
AT_ONCE = 100
"""Readings of a message."""
Tell = Callable[[Report], None]


def settings_of(told: bytes) -> VideoSettings:
    """The settings of a camera as they were sent. BadVideoSettings."""
    return VideoSettings() if not told else read_settings(json.loads(told))


def _clock(zone: str) -> Callable[[], datetime] | None:
    return partial(datetime.now, ZoneInfo(zone)) if zone else None


class Looking:
    """The frames of one camera, in one thread."""

    def __init__(
        self, slot: int, settings: VideoSettings, fps: float, tell: Tell, overlay: Overlay | None, zone: str = "",
        place: Place | None = None, clip_s: float = 0.0,
    ) -> None:  # fmt: skip
        """`zone`: of time, where the camera is; "": windows of time always hold. `place`: None: nothing is shown.

        `clip_s`: seconds of a clip before an event and after it; 0: there are none.
        """
        self._slot, self.tell, self._overlay = slot, tell, overlay
        self._place = place
        self._pictures: dict[Box | None, Passed] = {}
        """Of the frame that is looked at, once they were asked for: by what is framed in them."""
        self._clipping = None if place is None or not clip_s else Clipping(clip_s, place, self._clipped)
        self._analysis = CameraAnalysis(settings, _clock(zone), network_of(settings))
        self._prefixes = settings.prefixes()
        self._sampler = Sampler(fps)
        self._divisor = 1
        """1: all frames that are wanted; 2: every other one."""
        self._active: dict[tuple[str, str | None], tuple[float, Finding]] = {}
        self._figures_at, self._cpu = time.monotonic(), -1.0
        self._cost: dict[str, float] = {}
        self._clips_cpu = 0.0
        self.reading_s = self._read_s = 0.0
        """Of the processor, for what the network brings: told by another thread."""
        self.decoded = self._analysed = self.dropped = self.received = 0

    def pace(self, pace: Pace) -> None:
        """Look at more or less; called by another thread."""
        self._divisor = 2 if pace is Pace.HALF else 1
        if self._clipping is not None:
            self._clipping.shed = pace >= Pace.NO_CLIPS

    def begin(self) -> None:
        """Called by the thread that looks."""
        self._figures_at, self._cpu = time.monotonic(), time.thread_time()

    def is_due(self, t: float) -> bool:
        """Whether the frame at `t`, in seconds of the stream, is one that is looked at."""
        return self._sampler.is_due(t, self._divisor)

    def see(self, t: float, picture: Picture | None) -> None:
        """Look at it; None: one was due and has not come."""
        self._analysed += picture is not None
        self._pictures.clear()
        if picture is not None:
            self._keep(t, picture)
        for finding in self._analysis.see(t, picture):
            self._found(t, finding, picture, again=False)
        for key, (told_at, finding) in list(self._active.items()):
            if t - told_at >= AGAIN_S:
                self._active[key] = t, finding
                self._found(t, finding, picture, again=True)
        self._measured(t)
        if self._overlay is not None and picture is not None:
            self._overlay.draw(t, picture, self._seen_now())

    def _seen_now(self) -> list[Finding]:
        """What is active, as this frame shows it; where it was last, if nothing of it is seen now."""
        for key, cue in self._analysis.active().items():
            if cue.box is not None and key in self._active:
                told_at, finding = self._active[key]
                self._active[key] = told_at, finding._replace(score=cue.score, box=cue.box)
        return [finding for _, finding in self._active.values()]

    def _found(self, t: float, finding: Finding, picture: Picture | None, *, again: bool) -> None:
        key = finding.kind, finding.zone
        if finding.state == "active":
            self._active[key] = t, finding
        else:
            self._active.pop(key, None)
        passed = None if picture is None or again else self._passed(picture, finding.box)
        cues = {name: round(float(value), 4) for name, value in finding.cues.items()}
        score = round(float(finding.score), 4)
        at, zone = now_micros(), finding.zone
        found = Found(
            self._slot, at, round(t, 3), finding.kind, finding.state, score, zone, cues, again, passed, box=finding.box
        )  # fmt: skip
        if self._clipping is not None and passed is not None and finding.state == "active":
            found.clip, found.no_clip = self._clipping.asked(t)
        self.tell(found)

    def _passed(self, picture: Picture, box: Box | None) -> Passed:
        if self._place is None:
            return absent(NOT_KEPT)
        began = time.thread_time()
        passed = self._pictures.get(box)
        if passed is None:
            passed = self._pictures[box] = self._place.passed(picture, box)
        self._clips_cpu += time.thread_time() - began
        return passed

    def _keep(self, t: float, picture: Picture) -> None:
        if self._place is None:
            return
        began = time.thread_time()
        self._place.learn(now_micros(), picture)
        if self._clipping is not None:
            self._clipping.see(t, picture)
        self._clips_cpu += time.thread_time() - began
        if fresh := self._place.fresh():
            self.tell(Placed(self._slot, fresh))

    def _clipped(self, number: int, clip: Clip) -> None:
        self.tell(Clipped(self._slot, number, clip))

    def _measured(self, t: float) -> None:
        """Readings of one look go together: they are of one time."""
        values = {
            metric_of(each.metric, None if each.zone is None else self._prefixes[each.zone]): float(each.value)
            for each in self._analysis.measured()
        }
        at, names = now_micros(), list(values)
        for begin in range(0, len(names), AT_ONCE):
            some = {name: values[name] for name in names[begin : begin + AT_ONCE]}
            self.tell(Measured(self._slot, at, round(t, 3), some))

    def figures(self, *, at_end: bool = False) -> None:
        """Tell what it has cost, from time to time."""
        now = time.monotonic()
        if now - self._figures_at < FIGURES_S and not at_end:
            return
        cpu, cost, fault = time.thread_time(), dict(self._analysis.cost), self._analysis.fault
        if self._place is not None:
            cost[CLIPS] = self._clips_cpu
        spent = {name: round(value - self._cost.get(name, 0.0), 4) for name, value in cost.items()}
        read_s, self._read_s = self.reading_s - self._read_s, self.reading_s
        cpu_s = cpu - self._cpu + read_s
        self.tell(
            Figures(
                self._slot, now - self._figures_at, cpu_s, self.received, self.decoded, self._analysed,
                self.dropped, spent, str(fault or ""), None if fault is None else written(fault),
            )
        )  # fmt: skip
        self._figures_at, self._cpu, self._cost = now, cpu, cost
        self.received = self.decoded = self._analysed = self.dropped = 0

    def close(self) -> None:
        """Nothing more is looked at."""
        if self._clipping is not None:
            self._clipping.close()
        self.figures(at_end=True)
        if self._overlay is not None:
            self._overlay.close()
