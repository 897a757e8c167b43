"""What an episode becomes by what is said of it."""

from uuid import UUID

import pytest

from devices.episodes.episode import CODE, Episode, Key, begun_by, below, continued, end_of, is_news, key_of
from hub.models import Event, Micros

S = 1_000_000
KEY = Key(7, "intrusion", "gate/2")


def said(ts: int, level: int | None = None, kind: str = "intrusion", received: int | None = None) -> Event:
    at = ts if received is None else received
    return Event(UUID(int=ts), 7, "camera", ts * S, at * S, kind, "active", level, part="gate/2", continues=True)


def lived(*events: Event) -> tuple[Episode, list[int]]:
    """What becomes of one, and which of what is said again are events of their own."""
    known, news = begun_by(events[0]), list[int]()
    for event in events[1:]:
        news += [event.ts // S] if is_news(known, event) else []
        known = continued(known, event)
    return known, news


def test_what_is_said_again_counts_once_for_each_time() -> None:
    known, news = lived(said(10), said(11), said(11, received=15), said(9, received=16), said(12))
    assert (known.id, known.begin, known.last, known.heard) == (UUID(int=10), 10 * S, 12 * S, 16 * S)
    assert (known.times, news) == (3, [])


def test_a_clock_that_is_ahead_makes_nothing_older() -> None:
    known, _ = lived(said(300, received=10), said(301, received=11), said(12))
    assert (known.begin, known.last, known.times) == (10 * S, 12 * S, 3)


def test_what_gets_worse_is_an_event_of_its_own() -> None:
    known, news = lived(said(1, 2), said(2, 1), said(3, 3), said(4, 3), said(5, 2))
    assert (known.level, news) == (3, [3])


def test_what_gets_worse_is_an_event_whatever_its_time() -> None:
    known, news = lived(said(5, 1), said(7, 1), said(7, 3, received=8), said(7, 3, received=9), said(6, 4, received=10))
    assert (known.level, known.last, known.told, known.times, news) == (4, 7 * S, 7 * S, 2, [7, 6])


def test_what_began_late_is_told_again_once_it_is_said_in_time() -> None:
    known, news = lived(said(1, received=3600), said(2, received=3600), said(3599, received=3601), said(3602))
    assert (news, known.late, known.told) == ([3599], False, 3599 * S)


def test_of_a_kind_without_an_end_some_repeats_say_that_it_lasts() -> None:
    assert lived(*(said(at, kind="line_crossing") for at in range(100)))[1] == [30, 60, 90]


@pytest.mark.parametrize(
    ("ended", "until"), [(None, 1 << 62), (20 * S, 20 * S), (5 * S, 11 * S)], ids=["lasts", "ended", "ended before"]
)
def test_up_to_when_what_is_said_is_said_of_it(ended: Micros | None, until: Micros) -> None:
    assert lived(said(10), said(11))[0]._replace(ended=ended).until == until


def test_an_end_that_nobody_told_is_the_same_event_whoever_makes_it() -> None:
    known, _ = lived(said(10), said(11))
    one, other = (end_of(KEY, "camera", known, 71 * S, now) for now in (80 * S, 90 * S))
    assert (one.id, one.ts, one.state, one.part) == (other.id, 71 * S, "inactive", "gate/2")
    assert one.attributes == {"ended": "silent", "last": "1970-01-01T00:00:11+00:00"}


def test_an_end_is_one_of_all_that_is_below_it() -> None:
    keys = [Key(7, "smoke", part) for part in ("", "gate", "gate/2", "gates")]
    assert [key.part for key in below("gate", keys)] == ["gate", "gate/2"]
    assert below(None, keys) == keys


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [("other", "motion", "motion"), ("fault", 7, "7"), ("other", "x" * 99, "x" * CODE), ("fire", "smoke_and_fire", "")],
)
def test_kinds_with_many_meanings_are_told_apart_by_their_code(kind: str, code: object, told: str) -> None:
    event = Event(UUID(int=1), 7, "camera", S, S, kind, "active", None, {"code": code}, continues=True)
    assert key_of(event) == Key(7, kind, "", told)
    ended = end_of(key_of(event), "camera", begun_by(event), 9 * S, 9 * S)
    assert ended.attributes.get("code", "") == told
