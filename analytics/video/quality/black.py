"""A picture in which nothing is lit: the lens is capped, the exposure has failed, or the night has no lamp."""

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp

SHARE = 0.97
"""Of the picture must be dark: a clock and a name that the camera writes into it take less than the rest."""


def black(now: Measures) -> Cue:
    """Dark but for a clock or a name; `grey_of_97_percent` is 0 .. 255."""
    grey = now.grey_at(SHARE)
    dark = ramp(grey, 21, 12)
    return Cue(dark, {"dark": dark, "grey_of_97_percent": float(grey)})
