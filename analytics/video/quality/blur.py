"""A picture that is out of focus: edges are where they were, and are not sharp."""

import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual

SHARPEST = 14
"""Blocks by which it is judged: a tenth, in which a place is sharpest."""


def blur(now: Measures, usual: Usual | None) -> Cue:
    """The sharpest edges of the place have lost more than the rest of its contrast, which fog and dusk take alike.

    `sharp` is the share of the usual sharpness that is left. Where nothing is known yet, nothing is told.
    """
    if usual is None:
        return Cue(0.0, {})
    known = usual.textured & (usual.peaks > 12)
    if known.sum() < 4:
        return Cue(0.0, {})
    at = np.flatnonzero(known)[np.argsort(usual.peaks[known])[-SHARPEST:]]
    contrast = np.minimum(np.maximum(usual.contrast(now).ravel()[at], 0.0), 1.0)
    there = (contrast > 0.05) & (usual.like(now).ravel()[at] > 0.4)
    if there.mean() < 0.5:
        return Cue(0.0, {})
    left = now.peaks.ravel()[at] / usual.peaks.ravel()[at]
    sharp = median(left[there] / contrast[there])
    return Cue(ramp(sharp, 0.65, 0.3), {"sharp": min(sharp, 9.0), "contrast": median(contrast)})
