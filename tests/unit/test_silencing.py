"""What silences and quiet hours keep back, and from whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.alerts.kept_back import KeptBack, kept_back
from hub.alerts.quiet import Quiet, quiet_until, stored_quiet
from hub.alerts.reach import Reach
from hub.alerts.routing import Filter, Place, Subscriber, Subscriptions
from hub.alerts.silences import Silence

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ID = UUID(int=1)
PLACE = Place("parks", "330106001002", "water", 3, event_kind="offline", device="pole-7")
SILENCE = Silence(ID, Filter(region="3301"), None, 3, NOW - HOUR, NOW + HOUR)


@pytest.mark.parametrize(
    ("silence", "covers"),
    [
        (SILENCE, True),
        (SILENCE._replace(wanted=Filter(region="3302")), False),
        (SILENCE._replace(wanted=Filter(organisation="parks", category="water", event_kind="offline")), True),
        (SILENCE._replace(wanted=Filter(event_kind="fire")), False),
        (SILENCE._replace(device="pole-7"), True),
        (SILENCE._replace(device="pole-8"), False),
        (SILENCE._replace(max_level=2), False),
        (SILENCE._replace(from_at=NOW), True),
        (SILENCE._replace(from_at=NOW + timedelta(seconds=1)), False),
        (SILENCE._replace(to_at=NOW), False),
    ],
)
def test_it_covers_what_it_names_up_to_its_level_and_within_its_time(silence: Silence, covers: bool) -> None:
    assert silence.covers(PLACE, NOW) is covers


def by(
    place: Place, kind: str, *silences: Silence, consumer: int = 7, quiet: tuple[Quiet, ...] = ()
) -> KeptBack | None:
    subscriber = Subscriber(7, "desk", None, (Filter(),), quiet=quiet)
    return kept_back(Subscriptions([subscriber], Reach({}, {}, []), silences), kind, place, consumer, NOW)


def test_what_gets_worse_goes_through() -> None:
    assert by(PLACE, "updated", SILENCE) == KeptBack(silence_id=ID)
    assert by(PLACE._replace(level=4), "updated", SILENCE) is None


def test_of_an_alert_that_a_consumer_was_told_of_it_hears_the_end() -> None:
    told = PLACE._replace(told=frozenset({7}))
    assert by(told, "cleared", SILENCE) is None
    assert by(told, "acknowledged", SILENCE) is None
    assert by(told, "updated", SILENCE) == KeptBack(silence_id=ID)
    assert by(told, "cleared", SILENCE, consumer=8) is not None, "it has never heard of the beginning"


def test_of_several_the_longest_counts() -> None:
    longer = SILENCE._replace(id=UUID(int=2), to_at=NOW + 2 * HOUR)
    assert by(PLACE, "raised", SILENCE, longer, SILENCE) == KeptBack(silence_id=longer.id)
    assert by(PLACE, "raised") is None


NIGHT, LUNCH = {"hours": "22:00-06:00", "max_level": 3}, {"hours": "11:00-11:30", "max_level": 2}
SIX = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)  # 06:00 in Shanghai


def test_quiet_hours_keep_back_up_to_their_level_and_never_what_is_red() -> None:
    windows = stored_quiet([NIGHT, LUNCH])  # NOW is 11:00 in Shanghai
    for kind, level in (("raised", 1), ("updated", 2), ("acknowledged", 2)):
        kept = by(PLACE._replace(level=level), kind, quiet=windows)
        assert kept == KeptBack(quiet_until=NOW + HOUR / 2)
        assert kept.state == "quiet"
    assert by(PLACE, "raised", quiet=windows) is None, "orange is above them"
    always = stored_quiet([{"hours": "00:00-24:00", "max_level": 4}])
    assert by(PLACE, "raised", quiet=always) is not None
    assert by(PLACE._replace(level=4), "raised", quiet=always) is None, "red, whatever is stored"
    assert by(PLACE, "raised", consumer=8, quiet=always) is None, "they are of one consumer"
    assert stored_quiet([{"hours": "22:00-06:00", "zone": "Mars/Base"}, {"max_level": 3}]) == (), (
        "told, rather than not"
    )


@pytest.mark.parametrize(
    ("window", "at", "until"),
    [
        (NIGHT, datetime(2026, 11, 29, 15, 0, tzinfo=UTC), SIX),  # 23:00
        (NIGHT, datetime(2026, 11, 29, 21, 59, tzinfo=UTC), SIX),  # 05:59
        (NIGHT, SIX, None),
        ({"days": [7]}, NOW, datetime(2026, 11, 29, 16, 0, tzinfo=UTC)),  # Sunday, until midnight
        ({"days": [1]}, NOW, None),
        ({"hours": "22:00-06:00", "zone": "UTC"}, SIX, datetime(2026, 11, 30, 6, 0, tzinfo=UTC)),
        # Clocks go from 2:00 to 3:00, and back from 3:00 to 2:00.
        ({"hours": "00:00-06:00", "zone": "Europe/Berlin"}, datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
         datetime(2026, 3, 29, 4, 0, tzinfo=UTC)),
        ({"hours": "00:00-02:30", "zone": "Europe/Berlin"}, datetime(2026, 10, 25, 1, 20, tzinfo=UTC),
         datetime(2026, 10, 25, 1, 21, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_quiet_hours_end_by_the_clocks_of_their_zone(
    window: dict[str, object], at: datetime, until: datetime | None
) -> None:
    assert quiet_until(stored_quiet([window]), 3, at) == until
