"""Objects that were left, or are gone: what differs from the place and has stood still for long.

Which of the two it is tell the edges around it: an object that was left has edges that the place had not, one that is
gone leaves a place without its edges. Once told it is remembered as it looks, and ends when it looks otherwise.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import PROVEN_S, Background, Foreground
from analytics.video.scenes.edges import edges
from analytics.video.scenes.evidence import NOTHING, better, ramp, together, told
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import Region, regions
from analytics.video.view import SMALL, Image, View

EVERY_S = 1.0
"""Between two looks."""
LEAST, LARGEST = 6, 0.15
"""Pixels of 160 x 90, and share of the picture, that an object has."""
MOST = 8
"""Objects that are remembered for a zone."""
WHOLE = 0.5
"""Share of what differs in one piece that must stand still: flames, and a lorry that creeps on, have still parts."""
_OTHERWISE = 18
"""Grey levels, in the mean, from which on an object looks otherwise."""
_ALL = 0.4


class _Found:
    """An object that was told, as it looked."""

    __slots__ = ("cue", "hidden", "looks", "region")

    def __init__(self, region: Region, looks: Image, cue: Cue) -> None:
        self.region, self.looks, self.cue, self.hidden = region, looks, cue, 0


class Objects:
    """In the zones that ask for it. People who wait stir, and are none."""

    name = "objects"
    kinds = ("object_left", "object_removed")

    def __init__(self, background: Background, left: Sequence[Area], removed: Sequence[Area]) -> None:
        """Where objects that were left, and where those that are gone, are looked for."""
        self._background = background
        self._areas = [("object_left", area, list[_Found]()) for area in left]
        self._areas += [("object_removed", area, list[_Found]()) for area in removed]
        self._epoch, self._t = 0, 0.0

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone and kind, once a second."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._epoch, self._t = seen.epoch, view.t
            for _, _, found in self._areas:
                found.clear()
            return {(kind, area.name): NOTHING for kind, area, _ in self._areas}
        if view.t - self._t < EVERY_S or not seen.settled or seen.share > _ALL:
            return {}
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
        waited = (seen.still >= area.after_s) & (seen.proven >= PROVEN_S) & (area.mask > 0)
        if not waited.any():
            return
        for one in found:
            waited[one.region.box][one.region.within] = False
        _, blobs, sizes, _ = cv2.connectedComponentsWithStats(seen.mask, connectivity=8)
        standing = cv2.morphologyEx(waited.view(np.uint8) * np.uint8(255), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        for region in regions(standing, LEAST, MOST):
            if region.area > LARGEST * SMALL[0] * SMALL[1] or len(found) >= MOST:
                continue
            if region.area < WHOLE * _around(region, blobs, sizes):
                continue
            is_kind, cue = _judged(region, small, seen)
            if is_kind == kind and cue.score >= 0.1:
                found.append(_Found(region, small[region.box].copy(), cue))

    def _forget(self, found: list[_Found], small: Image, seen: Foreground) -> None:
        """Take out what looks otherwise for three looks: somebody who passes hides it for one."""
        for one in list(found):
            box, within = one.region.box, one.region.within
            now = cv2.convertScaleAbs(one.looks, alpha=seen.gain)
            otherwise = float(cv2.absdiff(small[box], now)[within].mean()) > _OTHERWISE
            one.hidden = one.hidden + 1 if otherwise else 0
            if one.hidden >= 3:
                found.remove(one)


def _around(region: Region, blobs: NDArray[np.int32], sizes: NDArray[np.int32]) -> int:
    """Pixels of all that differs and touches a region."""
    touched = np.unique(blobs[region.box][region.within])
    return int(sizes[touched[touched > 0], cv2.CC_STAT_AREA].sum())


def _outlines(grey: Image, colour: Image) -> Image:
    """Edges of brightness or of colour, whichever are stronger."""
    one, other = cv2.split(colour)
    made: Image = cv2.max(edges(grey), cv2.max(edges(one), edges(other)))
    return made


def _judged(region: Region, small: Image, seen: Foreground) -> tuple[str, Cue]:
    top, left = max(region.top - 2, 0), max(region.left - 2, 0)
    part = slice(top, region.top + region.height + 2), slice(left, region.left + region.width + 2)
    shape = np.zeros(small[part].shape, np.uint8)
    y, x = region.top - top, region.left - left
    shape[y : y + region.height, x : x + region.width] = region.within
    rim = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    now = float(_outlines(small[part], seen.colour[part])[rim].mean())
    before = float(_outlines(seen.place[part], seen.place_colour[part])[rim].mean())
    brightness = float(cv2.absdiff(small[region.box], seen.place[region.box])[region.within].mean())
    colour = float(
        cv2.absdiff(seen.colour[region.box], seen.place_colour[region.box])[region.within].max(axis=1).mean()
    )
    difference = max(brightness, colour)
    kind = "object_left" if now >= before else "object_removed"
    cues = {
        "area": ramp(region.area, LEAST - 3, 3 * LEAST),
        "contrast": ramp(difference, 12, 30),
        "edges": ramp(abs(now - before), 1.0, 6.0),
        "compact": ramp(region.area / (region.width * region.height), 0.2, 0.5),
        "still_s": float(seen.still[region.box][region.within].mean()),
    }
    return kind, told(together(score for name, score in cues.items() if name != "still_s"), cues)
