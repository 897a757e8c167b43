"""Smoke that was there before the camera looked: a soft, grey part of the picture that never shows the same twice.

Nothing is known of the place behind it. Leaves, flags and shadows that sway come back to what they showed; a road shows
itself between its cars; light that plays changes all it falls on at once; and what has edges changes by edges.
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Cue
from analytics.video.scenes.background import Floats, fading
from analytics.video.scenes.evidence import NOTHING, better, level, ramp, told
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.returns import LOOKS, homes
from analytics.video.view import SMALL, Image

EARLIEST_S = 5.0
"""After a beginning."""
LONGEST_S = 1.5
"""Between two looks: clouds that are seen now and then change as smoke does."""
LEAST = 9
"""Cells of it: 1.6 % of the picture."""
_CELLS = SMALL[0] // 5, SMALL[1] // 5
_HALF = _CELLS[0] * 2, _CELLS[1] * 2
"""Of the pictures that are compared: four to a cell."""
_LASTING_S, _STAYS_S = 5.0, 4.0
_STIRS, _MORE = 1.5, 2.5
"""Grey levels by which it changes within two looks, and times what the middle cell of the picture does."""
_SLOPE, _WHOLE = 1.1, 0.8
"""Parts of that change that are a slope from a pixel to the next at most, and that all of a cell shares at least."""
_COLOURED = 60.0
"""Levels between two channels: more is no smoke."""
_OFTEN = 0.45
"""Share of the looks in which it stirs so."""
_SAME = 3.0
"""Grey levels around its middle one in which a cell is at home."""
_RENEWED = 4
"""Looks after which it is counted anew which cells come home."""
_NEWEST, _APART = 5, 3
"""Looks that are compared with those before them, and by how many they are later at least."""
_FEWEST = _NEWEST + _APART + 1
"""Looks that there must be: at a frame a second there are five in the first five seconds."""
_EDGED, _STAYS = 6.0, 0.3
"""Levels a pixel where the place has edges; what stays smoke for more than this share of the time is no place."""
_STEADY = 5
"""Looks in a row that must tell it: a crowd that crosses a street does for a moment."""
_MOST = 0.6
"""Share of the cells from which on it is fog, or another light."""
_NEAR = np.ones((3, 3), np.uint8)


class Restless:
    """Of one camera."""

    def __init__(self, watched: Image) -> None:
        """`watched`: (18, 32), 0 where smoke is nothing new."""
        shape = _CELLS[::-1]
        self._watched = watched
        self._pictures: deque[Floats] = deque(maxlen=2)
        self._looks: deque[Floats] = deque(maxlen=LOOKS)
        self._cues: deque[Cue] = deque(maxlen=_STEADY)
        self._often, self._stays = (np.zeros(shape, np.float32) for _ in range(2))
        self._wanders: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self._age, self._count, self._moves = 0.0, 0, 0.0

    def begin(self) -> None:
        """Another place: forget all."""
        self._pictures.clear()
        self._looks.clear()
        self._cues.clear()
        self._often[:], self._stays[:] = 0.0, 0.0
        self._wanders[:] = False
        self._age, self._count, self._moves = 0.0, 0, 0.0

    def cue(self, small: Floats, chroma: Floats, dt: float) -> Cue:
        """Of a look: its grey picture (90, 160), how far its cells are from grey, the seconds since the last look."""
        if dt > LONGEST_S:
            self.begin()
            dt = 0.0
        half: Floats = cv2.resize(small, _HALF, interpolation=cv2.INTER_AREA)
        self._looks.append(_cells(half))
        self._age, self._count = self._age + dt, self._count + 1
        if len(self._pictures) == 2:
            self._learn(half, chroma, fading(dt, _LASTING_S))
        self._pictures.append(half)
        if self._age < EARLIEST_S or len(self._looks) < _FEWEST:
            return NOTHING
        often = self._often * self._early > _OFTEN
        if self._count % _RENEWED == 0 and np.count_nonzero(often) >= LEAST:
            self._wanders = ~homes(self._looks, _SAME)[1]
        here = (often & self._wanders).astype(np.uint8) * np.uint8(255)
        here = cv2.bitwise_and(cv2.morphologyEx(here, cv2.MORPH_CLOSE, _NEAR), self._watched)
        self._stays += np.float32(fading(dt, _STAYS_S)) * ((here > 0).astype(np.float32) - self._stays)
        best = NOTHING
        if 0 < cv2.countNonZero(here) < _MOST * here.size:
            looks = np.stack(self._looks)
            for region in regions(here, LEAST, 3):
                best = better(self._judged(region, looks, chroma).at(region.place), best)
        self._cues.append(best)
        return min(self._cues, key=lambda cue: cue.score) if len(self._cues) == _STEADY else NOTHING

    @property
    def _early(self) -> float:
        """What a mean that began with 0 is to be multiplied by."""
        return 1.0 / fading(max(self._age, 1.0), _LASTING_S)

    def _learn(self, half: Floats, chroma: Floats, weight: float) -> None:
        """Note what changes more than most cells do, without an edge, and whether what has edges stands."""
        step = half - self._pictures[0]
        step -= np.float32(level(step[::2, ::2], 0.5))
        change, slope, edges = _cells(cv2.absdiff(step, 0)), _cells(_slope(step)), _cells(_slope(half))
        around, shared = cv2.blur(change, (3, 3)), cv2.blur(cv2.absdiff(_cells(step), 0), (3, 3))
        soft = (cv2.blur(slope, (3, 3)) < _SLOPE * around) & (shared > _WHOLE * around)
        stirs = (change > max(_STIRS, _MORE * level(change, 0.5))) & soft & (chroma < _COLOURED)
        self._often += np.float32(weight) * (stirs.astype(np.float32) - self._often)
        place = (edges > _EDGED) & (self._stays < _STAYS)
        self._moves += weight * (level(change[place] / edges[place], 0.5) - self._moves)

    def _judged(self, region: Region, looks: Floats, chroma: Floats) -> Cue:
        box, within = region.box, region.within
        looks = looks[:, box[0], box[1]][:, within]
        cues = {
            "grey": ramp(float(chroma[box][within].mean()), 65, 40),
            "stays": ramp(float(self._stays[box][within].mean()), 0.3, 0.7),
            "anew": ramp(_anew(looks), 0.4, 0.65),
            "even": ramp(_bursts(looks), 1.75, 1.6),
            "apart": ramp(_shared(looks), 0.75, 0.5),
            "size": ramp(region.area, 8, 20),
            "stands": ramp(self._moves * self._early, 0.4, 0.15),
        }
        return told(min(cues.values()), cues)


def _anew(looks: Floats) -> float:
    """How far the newest of some looks (looks, cells) are from the one before that is most like them, to the usual."""
    shares = []
    for at in range(len(looks) - _NEWEST, len(looks)):
        apart = np.abs(looks[: at - _APART] - looks[at]).mean(axis=1)
        shares.append(float(apart.min()) / max(level(apart, 0.5), 1e-3))
    return sum(shares) / len(shares)


def _bursts(looks: Floats) -> float:
    """How unevenly cells change from look to look, and lie around their middle: 1.6 by chance, more where something
    comes now and then. The mean of the squares, in squares of the mean."""
    apart = np.abs(looks[2:] - looks[:-2]), np.abs(looks - np.median(looks, axis=0))
    return float(np.mean([(np.square(one).mean(0) / np.maximum(np.square(one.mean(0)), 1e-3)).mean() for one in apart]))


def _shared(looks: Floats) -> float:
    """The share of the change from look to look that all cells have in common."""
    step = looks[2:] - looks[:-2]
    return float(np.abs(step.mean(axis=1)).sum()) / max(float(np.abs(step).mean(axis=1).sum()), 1e-3)


def _cells(picture: Floats) -> Floats:
    made: Floats = cv2.resize(picture, _CELLS, interpolation=cv2.INTER_AREA)
    return made


def _slope(picture: Floats) -> Floats:
    """Levels a pixel, by sums of both directions."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    made: Floats = cv2.add(cv2.absdiff(across, 0), cv2.absdiff(down, 0))
    return made
