"""The lives of things over weeks: true to their seed, and wrong where the truth says so."""

import numpy as np
import pytest

from simulator.fleet import build_fleet
from simulator.hidden import DAY, KINDS, Hidden, plan
from simulator.lives import Life, lives
from simulator.sensing import NORMAL

START = 1_790_006_400.0 // DAY * DAY - 8 * 3600
THINGS = {thing.profile: thing for thing in build_fleet(40, 1) if thing.profile != "camera"}
ENV = THINGS["environment-sensor"]


def life(hidden: Hidden | None = None, days: float = 2, profile: str = "environment-sensor") -> Life:
    [found] = lives([THINGS[profile]], START, days, [] if hidden is None else [hidden], 1)
    return found


def wrong(kind: str, metric: str | None = "noise", size: float = 0.8) -> Hidden:
    return Hidden(ENV.code, metric, kind, START + DAY, START + 1.5 * DAY, size)


def test_the_same_seed_lives_the_same_life_whoever_else_is_asked_for() -> None:
    alone = life()
    among = next(one for one in lives(list(THINGS.values()), START, 2, [], 1) if one.thing is ENV)
    assert np.array_equal(alone.ts, among.ts)
    assert all(np.array_equal(alone.values[metric], among.values[metric]) for metric in alone.values)


def test_each_profile_keeps_to_what_no_threshold_sees() -> None:
    for one in lives(list(THINGS.values()), START, 3, [], 1):
        assert (np.diff(one.ts) > 0).all()
        assert (one.ts % 1000 == 0).all()
        assert (one.arrived > one.ts).all()
        assert (np.diff(one.arrived) >= 0).all()
        for metric, values in one.values.items():
            low, high = NORMAL.get((one.thing.profile, metric), (-np.inf, np.inf))
            assert ((values >= low) & (values <= high)).all(), metric


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("slow", "burst")])
def test_only_the_anomaly_changes_a_series_and_only_while_it_lasts(kind: str) -> None:
    usual, found, one = life(), life(wrong(kind)), wrong(kind)
    at = found.ts / 1e6
    inside = (at >= one.begin_s - 600) & (at < one.end_s + 600)
    assert np.array_equal(usual.values["noise"][~inside], found.values["noise"][~inside])
    assert np.array_equal(usual.values["humidity"], found.values["humidity"])
    assert (usual.values["noise"][inside] != found.values["noise"][inside]).mean() > 0.5


@pytest.mark.parametrize(("kind", "size", "low", "high"), [("slow", 5, 900, 2400), ("burst", 0.1, 10, 60)])
def test_a_wrong_rhythm_changes_times(kind: str, size: float, low: float, high: float) -> None:
    found, one = life(wrong(kind, None, size)), wrong(kind)
    gaps, at = np.diff(found.ts) / 1e6, found.ts[1:] / 1e6
    assert np.median(gaps[at < one.begin_s]) == pytest.approx(300, abs=2)
    assert low < np.median(gaps[(at > one.begin_s + 3600) & (at < one.end_s - 3600)]) < high


def test_reports_are_lost_kept_back_and_sent_in_packs() -> None:
    found = life(days=21)
    assert (np.diff(found.ts) > 600e6).any(), "a dropout"
    late = found.arrived - found.ts
    assert late.max() > 600e6
    packed = np.flatnonzero(np.diff(found.arrived) == 0)
    assert len(packed) > 3, "several in one pack"


def test_a_plan_has_each_kind_once_a_thing_within_its_time() -> None:
    things = build_fleet(200, 1)
    found = plan(things, START, 7, 3, 1)
    assert found == plan(things, START, 7, 3, 1)
    assert {one.kind for one in found} == set(KINDS)
    assert len({one.device for one in found}) == len(found) == 3 * len(KINDS)
    assert all(one.begin_s >= START - DAY and one.end_s <= START + 7.2 * DAY for one in found)
    assert [one.begin_s for one in found] == sorted(one.begin_s for one in found)
