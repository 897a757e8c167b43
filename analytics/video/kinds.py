"""The kinds of findings, and for how long each must be seen, and be gone, to be told."""

from collections.abc import Mapping
from typing import NamedTuple


class Hold(NamedTuple):
    """Seconds of the stream."""

    hold: float
    """For how long the score must be high before a finding is active."""
    clear: float
    """For how long it must be low before the finding has ended."""


QUALITY: Mapping[str, Hold] = {
    "signal_loss": Hold(2, 3),
    "freeze": Hold(4, 3),
    "black": Hold(2, 3),
    "under_exposure": Hold(5, 5),
    "over_exposure": Hold(5, 5),
    "colour_cast": Hold(4, 5),
    "noise": Hold(3, 5),
    "blur": Hold(4, 5),
    "occlusion": Hold(4, 5),
    "moved": Hold(3, 5),
    "stripes": Hold(2, 5),
}
"""Faults of the picture. Exposure waits for the camera's own regulation, which takes up to 4 s."""

SCENES: Mapping[str, Hold] = {
    "intrusion": Hold(1, 5),
    "line_crossing": Hold(0, 1),
    "crowd": Hold(5, 10),
    "object_left": Hold(1, 5),
    "object_removed": Hold(1, 5),
    "smoke": Hold(1.5, 30),
    "flame": Hold(1, 30),
    "flood": Hold(5, 30),
    "level": Hold(5, 30),
}
"""Events of the scene. A detector that waits by itself (an object is left after a minute) has a short hold here.
A fire that its own smoke or somebody before it hides has not ended, nor has one that a cue misses for a while."""

KINDS: Mapping[str, Hold] = {**QUALITY, **SCENES}

ANYWHERE = frozenset((*QUALITY, "flame", "smoke"))
"""What means something wherever it is in a picture; all else needs somebody who says where."""

WHERE_DRAWN = frozenset(("intrusion", "line_crossing", "crowd", "level"))
"""What is an event only where somebody says so: cars move on any road."""
