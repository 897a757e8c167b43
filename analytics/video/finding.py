"""What the analysis of a camera tells."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in shares of the picture's width and height: 0, 0 is its upper left corner."""


class Cue(NamedTuple):
    """How sure a detector is of something in one frame."""

    score: float
    """0 .. 1; 0.5 counts at the usual sensitivity."""
    cues: Mapping[str, float]
    """What the score is made of: each cue's own score 0 .. 1, or a measure in the unit that its detector states."""
    box: Box | None = None
    """Where it is; None: in all of the picture, or that is not known."""

    def at(self, box: Box | None) -> "Cue":
        """The same, there."""
        return self._replace(box=box)


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
    box: Box | None = None
    """Where it is in the frame that it was decided at, as `Cue.box`; None for `ended`."""
