"""What stirs where a picture is coloured as flames are, over the last seconds, pixel by pixel.

All maps are (90, 160) and means over `MEMORY_S`; they begin at 0, and `early` makes up for that.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats, fading
from analytics.video.scenes.glide import shifted
from analytics.video.view import SMALL, Image

MEMORY_S = 2.0
FORGOTTEN_S = 10.0
"""After so long without a coloured pixel nothing is left of what was."""
STEP = 7
"""Levels of red by which a pixel must turn to count as flickering."""
NOISE = 4
"""Levels by which a pixel may lie outside of what was around it."""
_EXPOSED, _EXPOSED_S = 0.04, 2.0
"""The share by which a picture becomes brighter or darker when its exposure steps, and how often that may be, in s."""
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_MAPS = ("lasting", "area", "shape", "turns", "swing", "same", "everything", "green", "own", "near", "far", "warmth")


class Flicker:
    """Of one camera."""

    lasting: Floats
    """0 .. 255: how long a pixel, or one beside it, was coloured."""
    area: Floats
    """0 .. 255: how long it was itself."""
    shape: Floats
    """0 .. 255: how often it came or went."""
    turns: Floats
    """0 .. 255: how often its red turned from rising to falling, or back."""
    swing: Floats
    """Levels of red from frame to frame."""
    same: Floats
    """Levels of red by which all that is around a pixel changed together."""
    everything: Floats
    """Levels of red by which it changed at all."""
    green: Floats
    """Levels of green to the frame before the last: what sways has come back, or is not farther away."""
    warmth: Floats
    """Levels by which it was more red than green and blue: flames are redder than sand and dry grass."""
    own: Floats
    """Levels of green that do not follow from its red: light that plays on a colour changes both alike."""
    near: Floats
    """Levels of green by which it lies outside of what was around it one pixel away: no sway by so much explains it."""
    far: Floats
    """The same two pixels away."""

    def __init__(self) -> None:
        shape = SMALL[::-1]
        for name in _MAPS:
            setattr(self, name, np.zeros(shape, np.float32))
        self._step: NDArray[np.int16] = np.zeros(shape, np.int16)
        self._mask: Image = np.zeros(shape, np.uint8)
        self._colour: Image = np.zeros((*shape, 3), np.uint8)
        self._earlier: Image = np.zeros(shape, np.uint8)
        self._bare_s = FORGOTTEN_S
        self._exposed_s = 0.0
        self.age = 0.0
        self.before: Image = np.zeros(shape, np.uint8)
        """Red of the frame before."""
        self.coloured: Image = self._mask
        """255 where the frame before was coloured, and around."""

    @property
    def early(self) -> float:
        """By which means must be multiplied, for they began at 0."""
        return 1.0 / fading(max(self.age, 0.1), MEMORY_S)

    def begin(self, mask: Image, colour: Image) -> None:
        """With a first frame; `mask`: 255 where it is coloured."""
        self._forget()
        self.age, self._mask, self._colour = 0.0, mask, colour
        self._earlier = cv2.extractChannel(colour, 1)

    def glide(self, columns: int, rows: int) -> None:
        """All of the picture has moved: what was learned moves with it."""
        for name in _MAPS:
            setattr(self, name, shifted(getattr(self, name), columns, rows))
        self._step = shifted(self._step, columns, rows)
        self._mask = shifted(self._mask, columns, rows)
        self._colour = shifted(self._colour, columns, rows)
        self._earlier = shifted(self._earlier, columns, rows)

    def learn(self, mask: Image, colour: Image, dt: float) -> bool:
        """Take in a frame; False where nothing has been coloured for long, and nothing is."""
        self.age += dt
        mask_before, colour_before = self._mask, self._colour
        self._mask, self._colour = mask, colour
        earlier, self._earlier = self._earlier, cv2.extractChannel(colour_before, 1)
        if cv2.countNonZero(mask):
            self._bare_s = 0.0
        elif self._bare_s >= FORGOTTEN_S:
            return False
        else:
            self._bare_s += dt
            if self._bare_s >= FORGOTTEN_S:
                self._forget()
                return False
        if self._exposed(colour_before, dt):
            self._earlier = cv2.extractChannel(colour, 1)
            return True
        weight = fading(dt, MEMORY_S)
        red, green = cv2.extractChannel(colour, 2), cv2.extractChannel(colour, 1)
        red_before = cv2.extractChannel(colour_before, 2)
        self.before, self.coloured = red_before, cv2.dilate(mask_before, None)
        cv2.accumulateWeighted(cv2.dilate(mask, None), self.lasting, weight)
        cv2.accumulateWeighted(mask, self.area, weight)
        cv2.accumulateWeighted(cv2.bitwise_xor(mask, mask_before), self.shape, weight)
        others = cv2.addWeighted(cv2.extractChannel(colour, 0), 0.5, green, 0.5, 0)
        cv2.accumulateWeighted(cv2.subtract(red, others), self.warmth, weight)
        self._learn_red(red, red_before, weight)
        self._learn_hue(red, green, red_before, self._earlier, weight)
        self._learn_green(green, earlier, weight)
        return True

    def _exposed(self, before: Image, dt: float) -> bool:
        """Whether the exposure has stepped: nothing of such a frame is a flame's. Fires light a place up, and go on."""
        self._exposed_s += dt
        now, then = cv2.mean(self._colour)[1] + 1.0, cv2.mean(before)[1] + 1.0
        if abs(now - then) < _EXPOSED * then or self._exposed_s < _EXPOSED_S:
            return False
        self._exposed_s = 0.0
        return True

    def _learn_red(self, red: Image, before: Image, weight: float) -> None:
        step = cv2.subtract(red, before, dtype=cv2.CV_16S)
        size = cv2.absdiff(red, before)
        turned = (size >= STEP) & (step * self._step < 0)
        np.copyto(self._step, step, where=size >= STEP)
        cv2.accumulateWeighted(turned.view(np.uint8) * np.uint8(255), self.turns, weight)
        cv2.accumulateWeighted(size, self.swing, weight)
        cv2.accumulateWeighted(cv2.convertScaleAbs(cv2.blur(step, (7, 7))), self.same, weight)
        cv2.accumulateWeighted(cv2.blur(size, (7, 7)), self.everything, weight)

    def _learn_hue(self, red: Image, green: Image, red_before: Image, before: Image, weight: float) -> None:
        one = cv2.multiply(green, red_before, dtype=cv2.CV_32F)
        other = cv2.multiply(before, red, dtype=cv2.CV_32F)
        both = cv2.add(cv2.add(red, red_before, dtype=cv2.CV_32F), 1.0)
        cv2.accumulateWeighted(cv2.divide(cv2.absdiff(one, other), both, scale=2.0), self.own, weight)

    def _learn_green(self, green: Image, earlier: Image, weight: float) -> None:
        cv2.accumulateWeighted(cv2.absdiff(green, earlier), self.green, weight)
        highest, lowest = earlier, earlier
        for reach in (self.near, self.far):
            highest, lowest = cv2.dilate(highest, _NEIGHBOURS), cv2.erode(lowest, _NEIGHBOURS)
            outside = cv2.max(cv2.subtract(green, highest), cv2.subtract(lowest, green))
            cv2.accumulateWeighted(cv2.subtract(outside, NOISE), reach, weight)

    def _forget(self) -> None:
        for name in _MAPS:
            getattr(self, name)[:] = 0.0
        self._step[:] = 0
        self._bare_s = FORGOTTEN_S
