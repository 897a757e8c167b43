"""A plume far away: a faint change of the place that begins at a point, stays there, stirs, and spreads upwards."""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, Foreground, fading
from analytics.video.scenes.changes import SEEN_S, STEP_S, Changes
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, together, told
from analytics.video.scenes.plume_shape import Shape, shape_of
from analytics.video.scenes.regions import Region, regions
from analytics.video.view import SMALL, Image, View

LEAST = 8
"""Pixels of 160 x 90 that a plume has."""
MOST = 6
"""Regions, the largest ones, that are looked at for what is brighter, and for what is darker."""
_SURE_S = 3.0
_AROUND = 20, 30
"""Columns and rows of the fields whose median over 5 x 5 is what the surroundings do: wide and low, as skies are."""
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
        self._epoch, self._t, self._cue = 0, 0.0, NOTHING
        self._known = Changes(SMALL[::-1], _around)
        self._sure = np.zeros(SMALL[::-1], np.float32)

    def cue(self, view: View) -> Cue:
        """How sure it is, as of the newest look."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._epoch, self._t, self._cue = seen.epoch, view.t, NOTHING
            self._known.begin(view.small)
            self._sure[:] = 0.0
        elif view.t - self._t >= STEP_S:
            dt, self._t = min(view.t - self._t, 2.0), view.t
            self._cue = self._looked(seen, dt) if self._known.look(view.small, dt) else NOTHING
        return self._cue

    def _looked(self, seen: Foreground, dt: float) -> Cue:
        self._sure *= np.float32(1 - fading(dt, _SURE_S))
        belongs = self._known.since >= SEEN_S
        share = float(np.count_nonzero(belongs)) / belongs.size
        best = NOTHING
        if 0 < share < _BUSY:
            for region in self._regions(belongs):
                best = better(self._judged(region, seen, share, dt).at(region.place), best)
        return best

    def _regions(self, belongs: NDArray[np.bool_]) -> list[Region]:
        """What is brighter, and what is darker than the place; the largest ones."""
        found = list[Region]()
        for side in (self._known.apart > 0, self._known.apart < 0):
            here = cv2.bitwise_and((belongs & side).astype(np.uint8) * np.uint8(255), self._watched)
            if cv2.countNonZero(here) >= LEAST:
                found += regions(cv2.morphologyEx(here, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), LEAST, MOST)
        return found

    def _judged(self, region: Region, seen: Foreground, share: float, dt: float) -> Cue:
        shape = shape_of(region, self._known)
        if shape is None:
            return NOTHING
        cues = self._cues(region, shape, seen, share)
        score = together(cues.values()) * ramp(min(cues.values()), 0.1, 0.55)
        sure = self._sure[region.box]
        sure[region.within] += np.float32(fading(dt, _SURE_S) * score)
        return told(min(score, 1.25 * level(sure[region.within], 0.85)), cues)

    def _cues(self, region: Region, shape: Shape, seen: Foreground, share: float) -> dict[str, float]:
        box, within, known = region.box, region.within, self._known
        stir, calm = float(known.stir[box][within].mean()), float(known.calm[box][within].mean())
        steady = float(np.abs(known.steady[box][within][shape.first]).mean())
        others = share - region.area / known.since.size
        restless = level(known.calm[::4, ::4], 0.5)
        things = (seen.mask > 0) | (np.abs(known.apart) > _THING)
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


def _around(apart: Floats) -> Floats:
    fields = cv2.medianBlur(cv2.resize(apart, _AROUND, interpolation=cv2.INTER_AREA), 5)
    made: Floats = cv2.resize(fields, SMALL, interpolation=cv2.INTER_LINEAR)
    return made
