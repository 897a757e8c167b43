"""The simulated city: believable, the same for the same seed, and true to what it says of itself."""

import re
from collections import defaultdict
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.protocols import CODECS
from hub.errors import DecodeError
from hub.models import GANZHI
from simulator import faults
from simulator.anomalies import Anomaly, Excursion, schedule
from simulator.city import City
from simulator.fleet import build_fleet, to_csv
from simulator.messages import Message
from simulator.publisher import Broker
from simulator.runner import Plan
from simulator.sensing import NORMAL
from simulator.things import PROFILES, RULES, EventRule, ThresholdRule

START = 1_790_000_000_000_000
RATE = 400.0
THINGS = build_fleet(200, 1)
PROFILE = {thing.code: thing.profile for thing in THINGS}


def lived(
    seconds: float, seed: int = 1, last_s: float | None = None, rate: float = RATE
) -> list[tuple[float, Message]]:
    """All messages of a city, with the second they were sent in."""
    things = build_fleet(200, seed)
    city = City(things, schedule(things, seed, last_s), seed, "ganzhi/v1")
    told = [(0.0, message) for message in city.opening(START)]
    for number in range(int(seconds * rate)):
        at = number / rate
        told += [(at, message) for message in city.turn(at, START + int(at * 1e6))]
    return told + [(seconds, message) for message in city.closing(START + int(seconds * 1e6))]


@pytest.mark.parametrize("devices", [12, 13, 50, 200, 1000])
def test_a_fleet_has_the_wanted_size_and_every_parent(devices: int) -> None:
    things = build_fleet(devices, 3)
    codes = [thing.code for thing in things]
    assert len(codes) == len(set(codes)) == devices
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", code) for code in codes)
    assert {thing.parent for thing in things} - {""} <= set(codes)
    assert {thing.profile for thing in things} == set(PROFILES)
    assert to_csv(things).count("\n") == devices + 1


def test_the_same_seed_is_the_same_city_and_another_is_not() -> None:
    assert lived(2) == lived(2)
    assert lived(2) != lived(2, seed=2)


def test_the_hub_decodes_each_message_to_what_the_truth_says() -> None:
    seen = set()
    for at, message in lived(20):
        if message.fault is not None:
            continue
        device, form = message.topic.split("/")[-2:]
        decoded = CODECS[GANZHI, form](message.payload, START + int(at * 1e6), ZoneInfo("Asia/Shanghai"))
        assert not decoded.faults
        if message.readings:
            told = {(truth.metric, truth.ts, truth.value) for truth in message.readings}
            times = [None] * len(decoded.ts) if decoded.timeless else decoded.ts
            assert told == set(zip(decoded.metrics, times, decoded.values, strict=True))
        for draft, truth in zip(decoded.events, message.events, strict=False):
            assert (draft.kind, draft.state, draft.ts, draft.source_id) == (truth.kind, truth.state, truth.ts, truth.id)
        seen.add((PROFILE[device], form))
    assert {form for _, form in seen} == {"telemetry", "senml", "event"}
    assert {profile for profile, _ in seen} == set(PROFILES)


def test_a_time_is_used_once_in_a_series_and_rises() -> None:
    last: dict[tuple[str, str], int] = {}
    for _, message in lived(20):
        for truth in message.readings:
            if truth.ts is not None:
                assert truth.ts % 1000 == 0
                assert truth.ts > last.get((truth.device, truth.metric), 0)
                last[truth.device, truth.metric] = truth.ts


def test_without_anomalies_a_day_stays_in_the_normal_range() -> None:
    city = City(THINGS, iter(()), 1, "ganzhi/v1")
    values = defaultdict(set)
    for number in range(200 * 48):
        at = number * 86400 / (200 * 48)
        for message in city.turn(at, START + int(at * 1e6)):
            assert not message.steps
            for truth in message.readings:
                profile = PROFILE[truth.device]
                low, high = NORMAL.get((profile, truth.metric), (-1e9, 1e9))
                assert low <= truth.value <= high
                limits = PROFILES[profile]["metrics"][truth.metric]
                assert limits["min"] <= truth.value <= limits["max"]
                values[profile, truth.metric].add(truth.value)
    assert len(values["street-lamp", "brightness"]) > 5, "lamps dim with the hour"
    assert max(values["air-station", "temperature"]) - min(values["air-station", "temperature"]) > 5


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if isinstance(rule, ThresholdRule)], ids=lambda rule: rule.code
)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_an_excursion_reaches_its_level_and_returns(rule: ThresholdRule, level: int) -> None:
    thing = next(thing for thing in THINGS if thing.profile == rule.profile)
    excursion = Excursion(Anomaly(1, 0.0, thing, rule, level), rule)
    reached, number = [], 0
    while (outcome := excursion.next(START + number * 300_000)) is not None:
        value, step = outcome
        assert rule.inside(1) <= value if rule.direction == "above" else value <= rule.inside(1)
        reached += [step.level] if step is not None else []
        number += 1
        assert number < 50
    assert reached == ([level] if rule.hold_s else list(range(1, level + 1)))


def test_a_run_of_30_seconds_has_ten_anomalies_that_end_in_time() -> None:
    talkers = sum(thing.profile != "camera" for thing in THINGS)
    last_s = Plan(Broker("", 0), rate=RATE, seconds=30.0).last_anomaly_s(talkers)
    begun: dict[int, Anomaly] = {}
    for at, message in lived(30, last_s=last_s):
        for step in message.steps:
            begun[step.anomaly.number] = step.anomaly
            assert at <= 25
            if isinstance(step.anomaly.rule, EventRule):
                assert message.events[0].state == "active"
    assert len(begun) >= 10
    assert {anomaly.level for anomaly in begun.values()} == {1, 2, 3, 4} or len(begun) < len(RULES)
    targets = [(anomaly.thing.code, anomaly.rule.code) for anomaly in begun.values()]
    assert len(targets) == len(set(targets))


def test_everything_is_set_right_at_the_end_wherever_it_is_cut() -> None:
    for seconds in (1.1, 3.3, 9.7, 21.0):
        values: dict[tuple[str, str], float] = {}
        states: dict[tuple[str, str], str | None] = {}
        for _, message in lived(seconds):
            values |= {(truth.device, truth.metric): truth.value for truth in message.readings}
            states |= {(event.device, event.kind): event.state for event in message.events}
        for (device, metric), value in values.items():
            low, high = NORMAL.get((PROFILE[device], metric), (-1e9, 1e9))
            assert low <= value <= high
        assert "active" not in states.values()


def test_each_kind_of_fault_occurs_and_promises_nothing_but_its_dead_letter() -> None:
    wrong = [message for _, message in lived(8) if message.fault is not None]
    assert {message.fault for message in wrong} == {*faults.FAULTS, faults.UNKNOWN_METRIC}
    for message in wrong:
        if message.fault != faults.UNKNOWN_METRIC:
            assert not message.readings
            assert not message.events


@pytest.mark.parametrize("fault", ["no_json", "not_a_number", "text_value", "not_utf8"])
def test_a_spoiled_payload_cannot_be_read(fault: str) -> None:
    thing = next(thing for thing in THINGS if thing.profile == "air-station")
    message = faults.spoiled(fault, thing, "ganzhi/v1", START // 1000)
    with pytest.raises(DecodeError):
        CODECS[GANZHI, "telemetry"](message.payload, START, ZoneInfo("UTC"))


def test_some_messages_are_sent_twice_and_promise_nothing_the_second_time() -> None:
    seen, repeats = set(), 0
    for _, message in lived(10):
        key = (message.topic, message.payload)
        if key in seen and b'"ts"' in message.payload:
            repeats += 1
            assert message.readings == ()
        seen.add(key)
    assert repeats >= 5


def test_anomalies_without_end_go_on() -> None:
    many = list(islice(schedule(THINGS, 1), 500))
    assert [anomaly.number for anomaly in many] == list(range(1, 501))
    assert many[-1].at_s > 800
