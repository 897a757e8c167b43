"""Things with a past: detection learns it, and the first report of the present is where what is wrong is found."""

import json

import numpy as np
import pytest

from analytics.detectors.detector import Detector
from analytics.detectors.ensemble import PARTS
from analytics.detectors.hours import hours
from analytics.detectors.kinds import KINDS
from simulator.fleet import build_fleet
from simulator.things import PROFILES
from simulator.watched import APART_S, EXCESS, Watched, of_earlier_run, watched, watched_things

NOW = 1_790_000_000_000_000
ZONE = 8 * 3600 * 1_000_000
HAZY_H = (1_796_633_937 - NOW / 1e6) / 3600
"""Then haze is thicker than ever in the weeks before, all over the city."""


@pytest.fixture(scope="module")
def things() -> list[Watched]:
    return watched(watched_things(NOW, 1), NOW, 1)


def excess(one: Watched, metric: str) -> float:
    """Of the first report of the present."""
    ts, value = one.life.ts[: one.place + 1], one.life.values[metric][: one.place + 1]
    scored = Detector(KINDS["ensemble"]).score(np.zeros(len(ts), np.int64), ts, value, hours(ts, ZONE))
    assert scored.parts.shape[1] == len(PARTS)
    return float(scored.told[-1, 5])


@pytest.mark.parametrize("later_h", [0, 8, 16, HAZY_H])
def test_what_is_ill_is_beyond_the_shipped_levels_and_what_is_well_is_not(later_h: float) -> None:
    now = NOW + round(later_h * 3600) * 1_000_000
    things = watched(watched_things(now, 1), now, 1)
    assert {one.hidden.kind for one in things if one.hidden} == {
        "drift", "stuck", "slow", "burst", "jump", "noisy", "leak",
    }  # fmt: skip
    for one in things:
        wrong = None if one.hidden is None else one.hidden.metric or next(iter(one.life.values))
        for metric in one.life.values:
            assert (excess(one, metric) >= EXCESS[0]) == (metric == wrong), (one.life.thing, metric, one.hidden)


def test_all_that_is_reported_is_within_its_range_for_what_is_not_is_no_reading_that_counts(
    things: list[Watched],
) -> None:
    for one in things:
        for metric, values in one.life.values.items():
            about = PROFILES[one.life.thing.profile]["metrics"][metric]
            assert about["min"] <= values.min() <= values.max() <= about["max"], (one.life.thing, metric)


def test_the_codes_of_watched_things_are_known_and_no_others(things: list[Watched]) -> None:
    assert all(of_earlier_run(one.life.thing.code) for one in things)
    others = [*(thing.code for thing in build_fleet(60, 1)), "smart-pole-12-01", "my-smart-pole-1234567-01"]
    assert not any(of_earlier_run(code) for code in others)


def test_the_past_is_all_before_the_present_and_told_once(things: list[Watched]) -> None:
    for number, one in enumerate(things):
        due = NOW + (0.5 + APART_S * number) * 1e6
        assert one.life.ts[one.place] == pytest.approx(due, abs=1000)
        told = [sample["ts"] * 1000 for pack in one.past("p") for sample in json.loads(pack.payload)]
        assert told == one.life.ts[: one.place].tolist()
        assert told[-1] == one.until < NOW + 0.5e6


def test_only_the_first_report_of_what_is_ill_promises_an_alert(things: list[Watched]) -> None:
    for number, one in enumerate(things):
        first, second = (one.report(one.place + more, number, "p") for more in (0, 1))
        assert len(first.steps) == (one.hidden is not None)
        assert not second.steps
        assert [truth.ts for truth in first.readings] == [one.life.ts[one.place]] * len(one.life.values)
    kinds = [one.report(one.place, 0, "p").steps[0].anomaly.hidden for one in things if one.hidden]
    assert all(kinds)
