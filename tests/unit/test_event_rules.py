"""Event rules, and the ids and titles of what is decided."""

from dataclasses import replace
from uuid import uuid4

import pytest

from analytics.rules import events
from analytics.rules.alerts import Open, fires_at, over_at, steps_of_event
from analytics.rules.changes import alert_id, change_id
from analytics.rules.definitions import EventRule, ThresholdRule, read_rules
from analytics.rules.events import Heard, Newest, judge, merge
from analytics.rules.slots import NEVER
from devices.vocabulary import MOMENTARY
from hub.alerts.titles import event_title, reading_title
from hub.models import Event
from hub.store.events import SENT_AGAIN

SMOKE = EventRule(1, "smoke", "smoke", 3)
RULES = {"smoke": [SMOKE]}


def event(ts: int, state: str | None = "active", level: int | None = None) -> Event:
    return Event(uuid4(), 5, "cam-5", ts, ts, "smoke", state, level)


def anywhere(_rule: EventRule, _device: int) -> bool:
    return True


def told(*batches: list[Event]) -> list[tuple[int, int, int]]:
    """(time, level before, level after) of each change of level at the camera."""
    newest: Newest = {}
    alert: Open | None = None
    found = []
    for batch in batches:
        heard, renewed = judge(batch, RULES, anywhere, newest, NEVER)
        merge(newest, renewed)
        for one in heard:
            before = alert.level if alert else 0
            _, alert = steps_of_event(alert, "smoke", "cam-5/smoke", one.event, one.level)
            after = alert.level if alert else 0
            found += [(one.event.ts, before, after)] if before != after else []
    return found


def test_active_raises_repeats_are_silent_and_inactive_clears() -> None:
    stream = [event(1, None), event(2), event(3, "inactive"), event(4, "inactive"), event(5)]
    expected = [(1, 0, 3), (3, 3, 0), (5, 0, 3)]
    assert told(stream) == expected
    assert told(*[[one] for one in stream]) == expected


def test_a_batch_renews_the_places_of_its_events_and_copies_no_others() -> None:
    newest: Newest = {("smoke", 5): {f"/track-{n}": n for n in range(1000)}}
    heard, renewed = judge([replace(event(2000), part="track-7")], RULES, anywhere, newest, NEVER)
    assert len(heard) == 1
    assert renewed == {("smoke", 5): {"/track-7": 2000}}
    ended, _ = judge([event(3000, "inactive")], RULES, anywhere, newest, NEVER)
    assert len(ended) == 1001, "an end of the whole device is heard at each place"


def test_an_events_own_level_goes_first_and_only_a_higher_one_escalates() -> None:
    assert told([event(1, level=2), event(2, level=1), event(3, level=4), event(4)]) == [(1, 0, 2), (3, 2, 4)]


def test_events_of_one_time_count_each() -> None:
    stream = [event(1), event(1, "inactive"), event(1)]
    assert told(stream) == told(*[[one] for one in stream]) == [(1, 0, 3), (1, 3, 0), (1, 0, 3)]


def test_what_lasts_still_is_never_too_late_and_what_has_ended_is() -> None:
    day = events.TOO_LATE
    old = replace(event(day, "active"), received=4 * day)
    for kind, current, heard in (
        ("smoke", True, 1), ("smoke", False, 0), ("waterlogging", True, 1), ("waterlogging", False, 0),
        ("manual_alarm", True, 0),
    ):  # fmt: skip
        rules = {kind: [replace(SMOKE, kind=kind)]}
        one = replace(old, kind=kind, current=current)
        assert len(judge([one], rules, anywhere, {}, day)[0]) == heard, (kind, current)
    heard_, _ = judge([replace(old, current=True)], RULES, anywhere, {}, day)
    assert heard_[0].delay == 3 * day
    over: Newest = {("smoke", 5): {"/": day + 1, "/" + events.OVER: day + 1}}
    assert judge([replace(old, current=True)], RULES, anywhere, over, day)[0] == []


@pytest.mark.parametrize("together", [False, True])
def test_what_is_older_than_an_event_that_came_before_changes_nothing_whatever_the_batches_are(together: bool) -> None:
    for stream, expected in (
        ([event(5), event(4, "inactive")], [(5, 0, 3)]),
        ([event(5, "inactive"), event(4)], []),
    ):
        assert told(*([stream] if together else [[one] for one in stream])) == expected


def test_events_of_one_message_count_by_their_time() -> None:
    first, last = Event(uuid4(), 5, "cam-5", 1, 9, "smoke"), Event(uuid4(), 5, "cam-5", 2, 9, "smoke", "inactive")
    assert told([last, first]) == [(1, 0, 3), (2, 3, 0)]


def test_events_that_are_received_long_after_they_happened_do_not_page() -> None:
    door = EventRule(2, "door", "door_open", 1)
    late = Event(uuid4(), 5, "cam-5", 100, 201, "door_open", "active")
    assert judge([late], {"door_open": [door]}, anywhere, {}, 100) == ([], {("door_open", 5): {"/": 100}})
    assert len(judge([late], {"door_open": [door]}, anywhere, {}, 101)[0]) == 1


def test_a_latching_event_that_comes_late_says_so_and_after_a_day_raises_nothing() -> None:
    def heard(minutes: int, state: str = "active") -> list[Heard]:
        late = Event(uuid4(), 5, "cam-5", 0, minutes * 60_000_000, "smoke", state)
        return judge([late], RULES, anywhere, {}, 60_000_000)[0]

    assert [one.delay // 60_000_000 for minutes in (15, 25, 1440) for one in heard(minutes)] == [0, 25, 1440]
    assert heard(1441) == []
    assert [one.level for one in heard(1441, "inactive")] == [0], "its end counts whenever it comes"


def test_a_rule_hears_the_devices_that_it_is_for_only() -> None:
    rules = {"smoke": [EventRule(1, "smoke", "smoke", 3, profile_id=2)]}
    assert judge([event(1)], rules, lambda rule, device: (rule.id, device) != (1, 5), {}, NEVER)[0] == []
    assert len(judge([event(1)], rules, lambda rule, device: (rule.id, device) == (1, 5), {}, NEVER)[0]) == 1


def steps(alert: Open | None, ts: int, level: int = 3, kind: str = "smoke", lag: int = 0) -> tuple[str, Open | None]:
    """The kinds of changes that an event makes, and the alert after it."""
    found, after = steps_of_event(alert, "r", "t", Event(uuid4(), 5, "cam-5", ts, ts + lag, kind), level)
    return " ".join(step.kind for step in found), after


def test_after_its_end_by_a_desk_the_next_event_is_a_new_onset() -> None:
    _, first = steps(None, 10)
    assert first is not None
    assert steps(first, 50) == ("", first)
    for how in ("closed", "false_alarm"):
        ended = first._replace(ended=how)
        kinds, other = steps(ended, 50, level=1)
        assert kinds == "cleared raised", "also at a lower level"
        assert other is not None
        assert (other.id != first.id, other.level, other.ended) == (True, 1, "")
        assert steps(ended, 50, level=0) == ("cleared", None)
    merged = first._replace(ended="merged")
    assert steps(merged, 50) == ("", merged), "it belongs to the other alert"
    assert steps(merged, 50, level=4)[0] == "cleared raised"


def test_a_kind_without_an_end_lasts_for_its_length_after_the_newest_event() -> None:
    length, kind = MOMENTARY["line_crossing"], "line_crossing"
    _, first = steps(None, 10, kind=kind)
    assert first is not None
    kinds, again = steps(first, length + 9, kind=kind, lag=15)
    assert again is not None
    assert (kinds, again.id) == ("", first.id)
    assert over_at(again, kind) == 2 * length + 9
    assert fires_at(again, kind) == 2 * length + 24, "what would renew it may take as long"
    kinds, other = steps(again, 2 * length + 9, kind=kind)
    assert other is not None
    assert (kinds, other.id != first.id) == ("cleared raised", True)
    assert steps(again, 2 * length, level=0, kind=kind) == ("cleared", None), "its sender may end it"
    assert over_at(first, "smoke") == fires_at(first, "smoke") == NEVER


def test_ids_follow_from_the_cause() -> None:
    alert = alert_id("high", "pole-1/pm25", 17)
    assert alert == alert_id("high", "pole-1/pm25", 17)
    causes = [("high", "pole-1/pm25", 18), ("high", "pole-2/pm25", 17), ("low", "pole-1/pm25", 17)]
    others = [alert_id(*cause) for cause in causes]
    taken = [("raised", 1, 17), ("updated", 1, 17), ("raised", 2, 17), ("raised", 1, 18)]
    steps = [change_id(alert, *step) for step in taken]
    assert len({alert, *others, *steps}) == 8


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (reading_title("River gauge 12", "level", 4.31, True, True, 4.0, 3), "River gauge 12: level 4.31 ≥ 4 (orange)"),
        (reading_title("River gauge 12", "level", 3.9, False, True, 4.0, 0), "River gauge 12: level 3.9 < 4 (cleared)"),
        (reading_title("电池", "电压", 2.5, True, False, 3.0, 1), "电池: 电压 2.5 ≤ 3 (blue)"),
        (reading_title("电池", "电压", 3.5, False, False, 3.0, 0), "电池: 电压 3.5 > 3 (cleared)"),
        (event_title("Pole 7", "smoke", 4), "Pole 7: smoke (red)"),
        (event_title("Pole 7", "smoke", 0), "Pole 7: smoke (cleared)"),
        (event_title("Pole 7", "smoke", 4, 1_559_000_000), "Pole 7: smoke (red), 25 min late"),
    ],
)  # fmt: skip
def test_titles(title: str, expected: str) -> None:
    assert title == expected


def test_rules_are_read_from_rows() -> None:
    nothing = dict.fromkeys(["profile_id", "metric", "label", "direction", "thresholds", "event_kind", "event_level",
                             "schedule", "expression"])  # fmt: skip
    rows = [
        nothing | {"id": 1, "code": "a", "profile_id": 2, "metric": "v", "label": "V", "direction": "below",
                   "thresholds": {"red": 1, "blue": 3.5}, "hysteresis": 0.5, "hold_s": 1.5, "clear_s": 2,
                   "signal": "rate", "tolerance": 0, "flagged": False, "stale_s": 900},
        nothing | {"id": 2, "code": "b", "hysteresis": 0, "hold_s": 0, "clear_s": 0, "signal": "value", "tolerance": 0,
                   "event_kind": "smoke",
                   "event_level": 4, "count": 3, "within_s": 60, "cooldown_s": 1.5},
    ]  # fmt: skip
    threshold, smoke = read_rules(rows)
    assert threshold == ThresholdRule(
        1, "a", 2, "v", "V", False, (3.5, None, None, 1.0), 0.5, 1_500_000, 2_000_000, "rate"
    )
    assert smoke == EventRule(2, "b", "smoke", 4, None, None, 3, 60_000_000, 1_500_000)
    assert [threshold.left(level) for level in range(4)] == [3.5, 1.0, 1.0, 1.0]


def test_what_is_another_alert_of_a_kind_without_an_end_is_never_an_event_that_was_sent_again() -> None:
    assert min(MOMENTARY.values()) / 1e6 >= SENT_AGAIN.total_seconds()


def parts(*stream: tuple[int, str | None, str]) -> list[tuple[int, str | None, str | None]]:
    """(time, part, state) of what rules hear, of events given as (time, part, state)."""
    newest: Newest = {}
    found = []
    for ts, part, state in stream:
        heard, renewed = judge([replace(event(ts, state), part=part)], RULES, anywhere, newest, NEVER)
        merge(newest, renewed)
        found += [(one.event.ts, one.event.part, one.event.state) for one in heard]
    return found


def test_parts_are_told_apart_and_an_end_ends_all_below_it() -> None:
    fires = [(1, "1/3/40-1", "active"), (2, "1/3/40-2", "active"), (2, "1/30/40-1", "active")]
    assert parts(*fires) == fires
    end = (3, "1/3", "inactive")
    ended = [end, (3, "1/3/40-1", "inactive"), (3, "1/3/40-2", "inactive")]
    assert parts(*fires, end) == [*fires, *ended]
    assert parts(*fires, end, end)[len(fires) :] == [*ended, end], "what is over is not ended again"
    assert (4, "1/30/40-1", "inactive") in parts(*fires, end, (4, None, "inactive"))


def test_a_device_that_invents_parts_is_remembered_by_its_newest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_PLACES", 100)
    monkeypatch.setattr(events, "KEPT_PLACES", 75)
    newest: Newest = {}
    assert len(judge([event(1, "inactive")], RULES, anywhere, newest, NEVER)[1]) == 1
    merge(newest, judge([event(1, "inactive")], RULES, anywhere, newest, NEVER)[1])
    for n in range(2, 500):
        heard, renewed = judge([replace(event(n), part=f"p{n}")], RULES, anywhere, newest, NEVER)
        assert len(heard) == 1, "none is kept back"
        merge(newest, renewed)
        assert len(newest["smoke", 5]) <= 100
    known = newest["smoke", 5]
    assert {"/", "/\0", "/p499", "/p450"} <= known.keys()
    assert "/p2" not in known
    assert len(judge([replace(event(501), part="p2")], RULES, anywhere, newest, NEVER)[0]) == 1


def test_an_end_around_a_part_counts_in_any_order() -> None:
    old, end, new = (1, "1/3/40-1", "active"), (3, "1/3", "inactive"), (4, "1/3/40-1", "active")
    assert parts(end, old) == [end], "what came late is over"
    assert parts(end, new) == [end, new]
    assert parts(new, end) == [new, end], "an older end ends nothing newer"
    assert parts((5, "1/3", "active"), new) == [(5, "1/3", "active"), new], "a fire around it hides no fire"
