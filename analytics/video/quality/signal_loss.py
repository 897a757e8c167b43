"""No picture of a place: one colour that is not black, as recorders and converters show while a camera is away."""

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp


def signal_loss(now: Measures) -> Cue:
    """One colour but for a text; black is a fault of its own, and a stream that is away is told by who reads it."""
    small = np.ascontiguousarray(now.view.small_bgr[::3, ::3])
    middle = np.array([median(channel) for channel in cv2.split(small)])
    near = cv2.inRange(small, np.ceil(middle - 3), np.floor(middle + 3))
    same = cv2.countNonZero(near) / near.size
    cues = {
        "one_colour": ramp(same, 0.75, 0.95),
        "lit": ramp(float(middle.max()), 30, 50),
        "not_white": ramp(float(middle.min()), 245, 230),
    }
    return Cue(min(cues.values()), cues)
