"""A water level, read from a gauge board that is painted with marks: above the water they show, below they do not."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Box, Cue
from analytics.video.measure import EVERY_S, Measure, Waiting, restarts
from analytics.video.scenes.evidence import NOTHING, ramp, told
from analytics.video.settings import Gauge
from analytics.video.view import View

METRIC = "level"
"""In the unit of the gauge's marks, metres as a rule."""
LOOK_S = 5.0
"""Between two looks; a reading is the middle of those of a minute."""
SAMPLES = 128
"""Along the gauge."""
SURE = 0.4
"""A look that is less sure is worth nothing: at night the gauge cannot be read."""
_WINDOW = 9
_LEAST_PART = 0.04


class Reading(NamedTuple):
    """One look at a gauge."""

    level: float
    sure: float
    """0 .. 1: how different the marks above are from the water below."""


class Gauges:
    """The gauges of a camera: readings, and an event where a level is above its limit."""

    name = "gauges"
    kinds = ("level",)

    def __init__(self, gauges: Sequence[Gauge], every_s: float = EVERY_S) -> None:
        self._gauges, self._every_s = gauges, every_s
        self._t: float | None = None
        self._begin: float | None = None
        self._looks: dict[str, list[float]] = {gauge.name: [] for gauge in gauges}
        self._waiting = Waiting()

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each gauge that has a limit, each `LOOK_S`."""
        if self._t is not None and 0 <= view.t - self._t < LOOK_S:
            return {}
        if self._begin is None or restarts(view.t, self._t, self._every_s):
            self._begin = view.t
            for looks in self._looks.values():
                looks.clear()
        self._t = view.t
        scores: dict[Key, Cue] = {}
        whole = view.t - self._begin >= self._every_s
        for gauge in self._gauges:
            reading = read(view.grey, gauge)
            looks = self._looks[gauge.name]
            if reading.sure >= SURE:
                looks.append(reading.level)
                del looks[:-64]
            if gauge.limit is not None:
                over = (reading.level - gauge.limit) / max(abs(gauge.top - gauge.bottom), 1e-9)
                sure = ramp(over, -0.02, 0.02) if reading.sure >= SURE else 0.0
                cue = told(sure, {"level": reading.level, "sure": reading.sure}) if sure else NOTHING
                scores[("level", gauge.name)] = cue.at(_place(gauge) if sure else None)
            if whole and looks:
                self._waiting.put(Measure(view.t, METRIC, round(float(np.median(looks)), 4), gauge.name))
                looks.clear()
        if whole:
            self._begin = view.t
        return scores

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""
        return self._waiting.taken()


def _place(gauge: Gauge) -> Box:
    """All of its board, with what a picture cuts off."""
    (x1, y1), (x2, y2), half = gauge.upper, gauge.lower, gauge.width / 2
    sides = min(x1, x2) - half, min(y1, y2), max(x1, x2) + half, max(y1, y2)
    left, top, right, bottom = (round(min(max(side, 0.0), 1.0), 3) for side in sides)
    return left, top, right, bottom


def read(grey: NDArray[np.uint8], gauge: Gauge) -> Reading:
    """Look at a gauge in a grey picture (h, w)."""
    profile = _along(grey, gauge)
    marks = _marks(profile)
    split, sure = _split(marks)
    share = (split + 0.5) / len(marks)
    return Reading(gauge.top + share * (gauge.bottom - gauge.top), sure)


def _along(grey: NDArray[np.uint8], gauge: Gauge) -> NDArray[np.float32]:
    """(SAMPLES, 7): grey levels from the upper end to the lower, across the board."""
    height, width = grey.shape
    upper, lower = np.array(gauge.upper) * (width, height), np.array(gauge.lower) * (width, height)
    length = max(float(np.hypot(*(lower - upper))), 1.0)
    aside = np.array([-(lower - upper)[1], (lower - upper)[0]]) / length * (gauge.width * width / 6)
    steps = np.linspace(0, 1, SAMPLES)[:, None, None] * (lower - upper)
    points = (upper + steps + np.arange(-3, 4)[None, :, None] * aside).astype(np.float32)
    made: NDArray[np.float32] = cv2.remap(
        grey.astype(np.float32), points[:, :, 0], points[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return made


def _marks(profile: NDArray[np.float32]) -> NDArray[np.float64]:
    """(SAMPLES,): how much the paint changes around each place of the board."""
    down = np.abs(np.diff(profile, axis=0, prepend=profile[:1])).mean(axis=1)
    sideways = np.abs(np.diff(profile, axis=1)).mean(axis=1)
    change = (down + sideways).astype(np.float64)
    # The middle of a window, for one line of foam or a reflection is no mark.
    padded = np.pad(change, _WINDOW // 2, mode="edge")
    made: NDArray[np.float64] = np.median(np.lib.stride_tricks.sliding_window_view(padded, _WINDOW), axis=1)
    return made


def _split(marks: NDArray[np.float64]) -> tuple[int, float]:
    """Where marks end: the split that explains most of their spread (Otsu), and how sure it is."""
    n = len(marks)
    sums, index = np.cumsum(marks), np.arange(1, n)
    above, below = sums[:-1] / index, (sums[-1] - sums[:-1]) / (n - index)
    between = index * (n - index) / n**2 * (above - below) ** 2
    between[above <= below] = 0.0
    margin = max(int(n * _LEAST_PART), 1)
    between[:margin] = between[-margin:] = 0.0
    split = int(np.argmax(between))
    spread = float(marks.var())
    explained = float(between[split]) / spread if spread > 1e-9 else 0.0
    contrast = ramp(float(above[split] - below[split]), 1.0, 6.0)
    return split, ramp(explained, 0.2, 0.6) * contrast
