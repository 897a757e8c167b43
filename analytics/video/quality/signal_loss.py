"""No picture of a place: one colour that is not black, as recorders and converters show while a camera is away."""

import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp


def signal_loss(now: Measures) -> Cue:
    """One colour but for a text; black is a fault of its own, and a stream that is away is told by who reads it."""
    small = now.view.small_bgr[::3, ::3].reshape(-1, 3).astype(np.int16)
    middle = np.median(small, axis=0)
    same = float((np.abs(small - middle).max(1) <= 3).mean())
    cues = {
        "one_colour": ramp(same, 0.75, 0.95),
        "lit": ramp(float(middle.max()), 30, 50),
        "not_white": ramp(float(middle.min()), 245, 230),
    }
    return Cue(min(cues.values()), cues)
