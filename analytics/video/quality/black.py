"""A picture in which nothing is lit: the lens is capped, the exposure has failed, or the night has no lamp."""

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp

SHARE = 0.97
"""Of the picture must be dark: a clock and a name that the camera writes into it take less than the rest."""


def black(now: Measures) -> Cue:
    """Dark but for a clock or a name that the camera writes into the picture."""
    dark = ramp(now.grey_at(SHARE), 40, 16)
    return Cue(dark, {"dark": dark, "grey_of_97_percent": float(now.grey_at(SHARE))})
