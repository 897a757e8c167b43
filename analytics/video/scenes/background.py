"""What the place looks like when nothing happens, and what differs from it now; shared by the detectors of a camera.

The model follows slow changes of light, and takes steps of the camera's exposure as what they are: a gain of the whole
picture. What sways has noise of its own per pixel, what has edges may shake by a pixel. What stands still for long
becomes place. A cut, or a picture that differs nearly everywhere, begins a new model (`epoch`).
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.colour import PlaceColour, opposed
from analytics.video.view import SMALL, Image, View

Floats = NDArray[np.float32]

SETTLED_S = 3.0
"""After a beginning: until then the model is a mean of all frames, and no detector may trust it."""
PROVEN_S = 6.0
"""A pixel that looked the same for so long is known to be place: what was there only at the beginning is not."""
ABSORBED_S = 240.0
"""What differs and stands still for so long becomes place."""
HEALED_S = 5.0
"""The same where the place was never proven: behind a car that stood there at the beginning."""
LONGEST_STEP_S = 2.0
"""Between two frames; a longer one counts as this."""
_SLOW_S, _NOISE_S, _STIRS_S, _RECENT_S, _GAIN_S = 40.0, 20.0, 90.0, 1.5, 15.0
_LEAST = 13.0
"""Grey levels that differ at least: noise of cheap cameras and their compression."""
_PROVEN_AT_MOST = 60.0
_REPLACED = 0.6
"""Share of the picture that differs when it is another place, or another light; for so many frames in a row."""
_REPLACED_FRAMES = 4
_CLIPPED = 240
_SPARSE = 4
_GREY, _COLOURED = 0.02, 0.06
"""Of the mean saturation: below it is infrared's, above it is a day's."""
_SWITCHED_FRAMES, _ABSORBED_FRAMES = 4, 5
"""Frames after which it is looked whether the light is another one, and what has become place."""


class Foreground(NamedTuple):
    """What differs from the place in one frame; arrays (90, 160), not to be written."""

    epoch: int
    """Another one: another place, and what was known of the last is worth nothing."""
    settled: bool
    dt: float
    """Seconds since the frame before, 0 .. `LONGEST_STEP_S`."""
    mask: Image
    """255 where it differs."""
    share: float
    """Of the picture that differs."""
    place: Image
    """The place in today's exposure."""
    changed: Image
    """Grey levels between this frame and the one before, the exposure made even."""
    still: Floats
    """Seconds for which what differs has stood still."""
    proven: Floats
    """Seconds for which the place had been seen, 61 at most."""
    colour: Image
    """(90, 160, 2): of this frame, as `opposed` makes it."""
    place_colour: Image
    """The same of the place."""
    gain: float
    """Of today's exposure, to that of the place."""
    recent: Floats
    """The mean of the last 1.5 s or so, in the exposure of the place."""
    tolerance: Image
    """Grey levels by which a frame may differ."""


def fading(dt: float, seconds: float) -> float:
    """The weight of a new frame in a mean over so many seconds."""
    return 1.0 - math.exp(-dt / seconds)


class Background:
    """The model of one camera. `seen` may be called by each detector: a frame is learned once."""

    def __init__(self) -> None:
        shape = SMALL[::-1]
        self._view: View | None = None
        self._now: Foreground | None = None
        self._epoch, self._age, self._odd, self._frames, self._t = 0, 0.0, 0, 0, 0.0
        self._place, self._recent, self._noise = (np.zeros(shape, np.float32) for _ in range(3))
        self._still, self._proven = (np.zeros(shape, np.float32) for _ in range(2))
        self._colour = PlaceColour()
        self._colourful: float | None = None
        self._threshold: Image = np.zeros(shape, np.uint8)

    def seen(self, view: View) -> Foreground:
        """What differs in this frame."""
        if self._now is None or self._view is not view:
            # A view keeps its frame alive: one at a time, as `view.previous` does.
            self._now, self._view = self._learned(view), view
        return self._now

    def _learned(self, view: View) -> Foreground:
        small = view.small
        if view.previous is None or self._view is None:
            self._begin(small, opposed(view.channels))
            dt = 0.0
            changed: Image = np.zeros_like(small)
        else:
            dt = min(max(view.t - self._t, 0.0), LONGEST_STEP_S)
            changed = _even(small, view.previous.small)
        self._t = view.t
        self._age += dt
        self._frames += 1
        gain = _gain(small, self._place)
        place = cv2.convertScaleAbs(self._place, alpha=gain)
        if self._frames % 5 == 1:
            self._threshold = self._tolerance()
            self._colour.settle()
        colour = opposed(view.channels)
        brightness = cv2.compare(cv2.absdiff(small, place), self._threshold, cv2.CMP_GT)
        if gain < 1.0:  # what was as bright as can be stays so when less light is taken in
            both = cv2.bitwise_and(
                cv2.compare(small, _CLIPPED, cv2.CMP_GT), cv2.compare(self._place, _CLIPPED, cv2.CMP_GT)
            )
            brightness = cv2.bitwise_and(brightness, cv2.bitwise_not(both))
        mask = cv2.medianBlur(cv2.bitwise_or(brightness, self._colour.differs(colour)), 3)
        share = cv2.countNonZero(mask) / mask.size
        self._odd = self._odd + 1 if share > _REPLACED else 0
        if self._odd >= _REPLACED_FRAMES or self._switched(view):
            self._begin(small, colour)
            self._frames = 1
            gain, place, share = 1.0, small, 0.0
            mask = np.zeros_like(small)
        self._learn(small, colour, changed, mask, gain, dt)
        return Foreground(
            epoch=self._epoch,
            settled=self._age >= SETTLED_S,
            dt=dt,
            mask=mask,
            share=share,
            place=place,
            changed=changed,
            still=self._still,
            proven=self._proven,
            colour=colour,
            place_colour=self._colour.even,
            gain=gain,
            recent=self._recent,
            tolerance=self._threshold,
        )

    def _switched(self, view: View) -> bool:
        """Whether the camera has gone from colour to infrared, or back: another light, in which all looks otherwise."""
        if self._frames % _SWITCHED_FRAMES:
            return False
        most, least = view.extremes
        now = cv2.mean(cv2.subtract(most, least))[0] / (cv2.mean(most)[0] + 4)
        usual, self._colourful = self._colourful, now
        return usual is not None and (min(now, usual) < _GREY and max(now, usual) > _COLOURED)

    def _begin(self, small: Image, colour: Image) -> None:
        self._epoch += 1
        self._age, self._odd, self._frames = 0.0, 0, 0
        self._place[:] = small
        self._colour.begin(colour)
        self._recent[:] = small
        self._noise[:] = 2.0
        self._still[:] = 0.0
        self._proven[:] = 0.0
        self._threshold = self._tolerance()

    def _tolerance(self) -> Image:
        """Grey levels by which a pixel may differ: its noise, and its edges, which shake."""
        across, down = (
            cv2.Sobel(self._place, cv2.CV_32F, 1, 0, scale=0.25),
            cv2.Sobel(self._place, cv2.CV_32F, 0, 1, scale=0.25),
        )
        edge = cv2.dilate(cv2.max(cv2.absdiff(across, 0), cv2.absdiff(down, 0)), None)
        made: Image = cv2.convertScaleAbs(cv2.addWeighted(self._noise, 3.0, edge, 0.5, _LEAST))
        return made

    def _learn(self, small: Image, colour: Image, changed: Image, mask: Image, gain: float, dt: float) -> None:
        early = self._age < SETTLED_S
        even = small if abs(gain - 1) < 0.01 else cv2.convertScaleAbs(small, alpha=1 / gain)
        cv2.accumulateWeighted(even, self._recent, fading(dt, _RECENT_S))
        stirs, bare = cv2.min(changed, 40), cv2.bitwise_not(mask)
        if early:
            cv2.accumulateWeighted(stirs, self._noise, fading(dt, SETTLED_S))
            cv2.accumulateWeighted(even, self._place, 1.0 / (self._frames + 1))
            self._colour.learn(colour, 1.0 / (self._frames + 1))
        else:
            same = cv2.bitwise_not(cv2.dilate(mask, None))
            cv2.accumulateWeighted(stirs, self._noise, fading(dt, _NOISE_S), bare)
            cv2.accumulateWeighted(stirs, self._noise, fading(dt, _STIRS_S), mask)
            cv2.accumulateWeighted(even, self._place, fading(dt, _SLOW_S), same)
            self._colour.learn(colour, fading(dt, _SLOW_S), same)
            if gain != 1.0:
                self._place *= gain ** fading(dt, _GAIN_S)
        calm = cv2.compare(cv2.absdiff(even, cv2.convertScaleAbs(self._recent)), _LEAST, cv2.CMP_LT)
        standing = cv2.bitwise_and(mask, calm)
        self._still = cv2.copyTo(cv2.add(self._still, dt), standing)  # 0 elsewhere
        cv2.add(self._proven, dt, dst=self._proven, mask=bare)
        if self._frames % _ABSORBED_FRAMES:
            return
        self._proven = cv2.min(self._proven, _PROVEN_AT_MOST)
        long = self._still > np.where(self._proven < PROVEN_S, np.float32(HEALED_S), np.float32(ABSORBED_S))
        if long.any():
            self._place[long] = self._recent[long]
            self._colour.replace(colour, long)
            self._still[long] = 0.0
            self._proven[long] = 0.0


def _gain(small: Image, place: Floats) -> float:
    """The exposure of a frame against the place's: the median ratio of its pixels, which no car moves."""
    now = small[::_SPARSE, ::_SPARSE].astype(np.float32).ravel()
    then = place[::_SPARSE, ::_SPARSE].ravel()
    usable = (then > 12) & (now > 4) & (now < 250)
    if np.count_nonzero(usable) < 50:
        return 1.0
    ratio = now[usable] / then[usable]
    middle = float(np.partition(ratio, ratio.size // 2)[ratio.size // 2])
    return min(max(middle, 0.4), 2.5)


def _even(small: Image, before: Image) -> Image:
    """Grey levels between two frames, their mean exposure made even."""
    now, then = cv2.mean(small)[0], cv2.mean(before)[0]
    if then < 4 or abs(now - then) < 1:
        same: Image = cv2.absdiff(small, before)
        return same
    made: Image = cv2.absdiff(small, cv2.convertScaleAbs(before, alpha=min(max(now / then, 0.5), 2.0)))
    return made
