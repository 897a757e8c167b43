"""Grain or specks all over the picture, other ones in each frame."""

import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual, grain

LEAST = 3.5
"""Grey below which grain is none that anybody minds."""


def noise(now: Measures, usual: Usual | None) -> Cue:
    """More noise than a camera has at night, finer than leaves and rain are, and more than is usual for this one.

    `noise` is in grey, 0 .. 255.
    """
    found = grain(now, LEAST)
    much = ramp(found, LEAST, 6.5)
    if much == 0.0:
        return Cue(0.0, {"much": much, "noise": found})
    white = median(now.fine / (now.coarse + np.float32(0.3)))
    fine = ramp(white, 0.7, 0.95)
    more = ramp(found, 6.0, 12.0) if usual is None else ramp(found / (usual.noise + 1), 1.3, 2.3)
    return Cue(min(much, fine, more), {"much": much, "fine": fine, "more": more, "noise": found})
