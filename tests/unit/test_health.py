"""What is decided of devices: from silence, from their status, behind gateways, in maintenance; both ways."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from devices.health.decision import LONG_AGO, OFFLINE, ONLINE, UNKNOWN, Cause, Watched, decide

S = 1_000_000
HOLD = 30


@dataclass
class Thing:
    """A device of a test; times in seconds."""

    parent: int = -1
    active: bool = True
    allowed: int = 60
    seen: float | None = 0
    said: int = UNKNOWN
    said_at: float | None = None
    maintained: bool = False
    free: float | None = None
    online: int = ONLINE
    since: float | None = 0
    cause: Cause = Cause.NONE
    finding: bool = False


@dataclass
class City:
    """Things whose decisions become their state, as in the store."""

    things: list[Thing]
    hears: float = -1000
    paged: list[tuple[int, bool]] = field(default_factory=list)
    """(index, finding) of each change of a finding."""

    def decide(self, at: float) -> list[str]:
        """What holds at a time, as words."""
        things = self.things
        watched = Watched(
            device=np.arange(1, len(things) + 1),
            parent=np.array([thing.parent for thing in things]),
            active=np.array([thing.active for thing in things]),
            allowed=np.array([thing.allowed * S for thing in things]),
            seen=_times([thing.seen for thing in things]),
            said=np.array([thing.said for thing in things]),
            said_at=_times([thing.said_at for thing in things]),
            maintained=np.array([thing.maintained for thing in things]),
            free=_times([thing.free for thing in things]),
            online=np.array([thing.online for thing in things]),
            since=_times([thing.since for thing in things]),
            cause=np.array([thing.cause for thing in things]),
            finding=np.array([thing.finding for thing in things]),
        )
        verdict = decide(watched, round(at * S), round(self.hears * S), HOLD * S)
        for index, thing in enumerate(things):
            if bool(verdict.finding[index]) != thing.finding:
                self.paged.append((index, bool(verdict.finding[index])))
            if verdict.online[index] != thing.online:
                thing.since = at
            thing.online, thing.cause = int(verdict.online[index]), Cause(int(verdict.cause[index]))
            thing.finding = bool(verdict.finding[index])
        return [_word(thing) for thing in things]

    def run(self, start: int, end: int, *speaking: int) -> list[str]:
        """Decide each second while some things send each second."""
        words = []
        for second in range(start, end):
            for index in speaking:
                self.things[index].seen = second
                parent = self.things[index].parent
                if parent >= 0:
                    self.things[parent].seen = second
            words = self.decide(second)
        return words


def _times(seconds: list[float | None]) -> np.ndarray:
    return np.array([LONG_AGO if second is None else round(second * S) for second in seconds], np.int64)


def _word(thing: Thing) -> str:
    states = {UNKNOWN: "unknown", ONLINE: "online", OFFLINE: thing.cause.name.lower()}
    return states[thing.online]


def test_silence_is_a_finding_once_and_ends_when_it_is_heard() -> None:
    city = City([Thing(), Thing(allowed=0)])
    assert city.decide(60) == ["online", "online"]
    assert city.decide(61) == ["silence", "online"]
    assert city.run(62, 90) == ["silence", "online"]
    city.things[0].seen = 95
    assert city.decide(96) == ["online", "online"]
    assert city.paged == [(0, True), (0, False)]


def test_silence_counts_only_while_the_hub_hears() -> None:
    city = City([Thing(), Thing(online=OFFLINE, cause=Cause.SILENCE, finding=True)], hears=500)
    assert city.decide(559) == ["online", "silence"], "what was offline stays so"
    assert city.decide(561) == ["silence", "silence"]
    assert city.paged == [(0, True)]


def test_a_device_that_was_never_heard_is_unknown() -> None:
    city = City([Thing(seen=None, online=UNKNOWN, since=None)])
    assert city.run(0, 200) == ["unknown"]
    city.things[0].seen = 201
    assert city.decide(202) == ["online"]
    assert not city.paged


def test_an_offline_status_must_hold() -> None:
    city = City([Thing(allowed=0, said=OFFLINE, said_at=10)])
    assert city.decide(39) == ["online"]
    city.things[0].said, city.things[0].said_at = ONLINE, 39
    assert city.run(40, 200) == ["online"]
    city.things[0].said, city.things[0].said_at = OFFLINE, 200
    assert city.run(200, 240) == ["status"]
    city.things[0].said, city.things[0].said_at = ONLINE, 241
    assert city.decide(242) == ["online"]
    assert city.paged == [(0, True), (0, False)]


def test_flapping_within_the_hold_is_no_finding() -> None:
    city = City([Thing(allowed=0)])
    for start in range(10, 1000, 20):
        city.things[0].said, city.things[0].said_at = (start // 20) % 2, start
        assert city.run(start, start + 20) == ["online"]
    assert not city.paged


def test_data_after_an_offline_status_counts() -> None:
    city = City([Thing(allowed=0, said=OFFLINE, said_at=10, seen=11)])
    assert city.run(11, 100) == ["online"]


def test_a_retained_offline_of_what_was_never_there_is_no_finding() -> None:
    city = City([Thing(seen=None, online=UNKNOWN, since=None, said=OFFLINE, said_at=5)])
    assert city.run(5, 100) == ["status"]
    assert not city.paged


@pytest.mark.parametrize("interval", [180, 0])
def test_silence_of_a_gateway_is_one_finding(interval: int) -> None:
    """With an interval of its own and without one."""
    city = City([Thing(allowed=interval)] + [Thing(parent=0, allowed=60, seen=-number % 20) for number in range(50)])
    words = city.run(0, 300)
    assert words == ["silence"] + ["gateway"] * 50
    assert city.paged == [(0, True)]
    for thing in city.things:
        thing.seen = 300
    assert city.decide(301) == ["online"] * 51
    assert city.paged == [(0, True), (0, False)]


def test_children_have_their_whole_time_after_the_gateway_is_back() -> None:
    city = City([Thing(allowed=60), Thing(parent=0, allowed=100), Thing(parent=0, allowed=0)])
    assert city.run(0, 200) == ["silence", "gateway", "gateway"]
    city.run(200, 205, 0)
    assert city.run(205, 300, 0) == ["online", "online", "online"]
    assert city.run(300, 310, 0) == ["online", "silence", "online"]
    assert city.paged == [(0, True), (0, False), (1, True)]


def test_one_child_of_a_gateway_that_is_heard_is_a_finding() -> None:
    city = City([Thing(allowed=180), Thing(parent=0), Thing(parent=0)])
    assert city.run(0, 70, 2) == ["online", "silence", "online"]


def test_a_child_with_a_connection_of_its_own_stays_online() -> None:
    city = City([Thing(allowed=60), Thing(parent=0, allowed=20)])
    for second in range(200):
        city.things[1].seen = second
        words = city.decide(second)
        assert words[1] == "online"
    assert words == ["silence", "online"]
    assert city.run(200, 230)[1] == "silence", "its own silence is its own finding"


def test_a_gateway_that_says_it_is_offline_takes_its_children_along() -> None:
    city = City(
        [Thing(allowed=0, said=OFFLINE, said_at=2, seen=None), Thing(parent=0, seen=1), Thing(parent=0, seen=1)]
    )
    assert city.run(2, 33) == ["status", "gateway", "gateway"]
    city.things[0].said, city.things[0].said_at = ONLINE, 40
    assert city.decide(41) == ["online"] * 3


def test_all_that_a_gateway_says_to_be_off_is_one_finding_and_what_stays_off_is_each_its_own() -> None:
    slots = [Thing(parent=0, allowed=0, seen=None, online=OFFLINE, cause=Cause.STATUS, said=OFFLINE, said_at=0)] * 2
    city = City([Thing(allowed=180), *(Thing(parent=0, allowed=0) for _ in range(3)), *slots])
    for number in (1, 2, 3):
        city.things[number].said, city.things[number].said_at = OFFLINE, 10 * number
    assert city.run(1, 100, 0) == ["online", *["gateway"] * 3, *["status"] * 2]
    assert city.paged == [(0, True)], "the first is off for long enough while the last has just begun"
    city.things[1].said, city.things[1].said_at = ONLINE, 100
    assert city.run(100, 140, 0) == ["online", "online", *["status"] * 4]
    assert city.paged[1:] == [(0, False), (2, True), (3, True)], "places that never had a camera are none"
    city.things[1].said, city.things[1].said_at = OFFLINE, 140
    city.run(140, 180, 0)
    assert city.paged[4:] == [(1, True)], "one alone is its own, though all are off now"


def test_a_gateway_that_falls_silent_with_all_off_behind_it_is_still_one_finding() -> None:
    city = City([Thing(allowed=60), *(Thing(parent=0, allowed=0, said=OFFLINE, said_at=5) for _ in range(2))])
    assert city.run(1, 50, 0) == ["online", "gateway", "gateway"]
    assert city.run(50, 200) == ["silence", "gateway", "gateway"]
    assert city.paged == [(0, True)]


def test_no_finding_while_somebody_works_on_it_or_on_its_gateway() -> None:
    city = City([Thing(allowed=0, maintained=True), Thing(parent=0), Thing(maintained=True)])
    assert city.run(0, 200) == ["online"] * 3
    for thing in city.things:
        thing.maintained, thing.free = False, 200
    assert city.run(200, 261) == ["online"] * 3, "its whole time again"
    assert city.run(261, 262)[2] == "silence"


def test_what_is_not_active_is_not_watched() -> None:
    city = City([Thing(), Thing()])
    city.things[0].active = False
    assert city.run(0, 100) == ["unknown", "silence"]
    city.things[0].active = True
    assert city.run(100, 300) == ["unknown", "silence"]
    city.things[0].seen = 301
    assert city.decide(302)[0] == "online"
    assert city.paged == [(1, True)]


def test_gateways_behind_gateways() -> None:
    city = City([Thing(allowed=60), Thing(parent=0, allowed=60), Thing(parent=1, allowed=60)])
    assert city.run(0, 100) == ["silence", "gateway", "gateway"]
    assert city.paged == [(0, True)]
