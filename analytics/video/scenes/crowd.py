"""Crowding: how much of an area is covered by what moves a little everywhere, as a share; nobody is counted."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.measure import EVERY_S, Means, Measure
from analytics.video.scenes.background import Background, Floats, fading
from analytics.video.scenes.evidence import NOTHING, ramp, together, told
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import box_of
from analytics.video.view import SMALL, View

METRIC = "occupancy"
"""The share of a zone that is covered, in %; a reading a minute."""
_STIR_S = 4.0
_STIRS = 5


class Crowd:
    """The zones that ask for it. A car park that fills stands still, and is none."""

    name = "crowd"
    kinds = ("crowd",)

    def __init__(self, background: Background, areas: Sequence[Area], every_s: float = EVERY_S) -> None:
        self._background = background
        self._areas = areas
        self._stir: Floats = np.zeros(SMALL[::-1], np.float32)
        self._means = Means(METRIC, [area.name for area in areas], every_s)

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone with each frame."""
        seen = self._background.seen(view)
        stirs = cv2.compare(seen.changed, _STIRS, cv2.CMP_GT)
        cv2.accumulateWeighted(stirs, self._stir, fading(seen.dt, _STIR_S))
        covering = cv2.morphologyEx(seen.mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        alive = cv2.dilate(cv2.compare(self._stir, 0.1 * 255, cv2.CMP_GT), None, iterations=2)
        covering = cv2.bitwise_and(covering, alive)
        scores: dict[Key, Cue] = {}
        for area in self._areas:
            if not seen.settled or not area.counts(view.when):
                scores[("crowd", area.name)] = NOTHING
                continue
            inside = cv2.bitwise_and(covering, area.mask)
            share = cv2.countNonZero(inside) / cv2.countNonZero(area.mask)
            self._means.take(view.t, area.name, 100 * share)
            stir = cv2.mean(self._stir, inside)[0] / 255
            cues = {"covered": share, "stir": ramp(stir, 0.05, 0.3)}
            score = together((ramp(share, 0.5 * area.crowded, 1.5 * area.crowded), cues["stir"])) if share else 0.0
            cue = told(min(ramp(share, 0.0, 2 * area.crowded), score), cues)
            left, top, width, height = cv2.boundingRect(inside)
            scores[("crowd", area.name)] = cue.at(
                box_of((left, top, left + width, top + height), inside.shape) if share else None
            )
        return scores

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""
        return self._means.taken()
