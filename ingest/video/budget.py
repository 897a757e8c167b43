"""Which streams are looked at less, so that all of them together stay within their processor time. Pure.

Clips go first, of all cameras, the dearest first. Then, in this order, each step for one camera after the other: half
the frames, key pictures alone, one key picture in 10 s. Cameras in which danger is looked for (fire, smoke, water,
intrusion) are slowed only once all others are at the last step, and go on with their key pictures at the least. What
was shed comes back in the reverse order.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ingest.video.messages import Pace

SHARE = {Pace.FULL: 1.0, Pace.NO_CLIPS: 0.95, Pace.HALF: 0.6, Pace.KEYS: 0.12, Pace.SPARSE: 0.02}
"""What a stream costs at each pace, about, of what it costs at full pace (1080p, a key picture in 2 s)."""
RETURN = 0.7
"""A step is taken back where all would be below this share of the budget with it: else it would be taken again."""


class Load(NamedTuple):
    """A stream as it is now."""

    camera: str
    cpu: float
    """Processors that it takes at its pace."""
    pace: Pace
    is_danger: bool
    has_clips: bool = False
    is_guess: bool = False
    """Whether its pace was changed, and it has not told since what it takes: until it has, its pace stays."""

    @property
    def least(self) -> Pace:
        """How far it may be slowed."""
        return Pace.KEYS if self.is_danger else Pace.SPARSE

    def slower(self, pace: Pace) -> Pace:
        """The next step."""
        return Pace.HALF if pace is Pace.FULL and not self.has_clips else Pace(pace + 1)

    def faster(self, pace: Pace) -> Pace:
        """The step back."""
        return Pace.FULL if pace is Pace.HALF and not self.has_clips else Pace(pace - 1)

    def makes_clips(self, pace: Pace) -> bool:
        """Whether it makes any at a pace."""
        return self.has_clips and pace is Pace.FULL

    def at(self, pace: Pace) -> float:
        """What it would take at another pace, about."""
        return self.cpu * SHARE[pace] / SHARE[self.pace]


def shed(loads: Iterable[Load], total: float, each: float) -> dict[str, Pace]:
    """The pace of each camera, so that none takes more than `each`, and all of them no more than `total`."""
    now = {load.camera: load for load in loads}
    paces = {camera: _within(load, each) for camera, load in now.items()}

    def spent() -> float:
        return sum(load.at(paces[camera]) for camera, load in now.items())

    while spent() > total:
        slowed = [load for load in now.values() if paces[load.camera] < load.least and not load.is_guess]
        if not slowed:
            break
        first = min(slowed, key=lambda load: _order(load, paces[load.camera]))
        paces[first.camera] = first.slower(paces[first.camera])
    if any(paces[camera] > load.pace for camera, load in now.items()):
        return paces
    back = [load for load in now.values() if paces[load.camera] > Pace.FULL and not load.is_guess]
    for load in sorted(back, key=lambda load: _order(load, load.faster(paces[load.camera])), reverse=True):
        pace = load.faster(paces[load.camera])
        if load.at(pace) <= RETURN * each and spent() - load.at(paces[load.camera]) + load.at(pace) <= RETURN * total:
            paces[load.camera] = pace
            break  # one at a time: what it costs is known only then
    return paces


def _order(load: Load, pace: Pace) -> tuple[bool, bool, Pace, float, str]:
    """By which a step from this pace on is taken, and the other way round is taken back."""
    return not load.makes_clips(pace), load.is_danger, pace, -load.cpu, load.camera


def _within(load: Load, each: float) -> Pace:
    pace = load.pace
    while load.at(pace) > each and pace < load.least and not load.is_guess:
        pace = load.slower(pace)
    return pace
