"""Smoke: a grey, soft veil that stirs without pause, hides edges, rises and grows."""

from collections import deque
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.scenes.background import Background, Floats, fading
from analytics.video.scenes.distant import Distant
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, together, told, vetoed
from analytics.video.scenes.plume import Plume
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.restless import Restless
from analytics.video.scenes.returns import Returns
from analytics.video.view import SMALL, Image, View

STEP_S = 0.38
"""Between two frames that are compared at least."""
STEPS = 2
"""So many steps apart are the frames that slow smoke is seen by, far away; near, one step shows it."""
EARLIEST_S = 4.0
"""After a beginning."""
CELLS = SMALL[0] // 5, SMALL[1] // 5
"""Columns and rows of cells, of 5 x 5 pixels."""
HALF = CELLS[0] * 2, CELLS[1] * 2
"""Of the pictures that show what drifts: four to a cell."""
LEAST = 5
"""Cells that smoke has: 0.9 % of the picture."""
_LASTING_S, _FLOW_S, _AREA_S, _PLACE_S = 5.0, 4.0, 12.0, 40.0
_STIRS, _VEILS = 1.5, 6.0
"""Grey levels by which a cell changes within a slow step, or differs from the place, in means of 2.5 x 2.5 pixels."""
_RENEWED = 5
"""Steps after which it is looked anew where the place has edges, and where it is known: both change slowly."""
_COVERS = 4.0
"""The same from which on the place is not seen: between the cars of a road it is, behind smoke it is not."""
_PROVEN_S = 6.0
"""For which the place was seen before: what stood there at the beginning is no place that something hides."""
_MORE = 2.5
"""Times that it changes more than most cells do: exposure, rain and a camera that shakes change all of them."""
_SHARPER = 2.5
"""Grey levels a pixel: what brings sharper edges than the place has is a thing, and no smoke."""
_SLOPE = 0.2
"""Of an edge a pixel, in parts of what it differs: less is soft, even where a plume is narrow and bright."""
_KNOWN_S = 40.0
"""Smoke that was seen to rise is known for so long: a dense plume shows nothing of what goes on inside."""
_ESSENTIAL = ("stir", "lasting", "rose", "outline", "covered")
_ALL = 0.6
"""Share of the cells from which on it is fog, rain or another light, which have no source."""


class Smoke:
    """Looks at the whole picture, through the model of the place that the detectors share."""

    name = "smoke"
    kinds = ("smoke",)

    def __init__(self, background: Background, watched: Image) -> None:
        """`watched`: (90, 160), 0 where smoke is nothing new."""
        shape = CELLS[::-1]
        self._background = background
        self._far = Plume(background, watched), Distant(background, watched)
        self._watched = cv2.resize(watched, CELLS, interpolation=cv2.INTER_AREA)
        self._first, self._returns = Restless(self._watched), Returns(shape)
        self._epoch, self._t = 0, 0.0
        self._veils: deque[Floats] = deque(maxlen=STEPS)
        self._flow: tuple[Floats, Floats] = np.zeros((*shape, 6), np.float32), np.zeros((*shape, 6), np.float32)
        self._lasting, self._stir, self._area = (np.zeros(shape, np.float32) for _ in range(3))
        self._usual: Floats = np.zeros(HALF[::-1], np.float32)
        self._moves, self._rises, self._covered = (np.zeros(shape, np.float32) for _ in range(3))
        self._colour: Floats = np.zeros((*shape, 3), np.float32)
        self._edges: Floats = np.zeros(shape, np.float32)
        self._proven: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self._age, self._early, self._steps = 0.0, 1.0, 0

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """A score for every second frame at 5 a second."""
        seen = self._background.seen(view)
        if seen.epoch != self._epoch:
            self._begin(seen.epoch, view)
            for far in self._far:
                far.cue(view)
            return {("smoke", None): NOTHING}
        dt = view.t - self._t
        if dt < STEP_S:
            return {}
        self._t, self._age = view.t, self._age + min(dt, 2.0)
        small, place = view.small.astype(np.float32), seen.place.astype(np.float32)
        veil = small - place
        half = cv2.resize(veil, HALF, interpolation=cv2.INTER_AREA)
        if self._steps % _RENEWED == 0:
            self._edges, self._proven = _cells(_gradient(place)), _cells(seen.proven) > _PROVEN_S
        self._steps += 1
        edges = _cells(_gradient(small))
        colour = cv2.resize(view.small_bgr, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
        apart = _cells(np.abs(half))
        sharper = edges - self._edges * min(seen.gain, 1.0) - _SLOPE * apart
        soft = sharper < _SHARPER
        cv2.accumulateWeighted(half, self._usual, fading(dt, _FLOW_S))
        step = self._learn_flow(half - self._usual, soft, min(dt, 2.0))
        apart = self._returns.apart(_cells(half), apart, step)
        chroma, usually = _chroma(colour), _chroma(self._colour)
        grey = chroma < np.maximum(30.0, 0.85 * usually)
        hazy = ((step > max(_STIRS, _MORE * level(step, 0.5))) | (apart > _VEILS)) & soft & grey
        cv2.accumulateWeighted(hazy.astype(np.float32), self._lasting, fading(dt, _LASTING_S))
        covered = (apart > _COVERS) & self._proven
        cv2.accumulateWeighted(covered.astype(np.float32), self._covered, fading(dt, _LASTING_S))
        cv2.accumulateWeighted(step, self._stir, fading(dt, _LASTING_S))
        cv2.accumulateWeighted(colour, self._colour, fading(dt, _PLACE_S), (apart < 4).astype(np.uint8))
        self._moves *= np.float32(1 - fading(dt, _KNOWN_S))
        self._rises *= np.float32(1 - fading(dt, _KNOWN_S))
        self._early = 1.0 / fading(max(self._age, 1.0), _LASTING_S)
        here = (self._lasting * self._early > 0.5).astype(np.uint8) * np.uint8(255)
        here = cv2.bitwise_and(cv2.morphologyEx(here, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), self._watched)
        self._area += np.float32(fading(dt, _AREA_S)) * ((here > 0).astype(np.float32) - self._area)
        best = better(*(far.cue(view) for far in self._far))
        best = better(self._first.cue(small, chroma, dt), best)
        if self._age >= EARLIEST_S and cv2.countNonZero(here) < _ALL * here.size:
            for region in regions(here, LEAST):
                cue = self._judged(region, apart, edges, sharper, (chroma, usually))
                best = better(cue.at(region.place), best)
        return {("smoke", None): best}

    def _begin(self, epoch: int, view: View) -> None:
        self._epoch, self._t, self._age, self._steps = epoch, view.t, 0.0, 0
        self._colour = cv2.resize(view.small_bgr, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
        self._veils.clear()
        self._first.begin()
        self._returns.begin()
        for state in (
            *self._flow,
            self._usual,
            self._lasting,
            self._stir,
            self._area,
            self._moves,
            self._rises,
            self._covered,
        ):
            state[:] = 0.0

    def _learn_flow(self, veil: Floats, soft: NDArray[np.bool_], dt: float) -> Floats:
        """Add the moments of Lucas and Kanade's equations of what differs from the place, by cell, fast and slow.

        Returns how much each cell has changed in the slow step, in grey levels.
        """
        weight = np.float32(fading(dt, _FLOW_S))
        step = np.zeros(CELLS[::-1], np.float32)
        if self._veils:
            for flow, before in zip(self._flow, (self._veils[-1], self._veils[0]), strict=True):
                flow += weight * (_moments(veil, before) * soft[:, :, None] - flow)
            step = _cells(cv2.absdiff(veil, self._veils[0]))
        self._veils.append(veil)
        return step

    def _judged(
        self, region: Region, apart: Floats, edges: Floats, sharper: Floats, chromas: tuple[Floats, Floats]
    ) -> Cue:
        box, within = region.box, region.within
        drifts = [_drift(flow[box][within].sum(axis=0, dtype=np.float64)) for flow in self._flow]
        sideways, up, explained = max(drifts, key=lambda drift: drift[2])
        had = self._edges[box][within]
        textured = had > 4
        hidden = float(1 - (edges[box][within][textured] / had[textured]).mean()) if textured.sum() >= 2 else 0.0
        chroma, usual = (picture[box][within] for picture in chromas)
        often = float(self._area[box][within].sum()) / fading(max(self._age, 1.0), _AREA_S)
        grown = 1 - often / region.area
        cues = {
            "grey": max(ramp(level(chroma, 0.5), 45, 15), ramp(level(chroma - usual, 0.5), -2, -10)),
            "stir": ramp(float(self._stir[box][within].mean()) * self._early, 0.8, 2.5),
            "lasting": ramp(float(self._lasting[box][within].mean()) * self._early, 0.5, 0.8),
            "covered": ramp(float(self._covered[box][within].mean()) * self._early, 0.5, 0.85),
            "veil": ramp(float(apart[box][within].mean()), 3, 14),
            "rise": ramp(up, 0.04, 0.25) * ramp(up, 0.3 * abs(sideways), 0.8 * abs(sideways) + 0.01),
            "drift": ramp(explained, 0.05, 0.3),
            "edge_loss": ramp(hidden, 0.05, 0.35),
            "growth": ramp(grown, 0.1, 0.5),
            "outline": ramp(_outline(region, sharper), 14.0, 5.0),
        }
        known, rises = self._moves[box], self._rises[box]
        rises += np.float32(fading(STEP_S, _FLOW_S)) * (np.float32(together((cues["rise"], cues["drift"]))) - rises)
        np.maximum(known, np.where(within, rises, 0.0), out=known)
        cues["rose"] = float(np.sqrt(np.mean(np.square(known[within]))))
        body = together((cues["grey"], cues["stir"], cues["lasting"]))
        others = max(cues["veil"], cues["edge_loss"], cues["growth"])
        return told(
            vetoed(
                together((body, cues["rose"], cues["rose"], cues["rose"], others)),
                (cues[name] for name in _ESSENTIAL),
            ),
            cues,
        )


def _outline(region: Region, sharper: Floats) -> float:
    """Grey levels a pixel by which the edges around a region are sharper than the place's, where they are sharpest."""
    top, left = max(region.top - 1, 0), max(region.left - 1, 0)
    part = sharper[top : region.top + region.height + 1, left : region.left + region.width + 1]
    shape = np.zeros(part.shape, np.uint8)
    y, x = region.top - top, region.left - left
    shape[y : y + region.height, x : x + region.width] = region.within
    return level(part[cv2.dilate(shape, np.ones((3, 3), np.uint8)) > 0], 0.85)


def _cells(picture: Floats) -> Floats:
    made: Floats = cv2.resize(picture, CELLS, interpolation=cv2.INTER_AREA)
    return made


def _gradient(picture: Floats) -> Floats:
    """Grey levels a pixel, by sums of both directions."""
    made: Floats = np.abs(cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125)) + np.abs(
        cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    )
    return made


def _chroma(colour: Floats) -> Floats:
    """How far a colour (h, w, 3) is from grey, in levels."""
    blue, green, red = cv2.split(colour)
    made: Floats = cv2.max(cv2.max(blue, green), red) - cv2.min(cv2.min(blue, green), red)
    return made


def _moments(veil: Floats, before: Floats) -> Floats:
    """(rows, columns, 6) of cells: xx, xy, yy, xt, yt, tt."""
    middle = cv2.addWeighted(veil, 0.5, before, 0.5, 0.0)
    x = cv2.Sobel(middle, cv2.CV_32F, 1, 0, scale=0.125)
    y = cv2.Sobel(middle, cv2.CV_32F, 0, 1, scale=0.125)
    step = veil - before
    return np.dstack([_cells(product) for product in (x * x, x * y, y * y, x * step, y * step, step * step)])


def _drift(moments: NDArray[np.float64]) -> tuple[float, float, float]:
    """Pixels a step to the right and up, and the share of the change that they explain."""
    xx, xy, yy, xt, yt, tt = moments
    ridge = 0.02 * (xx + yy) + 1e-6
    xx, yy = xx + ridge, yy + ridge
    det = xx * yy - xy * xy
    right, down = -(yy * xt - xy * yt) / det, -(xx * yt - xy * xt) / det
    explained = -(right * xt + down * yt) / max(tt, 1e-6)
    return float(right), float(-down), float(explained)
