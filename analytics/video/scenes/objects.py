"""Objects that were left, or are gone: what differs from the place and has stood still for long.

Which of the two it is tell the edges around it: an object that was left has edges that the place had not, one that is
gone leaves a place without its edges. Once told it is remembered as it looks, and ends when it looks otherwise. What
has come by itself, as cars at a light, a bus at its stop and people who wait do, is told later (`WAITS_S`).
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import PROVEN_S, Background, Foreground
from analytics.video.scenes.edges import edges
from analytics.video.scenes.evidence import NOTHING, better, burst, ramp, together, told, vetoed
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.standing import Standing
from analytics.video.view import SMALL, Image, View

EVERY_S = 1.0
"""Between two looks."""
LEAST, LARGEST = 6, 0.15
"""Pixels of 160 x 90, and share of the picture, that an object has."""
MOST = 8
"""Objects that are remembered for a zone."""
WHOLE = 0.5
"""Share of what differs in one piece that must stand still: flames, and a lorry that creeps on, have still parts."""
WAITS_S, WAITS_AT_MOST_S = 45.0, 230.0
"""What came by itself is told so much later, but no later than this after it came: then it is nearly place."""
_OTHERWISE = 18
"""Grey levels, in the mean, from which on an object looks otherwise."""
_ALL = 0.4
_MARGIN = 4
"""Pixels around an object that are looked at, too."""
_TEXTURE = 3.5
"""Grey levels, as a spread, that the ground needs to be known under another light."""
_OF_CONTRAST = 0.3
"""What a grey level of contrast to what is around weighs beside one of an edge."""
_SHINES = 244, 232
"""Grey levels, in the mean, of the sun and of lamps: no paper is as bright."""
_BURST_S = 2.5
"""A good part of a thing comes within this; a shadow creeps."""
_NEAR = np.ones((3, 3), np.uint8)


class _Found:
    """An object that was told, as it looked."""

    __slots__ = ("cue", "hidden", "looks", "region")

    def __init__(self, region: Region, looks: Image, cue: Cue) -> None:
        self.region, self.looks, self.cue, self.hidden = region, looks, cue, 0


class Objects:
    """In the zones that ask for it."""

    name = "objects"
    kinds = ("object_left", "object_removed")

    def __init__(self, background: Background, left: Sequence[Area], removed: Sequence[Area]) -> None:
        """Where objects that were left, and where those that are gone, are looked for."""
        self._background = background
        self._areas = [("object_left", area, list[_Found]()) for area in left]
        self._areas += [("object_removed", area, list[_Found]()) for area in removed]
        self._standing = Standing()
        self._epoch, self._t = 0, 0.0

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone and kind, once a second."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._epoch, self._t = seen.epoch, view.t
            self._standing.begin()
            for _, _, found in self._areas:
                found.clear()
            return {(kind, area.name): NOTHING for kind, area, _ in self._areas}
        if view.t - self._t < EVERY_S or not seen.settled or seen.share > _ALL:
            return {}
        self._standing.look(seen, min(view.t - self._t, 2 * EVERY_S))
        self._t = view.t
        scores: dict[Key, Cue] = {}
        for kind, area, found in self._areas:
            self._forget(found, view.small, seen)
            if area.counts(view.when):
                self._find(kind, area, found, view.small, seen)
            best = NOTHING
            for one in found:
                best = better(one.cue, best)
            scores[(kind, area.name)] = best
        return scores

    def _find(self, kind: str, area: Area, found: list[_Found], small: Image, seen: Foreground) -> None:
        known = (self._standing.known >= PROVEN_S) & (seen.proven >= PROVEN_S)
        waited = self._standing.shown(area.after_s) & known & (area.mask > 0)
        if not waited.any():
            return
        for one in found:
            waited[one.region.box][one.region.within] = False
        standing = cv2.morphologyEx(waited.view(np.uint8) * np.uint8(255), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        for region in regions(standing, LEAST, MOST):
            if region.area > LARGEST * SMALL[0] * SMALL[1] or len(found) >= MOST or _cut(region):
                continue
            if region.area < WHOLE * self._standing.around(region) or self._waits(region, area.after_s):
                continue
            is_kind, cue = _judged(region, seen, self._standing)
            if is_kind == kind and cue.score >= 0.1:
                found.append(_Found(region, small[region.box].copy(), cue.at(region.place)))

    def _waits(self, region: Region, after_s: float) -> bool:
        """Whether it came by itself, and may go so."""
        for_s = float(np.median(self._standing.since[region.box][region.within]))
        return for_s < min(after_s + WAITS_S, WAITS_AT_MOST_S) and self._standing.by_itself(region)

    def _forget(self, found: list[_Found], small: Image, seen: Foreground) -> None:
        """Take out what looks otherwise for three looks: somebody who passes hides it for one."""
        for one in list(found):
            box, within = one.region.box, one.region.within
            now = cv2.convertScaleAbs(one.looks, alpha=seen.gain)
            otherwise = float(cv2.absdiff(small[box], now)[within].mean()) > _OTHERWISE
            one.hidden = one.hidden + 1 if otherwise else 0
            if one.hidden >= 3:
                found.remove(one)


def _cut(region: Region) -> bool:
    """Whether the border of the picture cuts it: a camera that turns by a pixel shows something new there."""
    return region.left == 0 or region.top == 0 or region.left + region.width == SMALL[0]


def _outlines(grey: Image, colour: Image) -> Image:
    """Edges of brightness or of colour, whichever are stronger."""
    one, other = cv2.split(colour)
    made: Image = cv2.max(edges(grey), cv2.max(edges(one), edges(other)))
    return made


def _judged(region: Region, seen: Foreground, standing: Standing) -> tuple[str, Cue]:
    small = cv2.convertScaleAbs(seen.recent, alpha=seen.gain)
    box, within = region.box, region.within
    part = _with_margin(region)
    shape = np.zeros(small[part].shape, np.uint8)
    y, x = region.top - part[0].start, region.left - part[1].start
    shape[y : y + region.height, x : x + region.width] = within
    rim = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, _NEAR) > 0
    now = float(_outlines(small[part], seen.colour[part])[rim].mean())
    before = float(_outlines(seen.place[part], seen.place_colour[part])[rim].mean())
    apart = _apart(small[part], seen.place[part], seen.colour[part], seen.place_colour[part], shape > 0)
    difference = float(apart[shape > 0].mean())
    around = (cv2.dilate(shape, _NEAR, iterations=_MARGIN) > 0) & (cv2.dilate(shape, _NEAR, iterations=2) == 0)
    around &= ~standing.differs[part]
    beside = float(apart[around].mean()) if around.any() else 0.0
    came = standing.since[box][within]
    stands_out = (
        now
        - before
        + _OF_CONTRAST
        * (
            _contrast(small[part], seen.colour[part], shape > 0, around)
            - _contrast(seen.place[part], seen.place_colour[part], shape > 0, around)
        )
    )
    kind = "object_left" if stands_out >= 0 else "object_removed"
    cues = {
        "area": ramp(region.area, LEAST - 3, 3 * LEAST),
        "contrast": ramp(difference, 12, 30),
        "edges": ramp(abs(stands_out), 1.0, 6.0),
        "compact": ramp(region.area / (region.width * region.height), 0.2, 0.5),
        "sharp": ramp(float(edges(apart)[rim].mean()) / max(difference, 1.0), 0.1, 0.25),
        "alone": ramp(beside / max(difference, 1.0), 0.6, 0.35),
        "no_light": ramp(_alike(small[part], seen.place[part], shape > 0), 0.7, 0.45)
        * ramp(float(small[box][within].mean()), *_SHINES),
        "at_once": ramp(burst(came, _BURST_S), 0.25, 0.45),
        "came": ramp(float(standing.emerged[box][within].mean()), 0.5, 0.25),
        "still_s": float(came.mean()),
    }
    body = together(cues[name] for name in ("area", "contrast", "edges", "compact"))
    return kind, told(vetoed(body, (cues[name] for name in ("sharp", "alone", "no_light", "at_once", "came"))), cues)


def _with_margin(region: Region) -> tuple[slice, slice]:
    rows = slice(max(region.top - _MARGIN, 0), region.top + region.height + _MARGIN)
    return rows, slice(max(region.left - _MARGIN, 0), region.left + region.width + _MARGIN)


def _apart(small: Image, place: Image, colour: Image, place_colour: Image, within: NDArray[np.bool_]) -> Image:
    """By how much a part differs from its place, in brightness or the colour that differs most within a shape."""
    layers = [cv2.absdiff(small, place), *cv2.split(cv2.absdiff(colour, place_colour))]
    return max(layers, key=lambda layer: float(layer[within].mean()))


def _contrast(grey: Image, colour: Image, within: NDArray[np.bool_], around: NDArray[np.bool_]) -> float:
    """Levels of brightness or colour by which a shape is other than what is around it, in the mean."""
    if not around.any():
        return 0.0
    layers = (grey, *cv2.split(colour))
    return max(abs(float(layer[within].mean()) - float(layer[around].mean())) for layer in layers)


def _alike(small: Image, place: Image, within: NDArray[np.bool_]) -> float:
    """Whether the texture of the place shows through, -1 .. 1: then it is lit otherwise. 0 where it has none."""
    fine = [grey.astype(np.float32) - cv2.blur(grey.astype(np.float32), (5, 5)) for grey in (small, place)]
    now, then = (one[within] for one in fine)
    strong = float(np.sqrt((now**2).mean() * (then**2).mean()))
    return float((now * then).mean()) / strong if float(np.sqrt((then**2).mean())) > _TEXTURE and strong > 0 else 0.0
