"""Flames: warm and bright, flickering here and there without a beat, of changing shape, in one place.

Where the camera is carried, the place goes with it.

Each cue stands against something that only looks like a flame: `hot` and `glow` against orange vests and floors, `hue`
and `core` against flags, red lamps and their reflections, `flicker`, `swing` and `shape` against what is orange and
stands, `mixed` against lamps that blink as a whole, `moves_not` against what is orange and drives or walks, `beyond`
against leaves, cloth and a mast that sways, `alone` against orange leaves among others, `own_colour` against light that
plays on one colour: screens, glitter.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import LONGEST_STEP_S, Floats
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, together, told
from analytics.video.scenes.flicker import Flicker
from analytics.video.scenes.glide import Glide, moved
from analytics.video.scenes.moves import REACH, Moves
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.unrest import Unrest
from analytics.video.view import SMALL, Image, View

LEAST = 5
"""Pixels of 160 x 90 that a flame has: about 9 x 9 pixels of 640 x 360."""
EARLIEST_S = 0.7
"""Of frames that are seen before anything is told."""
MOST = 4
"""Regions that are looked at closely in a frame."""
_WARM, _BRIGHT = 38, 130
_HERE = 0.4
"""Share of the last seconds for which flames stand around a pixel."""
_FLICKERS = 0.07
"""Turns a frame around a pixel: what does not flicker is no part of a flame, whatever its colour."""
_MIXED = 0.12
"""Share of the change around a pixel that others take back: a lamp that blinks has none."""
_LARGE = 150, 400
"""Pixels of a region, from which on more of its change must be beyond a sway: a flame has far more than cloth."""
_DULL, _WARM_PART = 0.55, 0.65
"""The share of its warmest spot's warmth below which most of a large region is ground, and what is looked at then."""
_EDGED = 400.0
"""Pixels of a region from which on most of a flame lies within, where nothing comes or goes."""
_AROUND, _BARE, _RING = 4, 0.1, 8
"""Pixels around a region that are looked at, if for so small a share of the last seconds they were coloured as flames
are; so many of them at least."""
_CLIPPED = 245, 254
"""Levels of red from which on a camera tells nothing brighter: before a bright sky a flame cannot glow more than it."""
_EVEN = 2.0
"""Levels that are added to what an edge is, for noise."""
_STANDS = 0.47
"""Share of the last seconds for which a pixel is coloured where flames stand: what passes is soon gone from it."""
_ESSENTIAL = (
    "glow", "hot", "flicker", "shape", "hue", "mixed", "beyond", "own_colour", "stands", "alone", "moves_not",
    "apart",
)  # fmt: skip
_STIRS = frozenset(("flicker", "shape", "mixed", "beyond", "own_colour", "alone"))


class Flame:
    """Looks at the whole picture; needs no model of the place, so it works on pictures that begin with a fire."""

    name = "flame"
    kinds = ("flame",)

    def __init__(self, watched: Image) -> None:
        """`watched`: (90, 160), 0 where flames are nothing new."""
        self._watched = watched
        self._t = 0.0
        self._flicker = Flicker()
        self._moves = Moves()
        self._glide = Glide()
        self._unrest = Unrest()

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each frame."""
        colour = view.small_bgr
        mask = cv2.bitwise_and(_flames(colour), self._watched)
        dt = min(max(view.t - self._t, 0.0), LONGEST_STEP_S)
        self._t = view.t
        if view.previous is None or (cv2.countNonZero(mask) and self._cut(view.previous.small, view.small, dt)):
            self._flicker.begin(mask, colour)
            self._moves.begin()
            self._unrest.begin()
            return {("flame", None): NOTHING}
        best = NOTHING
        if self._flicker.learn(mask, colour, dt) and self._flicker.age >= EARLIEST_S:
            for region in self._regions():
                best = better(self._judged(region, colour, dt).at(region.place), best)
        return {("flame", None): best}

    def _cut(self, before: Image, now: Image, dt: float) -> bool:
        """Where the camera turns or is carried, what is known of flames stays with them; True at a cut."""
        columns, rows = self._glide.seen(before, now)
        if columns or rows:
            self._flicker.glide(columns, rows)
            self._moves.glide(columns, rows)
        if any(self._glide.exact):
            before = moved(before, *self._glide.exact)
        return self._unrest.seen(before, now, dt)

    def _regions(self) -> Sequence[Region]:
        """Where flames may stand: coloured for some time, and flickering."""
        seen, early = self._flicker, self._flicker.early
        lasting = cv2.compare(seen.lasting, 255 * _HERE / early, cv2.CMP_GT)
        if cv2.countNonZero(lasting) < LEAST:
            return ()
        flickering = cv2.compare(cv2.blur(seen.turns, (3, 3)), 255 * _FLICKERS / early, cv2.CMP_GT)
        found = regions(cv2.bitwise_and(lasting, flickering), LEAST, MOST)
        return [*found, *(part for region in found for part in self._parts(region))]

    def _parts(self, region: Region) -> Sequence[Region]:
        """What is much warmer within a large region than most of it: flames before a field of nearly their colour."""
        if region.area < _EDGED:
            return ()
        warmth = self._flicker.warmth[region.box]
        warm = level(warmth[region.within], 0.98)
        if level(warmth[region.within], 0.5) > _DULL * warm:
            return ()
        mask = np.zeros(SMALL[::-1], np.uint8)
        mask[region.box] = (warmth > _WARM_PART * warm) & region.within
        return regions(mask, LEAST, 2)

    def _judged(self, region: Region, colour: Image, dt: float) -> Cue:
        seen, early = self._flicker, self._flicker.early
        box, within = region.box, region.within
        area = seen.area[box][within]
        total = float(area.sum())
        if total <= 0:
            return NOTHING
        weight, edge = area / total, min(1.0, (_EDGED / region.area) ** 0.5)
        swings, everything = seen.swing[box][within], seen.everything[box][within]
        cues = {
            "flicker": ramp(float((seen.turns[box][within] * weight).sum()) / 255 * early, 0.12, 0.4),
            "swing": ramp(float((swings * weight).sum()) * early, 4, 16),
            "shape": ramp(float(seen.shape[box][within].sum()) / total / edge, 0.08, 0.4),
            "mixed": ramp(
                float((seen.same[box][within] * weight).sum()) / max(float((everything * weight).sum()), 0.1), 0.95, 0.6
            ),
            "beyond": self._beyond(region),
            "alone": self._alone(region),
            "own_colour": ramp(_middle(seen.own[box][within] / (swings + 2.0), swings > 3), 0.2, 0.36),
            "stands": ramp(float(area[area * early > 255 * _STANDS].sum()) / total, 0.1, 0.4),
            "lasting": ramp(float(np.mean(seen.lasting[box][within])) / 255 * early, _HERE, 0.8),
        }
        if self._unrest.carried > 0:
            cues["apart"] = 1 - self._unrest.carried * (1 - self._apart(region, colour))
        least = self._weakened(cues)
        if least < 0.4:  # whatever else is seen, it cannot become a finding
            return told(min(least, together(cues.values())), cues)
        cues["moves_not"] = self._moves_not(region, colour, dt)
        turning = seen.turns[box][within] * early
        mixed = 1 - seen.same[box][within] / np.maximum(everything, 0.5)
        lit = colour[box][within][(area * early > 80) & (turning > 255 * _FLICKERS) & (mixed > _MIXED)]
        if len(lit) < LEAST:
            return NOTHING
        blue, green, red = (lit[:, channel].astype(np.float32) for channel in range(3))
        hue = (green - blue) / np.maximum(red - blue, 1.0)
        around = _ring(region, colour)
        brightest = level(red, 0.8)
        glow = ramp(brightest - level(around, 0.5), 5, 70) if len(around) else 0.0
        cues |= {
            "colour": ramp(level(red - blue, 0.5), 25, 70),
            "glow": max(glow, 0.5 * ramp(brightest, *_CLIPPED)),
            "hot": ramp(level(red, 0.9), 165, 210),
            "core": ramp(float(np.std(red) + np.std(green)), 8, 40),
            "hue": ramp(float(np.std(hue)), 0.02, 0.12),
        }
        return told(together(cues.values()) * self._weakened(cues), cues)

    def _beyond(self, region: Region) -> float:
        """How much of the change no sway by a pixel explains, nor, which counts twice, one by two."""
        seen, (box, within) = self._flicker, (region.box, region.within)
        outside = float(seen.near[box][within].sum()) + 2 * float(seen.far[box][within].sum())
        low = 0.07 + 0.09 * ramp(region.area, *_LARGE)
        return ramp(outside / (float(seen.green[box][within].sum()) + 1.0), low, low + 0.06)

    def _alone(self, region: Region) -> float:
        """How little of the stir is around it, too, where nothing is coloured as flames are: other leaves do so."""
        seen = self._flicker
        top, left = max(region.top - _AROUND, 0), max(region.left - _AROUND, 0)
        part = slice(top, region.top + region.height + _AROUND), slice(left, region.left + region.width + _AROUND)
        shape = np.zeros(seen.lasting[part].shape, np.uint8)
        y, x = region.top - top, region.left - left
        shape[y : y + region.height, x : x + region.width] = region.within
        near = cv2.dilate(shape, np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)) > 0
        ring = seen.own[part][near & (seen.lasting[part] * seen.early < 255 * _BARE)]
        if len(ring) < _RING:
            return 1.0
        within = float(seen.own[region.box][region.within].mean())
        return ramp(float(ring.mean()) / max(within, 0.5 / seen.early), 0.9, 0.6)

    def _apart(self, region: Region, colour: Image) -> float:
        """How much more of its colour changes than of all else that a camera is carried past, by what edges it has."""
        seen, box = self._flicker, region.box
        green = cv2.blur(cv2.extractChannel(colour, 1), (3, 3))
        edges = cv2.add(cv2.morphologyEx(green, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), _EVEN)
        bare = cv2.compare(seen.lasting, 255 * _BARE / seen.early, cv2.CMP_LT)
        all_else = (cv2.mean(seen.own, bare)[0] + 0.01) / (cv2.mean(edges, bare)[0] + 0.01)
        within = float(seen.own[box][region.within].mean()) / float(edges[box][region.within].mean())
        return ramp(within / all_else, 1.7, 2.2)

    def _moves_not(self, region: Region, colour: Image, dt: float) -> float:
        """How little of the change is a move that goes on as it was, piece by piece."""
        top, left = max(region.top - 2, REACH), max(region.left - 2, REACH)
        bottom = min(region.top + region.height + 2, SMALL[1] - REACH)
        right = min(region.left + region.width + 2, SMALL[0] - REACH)
        if bottom - top >= 3 and right - left >= 3:
            self._moves.learn(slice(top, bottom), slice(left, right), colour, self._flicker, dt)
        return ramp(self._moves.explained(region), 0.45, 0.25)

    def _weakened(self, cues: Mapping[str, float]) -> float:
        """What the essential cues that are weak leave of a score: several weak ones are worse than one.

        Whatever a camera is carried past stirs, so that what tells of stir must be clear then.
        """
        left, carried = 1.0, self._unrest.carried
        for name in _ESSENTIAL:
            more = carried if name in _STIRS else 0.0
            left *= 0.2 + 0.8 * ramp(cues.get(name, 1.0), 0.05 + 0.35 * more, 0.5 + 0.25 * more)
        return left


def _flames(colour: Image) -> Image:
    """Where a picture (h, w, 3) is warm and bright as flames are, beyond how warm all of it is: 255."""
    blue, green, red = cv2.split(colour)
    warmth = cv2.subtract(red, blue)
    lit = cv2.compare(red, _BRIGHT, cv2.CMP_GT)
    warm = cv2.compare(warmth, _WARM + cv2.mean(warmth)[0], cv2.CMP_GT)
    order = cv2.bitwise_and(cv2.compare(cv2.add(green, 8), blue, cv2.CMP_GE), cv2.compare(red, green, cv2.CMP_GT))
    found: Image = cv2.bitwise_and(cv2.bitwise_and(lit, warm), order)
    return found


def _middle(values: Floats, where: NDArray[np.bool_]) -> float:
    """The median of some; 0 of none."""
    return level(values[where], 0.5)


def _ring(region: Region, colour: Image) -> NDArray[np.uint8]:
    """Red around a region, four pixels wide."""
    top, left = max(region.top - 4, 0), max(region.left - 4, 0)
    part = colour[top : region.top + region.height + 4, left : region.left + region.width + 4, 2]
    outside = np.ones(part.shape, np.bool_)
    y, x = region.top - top, region.left - left
    outside[y : y + region.height, x : x + region.width] &= ~region.within
    return part[outside]
