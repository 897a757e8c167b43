"""Who was heard in a batch, and how far the hub has heard: what goes into the arrays and comes out of them."""

from datetime import UTC

import numpy as np

from devices.codecs.heartbeat import decode_heartbeat
from devices.health.edge_heartbeats import Heartbeats
from devices.health.heartbeat import LAG_S, MARGIN, Progress
from devices.health.last_seen import LastSeen, SeenDevices, heard_until
from devices.health.statuses import ReportedStatuses
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import HUB, Batch, Position, now_micros
from hub.stage import run_steps
from tests.support.origins import raw_of

T = 1_772_352_000_000_000
S = 1_000_000


def _resolver() -> Resolver:
    registry = Registry()
    profile = Profile(1, "p", 1, 600 * S, {"v": (0.0, 1.0)}, 0)
    for number, code, gateway in ((1, "pole", None), (2, "lamp", "pole")):
        registry.devices[code] = Device(number, code, gateway, UTC, True, profile, 0, {"v": number})
    return Resolver(registry)


def _batch(*messages: tuple[str, bytes], transport: str = "mqtt") -> Batch:
    raws = [raw_of(transport, f"ganzhi/v1/{topic}", payload, T + n) for n, (topic, payload) in enumerate(messages)]
    batch = Batch(raws)
    run_steps(_resolver(), batch)
    return batch


def test_a_message_is_a_sign_of_life_of_its_device_and_of_the_gateway_that_speaks_for_it() -> None:
    told = b'{"ts": %d, "values": {"v": 1}}' % (T // 1000 - 5_000)
    batch = _batch(("lamp/telemetry", b'{"v": 1}'), ("pole/child/lamp/telemetry", told))
    assert batch.of(SeenDevices) == {2: (T + 1, T - 5 * S), 1: (T + 1, 0)}


def test_a_status_is_none_and_neither_is_what_the_hub_finds_out_itself() -> None:
    batch = _batch(("pole/status", b"offline"), ("pole/child/lamp/status", b"online"), ("pole/status", b""))
    assert batch.of(ReportedStatuses) == {1: (False, T), 2: (True, T + 1)}
    assert (batch.of(SeenDevices), batch.refused) == ({}, {})
    batch = _batch(("lamp/event", b'{"kind": "offline"}'), transport=HUB)
    assert batch.of(SeenDevices) == {}
    assert [event.kind for event in batch.events] == ["offline"]


def test_only_an_edge_can_tell_of_an_edge() -> None:
    told = b'{"source": "e", "since": 5, "until": 9}'
    batch = Batch([raw_of(HUB, "listening", told, T), raw_of("mqtt", "listening", told, T)])
    run_steps(_resolver(), batch)
    assert batch.of(Heartbeats) == {"e": (5, 9)}
    assert list(batch.refused) == [1]
    assert decode_heartbeat(b"\xff") == {}


def _heard(**devices: tuple[int, int]) -> Batch:
    batch = Batch([])
    batch.put(SeenDevices({int(name[1:]): told for name, told in devices.items()}))
    return batch


def test_seen_is_taken_once_and_given_back_when_it_could_not_be_written() -> None:
    seen = LastSeen()
    seen.adopt(_heard(d5000=(T, T - S), d3=(T, 0)))
    seen.adopt(_heard(d5000=(T + 9 * S, T + 8 * S - 500_000), d3=(T - S, 0)))
    taken = seen.take()
    assert taken.devices.tolist() == [3, 5000]
    assert taken.at.tolist() == [T, T + 9 * S]
    assert np.isnan(taken.offset[0])
    assert taken.offset[1] == -1.0, "the most that it was ahead"
    assert not len(seen.take().devices)
    seen.give_back(taken)
    seen.adopt(_heard(d3=(T + S, T + 3 * S)))
    again = seen.take()
    assert again.at.tolist() == [T + S, T + 9 * S]
    assert again.offset.tolist() == [2.0, -1.0]


def test_a_log_is_heard_as_far_as_its_slowest_partition() -> None:
    position = [Position("t", 0, 0, 1)]
    raws = [raw_of("mqtt", "a", b"", T + 5), raw_of("mqtt", "a", b"", T + 3), raw_of("kafka", "a", b"", T)]
    assert heard_until(Batch(raws, positions=position)) == T + 3, "what third parties stamped does not count"
    assert heard_until(Batch(raws[2:], positions=position)) is None
    assert heard_until(Batch(raws)) == T + 5


def test_progress_is_now_when_nothing_waits_and_the_last_commit_when_something_does() -> None:
    idle = [True]
    progress = Progress(lambda: idle[0])
    assert abs(progress.until() - (now_micros() - MARGIN)) < S
    progress.adopt(Batch([raw_of("mqtt", "a", b"", T)]))
    idle[0] = False
    assert progress.until() == T
    assert LAG_S > 1
