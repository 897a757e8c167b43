"""Intrusion: something that is no light moves within a zone where nothing may move."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Foreground
from analytics.video.scenes.edges import new_edges, sharpened
from analytics.video.scenes.evidence import NOTHING, better, ramp, together, told
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import Region, regions
from analytics.video.view import SMALL, Image, View

LEAST = 6
"""Pixels of 160 x 90 that an object has at least: 10 x 10 of 640 x 360."""
_MOVES = 9
"""Grey levels between two frames from which a pixel moves."""
_ALL = 0.5
"""Share of the picture from which on it is another light, which moves everywhere."""


class Intrusion:
    """Motion in the zones that ask for it, at the times that they ask for it."""

    name = "intrusion"
    kinds = ("intrusion",)

    def __init__(self, background: Background, areas: Sequence[Area]) -> None:
        self._background = background
        self._areas = areas
        self._epoch = 0
        self._moved: Image = np.zeros(SMALL[::-1], np.uint8)

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone with each frame."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._epoch = seen.epoch
            self._moved[:] = 0
        moving = cv2.compare(seen.changed, _MOVES, cv2.CMP_GT)
        # What differs and moves now, or moved with the frame before: between two steps somebody stands.
        recent = cv2.dilate(cv2.bitwise_or(moving, self._moved), None, iterations=2)
        self._moved = moving
        scores: dict[Key, Cue] = {}
        sharper: NDArray[np.int16] | None = None
        usable = seen.settled and seen.share < _ALL
        for area in self._areas:
            best = NOTHING
            if usable and area.counts(view.when):
                inside = cv2.bitwise_and(seen.mask, area.mask)
                found = regions(inside, LEAST, 4) if cv2.countNonZero(inside) >= LEAST else ()
                if found and sharper is None:
                    sharper = sharpened(view.small, seen.place)
                for region in found:
                    cue = _judged(region, seen, recent, view.small, sharper)
                    best = better(cue.at(region.place), best)
            scores[("intrusion", area.name)] = best
        return scores


def _judged(region: Region, seen: Foreground, recent: Image, small: Image, sharper: NDArray[np.int16] | None) -> Cue:
    box, within = region.box, region.within
    difference = cv2.absdiff(small[box], seen.place[box])
    cues = {
        "area": ramp(region.area, LEAST - 3, 3 * LEAST),
        "moving": ramp(float((recent[box][within] > 0).mean()), 0.02, 0.3),
        "contrast": ramp(float(difference[within].mean()), 12, 35),
        "edges": ramp(0.0 if sharper is None else new_edges(region, sharper), 2.5, 8),
    }
    return told(together(cues.values()), cues)
