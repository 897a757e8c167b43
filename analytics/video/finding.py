"""What the analysis of a camera tells."""

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Cue(NamedTuple):
    """How sure a detector is of something in one frame."""

    score: float
    """0 .. 1; 0.5 counts at the usual sensitivity."""
    cues: Mapping[str, float]
    """What the score is made of: each cue's own score 0 .. 1, or a measure in the unit that its detector states."""


class Finding(NamedTuple):
    """Something began, or ended."""

    t: float
    """Seconds of the stream, of the frame that it was decided at."""
    kind: str
    """Of `kinds.KINDS`."""
    state: Literal["active", "ended"]
    score: float
    """0 .. 1: the highest while it was held for `active`; the newest for `ended`."""
    zone: str | None
    """The zone or line that it is about; None: the whole picture."""
    cues: Mapping[str, float]
    """The evidence, as `Cue.cues`, of the frame with that score."""
