"""Which consumers are told of a change."""

import pytest

from hub.alerts.routing import Filter, Place, recipients

PLACE = Place("fire-brigade", "330106001002", "fire", 3, frozenset({"basin"}))


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Filter(1, 1), True),
        (Filter(1, 3), True),
        (Filter(1, 4), False),
        (Filter(1, 1, region="3301"), True),
        (Filter(1, 1, region="330106001002"), True),
        (Filter(1, 1, region="3302"), False),
        (Filter(1, 1, organisation="fire-brigade"), True),
        (Filter(1, 1, organisation="water"), False),
        (Filter(1, 1, category="fire"), True),
        (Filter(1, 1, category="lamp"), False),
        (Filter(1, 1, area="basin"), True),
        (Filter(1, 1, area="zone"), False),
        (Filter(1, 4, "3301", "fire-brigade", "fire"), False),
        (Filter(1, 2, "3301", "fire-brigade", "fire"), True),
    ],
)
def test_a_filter_takes_what_meets_all_it_names(wanted: Filter, taken: bool) -> None:
    assert wanted.takes(PLACE) is taken


@pytest.mark.parametrize(
    "wanted", [{"region": "33"}, {"organisation": "water"}, {"category": "fire"}, {"area": "basin"}]
)
def test_an_alert_without_a_place_goes_to_those_who_name_none(wanted: dict[str, str]) -> None:
    nowhere = Place(None, None, None, 4)
    assert recipients(nowhere, [Filter(1, 1, **wanted), Filter(2, 1)]) == [2]


def test_recipients_come_in_the_order_of_the_filters() -> None:
    assert recipients(PLACE, [Filter(7, 1), Filter(3, 4), Filter(5, 2)]) == [7, 5]
