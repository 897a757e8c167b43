import json
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from devices.addressing import Origins
from devices.codecs.mapping import compiled
from devices.health.last_seen import SeenDevices
from devices.letters import gated
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver, Wanted
from hub.alerts.endings import Ending, Endings, ending_raw
from hub.models import Batch, Raw, read_origin
from hub.quality import Quality
from hub.stage import run_steps
from hub.words.sentence import told
from tests.support.chinese import check_chinese
from tests.support.origins import raw_of

RECEIVED = 1_767_225_600_000_000
FUTURE = 60_000_000


def registry(adds: int = 0, **mapping: str) -> Registry:
    """Devices dev (5 series from 100) and child of the gateway dev."""
    found = Registry()
    ranges = dict.fromkeys("abcde", (0.0, 1.0))
    profile = Profile(1, "p", 1, FUTURE, ranges, adds, compiled(mapping), units={"a": "cm", "b": "Cel"})
    layout = {name: offset for offset, name in enumerate("abcde")}
    for number, (code, gateway) in enumerate([("dev", None), ("child", "dev")], 1):
        found.devices[code] = Device(number, code, gateway, ZoneInfo("UTC"), True, profile, 100 * number, layout)
    return found


def read(known: Registry, *messages: tuple[str, bytes]) -> Batch:
    """A batch of messages that arrived one microsecond after the other."""
    batch = Batch(
        [raw_of("mqtt", f"ganzhi/v1/{at}", payload, RECEIVED + n) for n, (at, payload) in enumerate(messages)]
    )
    run_steps(Resolver(known), batch)
    return batch


def test_readings_of_several_devices_find_their_series() -> None:
    batch = read(
        registry(),
        ("dev/telemetry", b'{"c": 3, "a": 1}'),
        ("dev/child/child/telemetry", b'{"ts": 1767225600000, "values": {"e": 5, "x": 1}}'),
        ("dev/telemetry", b'[{"ts": 1767225600001, "values": {"b": 2}}, {"ts": 1767999999999, "values": {"b": 9}}]'),
    )
    readings = batch.readings
    assert readings.series.tolist() == [100, 101, 102, 204]
    assert readings.value.tolist() == [1, 2, 3, 5]
    assert readings.quality.tolist() == [Quality.NO_TIME, 0, Quality.NO_TIME, 0]
    assert {index: letter.reason for index, letter in batch.refused.items()} == {1: "unknown_metric", 2: "future_time"}


def test_a_device_is_seen_with_each_readable_message_and_the_newest_time_it_gave() -> None:
    batch = read(
        registry(),
        ("dev/telemetry", b'{"ts": 1767225500000, "values": {"a": 1}}'),
        ("dev/telemetry", b"not JSON"),
        ("other/telemetry", b'{"a": 1}'),
    )
    assert batch.of(SeenDevices) == {1: (RECEIVED, 1_767_225_500_000_000)}
    assert read(registry(), ("dev/telemetry", b'{"a": 1}')).of(SeenDevices) == {1: (RECEIVED, 0)}
    assert read(registry(), ("dev/telemetry", b'{"unknown": 1}')).of(SeenDevices) == {1: (RECEIVED, 0)}
    event = read(registry(), ("dev/event", b'{"kind": "smoke", "ts": 1767225500000}'))
    assert event.of(SeenDevices) == {1: (RECEIVED, 1_767_225_500_000_000)}
    ahead = read(registry(), ("dev/telemetry", b'{"ts": 1767999999999, "values": {"a": 1}}'))
    assert ahead.of(SeenDevices) == {1: (RECEIVED, 1_767_999_999_999_000)}, "how far ahead its clock is must be seen"


def test_new_metrics_are_wanted_as_far_as_there_is_room() -> None:
    batch = read(
        registry(adds=7), ("dev/telemetry", b'{"x": 1, "a": 2, "y": 3, "z": 4}'), ("dev/telemetry", b'{"y": 5}')
    )
    assert batch.of(Wanted) == {1: {"x": None, "y": None}}
    assert batch.readings.value.tolist() == [2]
    assert batch.refused.keys() == {0, 1}, "until they are there none of it is lost in silence"
    full = read(registry(adds=5), ("dev/telemetry", b'{"x": 1}'))
    assert not full.of(Wanted)
    assert full.refused[0].reason == "too_many_metrics"
    ahead = read(registry(adds=7), ("dev/telemetry", b'{"ts": 1767999999999, "values": {"x": 1}}'))
    assert not ahead.of(Wanted), "what would be refused anyway makes no series"


def test_a_mapping_holds_for_its_form_only() -> None:
    known = registry(telemetry="type != 'beat' && {ts: t, values: {a: v}}")
    batch = read(
        known,
        ("dev/telemetry", b'{"t": 1767225600000, "v": 7}'),
        ("dev/telemetry", b'{"type": "beat"}'),
        ("dev/senml", b'[{"n": "b", "v": 8, "t": 1767225600}]'),
        ("dev/telemetry", b'{"v": "x"}'),
    )
    assert batch.readings.value.tolist() == [7, 8]
    assert {index: letter.reason for index, letter in batch.refused.items()} == {3: "value_not_a_number"}
    assert batch.refused[3].detail.startswith("after the profile's mapping: ")
    assert batch.of(SeenDevices)[1][0] == RECEIVED + 2


def test_endings_of_alerts_are_told_also_of_devices_that_nothing_may_come_from() -> None:
    known = registry()
    known.devices["child"] = replace(known.devices["child"], active=False)
    endings = [Ending(UUID(int=n), 1, n, None, "closed", 4, RECEIVED) for n in (1, 2)]
    raws = [ending_raw(ending, device, RECEIVED) for ending, device in zip(endings, ("dev", "child"), strict=True)]
    batch = Batch([*raws, raws[0], raws[0]._replace(payload=b"not one")])
    run_steps(Resolver(known), batch)
    assert list(batch.of(Endings).values()) == endings
    assert (batch.refused, batch.of(SeenDevices), len(batch.readings)) == ({}, {}, 0)


def test_an_ending_that_went_over_the_bus_has_its_origin_again() -> None:
    origin = ending_raw(Ending(UUID(int=1), 1, 1, None, "closed", 4, RECEIVED), "dev", RECEIVED).origin
    assert Origins("ganzhi/v1").of_letter(origin.transport, origin.address) == origin
    assert read_origin(origin.text) == origin


def test_a_refused_message_knows_the_place_of_its_fault() -> None:
    batch = read(
        registry(event="{kind: what, ts: at}"),
        ("dev/telemetry", b'[{"a": 1}, {"values": {"b": 1, "x/y": 2}}]'),
        ("dev/telemetry", b'[{"ts": 1767225600001, "values": {"b": 2}}, {"ts": 1767999999999, "values": {"b": 9}}]'),
        ("dev/senml", b'[{"bt": 1767225600}, {"n": "a", "v": 1}, {"n": "z", "v": 1}]'),
        ("dev/telemetry", b'{"a": 1'),
        ("dev/event", b'{"what": "smoke", "at": 1767999999999}'),
        ("nobody/telemetry", b'{"a": 1}'),
        ("dev/telemetry", b'{"faceId": 3, "x": 2}'),
    )
    assert {index: (letter.reason, letter.at) for index, letter in batch.refused.items()} == {
        0: ("unknown_metric", "/1/values/x~1y"),
        1: ("future_time", "/1/ts"),
        2: ("unknown_metric", "/2/n"),
        3: ("not_json", 7),
        4: ("future_time", None),  # the mapping's output is not what was sent
        5: ("unknown_device", None),
        6: ("unknown_metric", None),  # the message is not kept
    }


def test_a_clock_that_is_ahead_hides_no_fire() -> None:
    said = [("fire", "active", 1), ("fire", "active", 2), ("flood", "active", 1), ("fire", "inactive", 1)]
    told = [
        {"kind": kind, "ts": 1767999999999, "state": state, "attributes": {"part": part}}
        for kind, state, part in [*said, ("fault", "active", 1)]
    ]
    payload = json.dumps(told).encode()
    first = read(registry(), ("dev/event", payload))
    again = read(registry(), ("x/event", b"[]"), ("dev/event", payload))
    assert [(event.kind, event.ts) for event in first.events] == [(kind, RECEIVED) for kind, *_ in said[:3]]
    assert first.refused[0].reason == "future_time", "what is wrong with the clock is told"
    ids = [event.untimed_id for event in first.events]
    assert len({*ids} - {None}) == 3
    assert [event.untimed_id for event in again.events] == ids, "what is sent again is known"


def test_each_refusal_can_be_told_in_chinese() -> None:
    known = registry(event="{kind: what, attributes: {a: length(n)}}")
    known.devices["off"] = replace(known.devices["dev"], code="off", active=False)
    bare = known.devices["dev"].profile
    known.devices["bare"] = replace(known.devices["dev"], code="bare", layout={})
    known.devices["full"] = replace(known.devices["dev"], code="full", profile=replace(bare, adds=5))
    known.devices["more"] = replace(known.devices["dev"], code="more", profile=replace(bare, adds=6))
    ahead = b'{"ts": 1767999999999, "values": {"a": 1}}'
    messages = [
        ("dev/telemetry", b'{"x": 1}', "'x' 不是 'dev' 的物模型中的指标；已有指标：“a, b, c, d, e”"),
        ("bare/telemetry", b'{"x": 1}', "没有指标"),
        ("full/telemetry", b'{"x": 1}', "已达上限 5"),
        ("more/telemetry", b'{"x": 1}', "未能添加"),
        ("dev/telemetry", ahead, "超前 774400 s，允许 60 s"),
        ("dev/event", b'{"what": "smoke", "n": 1}', "length() 的参数类型应为“string / array / object”"),
        ("nobody/telemetry", b"{}", "设备 'nobody' 未注册"),
        ("off/telemetry", b"{}", "未启用"),
        ("off/child/dev/telemetry", b"{}", "'dev' 未登记为网关 'off' 的子设备"),
        ("a b/telemetry", b"{}", "主题中的 'a b' 不是合法的设备编码"),
        ("/telemetry", b"{}", "未指明设备"),
        ("dev/alarm", b"{}", "请发布到 ganzhi/v1/dev/event，而不是"),
        ("dev", b"{}", "请发布到 ganzhi/v1/dev/telemetry，而不是"),
        ("nobody/telemetry", b'{"faceId": 1}', "涉及个人信息"),
    ]
    batch = read(known, *[(at, payload) for at, payload, _ in messages])
    for index, (_, _, says) in enumerate(messages):
        detail = gated(batch.refused[index]).detail
        check_chinese(detail)
        assert says in told(detail, "zh")


def test_of_a_record_that_names_another_device_it_is_told_in_chinese() -> None:
    origin = Origins("g", {"readings": "telemetry"}).of_record("readings", "dev")
    batch = Batch(
        [
            Raw(origin, payload, RECEIVED)
            for payload in (b'{"device": "child", "a": 1}', b'[{"device": "dev", "a": 1}, {"device": "child", "a": 1}]')
        ]
    )
    run_steps(Resolver(registry()), batch)
    assert {letter.reason for letter in batch.refused.values()} == {"device_mismatch", "several_devices"}
    for letter in batch.refused.values():
        check_chinese(letter.detail)


def test_why_an_address_names_no_device_is_told_in_chinese_beyond_a_socket_and_the_bus() -> None:
    origin = Origins("ganzhi/v1").of_topic("ganzhi/v1/a b/telemetry")
    carried = read_origin(origin.text)
    assert carried == origin
    assert carried.fault is not None
    check_chinese(carried.fault[1])
    *before, fault, _ = json.loads(origin.text)
    of_an_older_edge = read_origin(json.dumps([*before, fault])).fault
    assert of_an_older_edge is not None
    assert told(of_an_older_edge[1], "zh") == fault[1]


def test_a_broken_line_that_names_no_device_is_called_broken() -> None:
    for payload, reason in ((b'{"pm25": 1, "dev', "not_json"), (b'{"pm25": 1}', "no_device"), (b"\xff", "not_utf8")):
        batch = Batch([Raw(Origins("ganzhi/v1").of_request("", "telemetry"), payload, RECEIVED)])
        run_steps(Resolver(Registry()), batch)
        assert batch.refused[0].reason == reason


def test_readings_in_another_unit_are_converted_or_refused() -> None:
    metres = b'{"n":"a","u":"m","v":0.57},{"n":"a","u":"mm","v":570,"t":-1}'
    others = b'{"n":"b","u":"s","v":1},{"n":"c","u":"lx","v":3}'
    batch = read(
        registry(), ("dev/senml", b"[%b,%b]" % (metres, others)), ("dev/senml", b'[{"bu":"[degF]","n":"b","v":212}]')
    )
    found = zip(batch.readings.series.tolist(), batch.readings.value.tolist(), strict=True)
    assert list(found) == [(100, 57.0), (100, 57.0), (101, 100.0), (102, 3.0)]
    letter = batch.refused[0]
    assert (letter.reason, letter.at) == ("unit_mismatch", "/2/n")
    assert "'b' is sent in 's', which cannot be converted to 'Cel'" in letter.detail
    check_chinese(letter.detail)
    assert 1 not in batch.refused


def test_a_unit_is_that_of_its_reading_and_no_unit_changes_nothing() -> None:
    records = [
        '"n":"b","v":21', '"n":"b","u":"K","v":293.15', '"n":"b","v":22', '"n":"b","u":"m","v":5',
        '"n":"b","u":"","v":23', '"bu":"mCel","n":"b","v":45000', '"bu":null,"n":"b","v":24', '"n":"c","u":"m","v":1',
        '"n":"c","u":"cm","v":50',
    ]  # fmt: skip
    pack = ",".join(f'{{{record},"t":-{number}}}' for number, record in enumerate(records, 1))
    batch = read(registry(), ("dev/senml", f"[{pack}]".encode()))
    assert sorted(batch.readings.value[batch.readings.series == 101]) == [20, 21, 22, 23, 24, 45]
    assert batch.readings.value[batch.readings.series == 102].tolist() == [0.5, 1]
    assert batch.refused[0].reason == "unit_mismatch"
