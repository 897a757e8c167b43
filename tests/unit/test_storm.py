"""What of a storm is sent singly, and what is told in a summary."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.alerts.grouping import Storm, divide
from hub.alerts.reach import Reach
from hub.alerts.recipients import Owed
from hub.alerts.routing import Filter, Grouping, Place, Subscriber, Subscriptions

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
THREE = Grouping(3, 60, 60)


def owed(number: int, seq: int = 1, consumer: int = 7, **more: object) -> Owed:
    return Owed(UUID(int=number * 100 + seq), UUID(int=number), seq, consumer)._replace(**more)  # type: ignore[arg-type]


def storm(*ago_s: float) -> Storm:
    return Storm(THREE, [NOW - timedelta(seconds=each) for each in ago_s], NOW)


@pytest.mark.parametrize(
    ("recent", "grouped"),
    [((), 2), ((50, 40), 4), ((59, 58, 57), 5), ((61, 60, 59), 3), ((3, 2, 1, 0), 5)],
)
def test_what_is_beyond_the_count_within_the_time_is_grouped(recent: tuple[float, ...], grouped: int) -> None:
    found = divide([owed(each) for each in range(5)], {7: (made := storm(*recent))}, set())
    assert (len(found.single), len(found.grouped)) == (5 - grouped, grouped)
    assert made.recent == [NOW] * 3, "what is grouped counts, too: the storm lasts as long as there are more"


def test_what_becomes_red_what_has_a_reason_and_what_is_kept_back_is_never_grouped() -> None:
    red, unaccepted, silent = owed(1), owed(2, why="unaccepted"), owed(3, silence_id=UUID(int=9))
    found = divide([red, unaccepted, silent, owed(4), owed(5, consumer=8)], {7: storm(3, 2, 1)}, {red.change_id})
    assert found.single == [red, unaccepted, silent, owed(5, consumer=8)]
    assert found.grouped == {owed(4).change_id: [7]}


def test_what_is_grouped_of_an_alert_is_sent_singly_before_what_is_sent_singly() -> None:
    yellow, red, other = owed(1, 1), owed(1, 2), owed(2)
    found = divide([yellow, other, red, owed(1, 3)], {7: storm(3, 2, 1)}, {red.change_id})
    assert found.single == [yellow, red]
    assert {change for change, group in found.grouped.items() if group} == {other.change_id, owed(1, 3).change_id}


def test_alerts_of_one_place_have_the_same_recipients_and_others_their_own() -> None:
    near = Filter(region="3302", border_m=50)
    subscribers = [
        Subscriber(1, "a", None, (Filter(region="3301"),)),
        Subscriber(2, "b", None, (near, Filter(min_level=4))),
    ]
    for owner in (None, "parks"):
        routes = Subscriptions([*subscribers, Subscriber(3, "c", owner, (Filter(),))], Reach({}, {}, []))
        recipients = routes.recipients_of(NOW)
        place = Place("parks", "330106001002", None, 3, device="a")
        for _ in range(2):
            for each in (
                place, place._replace(device="b"), place._replace(level=4), place._replace(region="330206001002"),
                place._replace(near={"3302": 40.0}), place._replace(told=frozenset({2})),
                place._replace(organisation="x"),
            ):  # fmt: skip
                assert recipients(each) == routes.recipients(each, NOW), each
