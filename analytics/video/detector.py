"""The seam of detectors: one frame after another in, scores out."""

from collections.abc import Mapping
from typing import Protocol

from analytics.video.finding import Cue
from analytics.video.view import View

Key = tuple[str, str | None]
"""A kind, and the zone or line it is about; None: the whole picture."""


class Detector(Protocol):
    """Looks at the frames of one camera; tests/contract/test_video_detector.py holds each to its promises."""

    @property
    def name(self) -> str:
        """What its cost is counted under."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it may find."""

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """How sure it is of each key with this frame; a key that is not there is as sure as before.

        It depends on nothing but the frames and their times. A detector that needs a frame a second only tells nothing
        of the others. Its state is bounded, whatever the frames. `view.previous` is None at the first frame and after a
        cut (another size, a jump of the time): what goes from frame to frame begins anew there.
        """
