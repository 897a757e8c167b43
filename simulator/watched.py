"""Things with a past: weeks of reports, and anomalies that no threshold sees, of which a demo shows the last minutes.

Each reports once every few minutes, as real ones do, so what went wrong began hours or days ago. That is sent with
the past, as by things whose network was away, before the rules are on: the first report of the present must raise it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hub.models import Micros
from simulator.anomalies import Anomaly, Step
from simulator.courses import INTERVAL_S
from simulator.fleet import Thing, build_fleet
from simulator.hidden import DAY, HOUR, Hidden
from simulator.lives import Life, lives
from simulator.messages import Message, ReadingTruth, telemetry
from simulator.things import ThresholdRule
from simulator.weather import hour

DAYS = 21
"""Of past."""
AHEAD_S = DAY
"""How long they go on, as they are, after the demo has begun."""
APART_S = 0.25
"""From the first report of the present of one to that of the next."""
NUMBERS = 1_000_000
"""From here on anomalies that no threshold sees are numbered."""
EXCESS = (2.0, 3.0)
"""The levels of the shipped rules that must find them: blue and yellow."""

_ILL: tuple[tuple[str, str, str, float, float], ...] = (
    ("smart-pole", "voltage", "drift", 24, 3.5),
    ("smart-pole", "voltage", "stuck", 20, 0),
    ("river-level", "level", "slow", 16, 9),
    ("river-level", "level", "burst", 8, 0.1),
    ("smart-pole", "voltage", "jump", 10, 1.5),
    ("environment-sensor", "noise", "noisy", 8, 12),
)
"""Profile, metric, kind, hours since it began, size."""
_LEAKS = {True: ("street-lamp", "power", "leak", 4, 0.8), False: ("smart-pole", "voltage", "leak", 4, 2.0)}
"""By whether it is day."""
_CODE = re.compile(rf"({'|'.join(sorted({profile for profile, *_ in (*_ILL, *_LEAKS.values())}))})-\d{{7}}-\d\d")


@dataclass(slots=True, frozen=True)
class Watched:
    """A thing with a past, and what is wrong with it; its first report of the present is at `place`."""

    life: Life
    place: int
    since: Micros
    """When the present began."""
    hidden: Hidden | None

    def past(self, prefix: str) -> Iterator[Message]:
        """A pack for each day; the hub keeps it, and raises no alert of what is so old."""
        a_day = round(DAY / INTERVAL_S)
        for first in range(0, self.place, a_day):
            rows = slice(first, min(first + a_day, self.place))
            yield Message(self.life.thing.topic(prefix, "telemetry"), telemetry(self.life.samples(rows)))

    @property
    def until(self) -> Micros:
        """Of the newest report of the past."""
        return int(self.life.ts[self.place - 1])

    def report(self, place: int, number: int, prefix: str) -> Message:
        """One report of the present; with the first goes what must be raised."""
        [(ts, values)] = samples = self.life.samples(slice(place, place + 1))
        thing, steps = self.life.thing, tuple[Step, ...]()
        if self.hidden is not None and place == self.place:
            metric = self.hidden.metric or next(iter(values))
            code = f"{thing.profile}-{metric}-excess"
            rule = ThresholdRule(
                code, self.hidden.kind, thing.profile, metric, "above", (*EXCESS, np.inf, np.inf), EXCESS, 0.5
            )
            steps = (Step(Anomaly(NUMBERS + number, 0.0, thing, rule, 1, self.hidden.kind), 1, ts),)
        truth = tuple(ReadingTruth(thing.code, metric, ts, value) for metric, value in values.items())
        return Message(thing.topic(prefix, "telemetry"), telemetry(samples), truth, steps=steps)


def watched_things(now: Micros, seed: int) -> list[tuple[Thing, Hidden | None]]:
    """Those that are ill, and as many that are well; their codes are new with each start, for their past is, too."""
    now_s = now / 1e6
    started = int(now_s) % 10_000_000
    by_profile: dict[str, list[Thing]] = {}
    for thing in build_fleet(400, seed + 1):
        by_profile.setdefault(thing.profile, []).append(thing)
    found: list[tuple[Thing, Hidden | None]] = []
    for profile, metric, kind, hours, size in (*_ILL, _LEAKS[7 <= hour(now_s) < 18]):
        for ill in (True, False):
            code = f"{profile}-{started:07}-{len(found):02}"
            thing = replace(by_profile[profile].pop(), code=code, parent="")
            of = None if kind in ("slow", "burst") else metric
            begin, end = now_s - hours * HOUR, now_s + AHEAD_S
            end = begin + 1.1 * hours * HOUR if kind == "drift" else end
            found.append((thing, Hidden(code, of, kind, begin, end, size) if ill else None))
    return found


def of_earlier_run(code: str) -> bool:
    """Whether a device's code is one that `watched_things` gives."""
    return _CODE.fullmatch(code) is not None


def watched(things: Sequence[tuple[Thing, Hidden | None]], now: Micros, seed: int) -> list[Watched]:
    """Their lives, each moved by less than an interval so that one reports APART_S after the other from now on."""
    start_s = now / 1e6 - DAYS * DAY
    hidden = [one for _, one in things if one is not None]
    found = []
    for number, life in enumerate(lives([thing for thing, _ in things], start_s, DAYS + AHEAD_S / DAY, hidden, seed)):
        due = now + round((0.5 + APART_S * number) * 1e6)
        place = int(np.searchsorted(life.ts, due))
        ts = life.ts - (int(life.ts[place]) - due) // 1000 * 1000
        found.append(Watched(replace(life, ts=ts), place, now, things[number][1]))
    return found
