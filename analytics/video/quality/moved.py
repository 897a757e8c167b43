"""A camera that looks elsewhere: nothing is where it was, and all of it is sharp and stays."""

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Floats, Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual

LEAST_BLOCKS = 8
"""By which a place is known at least: where less keeps still (water, a camera that flies), nothing is told."""
NEAR = 2
"""Pixels of `View.small` by which a place may be shifted: 8 of 640."""


def moved(now: Measures, usual: Usual | None) -> Cue:
    """Of the blocks that always kept their structure nearly none does, or all of it lies elsewhere; and it stays there.

    Some 10 pixels of 640 count; 3 that come over minutes, and a mast that sways by 2, do not.
    """
    if usual is None or now.settled is None:
        return Cue(0.0, {})
    known, there = usual.textured, now.power > 1.0
    if known.sum() < LEAST_BLOCKS or not there.any():
        return Cue(0.0, {})
    like = usual.like(now)[known]
    middle = median(like)
    gone = min(ramp(float((like < 0.35).mean()), 0.5, 0.85), ramp(middle, 0.35, 0.1))
    shifted = 0.0 if middle > 0.8 else _shifted(now.structure, usual.structure)
    # What covers the lens takes structure away; another view has some, if elsewhere.
    bare = float((now.power < 0.5).mean()) - float((usual.power < 0.5).mean())
    structure = ramp(bare, 0.2, 0.1)
    settled = ramp(median(now.settled[there]), 0.25, 0.55)
    cues = {"gone": gone, "shifted": shifted, "structure": structure, "settled": settled}
    return Cue(min(max(gone, shifted), structure, settled), cues)


def _shifted(seen: Floats, known: Floats) -> float:
    """How much better the structure fits at another place than where it was."""
    one, two = cv2.dft(seen), cv2.dft(known)
    fits = cv2.idft(cv2.mulSpectrums(one, two, 0, conjB=True), flags=cv2.DFT_SCALE)
    fits /= float(np.sqrt((seen * seen).sum() * (known * known).sum())) + 1.0
    here = [*range(-NEAR, NEAR + 1)]
    stays = float(fits[np.ix_(here, here)].max())
    return min(ramp(float(fits.max()) - stays, 0.1, 0.3), ramp(float(fits.max()), 0.35, 0.55))
