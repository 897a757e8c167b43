"""The reading of a round of the path watch is decoded, judged and decided; it is no reading of anybody's."""

import json

from analytics.rules.rounds import RoundRule
from devices.addressing import Origins
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.alerts.path import BEYOND, METRIC, Rounds, raised, round_id, round_payload
from hub.models import Batch, Raw
from hub.stage import run_steps

RECEIVED = 1_767_225_600_000_000
AT = RECEIVED - 2_000
S = 1_000_000


def decided(payload: bytes, stale_after_s: float = 900) -> Batch:
    origin = Origins("ganzhi/v1").of_topic("ganzhi/v1/~path/telemetry")
    batch = Batch([Raw(origin, payload, RECEIVED)])
    for stage in (Resolver(Registry()), RoundRule(stale_after_s)):
        run_steps(stage, batch)
    assert (len(batch.readings), batch.events, batch.changes, batch.refused) == (0, [], [], {})
    return batch


def rounds(payload: bytes, stale_after_s: float = 900) -> Rounds:
    return decided(payload, stale_after_s).of(Rounds)


def reading(value: object, at: int = AT) -> bytes:
    return json.dumps({"ts": at // 1000, "values": {METRIC: value}}).encode()


def test_a_round_is_raised_because_its_rule_is_red() -> None:
    assert rounds(round_payload(AT)) == {AT: RECEIVED}
    assert rounds(reading(BEYOND)) == {AT: RECEIVED}
    assert rounds(reading(BEYOND - 0.01)) == {}
    assert rounds(reading(BEYOND + 0.01)) == {}, "out of its range"
    assert [change.alert_id for change in raised(rounds(round_payload(AT)))] == [round_id(AT)]


def test_a_round_that_devices_could_not_send_is_not_raised() -> None:
    assert rounds(reading(BEYOND, RECEIVED + 601 * S)) == {}, "in the future"
    assert rounds(reading(BEYOND, RECEIVED - 901 * S)) == {}, "too old to page"
    assert rounds(reading(BEYOND, RECEIVED - 901 * S), 1000) != {}
    assert rounds(b'{"ts": 1, "values": {"other": 1}}') == rounds(b"no reading") == rounds(b"") == {}


def test_a_batch_may_be_read_twice_and_each_round_is_decided_by_itself() -> None:
    batch = decided(round_payload(AT))
    batch.raws.append(batch.raws[0]._replace(payload=round_payload(AT + 1000), received=RECEIVED + 1))
    for stage in (Resolver(Registry()), RoundRule()):
        run_steps(stage, batch)
    assert batch.of(Rounds) == {AT: RECEIVED, AT + 1000: RECEIVED + 1}
