"""A picture that has taken on a colour: a channel is weak or gone, or the white balance has failed."""

import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Floats, Measures
from analytics.video.quality.quantile import median
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual

GREY_FROM, GREY_TO = 14, 248
"""Grey of blocks that have a colour to tell."""
TURNS = 0.08
"""By which the logarithm of a channel's share turns at least."""


def colour_cast(now: Measures, usual: Usual | None) -> Cue:
    """All of the picture has turned to one colour since; or, where nothing is known, is of one strong colour by day.

    A gain of a channel shifts the logarithm of its share by as much everywhere; what a place is like does not matter. A
    picture that turns grey has no colour, and orange lamps at night are usual after a while.
    """
    told = (now.light > GREY_FROM) & (now.light < GREY_TO)
    if told.mean() < 0.2:
        return Cue(0.0, {})
    if usual is None or usual.pattern < 0.6:
        return _alone(now.chroma[told], now.mean)
    turned = (now.chroma - usual.chroma)[told]
    shift = np.array((median(turned[:, 0]), median(turned[:, 1])))
    channel = int(np.abs(shift).argmax())
    size = abs(float(shift[channel]))
    if size <= TURNS:
        return Cue(0.0, {"turned": 0.0})
    shared = float((turned[:, channel] * np.sign(shift[channel]) > 0.4 * size).mean())
    grey = ramp(now.saturation, 0.015, 0.04)
    cues = {"turned": ramp(size, TURNS, 0.28), "everywhere": ramp(shared, 0.6, 0.9), "not_grey": grey}
    return Cue(min(cues.values()), cues)


def _alone(chroma: Floats, mean: float) -> Cue:
    middle = np.median(chroma, axis=0)
    size = float(np.abs(middle).max())
    spread = float(np.percentile(np.abs(chroma - middle).max(1), 75))
    one_colour = ramp(spread / (size + 0.01), 0.6, 0.3)
    cues = {"strong": ramp(size, 0.5, 0.9), "one_colour": one_colour, "by_day": ramp(mean, 50, 80)}
    return Cue(min(cues.values()), cues)
