"""A picture that stands still: not even the noise changes, but for a clock that is written into it."""

from analytics.video.finding import Cue
from analytics.video.quality.measures import Measures
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual, stir


def freeze(now: Measures, usual: Usual | None) -> Cue:
    """Nearly nothing has changed since the look before, and much less than usual. `change` is in grey.

    Codecs repeat a quiet place exactly for a second or two; a picture that is always so quiet is not judged.
    """
    if now.change is None or usual is None:
        return Cue(0.0, {})
    change = stir(now.change)
    less = ramp(change / (usual.change + 1e-3), 0.5, 0.2) if usual.change > 0.15 else 0.0
    still = ramp(change, 0.6, 0.25)
    return Cue(min(less, still), {"less": less, "still": still, "change": change})
