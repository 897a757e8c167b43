"""Water on the ground: a lasting change that spreads, shines or ripples, and lies flat."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, fading
from analytics.video.scenes.evidence import NOTHING, ramp, together, told, vetoed
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import regions
from analytics.video.view import SMALL, Image, View

EVERY_S = 1.0
CELLS = SMALL[0] // 5, SMALL[1] // 5
LEAST = 8
"""Cells of 5 x 5 pixels that water covers: 1.4 % of the picture."""
_LASTING_S = 4.0
_SPREAD_S = 2.0, 6.0
"""Between the first places of it and the last: what comes at once is a light or a thing."""


class Water:
    """In the zones that ask for it, which should hold ground and nothing else."""

    name = "water"
    kinds = ("flood",)

    def __init__(self, background: Background, areas: Sequence[Area]) -> None:
        shape = CELLS[::-1]
        self._background = background
        self._areas = [(area, _cells(area.mask) > 127) for area in areas]
        self._epoch, self._t = 0, 0.0
        self._lasting, self._stir, self._since = (np.zeros(shape, np.float32) for _ in range(3))

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone, once a second."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._epoch, self._t = seen.epoch, view.t
            for state in (self._lasting, self._stir, self._since):
                state[:] = 0.0
            return {("flood", area.name): NOTHING for area, _ in self._areas}
        dt = view.t - self._t
        cv2.accumulateWeighted(_cells(seen.changed), self._stir, fading(seen.dt, _LASTING_S))
        if dt < EVERY_S or not seen.settled:
            return {}
        self._t = view.t
        differs = _cells(seen.mask) / 255.0
        cv2.accumulateWeighted((differs > 0.4).astype(np.float32), self._lasting, fading(min(dt, 2.0), _LASTING_S))
        wet = self._lasting > 0.6
        self._since += np.float32(min(dt, 2.0))
        self._since[~wet] = 0.0
        edges_now, edges_before = _edges(view.small), _edges(seen.place)
        scores: dict[Key, Cue] = {}
        for area, mask in self._areas:
            scores[("flood", area.name)] = (
                self._judged(wet & mask, mask, edges_now, edges_before, view) if area.counts(view.when) else NOTHING
            )
        return scores

    def _judged(self, wet: np.ndarray, mask: np.ndarray, now: Floats, before: Floats, view: View) -> Cue:
        found = regions(wet.view(np.uint8) * np.uint8(255), LEAST, 1)
        if not found:
            return NOTHING
        region = found[0]
        box, within = region.box, region.within
        colour = cv2.resize(view.small_bgr, CELLS, interpolation=cv2.INTER_AREA)[box][within].astype(np.float32)
        since = np.percentile(self._since[box][within], (10, 90))
        smoother = float((before[box][within] - now[box][within]).mean()) / max(float(before[box][within].mean()), 1.0)
        stir = float(self._stir[box][within].mean() - np.median(self._stir))
        spread_of_stir = float(np.std(self._stir[box][within])) / max(stir, 0.5)
        cues = {
            "area": ramp(region.area / max(float(mask.sum()), 1.0), 0.03, 0.25),
            "lasting": ramp(float(self._lasting[box][within].mean()), 0.6, 0.85),
            "growth": ramp(float(since[1] - since[0]), *_SPREAD_S),
            "smooth": ramp(smoother, 0.0, 0.5),
            "ripple": ramp(stir, 0.8, 3.0) * ramp(spread_of_stir, 1.6, 0.8),
            "grey": ramp(float(np.median(colour.max(axis=1) - colour.min(axis=1))), 90, 40),
            "flat": ramp(region.width / region.height, 0.7, 1.6),
        }
        surface = max(cues["smooth"], cues["ripple"])
        body = together((cues["area"], cues["lasting"], cues["flat"], cues["grey"], cues["growth"], surface))
        return told(vetoed(body, (cues["growth"], surface)), cues)


def _cells(picture: Image) -> Floats:
    made: Floats = cv2.resize(picture.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA)
    return made


def _edges(picture: Image) -> Floats:
    grey = picture.astype(np.float32)
    return _cells(
        np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)) + np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    )
