"""The diagnosis of a camera's picture: all its faults from one look a second."""

from collections.abc import Mapping

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.quality.black import black
from analytics.video.quality.measures import Measures
from analytics.video.quality.signal_loss import signal_loss
from analytics.video.settings import VideoSettings
from analytics.video.view import View

EVERY = 0.9
"""Seconds between two looks: a frame a second, also where frames come a little early."""


class Quality:
    """A detector (`analytics.video.detector`)."""

    name = "quality"
    kinds = ("black", "signal_loss")

    def __init__(self, settings: VideoSettings) -> None:
        self._looked = -1e18

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """Scores of all faults about once a second, nothing between."""
        if 0 <= view.t - self._looked < EVERY:
            return {}
        self._looked = view.t
        now = Measures(view)
        return {("black", None): black(now), ("signal_loss", None): signal_loss(now)}
