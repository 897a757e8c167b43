"""Which consumers are told of a change, and why the others are not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alerts.hours import Hours, hours_of, minutes, zones
from hub.alerts.reach import Reach, SharedAlerts
from hub.alerts.routing import Filter, Place, Subscriber, Subscriptions, stored_filter, verdict
from hub.words.sentence import Sentence

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday, 20:00 in China
PLACE = Place("fire-brigade", "330106001002", "fire", 3, frozenset({"basin"}), "smoke", "pole-1", "pm25")
ALL_SEE = Reach({}, {})


def only(**limits: Any) -> Filter:
    return stored_filter(limits, {"basin": (None, None), "zone": (None, None)})


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        ({}, True),
        ({"min_level": 3}, True),
        ({"min_level": 4}, False),
        ({"region": "3301"}, True),
        ({"region": "330106001002"}, True),
        ({"region": "3302"}, False),
        ({"organisation": "fire-brigade"}, True),
        ({"organisation": "water"}, False),
        ({"category": "fire"}, True),
        ({"category": "lamp"}, False),
        ({"area": "basin"}, True),
        ({"area": "zone"}, False),
        ({"event_kind": "smoke"}, True),
        ({"event_kind": "fire"}, False),
        ({"hours": "08:00-18:00"}, False),
        ({"hours": "18:00-08:00"}, True),
        ({"hours": "08:00-18:00", "zone": "Europe/London"}, True),
        ({"days": [3]}, True),
        ({"days": [1, 2]}, False),
        ({"min_level": 4, "region": "3301", "organisation": "fire-brigade", "category": "fire"}, False),
        ({"min_level": 2, "region": "3301", "organisation": "fire-brigade", "category": "fire"}, True),
    ],
)
def test_a_filter_takes_what_meets_all_it_names(limits: dict[str, Any], taken: bool) -> None:
    wanted = only(**limits)
    assert wanted.takes(PLACE, NOW) is taken
    assert (wanted.mismatches(PLACE, NOW) == []) is taken


@pytest.mark.parametrize(
    "limits", [{"region": "33"}, {"organisation": "water"}, {"category": "fire"}, {"area": "basin"}]
)
def test_an_alert_without_a_place_goes_to_those_who_name_none(limits: dict[str, str]) -> None:
    nowhere = Place(None, None, None, 4)
    routes = Subscriptions([Subscriber(1, "a", None, (only(**limits),)), Subscriber(2, "b", None, (only(),))], ALL_SEE)
    assert routes.recipients(nowhere, NOW) == [2]


def test_recipients_come_in_the_order_of_the_consumers_and_once_each() -> None:
    twice = (only(region="33"), only(category="fire"))
    routes = Subscriptions(
        [
            Subscriber(7, "a", None, twice),
            Subscriber(3, "b", None, (only(min_level=4),)),
            Subscriber(5, "c", None, twice),
        ],
        ALL_SEE,
    )
    assert routes.recipients(PLACE, NOW) == [7, 5]


@pytest.mark.parametrize(
    ("begins", "ends", "taken"),
    [(None, None, True), (NOW, None, True), (None, NOW, False), (NOW + timedelta(seconds=1), None, False)],
)
def test_an_area_takes_nothing_while_it_is_not_valid(
    begins: datetime | None, ends: datetime | None, taken: bool
) -> None:
    wanted = stored_filter({"area": "basin"}, {"basin": (begins, ends)})
    assert wanted.takes(PLACE, NOW) is taken
    assert not stored_filter({"area": "basin"}, {}).takes(PLACE, NOW), "it is not there any more"


def test_whoever_was_told_hears_how_it_goes_on_at_any_hour() -> None:
    day = Subscriber(1, "day", None, (only(hours="08:00-18:00"),))
    routes = Subscriptions([day], ALL_SEE)
    assert routes.recipients(PLACE, NOW) == []
    assert routes.recipients(PLACE._replace(told=frozenset({1})), NOW) == [1]
    assert routes.recipients(PLACE._replace(told=frozenset({2})), NOW) == []


@pytest.mark.parametrize(
    ("days", "hours", "at", "holds"),
    [
        ([1], "22:00-06:00", "2026-03-02T22:00", True),
        ([1], "22:00-06:00", "2026-03-02T21:59", False),
        ([1], "22:00-06:00", "2026-03-03T05:59", True),
        ([1], "22:00-06:00", "2026-03-03T06:00", False),
        ([1], "22:00-06:00", "2026-03-02T05:59", False),
        ([7], "22:00-06:00", "2026-03-02T05:59", True),
        ([1], "00:00-24:00", "2026-03-02T23:59", True),
        ([1], "00:00-24:00", "2026-03-03T00:00", False),
        (None, "08:00-18:00", "2026-03-08T08:00", True),
        (None, "08:00-18:00", "2026-03-08T18:00", False),
        ([6, 7], None, "2026-03-08T18:00", True),
    ],
)
def test_hours_by_the_clocks_of_their_zone(days: list[int] | None, hours: str | None, at: str, holds: bool) -> None:
    window = hours_of(days, hours, "Asia/Urumqi")
    assert window is not None
    assert window.holds(datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Asia/Urumqi")).astimezone(UTC)) is holds


WINDOWS = st.builds(
    Hours,
    st.frozensets(st.integers(1, 7), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.sampled_from([ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Urumqi"), ZoneInfo("Europe/London")]),
)


@given(WINDOWS, st.integers(0, 525_599).map(lambda minute: NOW.replace(tzinfo=None) + timedelta(minutes=minute)))
def test_hours_are_the_minutes_that_follow_their_beginning(window: Hours, wall: datetime) -> None:
    """Brute force: walk back minute by minute on the zone's clock until a beginning is met."""
    length = (window.end - window.start - 1) % 1440 + 1
    back = next(
        (n for n in range(length) if (began := wall - timedelta(minutes=n)).hour * 60 + began.minute == window.start
         and began.isoweekday() in window.days),
        None,
    )  # fmt: skip
    at = wall.replace(tzinfo=window.zone)
    if at.astimezone(UTC).astimezone(window.zone).replace(tzinfo=None) == wall:  # a time that there is
        assert window.holds(at.astimezone(UTC)) is (back is not None)


@pytest.mark.parametrize("wrong", ["8-18", "08:00", "24:00-08:00", "08:60-09:00", "08:00-08:00", "08:00-25:00", ""])
def test_hours_that_are_none(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"no hours|begins when it ends"):
        minutes(wrong)


ORGS = ["city", "county", "water", "fire"]
REGIONS = ["33", "3301", "330106", "330110", "330106001002", "330110001002"]
AREAS = ["basin", "zone"]
some = st.sampled_from
limits = st.fixed_dictionaries(
    {},
    optional={
        "min_level": st.integers(1, 4),
        "region": some(REGIONS),
        "organisation": some(ORGS),
        "category": some(["fire", "lamp"]),
        "area": some(AREAS),
        "event_kind": some(["smoke", "fire"]),
        "days": st.lists(st.integers(1, 7), min_size=1, max_size=3),
        "hours": some(["08:00-18:00", "18:00-08:00", "19:00-21:00"]),
        "border_m": some([0, 100, 500]),
    },
)
places = st.builds(
    Place,
    st.none() | some(ORGS),
    st.none() | some(REGIONS[-2:]),
    st.none() | some(["fire", "lamp"]),
    st.integers(1, 4),
    st.frozensets(some(AREAS)),
    st.none() | some(["smoke", "fire"]),
    st.none() | some(["pole-1", "pole-2"]),
    st.none() | some(["pm25", "level"]),
    st.dictionaries(some(["330106", "330110", "@basin", "@zone"]), some([50.0, 100.0, 300.0])),
    st.frozensets(st.integers(1, 4)),
    st.none() | st.frozensets(st.integers(1, 4)),
)
shares = st.builds(
    SharedAlerts,
    st.uuids(),
    some(ORGS),
    some(ORGS),
    st.none() | st.frozensets(some(["pole-1", "pole-2"])),
    st.none() | st.frozensets(some(["pm25", "level"])),
    st.none() | st.frozensets(some(["smoke", "fire"])),
    st.none() | some([NOW - timedelta(1), NOW, NOW + timedelta(1)]),
)
consumers = st.lists(st.tuples(st.none() | some(ORGS), st.lists(limits, max_size=4)), max_size=4)


def takes(limit: dict[str, Any], place: Place, at: datetime, told: bool) -> bool:
    """What a filter means, word by word."""
    reach = limit.get("border_m", 0)
    if place.level < limit.get("min_level", 1):
        return False
    for name in ("organisation", "category", "event_kind"):
        if name in limit and limit[name] != getattr(place, name):
            return False
    if "region" in limit:
        inside = place.region is not None and place.region[: len(limit["region"])] == limit["region"]
        near = reach > 0 and limit["region"] in place.near and place.near[limit["region"]] <= reach
        if not inside and not near:
            return False
    if "area" in limit:
        near = reach > 0 and "@" + limit["area"] in place.near and place.near["@" + limit["area"]] <= reach
        if limit["area"] not in place.areas and not near:
            return False
    window = hours_of(limit.get("days"), limit.get("hours"), None)
    return window is None or told or window.holds(at)


def sees(owner: str, place: Place, parents: dict[str, str], regions: dict[str, str], given: list[SharedAlerts]) -> bool:
    """What an organisation may see, word by word."""
    below, rounds = place.organisation, 0
    while below is not None and rounds < len(ORGS) + 1:
        if below == owner:
            return True
        below, rounds = parents.get(below), rounds + 1
    if owner in regions and place.region is not None and place.region.startswith(regions[owner]):
        return True
    return any(
        share.owner == place.organisation
        and share.consumer == owner
        and place.device is not None
        and (place.metric or place.event_kind or (share.metrics is None and share.event_kinds is None))
        and (share.valid_to is None or share.valid_to > NOW)
        and (share.devices is None or place.device in share.devices)
        and (share.metrics is None or place.metric is None or place.metric in share.metrics)
        and (share.event_kinds is None or place.event_kind is None or place.event_kind in share.event_kinds)
        for share in given
    )


@settings(max_examples=60, deadline=None)
@given(
    consumers,
    places,
    st.dictionaries(some(ORGS), some(ORGS)),
    st.dictionaries(some(ORGS), some(REGIONS[:4])),
    st.lists(shares, max_size=3),
)
def test_recipients_are_those_of_the_definition(
    given_: list[tuple[str | None, list[dict[str, Any]]]],
    place: Place,
    parents: dict[str, str],
    regions: dict[str, str],
    shared: list[SharedAlerts],
) -> None:
    subscribers = [
        Subscriber(number, f"c{number}", owner, tuple(only(**limit) for limit in limited))
        for number, (owner, limited) in enumerate(given_, 1)
    ]
    reach = Reach(parents, regions, shared)
    wanted = [
        number
        for number, (owner, limited) in enumerate(given_, 1)
        if (owner is None or sees(owner, place, parents, regions, shared))
        and (
            any(takes(limit, place, NOW, number in place.told) for limit in limited)
            if place.drill is None
            else number in place.drill
        )
    ]
    assert Subscriptions(subscribers, reach).recipients(place, NOW) == wanted
    found = {each.id: verdict(each, place, NOW, reach) for each in subscribers}
    assert [id_ for id_, each in found.items() if each.takes] == wanted
    assert all(each.reasons for each in found.values())


def test_reasons_in_both_languages() -> None:
    wanted = only(min_level=4, region="330110", hours="08:00-18:00", category="lamp", border_m=500)
    near = PLACE._replace(near={"330110": 700.0})
    told = wanted.mismatches(near, NOW)
    assert [str(each) for each in told] == [
        "level orange is below its floor red",
        "it is for the category lamp only, and this one is fire",
        "outside region 330110, 700 m from its border, and it looks 500 m over it",
        "quiet by its hours 08:00-18:00",
    ]
    assert [each.told("zh") for each in told] == [
        "级别橙色低于其下限红色",
        "仅接收类别 lamp，该告警的类别：fire",
        "不在区划 330110 内，距其边界 700 米，而跨界范围为 500 米",
        "不在其接收时段 08:00-18:00 内",
    ]


def test_of_several_filters_the_closest_is_told() -> None:
    consumer = Subscriber(1, "desk", None, (only(min_level=4, category="lamp"), only(region="3302")))
    takes_it, reasons = verdict(consumer, PLACE, NOW, ALL_SEE)
    assert not takes_it
    assert list(reasons) == ["none of its 2 filters takes it; the closest is number 2", "outside region 3302"]
    assert verdict(Subscriber(1, "desk", None, ()), PLACE, NOW, ALL_SEE).reasons == (Sentence("routing.nothing"),)
    foreign = verdict(Subscriber(1, "desk", "water", (only(),)), PLACE, NOW, ALL_SEE)
    assert foreign.reasons == (Sentence("routing.owner", owner="water"),)


@pytest.mark.parametrize("limits", [{"zone": "Mars/Base"}, {"zone": "Asia"}, {"zone": "../etc"}, {"hours": "9-5"}])
def test_hours_that_this_machine_cannot_read_do_not_limit(
    limits: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    written = {"days": [1], "hours": "08:00-09:00", "region": "3301"} | limits
    for _ in range(2):
        assert only(**written).takes(PLACE, NOW)
    assert not only(**written, min_level=4).takes(PLACE, NOW)
    assert caplog.text.count("do not limit") == 1


def test_a_zone_means_the_same_on_every_machine() -> None:
    assert "Asia/Urumqi" in zones()
    assert not zones() & {"localtime", "posixrules", "Factory"}
