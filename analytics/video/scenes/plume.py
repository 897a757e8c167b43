"""A plume far away: a faint change of the place that begins at a point, stays there, stirs, and spreads upwards.

One frame shows nothing of it but noise: what differs is looked at in the mean of some seconds, against how much each
pixel usually differs, and after what all of its surroundings do has been taken off (clouds, haze, another light).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, Foreground, fading
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, together, told
from analytics.video.scenes.plume_shape import Differing, Shape, shape_of
from analytics.video.scenes.regions import Region, regions
from analytics.video.view import SMALL, Image, View

STEP_S = 0.95
"""Between two looks at least."""
SETTLED_S = 5.0
"""After a beginning: until then the place and its noise are means of all frames."""
SEEN_S = 2.0
"""For which a pixel differs until it belongs to a plume."""
LEAST = 8
"""Pixels of 160 x 90 that a plume has."""
MOST = 6
"""Regions, the largest ones, that are looked at for what is brighter, and for what is darker."""
_NOW_S, _STIR_S, _NOISE_S, _PLACE_S, _HELD_S, _LOST_S, _SURE_S = 2.0, 4.0, 30.0, 60.0, 600.0, 30.0, 3.0
_AROUND = 20, 30
"""Columns and rows of the fields whose median over 5 x 5 is what the surroundings do: wide and low, as skies are."""
_DIFFERS, _TIMES, _ONWARDS = 2.5, 3.0, 0.6
"""Grey levels and times its usual change by which a pixel differs; the share of it at which it still does."""
_STIRS, _CALM = 0.4, 2.0
"""The same for its change from look to look: light comes and goes evenly, smoke does not."""
_SIGN = 1.2
"""Grey levels from which on a single look tells whether something is brighter or darker."""
_CLOSE = 6
"""Pixels around a plume in which nothing else is."""
_THING = 8.0
"""Grey levels from which on something else is there."""
_BUSY = 0.2
"""Share of the picture that differs from which on nothing can be told apart."""


class Plume:
    """Looks at the whole picture once in `STEP_S`."""

    def __init__(self, background: Background, watched: Image) -> None:
        """`watched`: (90, 160), 0 where smoke is nothing new."""
        self._background, self._watched = background, watched
        self._epoch, self._t, self._age, self._cue = 0, 0.0, 0.0, NOTHING
        shape = SMALL[::-1]
        self._place, self._now, self._noise, self._stir, self._calm = (np.zeros(shape, np.float32) for _ in range(5))
        self._since, self._lost, self._steady, self._sure = (np.zeros(shape, np.float32) for _ in range(4))

    def cue(self, view: View) -> Cue:
        """How sure it is, as of the newest look."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._begin(seen.epoch, view)
        elif view.t - self._t >= STEP_S:
            dt, self._t = min(view.t - self._t, 2.0), view.t
            self._age += dt
            self._cue = self._looked(view, seen, dt)
        return self._cue

    def _begin(self, epoch: int, view: View) -> None:
        self._epoch, self._t, self._age, self._cue = epoch, view.t, 0.0, NOTHING
        self._place[:] = view.small
        self._now[:] = view.small
        for state in (self._noise, self._stir, self._calm, self._since, self._lost, self._steady, self._sure):
            state[:] = 0.0

    def _looked(self, view: View, seen: Foreground, dt: float) -> Cue:
        even = view.small.astype(np.float32)
        even *= np.float32(1 / _gain(even, self._place))
        cv2.accumulateWeighted(even, self._now, fading(dt, min(_NOW_S, self._age)))
        flick = cv2.absdiff(even, self._now)
        cv2.accumulateWeighted(flick, self._stir, fading(dt, _STIR_S))
        apart = cv2.subtract(self._now, self._place)
        around = cv2.medianBlur(cv2.resize(apart, _AROUND, interpolation=cv2.INTER_AREA), 5)
        apart -= cv2.resize(around, SMALL, interpolation=cv2.INTER_LINEAR)
        much = np.abs(apart)
        if self._age <= SETTLED_S:
            for new, mean in ((even, self._place), (much, self._noise), (flick, self._calm)):
                cv2.accumulateWeighted(new, mean, dt / self._age)
            return NOTHING
        differs = self._differing(even, much, dt)
        self._learn(even, much, flick, differs, dt)
        self._sure *= np.float32(1 - fading(dt, _SURE_S))
        share = float(np.count_nonzero(self._since >= SEEN_S)) / self._since.size
        best = NOTHING
        if 0 < share < _BUSY:
            for region in self._regions(apart):
                best = better(self._judged(region, apart, seen, share, dt).at(region.place), best)
        return best

    def _differing(self, even: Floats, much: Floats, dt: float) -> NDArray[np.bool_]:
        """What differs and stirs; for how long it has, and whether it was always brighter, or always darker."""
        limit = np.where(self._since > 0, np.float32(_ONWARDS), np.float32(1)) * (_DIFFERS + _TIMES * self._noise)
        differs = (much > limit) & (self._stir > np.maximum(_STIRS, _CALM * self._calm))
        belonged = self._since >= SEEN_S
        self._since = np.where(differs, self._since + np.float32(dt), np.maximum(self._since - np.float32(3 * dt), 0))
        self._lost *= np.float32(1 - fading(dt, _LOST_S))
        self._lost[belonged & (self._since < SEEN_S)] = 1.0
        raw = even - self._place
        sign = (raw > _SIGN).astype(np.float32) - (raw < -_SIGN).astype(np.float32)
        cv2.accumulateWeighted(sign, self._steady, fading(dt, _STIR_S))
        return differs

    def _learn(self, even: Floats, much: Floats, flick: Floats, differs: NDArray[np.bool_], dt: float) -> None:
        """The place where nothing differs; where something does it becomes place in ten minutes."""
        near = cv2.dilate(differs.astype(np.uint8), np.ones((3, 3), np.uint8))
        free = cv2.bitwise_xor(near, 1)
        for new, mean, usual, held in (
            (even, self._place, _PLACE_S, _HELD_S),
            (much, self._noise, _NOISE_S, 4 * _NOISE_S),
        ):
            cv2.accumulateWeighted(new, mean, fading(dt, usual), free)
            cv2.accumulateWeighted(new, mean, fading(dt, held), near)
        cv2.accumulateWeighted(flick, self._calm, fading(dt, _NOISE_S), free)

    def _regions(self, apart: Floats) -> list[Region]:
        """What is brighter, and what is darker than the place; the largest ones."""
        belongs, found = self._since >= SEEN_S, list[Region]()
        for side in (apart > 0, apart < 0):
            here = cv2.bitwise_and((belongs & side).astype(np.uint8) * np.uint8(255), self._watched)
            if cv2.countNonZero(here) >= LEAST:
                found += regions(cv2.morphologyEx(here, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), LEAST, MOST)
        return found

    def _judged(self, region: Region, apart: Floats, seen: Foreground, share: float, dt: float) -> Cue:
        shape = shape_of(region, Differing(self._place, apart, self._since, self._lost))
        if shape is None:
            return NOTHING
        cues = self._cues(region, shape, seen, apart, share)
        score = together(cues.values()) * ramp(min(cues.values()), 0.1, 0.55)
        sure = self._sure[region.box]
        sure[region.within] += np.float32(fading(dt, _SURE_S) * score)
        return told(min(score, 1.25 * level(sure[region.within], 0.85)), cues)

    def _cues(self, region: Region, shape: Shape, seen: Foreground, apart: Floats, share: float) -> dict[str, float]:
        box, within = region.box, region.within
        stir, calm = float(self._stir[box][within].mean()), float(self._calm[box][within].mean())
        steady = float(np.abs(self._steady[box][within][shape.first]).mean())
        others = share - region.area / self._since.size
        restless = level(self._calm[::4, ::4], 0.5)
        things = (seen.mask > 0) | (np.abs(apart) > _THING)
        tint, usual = _tint(seen.colour[box][within]), _tint(seen.place_colour[box][within])
        return {
            "veil": ramp(shape.strength, 2.5, 6.5),
            "stir": ramp(stir / max(calm, 0.1), 1.8, 3.5) * ramp(stir, 0.5, 0.9),
            "growth": ramp(shape.grown, 0.15, 0.45) * ramp(shape.age, 4, 7),
            "rise": shape.rise,
            "anchored": shape.anchored,
            "rooted": ramp(shape.root, 2.5, 5),
            "soft": ramp(shape.sharp, 0.75, 0.5),
            "steady": ramp(steady, 0.6, 0.85),
            "grey": ramp(tint - usual, 14, 6) * ramp(tint, 45, 30),
            "alone": ramp(others, 0.065, 0.035) * ramp(restless, 1.5, 1.1) * ramp(_beside(region, things), 1.5, 0.7),
        }


def _beside(region: Region, differs: NDArray[np.bool_]) -> float:
    """Times its own area that something else is there close to it: the light of a lamp lies beside what carries it."""
    around = region.around(_CLOSE)
    other = differs[around]
    y, x = region.top - around[0].start, region.left - around[1].start
    other[y : y + region.height, x : x + region.width] &= ~region.within
    return float(np.count_nonzero(other)) / region.area


def _tint(colour: NDArray[np.uint8]) -> float:
    """How far the mean of colours, as `opposed` makes them, is from grey."""
    return float(np.abs(colour.astype(np.float32).mean(axis=0) - 128).max())


def _gain(now: Floats, place: Floats) -> float:
    """The exposure against the place's, which no plume changes: the median of some pixels' ratio."""
    some, then = now[::4, ::4].ravel(), place[::4, ::4].ravel()
    usable = (then > 12) & (some > 4) & (some < 250)
    if np.count_nonzero(usable) < 50:
        return 1.0
    return min(max(level(some[usable] / then[usable], 0.5), 0.4), 2.5)
