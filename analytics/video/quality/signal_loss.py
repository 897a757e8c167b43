"""No picture of a place: one colour that is not black, as recorders and converters show while a camera is away."""

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp
from analytics.video.view import Image


def signal_loss(now: Measures) -> Cue:
    """One colour but for a text; black is a fault of its own, and a stream that is away is told by who reads it."""
    near: Image | None = None
    middle = []
    for channel in now.view.channels:
        some = np.ascontiguousarray(channel[::3, ::3])
        middle.append(median(some))
        around = cv2.inRange(some, np.ceil(middle[-1] - 3), np.floor(middle[-1] + 3))
        near = around if near is None else cv2.bitwise_and(near, around)
        one_colour = ramp(cv2.countNonZero(near) / near.size, 0.75, 0.95)
        if one_colour == 0.0:
            return Cue(0.0, {"one_colour": one_colour})
    cues = {
        "one_colour": one_colour,
        "lit": ramp(max(middle), 30, 50),
        "not_white": ramp(min(middle), 245, 230),
    }
    return Cue(min(cues.values()), cues)
