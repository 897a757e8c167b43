"""Too much light, or too little: detail is lost in white, or in black."""

import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual, pattern_of

STEP = 15
"""Grey by which a picture may be brighter if its contrast has grown with its light: a shutter regulates that."""
LEAST_BLOCKS = 4
"""By which it is judged whether contrast is lost."""


def over_exposure(now: Measures, usual: Usual | None) -> Cue:
    """Most of the picture is white; or it is much brighter than usual, and bright, sooner where contrast is lost."""
    white = max(ramp(now.clipped, 0.45, 0.8), ramp(now.mean, 215, 240))
    if usual is None:
        return Cue(white, {"white": white})
    more = now.mean - usual.mean
    kept = _kept(now, usual) if more > 20 else 0.0
    brighter = ramp(more, 20 + STEP * kept, 70 + STEP * kept)
    bright = max(ramp(now.mean, 140, 190), ramp(now.clipped - usual.clipped, 0.0, 0.4))
    score = max(white, min(brighter, bright))
    return Cue(score, {"white": white, "brighter": brighter, "bright": bright, "contrast_kept": kept})


def _kept(now: Measures, usual: Usual) -> float:
    """How surely the contrast has grown as much as the light has, in nearly all blocks: a veil and white take it."""
    known = usual.textured
    if known.sum() < LEAST_BLOCKS:
        return 0.0
    grown = usual.contrast(now) * (usual.light + np.float32(1)) / (now.light + np.float32(1))
    return ramp(float((grown[known] < 0.65).mean()), 0.35, 0.15)


def under_exposure(now: Measures, usual: Usual | None) -> Cue:
    """Nothing in the picture is bright; or it is much darker than usual and its lights are, too.

    A night is dark and has lamps; what covers the lens takes the pattern of light and dark with it.
    """
    top = now.grey_at(0.995)
    dull = min(ramp(now.mean, 32, 16), ramp(top, 95, 60))
    if usual is None:
        return Cue(dull, {"dull": dull})
    darker = min(ramp(now.mean / (usual.mean + 1), 0.6, 0.3), ramp(now.mean, 65, 40))
    lights = ramp(top, 150, 90)
    least = max(dull, min(darker, lights))
    if least == 0.0:
        return Cue(0.0, {"dull": dull, "darker": darker, "lights": lights})
    same = ramp(pattern_of(now.light, usual.light), 0.25, 0.65) if usual.pattern > 0.5 else 1.0
    score = min(least, same)
    return Cue(score, {"dull": dull, "darker": darker, "lights": lights, "same_place": same})
