"""The diagnosis of a camera's picture: all its faults from one look a second."""

from collections.abc import Callable, Mapping

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.kinds import QUALITY
from analytics.video.quality.black import black
from analytics.video.quality.blur import blur
from analytics.video.quality.colour_cast import colour_cast
from analytics.video.quality.exposure import over_exposure, under_exposure
from analytics.video.quality.freeze import freeze
from analytics.video.quality.measures import Measures
from analytics.video.quality.moved import moved
from analytics.video.quality.noise import noise
from analytics.video.quality.occlusion import occlusion
from analytics.video.quality.signal_loss import signal_loss
from analytics.video.quality.stripes import stripes
from analytics.video.quality.usual import Usual
from analytics.video.settings import VideoSettings
from analytics.video.view import View

EVERY = 0.9
"""Seconds between two looks: a frame a second, also where frames come a little early."""
LEARNED_BELOW, HALF_BELOW = 0.2, 0.45
"""Scores of faults below which a look is usual, and below which it is taken over slowly: light changes at times."""
SLOWLY = 0.2
PLACED_S = 300.0
"""A camera that was moved looks at its new place from then on."""

_FAULTS: Mapping[str, Callable[[Measures, Usual | None], Cue]] = {
    "signal_loss": lambda now, _: signal_loss(now),
    "black": lambda now, _: black(now),
    "over_exposure": over_exposure,
    "under_exposure": under_exposure,
    "stripes": stripes,
    "noise": noise,
    "blur": blur,
    "colour_cast": colour_cast,
    "occlusion": occlusion,
    "moved": moved,
    "freeze": freeze,
}
_SHADOWED: Mapping[str, frozenset[str]] = {
    "signal_loss": frozenset(QUALITY) - {"signal_loss"},
    "black": frozenset(QUALITY) - {"signal_loss", "black"},
    "over_exposure": frozenset({"stripes", "noise", "moved", "occlusion", "colour_cast", "blur", "freeze"}),
    "under_exposure": frozenset({"stripes", "noise", "moved", "occlusion", "colour_cast", "blur", "freeze"}),
    "stripes": frozenset({"noise", "moved", "occlusion", "blur"}),
    "noise": frozenset({"moved", "occlusion", "blur"}),
    "blur": frozenset({"moved", "occlusion", "freeze"}),
    "colour_cast": frozenset({"moved", "occlusion"}),
    "occlusion": frozenset({"moved"}),
}
"""What a fault makes impossible to tell; in the order in which they are judged."""


class Quality:
    """A detector (`analytics.video.detector`)."""

    name = "quality"
    kinds = tuple(QUALITY)

    def __init__(self, _: VideoSettings) -> None:
        self._looked = -1e18
        self._last: Measures | None = None
        self._usual: Usual | None = None
        self._moved_since: float | None = None

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """Scores of all faults about once a second, nothing between."""
        if 0 <= view.t - self._looked < EVERY:
            return {}
        now = Measures(view, self._last if 0 <= view.t - self._looked < 5 else None)
        self._looked = view.t
        self._notice(now)
        found = judged(now, self._usual)
        self._learn(now, found)
        self._last = now.seen()
        return {(kind, None): cue for kind, cue in found.items()}

    def _notice(self, now: Measures) -> None:
        """Begin anew with frames of another size, and where a camera changes between colour and infrared."""
        usual = self._usual
        if usual is not None and usual.size != now.view.grey.shape:
            self._usual = usual = None
        if usual is not None and _switched(now, usual):
            self._usual = None

    def _learn(self, now: Measures, found: Mapping[str, Cue]) -> None:
        since = self._moved_since
        if found["moved"].score < 0.5:
            self._moved_since = None
        elif since is None or not now.view.t - since >= 0:
            self._moved_since = now.view.t
        elif now.view.t - since >= PLACED_S:
            self._usual = self._moved_since = None
        worst = max(cue.score for cue in found.values())
        if self._usual is None:
            if worst < 0.5:
                self._usual = Usual(now)
        elif worst < HALF_BELOW:
            self._usual.learn(now, 1.0 if worst < LEARNED_BELOW else SLOWLY)


def _switched(now: Measures, usual: Usual) -> bool:
    """From colour to grey, or from grey to colour, with a place still to be seen."""
    to_grey = now.saturation < 0.02 < 0.06 < usual.saturation
    to_colour = usual.saturation < 0.02 < 0.06 < now.saturation
    return (to_grey or to_colour) and float(now.power.mean()) > 0.2 * float(usual.power.mean())


def judged(now: Measures, usual: Usual | None) -> dict[str, Cue]:
    """All faults of a look; those that another one makes impossible to tell have a score of 0."""
    known = usual if usual is not None and usual.is_known else None
    found: dict[str, Cue] = {}
    shadowed: set[str] = set()
    for kind, fault in _FAULTS.items():
        found[kind] = Cue(0.0, {}) if kind in shadowed else fault(now, known)
        if found[kind].score >= 0.5:
            shadowed |= _SHADOWED.get(kind, frozenset())
    return found
