"""Flames: warm and bright, flickering here and there without a beat, of changing shape, in one place.

Each cue stands against something that only looks like a flame: `hot` and `glow` against orange vests and floors, `hue`
and `core` against flags, red lamps and their reflections, `flicker`, `swing` and `shape` against what is orange and
stands, `mixed` against lamps that blink as a whole, `moves_not` against what is orange and drives, walks or sways.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import LONGEST_STEP_S, fading
from analytics.video.scenes.evidence import NOTHING, better, ramp, together, told, vetoed
from analytics.video.scenes.regions import Region, regions
from analytics.video.view import SMALL, Image, View

LEAST = 5
"""Pixels of 160 x 90 that a flame has: about 9 x 9 pixels of 640 x 360."""
EARLIEST_S = 1.0
"""Of frames that are seen before anything is told."""
MOST = 4
"""Regions that are looked at closely in a frame."""
_WARM, _BRIGHT = 38, 130
_STEP = 7
"""Levels of red by which a pixel must turn to count as flickering."""
_MEMORY_S = 2.0
_HERE = 0.4
"""Share of the last seconds for which flames stand around a pixel."""
_FLICKERS = 0.07
"""Turns a frame around a pixel: what does not flicker is no part of a flame, whatever its colour."""
_MIXED = 0.12
"""Share of the change around a pixel that others take back: a lamp that blinks has none."""
_REACH = 5
"""Pixels of a move between two frames that is looked for."""
_ESSENTIAL = ("glow", "hot", "flicker", "shape", "hue", "mixed", "moves_not")


class Flame:
    """Looks at the whole picture; needs no model of the place, so it works on pictures that begin with a fire."""

    name = "flame"
    kinds = ("flame",)

    def __init__(self, watched: Image) -> None:
        """`watched`: (90, 160), 0 where flames are nothing new."""
        shape = SMALL[::-1]
        self._watched = watched
        self._t, self._age, self._early = 0.0, 0.0, 1.0
        self._red: Image = np.zeros(shape, np.uint8)
        self._step: NDArray[np.int16] = np.zeros(shape, np.int16)
        self._mask: Image = np.zeros(shape, np.uint8)
        self._coloured: Image = self._mask
        self._lasting, self._turns, self._shape, self._area = (np.zeros(shape, np.float32) for _ in range(4))
        self._swing, self._same, self._all, self._moves = (np.zeros(shape, np.float32) for _ in range(4))

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each frame."""
        colour = view.small_bgr
        mask, red = _flames(colour)
        mask = cv2.bitwise_and(mask, self._watched)
        if view.previous is None:
            self._begin(view.t, mask, red)
            return {("flame", None): NOTHING}
        dt = min(max(view.t - self._t, 0.0), LONGEST_STEP_S)
        self._t, self._age = view.t, self._age + dt
        before = self._learn(mask, red, dt)
        best = NOTHING
        if self._age >= EARLIEST_S:
            self._early = 1.0 / fading(self._age, _MEMORY_S)
            lasting = cv2.compare(self._lasting, 255 * _HERE / self._early, cv2.CMP_GT)
            if cv2.countNonZero(lasting) >= LEAST:
                flickering = cv2.compare(cv2.blur(self._turns, (3, 3)), 255 * _FLICKERS / self._early, cv2.CMP_GT)
                for region in regions(cv2.bitwise_and(lasting, flickering), LEAST, MOST):
                    self._look_for_moves(region, before, red, dt)
                    best = better(self._judged(region, colour), best)
        return {("flame", None): best}

    def _begin(self, t: float, mask: Image, red: Image) -> None:
        for state in (self._lasting, self._turns, self._shape, self._area, self._swing, self._same, self._all):
            state[:] = 0.0
        self._moves[:] = 0.0
        self._step[:] = 0
        self._t, self._age, self._red, self._mask = t, 0.0, red, mask

    def _learn(self, mask: Image, red: Image, dt: float) -> Image:
        """Take in a frame; returns red of the one before."""
        weight, before = fading(dt, _MEMORY_S), self._red
        step = cv2.subtract(red, before, dtype=cv2.CV_16S)
        size = cv2.convertScaleAbs(step)
        turned = (size >= _STEP) & (step * self._step < 0)
        np.copyto(self._step, step, where=size >= _STEP)
        cv2.accumulateWeighted(cv2.dilate(mask, None), self._lasting, weight)
        cv2.accumulateWeighted(turned.view(np.uint8) * np.uint8(255), self._turns, weight)
        cv2.accumulateWeighted(cv2.bitwise_xor(mask, self._mask), self._shape, weight)
        cv2.accumulateWeighted(mask, self._area, weight)
        cv2.accumulateWeighted(size, self._swing, weight)
        cv2.accumulateWeighted(cv2.convertScaleAbs(cv2.blur(step, (7, 7))), self._same, weight)
        cv2.accumulateWeighted(cv2.blur(size, (7, 7)), self._all, weight)
        self._coloured = cv2.dilate(self._mask, None)
        self._red, self._mask = red, mask
        return before

    def _look_for_moves(self, region: Region, before: Image, red: Image, dt: float) -> None:
        """Learn how much of the change is a move of all that is there."""
        top, left = max(region.top - 2, _REACH), max(region.left - 2, _REACH)
        bottom = min(region.top + region.height + 2, SMALL[1] - _REACH)
        right = min(region.left + region.width + 2, SMALL[0] - _REACH)
        if bottom - top < 3 or right - left < 3:
            return
        was = before[top:bottom, left:right]
        around = red[top - _REACH : bottom + _REACH, left - _REACH : right + _REACH]
        coloured = self._coloured[top:bottom, left:right]
        apart = cv2.matchTemplate(around, was, cv2.TM_SQDIFF, mask=coloured)
        stayed = float(apart[_REACH, _REACH])
        explained = 1 - float(apart.min()) / stayed if stayed > 25 else 0.0
        part = self._moves[region.box]
        part += np.float32(fading(dt, _MEMORY_S)) * (np.float32(explained) - part)

    def _judged(self, region: Region, colour: Image) -> Cue:
        box, within = region.box, region.within
        area = self._area[box][within]
        total = float(area.sum())
        mixed = 1 - self._same[box][within] / np.maximum(self._all[box][within], 0.5)
        turning = self._turns[box][within] * self._early
        lit = colour[box][within][(area * self._early > 80) & (turning > 255 * _FLICKERS) & (mixed > _MIXED)]
        if total <= 0 or len(lit) < LEAST:
            return NOTHING
        weight = area / total
        blue, green, red = (lit[:, channel].astype(np.float32) for channel in range(3))
        around = _ring(region, colour)
        hue = (green - blue) / np.maximum(red - blue, 1.0)
        swing = float((self._swing[box][within] * weight).sum())
        same = float((self._same[box][within] * weight).sum()) / max(
            float((self._all[box][within] * weight).sum()), 0.1
        )
        turns = float((self._turns[box][within] * weight).sum()) / 255 * self._early
        shape = float(self._shape[box][within].sum()) / total
        glow = float(np.percentile(red, 80)) - float(np.median(around)) if len(around) else 0.0
        explained = float(self._moves[box][within].mean()) * self._early
        cues = {
            "colour": ramp(float(np.median(red - blue)), 25, 70),
            "glow": ramp(glow, 5, 70),
            "hot": ramp(float(np.percentile(red, 90)), 165, 210),
            "flicker": ramp(turns, 0.12, 0.4),
            "swing": ramp(swing * self._early, 4, 16),
            "shape": ramp(shape, 0.08, 0.4),
            "core": ramp(float(np.std(red) + np.std(green)), 8, 40),
            "hue": ramp(float(np.std(hue)), 0.02, 0.12),
            "lasting": ramp(float(np.mean(self._lasting[box][within])) / 255 * self._early, _HERE, 0.8),
            "mixed": ramp(same, 0.95, 0.6),
            "moves_not": ramp(explained, 0.7, 0.35),
        }
        return told(vetoed(together(cues.values()), (cues[name] for name in _ESSENTIAL)), cues)


def _flames(colour: Image) -> tuple[Image, Image]:
    """Where a picture (h, w, 3) is warm and bright as flames are, beyond how warm all of it is: mask and red."""
    blue, green, red = cv2.split(colour)
    warmth = cv2.subtract(red, blue)
    lit = cv2.compare(red, _BRIGHT, cv2.CMP_GT)
    warm = cv2.compare(warmth, _WARM + cv2.mean(warmth)[0], cv2.CMP_GT)
    order = cv2.bitwise_and(cv2.compare(cv2.add(green, 8), blue, cv2.CMP_GE), cv2.compare(red, green, cv2.CMP_GT))
    return cv2.bitwise_and(cv2.bitwise_and(lit, warm), order), red


def _ring(region: Region, colour: Image) -> NDArray[np.uint8]:
    """Red around a region, four pixels wide."""
    top, left = max(region.top - 4, 0), max(region.left - 4, 0)
    part = colour[top : region.top + region.height + 4, left : region.left + region.width + 4, 2]
    outside = np.ones(part.shape, np.bool_)
    y, x = region.top - top, region.left - left
    outside[y : y + region.height, x : x + region.width] &= ~region.within
    return part[outside]
