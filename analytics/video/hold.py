"""Scores become findings: held for some seconds, they are active; gone for some seconds, they have ended."""

from collections.abc import Iterator, Mapping

from analytics.video.detector import Key
from analytics.video.finding import Cue, Finding
from analytics.video.kinds import KINDS

HYSTERESIS = 0.6
"""What is active has ended below this share of the level at which it begins."""
MOST = 256
"""Keys of a camera: 64 zones and lines with a few kinds each. More are not followed."""
BRIDGED = 0.2
"""The share of the hold that a score may be low within it: compression and cars make it drop for a frame."""


class _Held:
    """What is known of one key."""

    __slots__ = ("active", "best", "low", "newest", "since")

    def __init__(self) -> None:
        self.active = False
        self.since: float | None = None  # when the score went high (not active) or low (active)
        self.low: float | None = None  # while it is not active: since when the score is low again
        self.best = self.newest = Cue(0.0, {})


class Holds:
    """The keys of one camera."""

    def __init__(self, levels: Mapping[str, float]) -> None:
        """`levels`: by kind, the score that counts; 0.5 for kinds it does not name."""
        self._levels = levels
        self._held: dict[Key, _Held] = {}

    def see(self, t: float, scores: Mapping[Key, Cue]) -> Iterator[Finding]:
        """Take the scores of a frame; keys that are not there stay as they were. Before `t` goes back: `restart`."""
        for key, cue in scores.items():
            held = self._held.get(key)
            if held is None:
                if cue.score <= 0 or len(self._held) >= MOST:
                    continue
                held = self._held[key] = _Held()
            held.newest = cue
            told = self._active(t, key, held) if held.active else self._waiting(t, key, held)
            if told:
                yield told
            if not held.active and held.since is None:
                del self._held[key]

    def _waiting(self, t: float, key: Key, held: _Held) -> Finding | None:
        hold = KINDS[key[0]].hold
        if held.newest.score < self._levels.get(key[0], 0.5):
            if held.low is None:
                held.low = t
            if held.since is not None and t - held.low >= BRIDGED * hold:
                held.since, held.best = None, Cue(0.0, {})
            return None
        held.low = None
        if held.since is None:
            held.since = t
        if held.newest.score >= held.best.score:
            held.best = held.newest
        if t - held.since < hold:
            return None
        held.active, held.since = True, None
        box = held.newest.box or held.best.box
        return Finding(t, key[0], "active", held.best.score, key[1], held.best.cues, box)

    def _active(self, t: float, key: Key, held: _Held) -> Finding | None:
        if held.newest.score >= HYSTERESIS * self._levels.get(key[0], 0.5):
            held.since = None
            return None
        if held.since is None:
            held.since = t
        if t - held.since < KINDS[key[0]].clear:
            return None
        held.active, held.since = False, None
        return Finding(t, key[0], "ended", held.newest.score, key[1], held.newest.cues)

    def restart(self) -> None:
        """The time has jumped: what is active stays so, what was waiting begins to wait anew."""
        for held in self._held.values():
            held.since = held.low = None
        self._held = {key: held for key, held in self._held.items() if held.active}

    def active(self) -> Mapping[Key, Cue]:
        """What is active now, with its newest score."""
        return {key: held.newest for key, held in self._held.items() if held.active}
