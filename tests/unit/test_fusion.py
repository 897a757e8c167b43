"""Which findings are one incident does not depend on the order or the passes in which they come."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.fusion.finding import Finding
from analytics.fusion.fusion import Fused, Fusion, Known
from analytics.fusion.groups import Groups
from analytics.fusion.rules import FusionRule

MINUTE = 60_000_000
NEAR = FusionRule(
    "near", frozenset({"smoke", "fire", "power_loss"}), frozenset({"level"}), frozenset({"smoke", "fire"}),
    "near", 200.0, 5 * MINUTE, 2, 0.0, 4, 3, None,
)  # fmt: skip
BEHIND = replace(NEAR, code="behind", kinds=frozenset({"offline"}), anchors=frozenset(), link="parent", share=0.5)
METRE = 1 / 111_195.0


def finding(n: int, what: str = "smoke", *, minutes: float = 0, metres: float = 0, **told: Any) -> Finding:
    """North of a point by so many metres."""
    made = Finding(
        UUID(int=n), f"thing-{n}", what, False, round(minutes * MINUTE), 120.0, 30.0 + metres * METRE, None, 2, True
    )
    return made._replace(**told)


def members(fused: list[Fused]) -> list[set[int]]:
    return [{each.alert.int for each in one.members} for one in fused]


def test_findings_close_in_place_and_time_are_one_and_others_are_not() -> None:
    fused = Fusion([NEAR]).take(
        [
            finding(1), finding(2, minutes=4, metres=150), finding(3, "power_loss", minutes=8, metres=300),
            finding(4, metres=560), finding(5, minutes=20), finding(6, "offline"), finding(7, lon=float("nan")),
        ], {}
    )  # fmt: skip
    assert members(fused) == [{1, 2, 3}]
    assert (fused[0].new, fused[0].raised_to, fused[0].lead.alert.int, fused[0].sources) == (True, 4, 1, 3)


def test_one_thing_alone_corroborates_nothing_and_neither_does_what_is_no_anchor() -> None:
    assert Fusion([NEAR]).take([finding(1), finding(2, "fire", source="thing-1")], {}) == []
    dark = [finding(1, "power_loss"), finding(2, "power_loss")]
    assert Fusion([NEAR]).take(dark, {}) == []
    assert Fusion([NEAR]).take([finding(1, "level", measured=False), finding(2)], {}) == []
    assert members(Fusion([NEAR]).take([finding(1, "level", measured=True), finding(2)], {})) == [{1, 2}]


def test_of_the_devices_behind_one_gateway_a_share_must_be_silent() -> None:
    silent = [finding(n, "offline", hub=7, lon=float("nan")) for n in (1, 2, 3)]
    assert Fusion([BEHIND]).take(silent, {7: 8}) == []
    assert members(Fusion([BEHIND]).take(silent, {7: 6})) == [{1, 2, 3}]
    apart = [*silent[:1], finding(2, "offline", hub=8), finding(3, "offline", hub=9)]
    assert Fusion([BEHIND]).take(apart, {}) == []


def test_what_lasts_and_is_a_danger_leads_and_is_raised_once() -> None:
    fusion = Fusion([NEAR])
    [first] = fusion.take([finding(1, "power_loss", level=3), finding(2, level=2, minutes=1)], {})
    assert (first.lead.alert.int, first.raised_to) == (2, None)
    [second] = fusion.take([finding(3, "fire", minutes=2)], {})
    assert (second.lead.alert.int, second.raised_to, members([second])) == (2, 4, [{1, 2, 3}])
    assert [each.alert.int for each in second.joined] == [3]
    assert fusion.take([finding(2, level=2, minutes=1)], {}) == [], "it was raised, though that is not heard of yet"
    [third] = fusion.take([finding(2, level=4, minutes=1, lasts=False)], {})
    assert (third.lead.alert.int, third.raised_to) == (3, 4)


def test_an_alert_is_in_one_incident_of_the_first_rule_that_takes_it() -> None:
    other = replace(NEAR, code="other", anchors=frozenset())
    fused = Fusion([other, NEAR]).take([finding(1), finding(2)], {})
    assert [each.rule.code for each in fused] == ["near"]


def test_the_older_of_two_incidents_that_are_one_absorbs_the_other() -> None:
    for last in (0, 1):
        fusion = Fusion([NEAR])
        pairs = [
            [finding(1, metres=0), finding(2, metres=100)],
            [finding(3, minutes=1, metres=500), finding(4, metres=400)],
        ]
        pairs[1][0] = pairs[1][0]._replace(at=-MINUTE)
        made = [fusion.take(pair, {})[0].incident for pair in (pairs if last else pairs[::-1])]
        [one] = fusion.take([finding(5, metres=250)], {})
        assert (one.incident, one.absorbed) == ((made[1], made[:1]) if last else (made[0], made[1:]))
        assert {each.alert.int for each in one.joined} == {1, 2, 5}


def test_what_is_forgotten_is_in_none_and_another_one_leads() -> None:
    fusion = Fusion([NEAR])
    [made] = fusion.take([finding(1), finding(2), finding(3)], {})
    left = fusion.forget(0, [finding(1)])
    [now] = fusion.take(left, {})
    assert (now.incident, now.new, members([now]), now.lead.alert.int) == (made.incident, False, [{2, 3}], 2)
    fusion.forget(1)
    assert fusion.take([finding(4, minutes=1)], {}) == []


def test_what_is_remembered_is_not_decided_again() -> None:
    fusion = Fusion([NEAR])
    [made] = fusion.take([finding(1), finding(2)], {})
    again = Fusion([NEAR])
    again.remember(
        [each._replace(incident=made.incident) for each in made.members],
        {made.incident: Known("near", made.lead.alert)},
    )
    assert again.take([finding(1), finding(2)], {}) == []
    [more] = again.take([finding(3)], {})
    assert (more.incident, members([more]), more.raised_to) == (made.incident, [{1, 2, 3}], 4)


def test_a_rule_remembers_no_more_than_it_may() -> None:
    groups = Groups(NEAR, most=3)
    groups.add([finding(n, minutes=n) for n in range(1, 6)])
    groups.forget(0)
    assert sorted(each.int for each in groups.alerts) == [3, 4, 5]


PLACES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 12)), min_size=1, max_size=14)


@settings(max_examples=40)
@given(places=PLACES, cuts=st.lists(st.integers(1, 5), max_size=5), seed=st.randoms(use_true_random=False))
def test_any_order_and_any_passes_give_the_same_incidents(
    places: list[tuple[int, int]], cuts: list[int], seed: Any
) -> None:
    findings = [finding(n, metres=metres, minutes=minutes) for n, (metres, minutes) in enumerate(places, 1)]
    together = Fusion([NEAR]).take(findings, {})
    seed.shuffle(findings)
    fusion, found = Fusion([NEAR]), dict[UUID, set[int]]()
    while findings:
        size = cuts.pop() if cuts else len(findings)
        now, findings = findings[:size], findings[size:]
        for each in fusion.take(now, {}):
            for absorbed in each.absorbed:
                del found[absorbed]
            [found[each.incident]] = members([each])
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, members(together)))


@pytest.mark.parametrize("size", [1, 100])
def test_a_storm_in_one_place_is_one_incident(size: int) -> None:
    fusion = Fusion([NEAR])
    storm = [finding(n, minutes=n / 1000) for n in range(1, 101)]
    for begin in range(0, 100, size):
        last = fusion.take(storm[begin : begin + size], {})
    assert len(last[0].members) == 100
