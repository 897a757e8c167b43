"""The place as it was before something spread over most of it: a flood that fills a room is seen against the dry room.

A model of the place that most of the picture leaves begins anew. What came as a whole (a cut, another light, a camera
that was turned) is another place, indeed; what was seen to spread is looked at against the old one for a while.
"""

import cv2
import numpy as np

from analytics.video.scenes.background import Foreground
from analytics.video.view import Image, View

FOR_S = 60.0
"""For which the old place is looked at."""
_CALM, _SPREADS, _MUCH = 0.1, 0.5, 0.3
"""Shares of the picture that differ when the place is as it was, while something spreads, and where it is doubted."""
_SAME, _BRIGHT, _SHAPED, _WALLS = 5, 60, 6, 0.05
"""Grey levels of what is as it was, and of what is bright; of edges; and the share of the picture that tells."""
_NEAR = np.ones((3, 3), np.uint8)
_LATELY_S, _TOOK_AT_MOST_S = 3.0, 15.0


class Before:
    """Of one camera."""

    def __init__(self) -> None:
        self._calm: tuple[float, Foreground] | None = None
        self._spread = self._until = float("-inf")

    def look(self, t: float, seen: Foreground) -> None:
        """Note how much differs, once a second."""
        if not seen.settled or t < self._until:
            return
        if seen.share < _CALM:
            self._calm = t, seen
        elif seen.share < _SPREADS:
            self._spread = t

    def carries(self, t: float) -> bool:
        """Whether the old place goes on to be looked at, now that another one has begun."""
        if t < self._until:
            return True
        if self._calm is None or t - self._spread > _LATELY_S or t - self._calm[0] > _TOOK_AT_MOST_S:
            self._calm = None
            return False
        self._until = t + FOR_S
        return True

    def over(self, t: float) -> bool:
        """Whether it has been looked at for long enough: once."""
        if self._until == float("-inf") or t < self._until:
            return False
        self._calm, self._until = None, float("-inf")
        return True

    def seen(self, view: View, seen: Foreground) -> Foreground | None:
        """What differs from the old place; None where the model's own is the one to look at.

        What churns over most of the picture teaches the model a false exposure and noise; walls stay as they were.
        """
        carried = view.t < self._until
        if self._calm is None or not (carried or (seen.share >= _MUCH and view.t - self._spread <= _LATELY_S)):
            return None
        old = self._calm[1]
        if not carried and not _lit_as_before(view.small, old.place):
            return None
        self._until = max(self._until, self._calm[0] + FOR_S)
        differs = cv2.medianBlur(cv2.compare(cv2.absdiff(view.small, old.place), old.tolerance, cv2.CMP_GT), 3)
        share = cv2.countNonZero(differs) / differs.size
        return seen._replace(settled=True, mask=differs, place=old.place, share=share)


def _lit_as_before(small: Image, place: Image) -> bool:
    """Whether some of what is bright and has structure is as bright as it was: another exposure changes all of it."""
    now, had = (cv2.resize(grey, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA) for grey in (small, place))
    same = (cv2.absdiff(now, had) < _SAME) & (had > _BRIGHT)
    edges_now, edges_had = (cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, _NEAR) for grey in (small, place))
    shaped = cv2.resize(edges_had, now.shape[::-1], interpolation=cv2.INTER_AREA) > _SHAPED
    kept = cv2.resize(cv2.absdiff(edges_now, edges_had), now.shape[::-1], interpolation=cv2.INTER_AREA) < _SAME
    return bool((same & shaped & kept).mean() > _WALLS)
