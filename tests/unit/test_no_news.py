"""What a broker had retained: no sign of life, and no news but with a time of its own."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from devices.codecs.local_time import zone_of
from devices.codecs.mapping import compiled
from devices.health.last_seen import SeenDevices
from devices.health.statuses import ReportedStatuses, RetainedStatuses
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver
from devices.retained import NoNewsOf
from hub.models import Batch, to_micros
from hub.stage import run_steps
from tests.support.origins import raw_of

T = 1_767_225_600_000_000
OWN_MS = 1_767_225_500_000


def read(form: str, body: Any, *, retained: bool = True, mapping: str | None = None, transport: str = "mqtt",
         zone: tzinfo = UTC, received: int = T) -> Batch:  # fmt: skip
    """A batch with one message of a device with the metrics a and b."""
    registry, ranges = Registry(), {"a": (0.0, 9.0), "b": (0.0, 9.0)}
    profile = Profile(1, "p", 1, 600_000_000, ranges, 0, compiled({} if mapping is None else {form: mapping}))
    registry.devices["d1"] = Device(1, "d1", None, zone, True, profile, 100, {"a": 0, "b": 1})
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    address = f"ganzhi/v1/d1/{form}" if transport == "mqtt" else f"/api/v1/devices/d1/{form}"
    batch = Batch([raw_of(transport, address, payload, received, 5, "hub")._replace(retained=retained)])
    run_steps(Resolver(registry), batch)
    return batch


def counted(batch: Batch) -> tuple[int, int]:
    """Retained and empty messages of the device."""
    found = batch.of(NoNewsOf).get(1)
    return (found.retained, found.empty) if found else (0, 0)


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("telemetry", {"ts": OWN_MS, "values": {"a": 1}}),
        ("senml", [{"n": "a", "v": 1.0, "t": OWN_MS // 1000}]),
        ("event", {"kind": "smoke", "ts": OWN_MS}),
    ],
)
def test_with_a_time_of_its_own_it_is_taken_and_is_no_sign_of_life(form: str, body: Any) -> None:
    batch = read(form, body)
    taken = [*batch.readings.ts.tolist(), *(event.ts for event in batch.events)]
    assert taken == [OWN_MS * 1000]
    assert not batch.readings.quality.any()
    assert counted(batch) == (0, 0)
    assert not batch.of(SeenDevices)
    assert batch.of(SeenDevices) != read(form, body, retained=False).of(SeenDevices)


@pytest.mark.parametrize(
    ("form", "body", "mapping"),
    [
        ("telemetry", {"a": 1}, None),
        ("telemetry", {"x": 1}, "{a: x}"),
        ("senml", [{"n": "a", "v": 1.0}, {"n": "b", "v": 1.0, "t": -5}], None),
        ("event", {"kind": "button", "id": "7"}, None),
    ],
)
def test_without_one_it_is_counted_and_left_out(form: str, body: Any, mapping: str | None) -> None:
    batch = read(form, body, mapping=mapping)
    assert not len(batch.readings)
    assert not batch.events
    assert not batch.refused
    assert not batch.of(SeenDevices)
    assert counted(batch) == (1, 0)
    live = read(form, body, mapping=mapping, retained=False)
    assert len(live.readings) + len(live.events)
    assert counted(live) == (0, 0)


def test_of_a_message_with_both_what_has_a_time_is_taken() -> None:
    batch = read("telemetry", [{"a": 1}, {"ts": OWN_MS, "values": {"b": 2}}])
    assert (batch.readings.ts.tolist(), batch.readings.value.tolist()) == ([OWN_MS * 1000], [2.0])
    assert not batch.readings.quality.any()
    assert counted(batch) == (1, 0)
    both = read("event", [{"kind": "button"}, {"kind": "smoke", "ts": OWN_MS}])
    assert [event.kind for event in both.events] == ["smoke"]


def test_what_is_wrong_in_it_is_a_dead_letter_all_the_same() -> None:
    assert [letter.reason for letter in read("telemetry", b"{").refused.values()] == ["not_json"]


def test_a_status_is_kept_apart_from_one_that_is_said_now() -> None:
    batch = read("status", b"offline")
    assert dict(batch.of(RetainedStatuses)) == {1: False}
    assert not batch.of(ReportedStatuses)
    assert dict(read("status", b"offline", retained=False).of(ReportedStatuses)) == {1: (False, T)}


@pytest.mark.parametrize("retained", [True, False])
@pytest.mark.parametrize("form", ["telemetry", "senml", "event", "status", "reply"])
def test_an_empty_message_clears_what_is_retained_and_is_no_letter(form: str, retained: bool) -> None:
    batch = read(form, b"", retained=retained)
    assert not batch.refused
    assert not batch.of(SeenDevices)
    assert counted(batch) == (0, int(form != "status"))


def test_over_http_an_empty_message_is_refused() -> None:
    assert read("telemetry", b"", retained=False, transport="http").refused


def test_a_local_time_of_its_own_is_its_own_in_the_hour_that_comes_twice() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    received = to_micros(second + timedelta(minutes=5))
    body = {"ts": "2026-10-25T02:30:00", "values": {"a": 1}}
    batch = read("telemetry", body, zone=zone_of("Europe/Berlin"), received=received)
    assert batch.readings.ts.tolist() == [to_micros(second)]
    assert counted(batch) == (0, 0)
