"""What changes in a picture that is looked at once a second: faintly, for longer than usual, and with a stir.

One frame shows nothing of a faint change but noise: what differs is looked at in the mean of some seconds, against how
much each pixel usually differs, and after what all of its surroundings do has been taken off (clouds, haze, another
light).
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats, fading
from analytics.video.scenes.evidence import level
from analytics.video.view import Image

STEP_S = 0.95
"""Between two looks at least."""
SETTLED_S = 5.0
"""After a beginning: until then the place and its noise are means of all looks."""
SEEN_S = 2.0
"""For which a pixel differs until it belongs to something."""
_NOW_S, _STIR_S, _NOISE_S, _PLACE_S, _HELD_S, _LOST_S = 2.0, 4.0, 30.0, 60.0, 600.0, 30.0
_DIFFERS, _TIMES, _ONWARDS = 2.5, 3.0, 0.6
"""Grey levels and times its usual change by which a pixel differs; the share of it at which it still does."""
_STIRS, _CALM = 0.4, 2.0
"""The same for its change from look to look: light comes and goes evenly, smoke does not."""
_SIGN = 1.2
"""Grey levels from which on a single look tells whether something is brighter or darker."""

Around = Callable[[Floats], Floats]
"""What the surroundings of each pixel do."""


class Changes:
    """Of a picture of one size; all arrays are of its shape, and not to be written."""

    def __init__(self, shape: tuple[int, int], around: Around) -> None:
        self._around = around
        self._states = tuple(np.zeros(shape, np.float32) for _ in range(8))
        self.place, self.now, self._noise, self.stir, self.calm, *others = self._states
        self.since, self.lost, self.steady = others
        self.apart: Floats = np.zeros(shape, np.float32)
        """Grey levels that it is brighter than the place, without what its surroundings do."""
        self._age = 0.0

    def begin(self, grey: Image) -> None:
        """Another place."""
        self._age = 0.0
        for state in self._states:
            state[:] = 0.0
        self.place[:] = grey
        self.now[:] = grey

    def look(self, grey: Image, dt: float) -> bool:
        """Learn a picture that came so many seconds after the last; whether the place is known."""
        self._age += dt
        even = grey.astype(np.float32)
        even *= np.float32(1 / _gain(even, self.place))
        cv2.accumulateWeighted(even, self.now, fading(dt, min(_NOW_S, self._age)))
        flick = cv2.absdiff(even, self.now)
        cv2.accumulateWeighted(flick, self.stir, fading(dt, _STIR_S))
        change = cv2.subtract(self.now, self.place)
        around = self._around(change)
        self.apart = change - around
        much = np.abs(self.apart)
        if self._age <= SETTLED_S:
            for new, mean in ((even, self.place), (much, self._noise), (flick, self.calm)):
                cv2.accumulateWeighted(new, mean, dt / self._age)
            return False
        self._learn(even, much, flick, self._differing(even - around, much, dt), dt)
        return True

    def _differing(self, even: Floats, much: Floats, dt: float) -> NDArray[np.bool_]:
        """What differs and stirs; for how long it has, and whether it was always brighter, or always darker."""
        limit = np.where(self.since > 0, np.float32(_ONWARDS), np.float32(1)) * (_DIFFERS + _TIMES * self._noise)
        differs: NDArray[np.bool_] = (much > limit) & (self.stir > np.maximum(_STIRS, _CALM * self.calm))
        belonged = self.since >= SEEN_S
        self.since[:] = np.where(differs, self.since + np.float32(dt), np.maximum(self.since - np.float32(3 * dt), 0))
        self.lost *= np.float32(1 - fading(dt, _LOST_S))
        self.lost[belonged & (self.since < SEEN_S)] = 1.0
        raw = even - self.place
        sign = (raw > _SIGN).astype(np.float32) - (raw < -_SIGN).astype(np.float32)
        cv2.accumulateWeighted(sign, self.steady, fading(dt, _STIR_S))
        return differs

    def _learn(self, even: Floats, much: Floats, flick: Floats, differs: NDArray[np.bool_], dt: float) -> None:
        """The place where nothing differs; where something does it becomes place in ten minutes."""
        near = cv2.dilate(differs.astype(np.uint8), np.ones((3, 3), np.uint8))
        free = cv2.bitwise_xor(near, 1)
        for new, mean, usual, held in (
            (even, self.place, _PLACE_S, _HELD_S),
            (much, self._noise, _NOISE_S, 4 * _NOISE_S),
        ):
            cv2.accumulateWeighted(new, mean, fading(dt, usual), free)
            cv2.accumulateWeighted(new, mean, fading(dt, held), near)
        cv2.accumulateWeighted(flick, self.calm, fading(dt, _NOISE_S), free)


def _gain(now: Floats, place: Floats) -> float:
    """The exposure against the place's, which no plume changes: the median of some pixels' ratio."""
    some, then = now[::4, ::4].ravel(), place[::4, ::4].ravel()
    usable = (then > 12) & (some > 4) & (some < 250)
    if np.count_nonzero(usable) < 50:
        return 1.0
    return min(max(level(some[usable] / then[usable], 0.5), 0.4), 2.5)
