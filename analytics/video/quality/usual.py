"""How a camera's picture usually is: learned from looks without a fault, and forgotten within some 30 of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.quality.measures import Floats, Measures, by_block, correlation, structure_of
from analytics.video.quality.quantile import quantile

LOOKS = 30
"""Over which it forgets: what comes more slowly (dusk, fog) is not a fault."""
NOISE_LOOKS = 3
"""Of so many looks one tells how much noise is usual: it takes two frames of full size."""
ENOUGH = 4
"""Looks until anything is compared with it."""
STEADY, TEXTURED = 0.35, 1.0
"""Of a block by which a place is known: its correlation from look to look, and the variance of its structure."""

DARK, BRIGHT = 10, 245
"""Grey of blocks beyond which noise is cut off."""

_MEANS = ("light", "chroma", "peaks", "rows", "columns")


class Usual:
    """One place, in one mode (colour, or infrared), at one size of frames."""

    def __init__(self, first: Measures) -> None:
        self.looks, self.size = 0, first.view.grey.shape
        self.place: Floats = first.view.small.astype(np.float32)
        """(90, 160)."""
        self.light, self.chroma, self.peaks = first.light.copy(), first.chroma.copy(), first.peaks.copy()
        self.rows, self.columns = first.rows.copy(), first.columns.copy()
        self.steady: Floats = np.ones_like(first.light)
        """How well the structure of each block keeps its place, -1 .. 1."""
        self.pattern = 1.0
        """The same of the light of all blocks together."""
        self.mean, self.clipped, self.saturation = first.mean, first.clipped, first.saturation
        self.noise, self.change = 0.0, 0.0
        self.structure: Floats = first.structure
        self.power: Floats = first.power
        self._compared: tuple[Measures, Floats, Floats] | None = None
        """The look that was compared last, what its structure shares with this one, by block, and how alike it is."""
        self.learn(first)

    @property
    def is_known(self) -> bool:
        """Whether enough was seen to compare with."""
        return self.looks >= ENOUGH

    @property
    def textured(self) -> NDArray[np.bool_]:
        """Blocks by which the place is known."""
        return (self.power > TEXTURED) & (self.steady > STEADY)

    def learn(self, now: Measures, share: float = 1.0) -> None:
        """Take over a look, or a share of it."""
        rate = share * max(1 / (self.looks + 1), 1 / LOOKS)
        if self.looks:
            self.steady += np.float32(rate) * (self.like(now) - self.steady)
            self.pattern += rate * (pattern_of(now.light, self.light) - self.pattern)
        cv2.accumulateWeighted(now.view.small, self.place, rate)
        for name in _MEANS:
            kept, seen = getattr(self, name), getattr(now, name)
            cv2.accumulateWeighted(seen, kept, rate)
        self.mean += rate * (now.mean - self.mean)
        self.clipped += rate * (now.clipped - self.clipped)
        self.saturation += rate * (now.saturation - self.saturation)
        if self.looks % NOISE_LOOKS == 0:
            often = share * max(NOISE_LOOKS / (self.looks + NOISE_LOOKS), NOISE_LOOKS / LOOKS)
            self.noise += often * (grain(now) - self.noise)
        if now.change is not None:
            self.change += max(rate, 1 / max(self.looks, 1) if self.looks < LOOKS else 0) * (
                stir(now.change) - self.change
            )
        self.looks += 1
        self.structure = structure_of(self.place)
        self.power = by_block(cv2.multiply(self.structure, self.structure))
        self._compared = None

    def like(self, now: Measures) -> Floats:
        """How much each block looks as usual, by its structure, -1 .. 1."""
        return self._compare(now)[1]

    def contrast(self, now: Measures) -> Floats:
        """By block, the share of the usual contrast that is left, whatever the noise: 1 is as usual."""
        return self._compare(now)[0] / (self.power + np.float32(0.05))

    def _compare(self, now: Measures) -> tuple[Floats, Floats]:
        if self._compared is None or self._compared[0] is not now:
            shared = by_block(cv2.multiply(self.structure, now.structure))
            self._compared = now, shared, correlation(shared, self.power, now.power)
        return self._compared[1:]


def pattern_of(light: Floats, other: Floats) -> float:
    """How alike the light of all blocks is, whatever its strength, -1 .. 1; near 0 where only one of them is even."""
    one, two = light - light.mean(), other - other.mean()
    product = float((one * two).mean()) + 0.1
    return product / float(np.sqrt(((one * one).mean() + 1) * ((two * two).mean() + 0.1)))


def grain(now: Measures, enough: float = 0.0) -> float:
    """The noise of a frame, in grey: what is everywhere, and not in the same place in the frame before.

    Below `enough` it is not asked of the frame before, which is costly; it may be less, then.
    """
    told = (now.light > DARK) & (now.light < BRIGHT)
    if told.mean() < 0.2:
        told = np.ones_like(told)
    noise = quantile(now.fine[told], 0.2)
    return noise if noise < enough or now.flicker is None else min(noise, quantile(now.flicker[told], 0.2))


def stir(change: Floats) -> float:
    """How much a picture changes from look to look where it changes, but for a clock in it."""
    return quantile(change, 0.9)
