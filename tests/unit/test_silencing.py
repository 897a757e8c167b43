"""What a silence keeps back, and from whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.alerts.routing import Filter, Place
from hub.alerts.silences import Silence, silence_of

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ID = UUID(int=1)
PLACE = Place("parks", "330106001002", "water", 3, event_kind="offline", device="pole-7")
QUIET = Silence(ID, Filter(region="3301"), None, 3, NOW - HOUR, NOW + HOUR)


@pytest.mark.parametrize(
    ("silence", "covers"),
    [
        (QUIET, True),
        (QUIET._replace(wanted=Filter(region="3302")), False),
        (QUIET._replace(wanted=Filter(organisation="parks", category="water", event_kind="offline")), True),
        (QUIET._replace(wanted=Filter(event_kind="fire")), False),
        (QUIET._replace(device="pole-7"), True),
        (QUIET._replace(device="pole-8"), False),
        (QUIET._replace(max_level=2), False),
        (QUIET._replace(from_at=NOW), True),
        (QUIET._replace(from_at=NOW + timedelta(seconds=1)), False),
        (QUIET._replace(to_at=NOW), False),
    ],
)
def test_it_covers_what_it_names_up_to_its_level_and_within_its_time(silence: Silence, covers: bool) -> None:
    assert silence.covers(PLACE, NOW) is covers


def test_what_gets_worse_goes_through() -> None:
    assert silence_of([QUIET], "updated", PLACE, 7, NOW) == ID
    assert silence_of([QUIET], "updated", PLACE._replace(level=4), 7, NOW) is None


def test_of_an_alert_that_a_consumer_was_told_of_it_hears_the_end() -> None:
    told = PLACE._replace(told=frozenset({7}))
    assert silence_of([QUIET], "cleared", told, 7, NOW) is None
    assert silence_of([QUIET], "acknowledged", told, 7, NOW) is None
    assert silence_of([QUIET], "updated", told, 7, NOW) == ID
    assert silence_of([QUIET], "cleared", told, 8, NOW) == ID, "it has never heard of the beginning"


def test_of_several_the_longest_counts() -> None:
    longer = QUIET._replace(id=UUID(int=2), to_at=NOW + 2 * HOUR)
    assert silence_of([QUIET, longer, QUIET], "raised", PLACE, 7, NOW) == longer.id
    assert silence_of([], "raised", PLACE, 7, NOW) is None
