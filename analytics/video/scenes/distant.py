"""Smoke at a skyline, too small for the plumes of the whole picture: a veil that begins before the land, and reaches
the line of the sky.

It hides the edges of what it stands before, and is no brighter than the sky. The sun on hills makes them clearer, lamps
are brighter, glints stay on the land, and clouds stay behind it.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, Foreground, fading
from analytics.video.scenes.changes import SEEN_S, STEP_S, Changes
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, together, told
from analytics.video.scenes.marks import marks, without
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.skyline import FINE, SIZE, Strip, land_of, strip_of
from analytics.video.view import SMALL, Image, View

LEAST, MOST = 24, 4
"""Pixels of the strip that a plume has; regions that are looked at, the largest ones."""
_AGAIN_S = 60.0
"""After which a skyline is looked for again where there was none."""
_SURE_S, _LATER_S = 3.0, 3.0
_FIELDS, _SIDE = 20, 3
"""Columns of fields whose median, with so many on each side, is what the surroundings do: sky and land differ."""
_BELOW = np.ones((5, 1), np.uint8)
"""So far from the line of the sky is what the sun makes clearer: the line itself it may hide."""
_LIGHT = 5, 5
"""Pixels within which light is even: its own edges do not hide those of the land."""
_SOBEL = (1, 0), (0, 1)


class _Look(NamedTuple):
    """The strip of one frame."""

    part: Image
    """As the camera sent it."""
    drawn: Image | None
    """The marks in it."""
    grey: Image
    """Without them, of `SIZE`."""


class Distant:
    """Looks at the strip along the skyline once in `STEP_S`, if there is one."""

    def __init__(self, background: Background, watched: Image) -> None:
        """`watched`: (90, 160), 0 where smoke is nothing new."""
        self._background, self._watched = background, watched
        self._epoch, self._t, self._again, self._cue = 0, 0.0, 0.0, NOTHING
        self._strip: Strip | None = None
        self._known = Changes(SIZE[::-1], _around)
        self._sure = np.zeros(SIZE[::-1], np.float32)

    def cue(self, view: View) -> Cue:
        """How sure it is, as of the newest look."""
        seen = self._background.seen(view)
        if view.bgr.shape[0] < SMALL[1]:
            return NOTHING  # a strip has no rows of its own there, or none at all
        if seen.epoch != self._epoch:
            self._epoch, self._strip, self._again, self._cue = seen.epoch, None, view.t, NOTHING
        if self._strip is None:
            if seen.settled and view.t >= self._again:
                self._begin(view, seen)
        elif view.t - self._t >= STEP_S:
            dt, self._t = min(view.t - self._t, 2.0), view.t
            look = _look(view, self._strip)
            known = self._known.look(look.grey, dt)
            self._cue = self._judged(look, self._strip, seen, dt) if known else NOTHING
        return self._cue

    def _begin(self, view: View, seen: Foreground) -> None:
        self._t, self._again = view.t, view.t + _AGAIN_S
        self._strip = strip_of(seen.place)
        if self._strip is not None:
            self._known.begin(_look(view, self._strip).grey)
            self._sure[:] = 0.0

    def _judged(self, look: _Look, strip: Strip, seen: Foreground, dt: float) -> Cue:
        """The surest of what is brighter than the place: before a sky a dark plume is large enough for others."""
        self._sure *= np.float32(1 - fading(dt, _SURE_S))
        here = ((self._known.since >= SEEN_S) & (self._known.apart > 0)).astype(np.uint8) * np.uint8(255)
        best = NOTHING
        if cv2.countNonZero(here) < LEAST:
            return best
        here = cv2.bitwise_and(here, cv2.resize(strip.of(self._watched), SIZE, interpolation=cv2.INTER_NEAREST))
        land = land_of(self._known.place)
        for region in regions(cv2.morphologyEx(here, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), LEAST, MOST):
            cues = {**self._cues(region, land), "grey": _greyness(region, look, seen.place_colour, strip)}
            score = together(cues.values()) * ramp(min(cues.values()), 0.1, 0.55)
            sure = self._sure[region.box]
            sure[region.within] += np.float32(fading(dt, _SURE_S) * score)
            cue = told(min(score, 1.25 * level(sure[region.within], 0.85)), cues)
            best = better(cue.at(strip.place(region.place)), best)
        return best

    def _cues(self, region: Region, land: NDArray[np.bool_]) -> dict[str, float]:
        box, within, known = region.box, region.within, self._known
        ages, apart = known.since[box][within], known.apart[box][within]
        age, strength = level(ages, 0.9), level(apart, 0.5)
        grown = float(np.count_nonzero(ages < age - _LATER_S)) / ages.size
        rows, columns = np.nonzero(within)
        order = np.argsort(-ages, kind="stable")
        first, last = order[: max(6, ages.size // 4)], order[-max(6, 2 * ages.size // 5) :]
        up = float(rows[first].mean() - rows[last].mean()) / region.height
        aside = abs(float(columns[first].mean() - columns[last].mean())) / region.width
        low = float(rows[first].mean() + 0.5) / region.height
        kept = region.area / (region.area + float(known.lost[region.around(3)].sum()))
        stir, calm = float(known.stir[box][within].mean()), float(known.calm[box][within].mean())
        others = float(((known.since >= SEEN_S) & land).sum()) - float((land[box] & within).sum())
        hidden, edges = _hidden(region, known)
        deep = cv2.erode(land.astype(np.uint8), _BELOW) > 0
        below = deep[box] & within
        clearer, seen = -_hidden(region, known, deep)[0], _seen(region, known, below)
        beyond = 1 - float(np.count_nonzero(below)) / region.area
        own = level((known.now - known.place)[box][within], 0.5) / max(strength, 0.1)
        return {
            "veil": ramp(strength, 3.5, 9) * ramp(region.area, 30, 60) * ramp(own, 1.8, 1.4),
            "stir": ramp(stir / max(calm, 0.1), 2, 5) * ramp(stir, 0.8, 2.0),
            "growth": ramp(grown, 0.15, 0.45) * ramp(age, 4, 7),
            "spreads": ramp(max(up, aside), 0.1, 0.28),
            "anchored": ramp(low, 0.2, 0.4) * ramp(kept, 0.4, 0.65),
            "before": ramp(float(land[box][within][first].mean()), 0.3, 0.7) * ramp(beyond, 0.03, 0.12),
            "hides": ramp(hidden, 0.1, 0.24)
            * ramp(hidden, 1.3, 1.1)
            * ramp(edges, 2, 4)
            * ramp(clearer, 0.12, 0.02)
            * ramp(seen, 0.85, 0.75),
            "unlit": ramp(level(known.now[box][within], 0.85) - level(known.now[~land], 0.85), 50, 25),
            "steady": ramp(level(known.steady[box][within][apart >= strength], 0.5), 0.6, 0.85),
            "alone": ramp(others / max(float(land.sum()), 1.0), 0.08, 0.04)
            * ramp(level(known.calm[land], 0.5), 2.5, 1.8),
        }


def _look(view: View, strip: Strip) -> _Look:
    part = strip.of(view.bgr)
    drawn = marks(part)
    return _Look(part, drawn, without(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), drawn, SIZE))


def _around(apart: Floats) -> Floats:
    fields = cv2.resize(apart, (_FIELDS, SIZE[1] // 8), interpolation=cv2.INTER_AREA)
    wide = cv2.copyMakeBorder(fields, 0, 0, _SIDE, _SIDE, cv2.BORDER_REFLECT_101)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(wide, 2 * _SIDE + 1, axis=1), axis=2)
    made: Floats = cv2.resize(middle.astype(np.float32), SIZE, interpolation=cv2.INTER_LINEAR)
    return made


def _hidden(region: Region, known: Changes, where: NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """The share of the place's edges that is not there any more, and grey levels a pixel of them."""
    near = region.around(1)
    place, now = known.place[near], known.now[near]
    shape = np.zeros(place.shape, np.uint8)
    y, x = region.top - near[0].start, region.left - near[1].start
    shape[y : y + region.height, x : x + region.width] = region.within
    rim = cv2.dilate(shape, np.ones((3, 3), np.uint8)) > 0
    if where is not None:
        rim &= where[near]
    had, has = (np.concatenate([_slopes(grey, way)[rim] for way in _SOBEL]) for grey in (place, now))
    edges = float(np.dot(had, had))
    return (1 - float(np.dot(had, has)) / edges, float(np.sqrt(2 * edges / had.size))) if edges > 0 else (0.0, 0.0)


def _seen(region: Region, known: Changes, below: NDArray[np.bool_]) -> float:
    """0 .. 1: how much the land still looks as it did, by its edges along the rows, in whatever light."""
    place, now = (_slopes(grey[region.box], _SOBEL[0]) for grey in (known.place, known.now))
    change = now - place
    had = place[below]
    has = had + (change - cv2.blur(change, _LIGHT))[below]
    both = float(np.dot(had, had)) * float(np.dot(has, has))
    return float(np.dot(had, has)) / float(np.sqrt(both)) if both > 0 else 0.0


def _slopes(grey: Floats, way: tuple[int, int]) -> Floats:
    made: Floats = cv2.Sobel(grey, cv2.CV_32F, *way, scale=0.125)
    return made


def _greyness(region: Region, look: _Look, place_colour: Image, strip: Strip) -> float:
    """1: its colour is grey, or no farther from it than the place's was."""
    high, wide = look.part.shape[0] / SIZE[1], look.part.shape[1] / SIZE[0]
    here = (
        slice(int(region.top * high), int((region.top + region.height) * high) + 1),
        slice(int(region.left * wide), int((region.left + region.width) * wide) + 1),
    )
    bare = None if look.drawn is None else cv2.bitwise_not(look.drawn[here])
    blue, green, red, _ = cv2.mean(look.part[here], bare)
    top, left = strip.top + region.top // FINE[1], region.left // FINE[0]
    before = place_colour[top : top + 1 + region.height // FINE[1], left : left + 1 + region.width // FINE[0]]
    now = max(abs(red - green), abs(blue - green)) / 2
    usual = float(np.abs(before.astype(np.float32).reshape(-1, 2).mean(axis=0) - 128).max())
    return ramp(now - usual, 14, 6) * ramp(now, 45, 30)
