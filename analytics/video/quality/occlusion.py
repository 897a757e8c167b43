"""Something before the lens: what was there is gone from a part of the picture, and nothing is to be seen instead."""

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual

STILL = 5.0
"""Grey by which pixels may change in a second: smoke and water move more."""
LEAST, MOST = 0.12, 0.36
"""Share of what is not black."""


def occlusion(now: Measures, usual: Usual | None) -> Cue:
    """The share of the picture in which structure is lost, or light is other than exposures explain, and all is even.

    Something that has structure of its own (a lorry) is none: it is out of focus before a lens.
    """
    if usual is None:
        return Cue(0.0, {})
    even = now.power < np.maximum(0.25 * usual.power, 0.5)
    lost = (usual.power > 1.0) & (usual.like(now) < 0.35) & even
    low, high = (
        np.minimum(0.5 * usual.light - 10, usual.light - 25),
        np.maximum(1.6 * usual.light + 10, usual.light + 25),
    )
    other = ((now.light < low) | (now.light > high)) & (now.power < np.maximum(0.5 * usual.power, 1.5))
    still = np.ones_like(lost) if now.change is None else now.change < STILL
    spots = ((lost | other) & still).view(np.uint8)
    living = max(np.count_nonzero(usual.light > 8), spots.size / 4)
    if np.count_nonzero(spots) <= LEAST * living:
        return Cue(0.0, {"covered": 0.0})
    covered = cv2.morphologyEx(spots, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))  # it is in one piece
    share = np.count_nonzero(covered) / living
    whole = float((lost & still).sum()) / max(float((usual.power > 1.0).sum()), 9.0)
    cues = {"covered": ramp(share, LEAST, MOST), "structure_lost": ramp(whole, 0.06, 0.2)}
    return Cue(min(cues.values()), {**cues, "share": min(share, 1.0)})
