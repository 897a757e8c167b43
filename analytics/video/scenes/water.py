"""Water on the ground: a lasting change that spreads, shines or ripples, and lies flat; or one that bursts in."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, Foreground, fading
from analytics.video.scenes.before import Before
from analytics.video.scenes.evidence import NOTHING, better, burst, level, ramp, together, told, vetoed
from analytics.video.scenes.masks import Area
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.torrent import Torrent
from analytics.video.view import SMALL, Image, View

EVERY_S = 1.0
CELLS = SMALL[0] // 5, SMALL[1] // 5
LEAST = 8
"""Cells of 5 x 5 pixels that water covers: 1.4 % of the picture."""
_APART, _MORE = 6.0, 3.0
"""Grey levels by which a cell of clear water differs from the dry floor, and times what most cells do.
Where most of the place has changed it is times what few do."""
_LASTING_S = 4.0
_SPREAD_S = 2.0, 6.0
"""Between the first places of it and the last: what comes at once is a light or a thing."""
_SOME_EDGES = 1.0
"""Grey levels a pixel, in the mean, that are edges enough to tell whether they are kept."""
_HANGS = 0.25, 0.4
"""Share of the picture's height above the middle of what its upper border cuts: above, it is smoke, unless somebody
has drawn the ground there."""
_NEAR = np.ones((3, 3), np.uint8)
_BURST_S = 2.0
"""A thing that comes is there as a whole within this."""


class _Look(NamedTuple):
    """What is seen by cell, (18, 32)."""

    apart: Floats
    edges: Floats
    had: Floats
    """The edges of the place, in the same exposure."""
    colour: Image
    """BGR."""
    view: View
    seen: Foreground


class Water:
    """In the zones that ask for it, which should hold ground and nothing else."""

    name = "water"
    kinds = ("flood",)

    def __init__(self, background: Background, areas: Sequence[Area]) -> None:
        shape = CELLS[::-1]
        self._background = background
        cells = [(area, _cells(area.mask) > 127) for area in areas]
        self._areas = [(area, mask, _shape(mask)) for area, mask in cells]
        self._epoch, self._t = 0, 0.0
        self._lasting, self._stir, self._since = (np.zeros(shape, np.float32) for _ in range(3))
        self._torrent, self._before = Torrent(shape), Before()

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for each zone, once a second."""
        seen = self._background.seen(view)
        other = seen.epoch != self._epoch and not self._before.carries(view.t)
        self._epoch = seen.epoch
        if other or self._before.over(view.t):
            self._t = view.t
            for state in (self._lasting, self._stir, self._since):
                state[:] = 0.0
            self._torrent.begin()
            return {("flood", area.name): NOTHING for area, _, _ in self._areas}
        before = self._before.seen(view, seen)
        seen = before or seen
        dt = view.t - self._t
        stirs = _cells(seen.changed)
        cv2.accumulateWeighted(stirs, self._stir, fading(seen.dt, _LASTING_S))
        self._torrent.see(stirs, seen.dt)
        if dt < EVERY_S or not seen.settled:
            return {}
        self._t = view.t
        self._before.look(view.t, seen)
        apart = _apart(view.small, seen.place)
        differs = (_cells(seen.mask) > 0.4 * 255) | (apart > max(_APART, _MORE * level(apart, 0.15 if before else 0.5)))
        cv2.accumulateWeighted(differs.astype(np.float32), self._lasting, fading(min(dt, 2.0), _LASTING_S))
        wet = self._lasting > 0.6
        self._since += np.float32(min(dt, 2.0))
        self._since[~wet] = 0.0
        look = _Look(
            apart,
            _edges(view.small),
            _edges(seen.place),
            cv2.resize(view.small_bgr, CELLS, interpolation=cv2.INTER_AREA),
            view,
            seen,
        )
        scores: dict[Key, Cue] = {}
        for area, mask, shape in self._areas:
            scores[("flood", area.name)] = (
                self._judged(wet & mask, mask, shape, look, area.name is not None)
                if area.counts(view.when)
                else NOTHING
            )
        return scores

    def _judged(self, wet: np.ndarray, mask: np.ndarray, shape: float, look: _Look, drawn: bool) -> Cue:
        found = regions(wet.view(np.uint8) * np.uint8(255), LEAST, 1)
        if not found:
            return NOTHING
        region = found[0]
        box, within = region.box, region.within
        colour = look.colour[box][within].astype(np.float32)
        sharper = look.edges[box][within] - look.had[box][within]
        smoother = -float(sharper.mean()) / max(float(look.had[box][within].mean()), 1.0)
        grew = self._since[box][within]
        # What brings the water stirs, too, and is gone from where it has been for long.
        stirs = self._stir[box][within][grew >= level(grew, 0.5)]
        stir = float(stirs.mean()) - level(self._stir, 0.5)
        even = level(stirs, 0.1) / max(level(stirs, 0.5), 0.5)
        cues = {
            "area": ramp(region.area / max(float(mask.sum()), 1.0), 0.03, 0.25),
            "lasting": ramp(float(self._lasting[box][within].mean()), 0.6, 0.85),
            "growth": _spreads(grew),
            "by_bits": ramp(burst(grew, _BURST_S), 0.55, 0.4),
            "smooth": ramp(smoother, 0.0, 0.5),
            "ripple": ramp(stir, 0.8, 3.0) * ramp(even, 0.3, 0.6),
            "soft": ramp(level(sharper, 0.85), 9.0, 5.0),
            "grey": ramp(float(np.median(colour.max(axis=1) - colour.min(axis=1))), 90, 40),
            "flat": ramp(region.width / region.height, 0.9 * shape, 1.8 * shape),
        }
        cues["border"] = ramp(_beside(region, look.apart), 0.7, 0.45)
        cues["clear"] = ramp(_kept(region, look), 0.75, 0.9)
        cues["low"] = 1.0 if drawn or region.top > 0 else ramp(region.y / mask.shape[0], *_HANGS)
        # What is smooth and does not ripple may be a thing: cars that stop one after the other come whole.
        surface = max(min(cues["smooth"], cues["by_bits"]), cues["ripple"])
        # From above nothing lies flat: what has a surface, has come bit by bit and ends somewhere is water, too.
        cues["flat"] = max(cues["flat"], min(surface, cues["by_bits"], cues["border"], cues["growth"]))
        body = together((cues["area"], cues["lasting"], cues["flat"], cues["grey"], cues["growth"], surface))
        everywhere = cues["border"], cues["clear"], cues["low"]
        lies = told(vetoed(body, (cues["growth"], surface, cues["soft"], cues["flat"], *everywhere)), cues)
        return better(lies, self._torrent.judged(region, grew, look.view, look.seen, cues)).at(region.place)


def _spreads(since: Floats) -> float:
    """Whether cells (n,) have become wet one after the other, for so many seconds each; two cars come at two times."""
    inner = np.sort(since)[len(since) // 10 : len(since) - len(since) // 10]
    took = float(inner[-1] - inner[0])
    gap = float(np.diff(inner).max()) if len(inner) > 1 else took
    return ramp(took, *_SPREAD_S) * ramp(gap, 0.8 * took, 0.5 * took) if took > 0 else 0.0


def _kept(region: Region, look: _Look) -> float:
    """The share of the place's edges that is left away from it: fog takes them everywhere."""
    within = np.zeros(look.had.shape, np.uint8)
    within[region.box] = region.within
    away = cv2.dilate(within, _NEAR) == 0
    had = float(look.had[away].mean()) if away.any() else 0.0
    return float(np.minimum(look.edges, look.had)[away].mean()) / had if had > _SOME_EDGES else 1.0


def _beside(region: Region, apart: Floats) -> float:
    """How much of its change there is beside it, too: fog and smoke end nowhere."""
    within = np.zeros(apart.shape, np.uint8)
    within[region.box] = region.within
    near = cv2.dilate(within, _NEAR)
    around = (cv2.dilate(near, _NEAR) > 0) & (near == 0)
    return float(apart[around].mean()) / max(float(apart[within > 0].mean()), 1.0) if around.any() else 0.0


def _shape(mask: np.ndarray) -> float:
    """How flat water has to lie in a zone (rows, columns): as a floor that is seen from the side, or as the zone is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 1.0
    return min(1.0, float(np.ptp(columns) + 1) / float(np.ptp(rows) + 1) / 1.8)


def _apart(small: Image, place: Image) -> Floats:
    """By cell, grey levels by which means of 2.5 x 2.5 pixels differ: noise and edges that shake weigh less."""
    veil = cv2.subtract(small, place, dtype=cv2.CV_32F)
    return _cells(np.abs(cv2.resize(veil, (2 * CELLS[0], 2 * CELLS[1]), interpolation=cv2.INTER_AREA)))


def _cells(picture: Image | Floats) -> Floats:
    made: Floats = cv2.resize(picture.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA)
    return made


def _edges(picture: Image) -> Floats:
    grey = picture.astype(np.float32)
    return _cells(
        np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)) + np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    )
