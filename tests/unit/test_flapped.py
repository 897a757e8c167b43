"""Of alerts that would have been raised, one that flaps stays open, as of those that are raised."""

from dataclasses import replace

from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.flapped import flapped
from analytics.rules.flaps import Limits
from hub.alerts.trial import WouldBe
from hub.models import RED

LIMITS = Limits(3, 60, 100)
RULE = ThresholdRule(1, "r", 1, "level", "level", True, (None, 3.0, None, 5.0))
TIMES = [(0, 5), (10, 15), (20, 25), (30, 31), (50, 70)]


def alerts(*times: tuple[int, int | None], level: int = 2) -> list[WouldBe]:
    return [WouldBe(at, level, level, 4.0, ended, "a") for at, ended in times]


def told(would: list[WouldBe], until: int = 1000) -> list[tuple[int, int | None, int]]:
    return [(each.at, each.ended, each.peak) for each in flapped(RULE, would, LIMITS, until)]


def test_the_third_within_a_minute_stays_open_until_it_was_quiet() -> None:
    assert told(alerts(*TIMES)) == [(0, 5, 2), (10, 15, 2), (20, 170, 2)]
    assert told(alerts(*TIMES), until=169)[-1] == (20, None, 2)
    assert told(alerts(*TIMES, (171, 180)))[2:] == [(20, 170, 2), (171, 180, 2)]
    assert told(alerts(*TIMES, (169, None)))[2:] == [(20, None, 2)]


def test_each_device_flaps_by_itself_and_red_ends_it() -> None:
    apart = [replace(each, device="ab"[number % 2]) for number, each in enumerate(alerts(*TIMES[:4]))]
    assert len(flapped(RULE, apart, LIMITS, 1000)) == 4
    red = [*alerts(*TIMES[:3]), *alerts((30, 31), level=RED), *alerts((50, 70))]
    assert told(red)[2:] == [(20, 31, 4), (50, 170, 2)]


def test_danger_and_what_has_no_end_never_flap_nor_does_anything_without_limits() -> None:
    some = alerts(*TIMES)
    assert flapped(replace(RULE, danger=True), some, LIMITS, 1000) == some
    assert flapped(EventRule(1, "f", "fire", 4), some, LIMITS, 1000) == some
    assert flapped(RULE, some, None, 1000) == some
