"""No picture of a place: one colour that is not black, as recorders and converters show while a camera is away."""

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp


def signal_loss(now: Measures) -> Cue:
    """One even colour; black is a fault of its own, and a stream that is away is told by who reads it."""
    even, lit = ramp(now.colour_spread, 3.0, 1.0), ramp(float(now.view.small_bgr.max()), 30, 50)
    return Cue(min(even, lit), {"even": even, "lit": lit})
