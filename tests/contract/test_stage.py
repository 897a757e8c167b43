"""What every stage must keep: nothing leaves a batch but by its commit, and a restart is no event.

A history of batches with facts of every kind goes through the stages of a real hub on a real store. What the store
holds in the end, and what was decided on the way, must be the same whatever happens in between.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from analytics.rules.changes import alert_id
from devices.addressing import LISTENING, finding
from devices.network_topics import network_origin
from devices.privacy import place_told
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.endings import Ending, Endings, ending_raw
from hub.clip import FOLLOWS, Clip, no_clip
from hub.errors import StoreRefused
from hub.models import Batch, Columns, Micros, Origin, Position, Raw
from hub.picture import GATE_FULL, TOO_SLOW, Picture, absent
from hub.settings import Database
from hub.stage import Connection, Stage, StaleDecision, run_steps
from hub.store.dead_letter_stage import REPLAY
from hub.store.pool import Pool, open_pool
from hub.store.positions import Positions
from hub.store.writer import Writer
from tests.support.frames_hj212 import frame
from tests.support.origins import raw_of
from tests.support.staged_hub import Broken, StagedHub

NOW: Micros = 1_772_352_000_000_000
S = 1_000_000
COMMAND, LETTER, STEP, QUEUED = UUID(int=7), UUID(int=8), UUID(int=9), UUID(int=10)
EUI = "0101010101010101"
ENDED = alert_id("dust", "d1/pm25", NOW + S)
"""The alert that a desk ends while its condition lasts."""

SEED = f"""
insert into profile (code, name, metrics, max_future_s)
    values ('air', 'Air', '{{"pm25": {{"name": "PM2.5", "min": 0, "max": 500}}}}', 31536000);
insert into device (code, name, profile_id) values ('d1', 'D1', 1);
insert into device (code, name, profile_id) values ('d2', 'D2', 1);
insert into rule (code, name, profile_id, metric, direction, thresholds, hysteresis)
    values ('dust', 'Dust', 1, 'pm25', 'above', '{{"yellow": 75, "red": 150}}', 5);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
    values ('fast', 'Fast', 1, 'pm25', 'rate', 'above', '{{"blue": 3600}}');
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, clear_s)
    values ('silent', 'Silent', 1, 'pm25', 'silence', 'above', '{{"blue": 2, "yellow": 20}}', 1);
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 4);
insert into profile (code, name, metrics, on_conflict) values ('last', 'L', '{{"pm25": {{"name": "P"}}}}', 'last_wins');
insert into device (code, name, profile_id) values ('d3', 'D3', 2);
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('corrected', 'Corrected', 2, 'pm25', 'above', '{{"yellow": 75}}');
insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
    values ('flat', 'Flat', 2, 'pm25', 'flat', 'above', '{{"yellow": 30}}');
insert into push_subscription (code, platform, name, secret) values ('fire', 'ctwing', 'Fire', 'x');
insert into consumer (code, url, secret) values ('desk', 'http://127.0.0.1:9/', 'whsec_AAAA');
insert into command (id, device_id, name, params, state, actor, expires_at)
    values ('{COMMAND}', 1, 'dim', '{{}}', 'sent', 'test', '2100-01-01');
insert into command (id, device_id, name, params, state, actor, expires_at, network, confirmed)
    values ('{QUEUED}', 2, 'dim', '{{}}', 'queued', 'test', '2100-01-01', 'lora', true);
insert into device_address (scheme, address, device_id) values ('deveui', '{EUI}', 2);
insert into device_address (scheme, address, device_id) values ('gb28181', '33010600001320000001', 1);
insert into forward_target (code, name, kind, host, port, number, password, platform, at_once, scope_key, ceiling,
                            enabled)
    values ('city', 'City', 'gb28181', 'h', 5060, '33010600002000000001', 'sealed 1 x', '{{}}', 1, '/', 'L4', true);
insert into dead_letter (id, received_at, transport, address, reason, detail, payload, payload_size)
    values ('{LETTER}', '2026-03-01', 'mqtt', 'ganzhi/v1/d2/telemetry', 'unknown_device', 'why', '{{}}', 2);
"""
PASSED = Picture(b"\xff\xd8\xff", 1280, 720)
PUSH = b'{"messageType": "dataReport", "deviceId": "p-9", "IMEI": "860000000000027", "payload": {"a": 1}}'
HELD = {
    "reading": "series_id, ts, value, quality",
    "reading_replaced": "series_id, ts, value",
    "event_picture": "event_id, why, width, content",
    "event_clip": "event_id, why, seconds, content",
    "event": "id, ts, kind, state, level, part",
    "alert": "id, level, peak_level, handling, cleared_at is null, seq",
    "alert_change": "id, alert_id, seq, kind",
    "alert_ending": "change_id, change_id",
    "outbox": "alert_id, seq, state",
    "dead_letter": "id, reason, replays",
    "dead_letter_count": "reason, transport, stored, dropped",
    "arrival": "source, seq, entries",
    "kafka_offset": "topic, partition, next_offset",
    "command": "id, state, reply, sent_at, late",
    "device_unused": "device_id, name",
    "unmapped_code": "device_id, protocol, what, code, count",
    "episode": "id, kind, part, code, level, began_at, last_at, told_at, heard_at, late, count, ended_at, why",
    "guard_off": "device_id, part, kind, since, over_at, told",
    "device_status": "device_id, online, at",
    "device_link": "device_id, at, session, counter, received, missed, rssi",
    "device_no_news": "device_id, retained, empty, address",
    "forward_report": "part, device_id, target_id, ts, command, measured",
    "listening": "source, at",
    "push_sender": "subscription, address, imei, first_at, heard_at, waits",
    "rule_flat": "rule_id, series_id, value, since, until",
    "detector_state": "series_id, case when series_id <> 3 then state end",
}
"""What is compared of each table that stages write: all that does not tell the clock of the test, and not what was
learned of a series whose values were replaced later."""


def _values(device: str, *readings: tuple[int, float]) -> Raw:
    body = [{"ts": (NOW + second * S) // 1000, "values": {"pm25": value}} for second, value in readings]
    return _raw(device, "telemetry", body, readings[-1][0])


def _raw(device: str, form: str, body: object, second: int, **more: Any) -> Raw:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    retained = more.pop("retained", False)
    return raw_of("mqtt", f"ganzhi/v1/{device}/{form}", payload, NOW + second * S, **more)._replace(retained=retained)


def _frame(second: int, data: str) -> Raw:
    """Of HJ 212: what is under maintenance pages nobody, and a code that no table knows is noted."""
    at = datetime.fromtimestamp(NOW // S + second, UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    payload = frame(f"DataTime={at:%Y%m%d%H%M%S};{data}")
    return Raw(Origin("tcp", "hj212", "d1", "frame", protocol="hj212"), payload, NOW + second * S)


def _uplink(second: int, counter: int) -> Raw:
    """Of ChirpStack, without data: how the network received it."""
    at = datetime.fromtimestamp(NOW // S + second, UTC).isoformat()
    payload = json.dumps({"time": at, "devAddr": "a", "fCnt": counter, "rxInfo": [{"gatewayId": "g", "rssi": -90}]})
    origin = Origin("mqtt", "chirpstack/up/d2", "d2", "up", protocol="chirpstack")
    return Raw(origin, payload.encode(), NOW + second * S)


def _event(second: int, state: str, **more: object) -> Raw:
    body = {"ts": (NOW + second * S) // 1000, "kind": "smoke", "state": state, **more}
    return _raw("d2", "event", body, second)


def _said(second: int, device: str = "d2", **more: object) -> Raw:
    """Something that a camera says every second while it lasts."""
    body = {"ts": (NOW + second * S) // 1000, "kind": "intrusion", "state": "active", "continues": True, **more}
    return _raw(device, "event", body, second)


def _queued(event: str, second: int, **members: Any) -> Raw:
    """What a network tells of a command in its queue."""
    body = {"queueItemId": str(QUEUED), "time": "2026-03-01T08:00:00Z", **members}
    origin = network_origin("mqtt", "chirpstack", event, EUI)
    return Raw(origin, json.dumps(body).encode(), NOW + second * S)


def _pictured(id_: str, *pictures: Picture) -> Raw:
    body = {"ts": (NOW + 2 * S) // 1000, "kind": "tamper", "id": id_, "image": place_told(0)}
    return _raw("d2", "event", body, 2)._replace(pictures=pictures)


def _clipped(second: int, clip: Clip, *, later: bool) -> Raw:
    """A finding of video whose clip follows, or has come."""
    at = datetime.fromtimestamp(NOW // S + second, UTC).isoformat()
    body = {"ts": at, "kind": "black", "state": "active", "score": 1.0, **({"clip": True} if later else {})}
    origin = Origin("video", "d2", "d2", "frame", protocol="video")
    return Raw(origin, json.dumps(body).encode(), NOW + (second + later) * S, clip=clip)


def history() -> list[Batch]:
    """Batches with facts of every kind, made anew at each call: their steps are still to be run."""
    heard = json.dumps({"source": "edge", "since": NOW, "until": NOW + 3 * S}).encode()
    raws = [
        [
            _raw("d1", "telemetry", {"ts": NOW // 1000, "values": {"pm25": 10.0}, "fw": "1.2"}, 0),
            _values("d1", (1, 80.0)),
            _raw("d1", "status", b"online", 1),
        ],
        [_event(2, "active"), _raw("d1", "reply", {"id": str(COMMAND), "result": 1}, 2), _queued("txack", 2)],
        [_pictured("a", absent(TOO_SLOW)), _pictured("b", PASSED)],
        [_pictured("a", PASSED), _pictured("b", absent(GATE_FULL))],
        [_clipped(2, no_clip(FOLLOWS), later=False), _clipped(2, Clip(b"RIFF", 640, 360, 10.0, 5.0), later=True)],
        [_queued("txack", 2), _queued("ack", 2), _queued("ack", 2, acknowledged=True)],
        [_raw("d1", "telemetry", b"{", 3, token=5, source="hub"), Raw(finding("", LISTENING), heard, NOW + 3 * S)],
        [_values("d1", (1, 80.0), (4, 160.0)), _raw("d2", "telemetry", {"pm25": 1.0}, 4, token=6, source="hub")],
        [ending_raw(Ending(ENDED, 1, 1, 1, "false_alarm", 4, NOW + 4 * S), "d1", NOW + 4 * S + 1)],
        [_raw("d1", "telemetry", {"ts": NOW // 1000 + 5_000, "values": {"pm25": 80.0}, "fw": "1", "seq": 7}, 5)],
        [_values("d1", (6, 20.0)), _values("d1", (3, 90.0)), _raw("d2", "telemetry", {"pm25": 2}, 6)],
        [_event(2, "active"), _event(6, "inactive"), _raw("d1", "status", b"offline", 6)],
        [_raw("d2", "telemetry", {"pm25": 9}, 7, source=f"{REPLAY}{LETTER}"), _raw("d9", "event", {"kind": "x"}, 7)],
        [_values("d1", (8, 76.0)), _event(8, "active"), _event(8, "active", part="1/2")],
        [_raw("d2", "telemetry", {"pm25": 9}, 9, retained=True), _raw("d2", "status", b"offline", 9, retained=True)],
        [_raw("d2", "telemetry", b"", 10), _values("d1", (9, 70.0))],
        [_values("d1", (8, 77.0)), _values("d3", (8, 1.0)), _values("d3", (9, 2.0)), _values("d3", (9, 3.0))],
        [_values("d3", (9, 99.0)), _values("d1", (8, 76.0)), _values("d1", (8, 77.0))],
        [_values("d1", (60, 450.0))],
        [_values("d3", (61, 99.0))],
        [
            raw_of("push", "fire/ctwing/push/p-9", PUSH, NOW + 62 * S),
            raw_of("push", "fire/ctwing/push/p-9", PUSH, NOW + 63 * S),
        ],
        [_uplink(63, 7), _uplink(64, 9), _uplink(64, 9)],
        [_said(65), _said(66), _said(67, level="red"), _said(68)],
        [_said(66), _said(69), _said(70, part="gate"), _said(71, part="gate")],
        [_said(71, state="inactive"), _said(72), _said(68)],
        [_said(73), _said(150, device="d1"), _said(149, device="d1")],
        [_frame(164, "a34004-Rtd=499,a34004-Flag=M;w99999-Rtd=1")],
    ]
    return [
        Batch(some, positions=[Position("t", 0, 10 * number, 10 * number + 10)], now=some[-1].received)
        for number, some in enumerate(raws)
    ]


def _columns(columns: Columns) -> list[tuple[int, int, float, int]]:
    arrays = columns.series, columns.ts, columns.value, columns.quality
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def facts(batch: Batch) -> tuple[object, ...]:
    """What the steps of stages made of a batch, to be compared."""
    others = {kind.__name__: repr(fact) for kind, fact in batch._facts.items() if fact}
    refused = {index: (letter.id, letter.reason) for index, letter in batch.refused.items()}
    return _columns(batch.readings), batch.events, batch.changes, refused, others


def held(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a store holds."""
    with psycopg.connect(url) as conn:  # one for all tables, which are asked for hundreds of times
        queries = {table: f"select {columns} from {table} order by 1, 2" for table, columns in HELD.items()}
        return {table: conn.execute(query.encode()).fetchall() for table, query in queries.items()}


async def lived(pool: Pool) -> AsyncIterator[tuple[int, Batch]]:
    """The batches of the history by number; before the one that tells of it, a desk ends an alert."""
    for number, batch in enumerate(history()):
        if batch.raws[0].origin.form == "ended":
            async with pool.connection() as conn, conn.transaction():
                await apply(conn, [Step(STEP, ENDED, "false_alarm", "desk")])
        yield number, batch


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    async with _seeded(store_url) as opened:
        yield opened


@asynccontextmanager
async def _seeded(url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SEED.encode())
    async with open_pool(Database(url=url)) as opened:
        yield opened


Expected = tuple[dict[str, list[tuple[Any, ...]]], list[tuple[object, ...]]]
_expected: list[Expected] = []
"""Worked out by the first test of a process that asks: the history is always the same."""


@pytest.fixture
async def expected(request: pytest.FixtureRequest) -> Expected:
    """What a hub to which nothing happens holds in the end, and what it decided."""
    if not _expected:
        database = request.getfixturevalue("database")
        async with _seeded(database) as opened:
            hub = await StagedHub(opened).restore()
            decided = []
            async for _, batch in lived(opened):
                decided.append(facts(hub.read(batch)))
                await hub.take(batch)
        _expected.append((held(database), decided))
    found, decided = _expected[0]
    assert all(found.values()), f"the history leaves no {[table for table, rows in found.items() if not rows]}"
    return found, decided


async def test_decided_twice_is_decided_once(pool: Pool, store_url: str, expected: Expected) -> None:
    hub = await StagedHub(pool).restore()
    async for number, batch in lived(pool):
        for stage in hub.stages:
            run_steps(stage, batch)
            run_steps(stage, batch)
        assert facts(batch) == expected[1][number]
        await hub.take(batch)
    assert held(store_url) == expected[0]


class Refuses(Stage):
    """The last stage of a transaction: what all others have written cannot be stored."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        await conn.execute("select 1 / 0")


async def _refused_in_between(hub: StagedHub, url: str, expected: Expected) -> None:
    """Before each batch, another one is decided, written, and refused by the store."""
    refusing = Writer(hub.pool, [*(one for one in hub.stages if not isinstance(one, Positions)), Refuses()])
    async for number, batch in lived(hub.pool):
        before = held(url)
        with pytest.raises((StoreRefused, StaleDecision)):
            await refusing.commit(hub.read(history()[(number + 3) % len(expected[1])]))
        assert held(url) == before, "written outside the commit"
        assert facts(hub.read(batch)) == expected[1][number]
        await hub.take(batch)


async def test_what_a_commit_refuses_leaves_nothing(pool: Pool, store_url: str, expected: Expected) -> None:
    await _refused_in_between(await StagedHub(pool).restore(), store_url, expected)
    assert held(store_url) == expected[0]


async def _killed_after_each(pool: Pool, url: str, expected: Expected, broken: Broken = lambda stages: stages) -> None:
    """After each commit the process is killed, and another one goes on from the store."""
    async for number, batch in lived(pool):
        running = await StagedHub(pool, broken).restore()
        assert facts(running.read(batch)) == expected[1][number]
        await running.take(batch)
    # A start replays what came since a state was saved, and leaves it to the next reading of that series to save it.
    saved = {"detector_state": expected[0]["detector_state"]}
    assert held(url) | saved == expected[0]


async def test_killed_and_restored_is_as_never_killed(pool: Pool, store_url: str, expected: Expected) -> None:
    await _killed_after_each(pool, store_url, expected)


async def test_a_commit_whose_answer_was_lost_is_recognised(pool: Pool, store_url: str, expected: Expected) -> None:
    hub = await StagedHub(pool).restore()
    async for number, batch in lived(pool):
        assert facts(hub.read(batch)) == expected[1][number]
        await hub.writer.commit(batch)  # and nobody hears of it
        await hub.take(batch)
    assert held(store_url) == expected[0]


async def test_what_was_committed_may_be_delivered_again(pool: Pool, store_url: str, expected: Expected) -> None:
    """After a kill between commit and settlement: a new process reads the same messages."""
    async for number, batch in lived(pool):
        hub = await StagedHub(pool).restore()
        await hub.take(hub.read(batch))
        again = history()[number]
        again.positions = []
        hub = await StagedHub(pool).restore()
        await hub.take(hub.read(again))
    found = held(store_url)
    for table in ("reading", "event", "alert", "alert_change", "outbox", "command"):
        assert found[table] == expected[0][table], table


# The suite can fail: each of these stages breaks one promise.


class WritesOutside(Stage):
    """Writes on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def write(self, conn: Connection, batch: Batch) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as own:
            await own.execute(
                "insert into kafka_offset values ('mine', 0, 1) on conflict (topic, partition) do update "
                "set next_offset = kafka_offset.next_offset + 1"
            )


async def test_the_suite_finds_a_stage_that_writes_outside_the_commit(
    pool: Pool, store_url: str, expected: Expected
) -> None:
    hub = await StagedHub(pool, lambda stages: [*stages, WritesOutside(store_url)]).restore()
    with pytest.raises(AssertionError, match="written outside the commit"):
        await _refused_in_between(hub, store_url, expected)


def _forgetful(stages: Sequence[Stage]) -> Sequence[Stage]:
    async def nothing(conn: Connection) -> None:
        """Begins empty."""

    for stage in stages:
        if type(stage).__name__ == "RuleBook":
            read, stage.restore = stage.restore, nothing  # type: ignore[method-assign]
            assert read is not nothing
    return stages


async def test_the_suite_finds_a_stage_that_forgets_to_restore(pool: Pool, store_url: str, expected: Expected) -> None:
    with pytest.raises((AssertionError, AttributeError)):
        await _killed_after_each(pool, store_url, expected, _forgetful)


def _deaf(stages: Sequence[Stage]) -> Sequence[Stage]:
    """The rules never hear that a desk has ended an alert."""
    [rules] = [stage for stage in stages if type(stage).__name__ == "RuleBook"]
    decide = rules.steps

    def steps(batch: Batch) -> Iterator[None]:
        told = batch.of(Endings)
        batch.put(Endings())
        yield from decide(batch)
        batch.put(told)

    rules.steps = steps  # type: ignore[method-assign]
    return stages


async def test_the_suite_finds_rules_that_do_not_adopt_endings(pool: Pool, store_url: str, expected: Expected) -> None:
    with pytest.raises((AssertionError, StaleDecision)):
        await _refused_in_between(await StagedHub(pool, _deaf).restore(), store_url, expected)


class AdoptsTooSoon(Stage):
    """Takes what it decides for its state at once, whether it is committed or not."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    def steps(self, batch: Batch) -> Any:
        for stage in self._stages:
            stage.adopt(batch)
        return iter(())


async def test_the_suite_finds_a_stage_that_adopts_what_is_refused(
    pool: Pool, store_url: str, expected: Expected
) -> None:
    hub = await StagedHub(pool, lambda stages: [*stages, AdoptsTooSoon(stages)]).restore()
    with pytest.raises(AssertionError):
        await _refused_in_between(hub, store_url, expected)
