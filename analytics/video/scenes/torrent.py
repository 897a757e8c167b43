"""Water that bursts in: the ground is gone, and all over it nothing stays as it was from frame to frame.

It covers a good part of the picture within seconds, carries things, and is neither smooth nor of one colour. A crowd, a
car or a lorry leaves pauses, stands, or moves as it is; leaves and lights keep the edges of the place; what turns the
camera, covers it or lights it leaves no walls as they were.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.scenes.background import Floats, Foreground, fading
from analytics.video.scenes.churn import churned
from analytics.video.scenes.evidence import NOTHING, level, ramp, together, told, vetoed
from analytics.video.scenes.regions import Region
from analytics.video.view import SMALL, Image, View

_STIRS_S = 4.0
_LEAST, _MORE = 3.0, 3.0
"""Grey levels by which a cell stirs from frame to frame, and times what those do that stir little: walls."""
_LARGE = 0.08, 0.15
"""Share of the picture."""
_TOOK_S = 0.5, 2.0
"""Between the first places and the last, by looks a second apart."""
_CHURNS = 0.5, 0.6
"""Share of the change that no move explains: traffic in rain and crowds leave 0.2 to 0.5 of it, water 0.6 to 0.95."""
_TEXTURE = 4.0
"""Sobel's units, in the mean, from which on the ground has edges that can be gone."""
_FEW = 0.04
"""Share of the picture that is too little to be compared."""
_VETOED = 0.2
"""What is left of a score at most where a cue is missing: then it is not looked at how edges are."""
_NEAR = np.ones((3, 3), np.uint8)


class Torrent:
    """Of one camera; cells are (18, 32)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._restless: Floats = np.zeros(shape, np.float32)

    def begin(self) -> None:
        """Another place."""
        self._restless[:] = 0.0

    def see(self, stirs: Floats, dt: float) -> None:
        """Take a frame: grey levels by cell since the one before."""
        restless = (stirs > max(_LEAST, _MORE * level(stirs, 0.15))).astype(np.float32)
        cv2.accumulateWeighted(restless, self._restless, fading(dt, _STIRS_S))

    def judged(self, region: Region, grew: Floats, view: View, seen: Foreground, known: Mapping[str, float]) -> Cue:
        """Of the cells that differ lastingly, with the seconds since each does, and what is `known` of them."""
        small, restless = view.small, self._restless[region.box][region.within]
        cues = {
            "large": ramp(region.area / self._restless.size, *_LARGE),
            "area": known["area"],
            "lasting": known["lasting"],
            "spread": _spread(grew),
            "restless": ramp(level(restless, 0.5), 0.35, 0.55) * ramp(level(restless, 0.25), 0.05, 0.2),
            "border": known["border"],
            "low": known["low"],
        }
        essential = ("large", "spread", "restless", "border", "low")
        if not vetoed(1.0, (cues[name] for name in essential)) > _VETOED:
            return NOTHING
        cells = np.zeros(self._restless.shape, np.uint8)
        cells[region.box] = region.within
        gone, walls = (_kept(part, small, seen.place) for part in (cells, 1 - cv2.dilate(cells, _NEAR)))
        cues |= {
            "gone": 0.0 if gone is None else ramp(gone, 0.4, 0.25),
            "walls": 0.0 if walls is None else ramp(walls, 0.5, 0.75),
        }
        body = together(cues[name] for name in ("large", "area", "lasting", "spread", "restless", "gone"))
        score = vetoed(body, (cues[name] for name in (*essential, "gone", "walls")))
        if score > _VETOED and view.previous is not None:
            cues["churns"] = ramp(churned(small, view.previous.small, cells > 0), *_CHURNS)
            score = vetoed(score, (cues["churns"],))
        return told(score, cues)


def _spread(grew: Floats) -> float:
    """Whether it came over the ground, and not as a whole nor in two leaps."""
    inner = np.sort(grew)[len(grew) // 10 : len(grew) - len(grew) // 10]
    took = float(inner[-1] - inner[0])
    gap = float(np.diff(inner).max()) if len(inner) > 1 else took
    return ramp(took, *_TOOK_S) * ramp(gap, 0.9 * took, 0.6 * took) if took > 0 else 0.0


def _kept(cells: Image, small: Image, place: Image) -> float | None:
    """By how much edges in some cells are as the place's were, -1 .. 1; None where it had none, or cells are few."""
    if cv2.countNonZero(cells) < _FEW * cells.size:
        return None
    within = cv2.resize(cells, SMALL, interpolation=cv2.INTER_NEAREST) > 0
    now, had = (
        np.stack([cv2.Sobel(grey, cv2.CV_32F, *way)[within] for way in ((1, 0), (0, 1))]) for grey in (small, place)
    )
    strong = float(np.sqrt((now * now).sum() * (had * had).sum()))
    return float((now * had).sum()) / strong if float(np.abs(had).mean()) > _TEXTURE and strong > 0 else None
