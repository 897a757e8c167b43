"""Forwarding to a superior platform that answers, is silent, late, refuses, cuts the line, or is away."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from api.context import Context
from api.forwarding.forwards import Forwards, Patience
from api.forwarding.superior import connected
from api.forwarding.way import Hj212Way, Target, Way
from app.main import app
from app.serve.forward_ways import ways_of
from devices.codecs.hj212.frame import read, written
from devices.codecs.hj212.writing import Head, Item, data, data_time, request_number, upload
from devices.codecs.protocols import HJ212
from hub.models import GANZHI, Batch, Micros, Origin, Raw, now_micros
from hub.quality import Quality
from hub.settings import Mqtt
from hub.store.migrate import migrate
from ingest.mqtt.control import open_link
from simulator.stations.hj212 import BEIJING
from tests.support.acceptor import Acceptor, accepting, fields_of
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.kafka_topics import KafkaTopics
from tests.support.served_api import api_context, client_of, served
from tests.support.staged_hub import StagedHub

SECOND = 1_000_000
METRICS = {
    name: {"name": name, "unit": unit} for name, unit in (("pm25", "ug/m3"), ("temperature", "Cel"), ("tilt", "deg"))
}
MN = "3301101F0000000000000001"


@dataclass
class Bed:
    """A hub's stages and API on a database, and a platform beside it."""

    context: Context
    client: httpx.AsyncClient
    hub: StagedHub
    began: Micros

    async def store(self, *raws: Raw) -> None:
        """Commit messages."""
        await self.hub.registry.refresh(self.context.hub_pool)
        await self.hub.take(self.hub.read(Batch(list(raws), now=now_micros())))

    def framed(self, second: int, value: str = "35.20", mark: str = "N", device: str = MN) -> Raw:
        """A frame of a station, as it came."""
        at = self.began + second * SECOND
        head = Head(request_number(at, BEIJING), "22", "2011", "123456", device)
        told = data(data_time(at, BEIJING), [Item("a34004", value, mark)])
        return Raw(Origin("tcp", device, device, "frame", None, HJ212), upload(head, told), now_micros())

    def posted(self, device: str, second: int, **values: float) -> Raw:
        """A message of a device that speaks something else."""
        body = {"ts": (self.began + second * SECOND) // 1000, "values": values}
        return Raw(Origin("http", device, device, "telemetry", None, GANZHI), json.dumps(body).encode(), now_micros())

    async def forward(self, platform: Acceptor, code: str = "province", **more: Any) -> None:
        body = {"name": code, "kind": "hj212", "host": "127.0.0.1", "port": platform.port, **more}
        answer = await self.client.put(f"/forwards/{code}", json=body)
        assert answer.is_success, answer.text
        self.hub.made.forwarding.forget()

    async def shown(self, code: str = "province") -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/forwards/{code}")).json()
        return found


@asynccontextmanager
async def laid(database: str) -> AsyncIterator[Bed]:
    async with api_context(database) as context:
        outgoing = context.settings.outgoing.model_copy(update={"forward": ("127.0.0.0/8",)})
        context = replace(context, settings=context.settings.model_copy(update={"outgoing": outgoing}))
        async with client_of(context) as client:
            for organisation in ("eco", "roads"):
                await client.put(f"/organisations/{organisation}", json={"name": organisation})
            await client.put("/profiles/air", json={"name": "Air", "metrics": METRICS, "category": "environment"})
            await client.put(f"/devices/{MN}", json={"name": "s", "profile": "air", "organisation": "eco"})
            hub = await StagedHub(context.hub_pool).restore()
            yield Bed(context, client, hub, now_micros() // SECOND * SECOND - 3600 * SECOND)


@pytest.fixture
async def bed(database: str) -> AsyncIterator[Bed]:
    async with laid(database) as found:
        yield found


@asynccontextmanager
async def forwarding(bed: Bed, answer_s: float = 0.15, put_off_s: float = 0.2) -> AsyncIterator[None]:
    """What `hub serve` runs, less patient."""

    @asynccontextmanager
    async def open_way(target: Target) -> AsyncIterator[Way]:
        async with connected([target.host or ""], target.port or 0, answer_s) as superior:
            yield Hj212Way(superior, target, "123456")

    forwards = Forwards(
        bed.context.settings.database.url, bed.context.hub_pool, {"hj212": open_way}, Patience(0.02, 0.2, put_off_s)
    )
    running = asyncio.create_task(forwards.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


def told(frames: Sequence[bytes]) -> list[bytes]:
    return [read(frame).data for frame in frames]


async def drained(bed: Bed, left: int = 0, code: str = "province") -> None:
    deadline = time.monotonic() + 20
    while (await bed.shown(code))["pending"] > left:
        assert time.monotonic() < deadline, await bed.shown()
        await asyncio.sleep(0.02)


async def test_a_station_is_forwarded_as_it_told_and_a_correction_is_not(bed: Bed) -> None:
    with accepting("hj212") as platform:
        await bed.store(bed.framed(0))
        await bed.forward(platform)
        frames = [bed.framed(1, "35.20"), bed.framed(2, "99.9", "M")]
        await bed.store(*frames)
        await bed.store(bed.framed(1, "35.20"), bed.framed(2, "12.0"))
        async with forwarding(bed):
            await drained(bed)
            await bed.store(bed.framed(3), bed.framed(2, "12.0"))
            await drained(bed)
    assert told(platform.received) == told([each.payload for each in (*frames, bed.framed(3))]), (
        "from its making on; digits and flags as they came, what came again and another value for a time not at all"
    )
    assert fields_of(platform.received, "MN", "ST", "CN", "PW", "Flag") == [(MN, "22", "2011", "123456", "5")] * 3
    numbers = [qn for (qn,) in fields_of(platform.received, "QN")]
    assert sorted(set(numbers)) == numbers, "its own numbers, each once, in order"
    assert not set(numbers) & {read(frame.payload).fields["QN"] for frame in frames}
    shown = await bed.shown()
    assert (shown["acknowledged"], shown["failing_since"], shown["last_error"]) == (3, None, None)


async def test_nothing_is_lost_whatever_the_platform_does(bed: Bed) -> None:
    with accepting("hj212") as platform:
        await bed.forward(platform, at_once=3)
        platform.script.extend(["silence", "cut", "late", "answer", "refuse", "late", "cut after", "silence", "cut"])
        async with forwarding(bed):
            for second in range(12):
                await bed.store(bed.framed(second, f"{second}.5"))
            await drained(bed)
            await _goes_away_and_comes_back(bed, platform)
    qns: dict[str, set[bytes]] = {}
    for (qn,), body in zip(fields_of(platform.received, "QN"), told(platform.received), strict=True):
        qns.setdefault(qn, set()).add(body)
    assert all(len(bodies) == 1 for bodies in qns.values()), "a number is of one report"
    bodies = Counter(body for bodies in qns.values() for body in bodies)
    wanted = told([bed.framed(second, f"{second}.5").payload for second in range(20)])
    assert bodies == Counter(wanted), "each report has one number, however often it was sent"
    assert len(platform.received) > len(wanted), "some were sent again"


async def _goes_away_and_comes_back(bed: Bed, platform: Acceptor) -> None:
    platform.is_open = False
    platform.cut()
    for second in range(12, 20):
        await bed.store(bed.framed(second, f"{second}.5"))
    deadline = time.monotonic() + 20
    while not (shown := await bed.shown())["failing_since"]:
        assert time.monotonic() < deadline, shown
        await asyncio.sleep(0.02)
    assert shown["pending"] == 8
    assert shown["last_error"]
    chinese = (await bed.client.get("/forwards/province", params={"lang": "zh"})).json()
    assert "上级平台" in chinese["last_error"] or "无法连接" in chinese["last_error"]
    platform.is_open = True
    await drained(bed)


async def test_a_platform_that_cuts_after_each_answer_gets_all_the_same(bed: Bed) -> None:
    with accepting("hj212") as platform:
        platform.does = "cut after"
        await bed.forward(platform, at_once=3)
        await bed.store(*(bed.framed(second, f"{second}.5") for second in range(5)))
        async with forwarding(bed, put_off_s=30):
            await drained(bed)
    wanted = told([bed.framed(second, f"{second}.5").payload for second in range(5)])
    sent = told(platform.received)
    assert sorted(set(sent)) == sorted(wanted)
    assert sent == wanted, "each once, in order: what was answered before the cut is not sent again"


async def test_a_report_that_is_never_answered_holds_up_no_other(bed: Bed) -> None:
    with accepting("hj212") as platform:
        answered = platform.reply
        platform.reply = lambda frame: None if b"a34004-Rtd=66.6" in frame else answered(frame)
        await bed.forward(platform, at_once=4)
        await bed.store(*(bed.framed(second, "66.6" if second == 1 else "1.0") for second in range(9)))
        async with forwarding(bed, put_off_s=30):
            await until(lambda: len(set(told(platform.received))) == 9, "all are sent")
            await drained(bed, left=1)
    assert Counter(told(platform.received))[told([bed.framed(1, "66.6").payload])[0]] == 4, "and it again, later"


async def test_a_report_of_which_no_frame_can_be_made_holds_up_no_other(bed: Bed) -> None:
    told_of = data(data_time(bed.began, BEIJING), [Item("a34004", "1.0")]) + b";z-Info=" + b"1" * 9_880
    longest = bed.framed(0)._replace(payload=written(b"ST=22;CN=2011;MN=%s;CP=&&%s&&" % (MN.encode(), told_of)))
    with accepting("hj212") as platform:
        await bed.forward(platform, at_once=1)
        await bed.store(longest, bed.framed(1))
        assert (await bed.shown())["pending"] == 2
        async with forwarding(bed, put_off_s=30):
            await drained(bed, left=1)
    assert told(platform.received) == told([bed.framed(1).payload])


async def test_other_devices_are_told_in_codes_with_marks_and_in_turn(bed: Bed) -> None:
    await bed.client.put("/devices/air-1", json={"name": "a", "profile": "air", "organisation": "eco"})
    with accepting("hj212") as platform:
        await bed.forward(platform, number="330110000000000000000000", station_kind="39", at_once=1)
        await bed.store(bed.posted("air-1", 0, pm25=35.25, temperature=-1, tilt=3), bed.posted("air-1", 1, tilt=3))
        async with forwarding(bed):
            await drained(bed)
    assert fields_of(platform.received, "MN", "ST") == [("330110000000000000000000", "39")]
    time_ = data_time(bed.began, BEIJING).encode()
    assert told(platform.received) == [
        b"DataTime=%s;a34004-Rtd=35.25,a34004-Flag=N;a01001-Rtd=-1,a01001-Flag=N" % time_
    ], "of a metric that the standard has no code for nothing is told"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"air-1", "road-1", "pole-1"}),
        ({"organisation": "eco"}, {"air-1"}),
        ({"region": "3301"}, {"road-1", "pole-1"}),
        ({"organisation": "roads", "region": "330110"}, {"road-1"}),
        ({"tag": "lit"}, {"pole-1"}),
        ({"ceiling": "L2"}, {"air-1", "road-1"}),
        ({"enabled": False}, set()),
    ],
)
async def test_a_target_gets_what_is_in_its_scope(bed: Bed, given: dict[str, Any], wanted: set[str]) -> None:
    await bed.client.put("/profiles/lean", json={"name": "Lean", "metrics": METRICS, "category": "structure"})
    devices: dict[str, dict[str, Any]] = {
        "air-1": {"profile": "air", "organisation": "eco"},
        "road-1": {"profile": "air", "organisation": "roads", "region": "330110005000"},
        "pole-1": {"profile": "lean", "organisation": "roads", "region": "330106001000", "tags": {"lit": "yes"}},
    }
    for code, device in devices.items():
        assert (await bed.client.put(f"/devices/{code}", json={"name": code, **device})).is_success
    body = {"name": "m", "kind": "mqtt", **given}
    assert (await bed.client.put("/forwards/m", json=body)).status_code == 201
    bed.hub.made.forwarding.forget()
    await bed.store(*(bed.posted(code, 0, pm25=1.0) for code in devices))
    async with bed.context.hub_pool.connection() as conn:
        found = await (
            await conn.execute("select d.code from forward_report r join device d on d.id = r.device_id")
        ).fetchall()
    assert {code for (code,) in found} == wanted


async def test_mqtt_gets_what_a_device_has_measured_as_json(bed: Bed, mosquitto: Mosquitto) -> None:
    await bed.client.put("/devices/air-1", json={"name": "a", "profile": "air", "organisation": "eco"})
    settings = bed.context.settings.model_copy(update={"mqtt": Mqtt(port=mosquitto.port)})
    await bed.client.put("/forwards/roads", json={"name": "r", "kind": "mqtt"})
    bed.hub.made.forwarding.forget()
    await bed.store(bed.posted("air-1", 0, pm25=35.2, tilt=3), bed.framed(1, "7.5", "M"))
    await bed.store(bed.framed(2, "", "D"))
    ways = {"mqtt": ways_of(settings)["mqtt"]}
    forwards = Forwards(settings.database.url, bed.context.hub_pool, ways, Patience(0.02, 0.2, 0.2))
    got: dict[str, Any] = {}
    async with open_link(settings.mqtt, "test", "nothing") as link:
        await until(lambda: link.connected, "the listener is connected")
        async with link.heard("ganzhi/v1/readings/#") as messages:
            running = asyncio.create_task(forwards.run())
            async with asyncio.timeout(20):
                while len(got) < 3:
                    topic, payload = await anext(messages)
                    got[topic + ("/2" if topic in got else "")] = json.loads(payload)
            await drained(bed, code="roads")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    air, station = got["ganzhi/v1/readings/roads/air-1"], got[f"ganzhi/v1/readings/roads/{MN}"]
    assert (air["device"], air["values"], air["units"]) == (
        "air-1",
        {"pm25": 35.2, "tilt": 3},
        {"pm25": "ug/m3", "tilt": "deg"},
    )
    assert datetime.fromisoformat(air["ts"]).timestamp() == bed.began / SECOND
    fault = got[f"ganzhi/v1/readings/roads/{MN}/2"]
    assert fault["values"] == {"pm25": None}, "a flag without a value"
    assert fault["quality"]["pm25"] & Quality.FAULT
    assert (station["values"], station["quality"]) == ({"pm25": 7.5}, {"pm25": int(Quality.MAINTENANCE)})


async def test_kafka_gets_what_devices_have_measured_keyed_by_them(bed: Bed, kafka: KafkaTopics) -> None:
    await bed.client.put("/devices/air-1", json={"name": "a", "profile": "air", "organisation": "eco"})
    settings = bed.context.settings.model_copy(update={"kafka": kafka.settings})
    async with client_of(replace(bed.context, settings=settings)) as client:
        assert (await client.put("/forwards/roads", json={"name": "r", "kind": "kafka"})).status_code == 201
    bed.hub.made.forwarding.forget()
    await bed.store(bed.posted("air-1", 0, pm25=35.2, tilt=3), bed.framed(1, "7.5", "M"))
    ways = {"kafka": ways_of(settings)["kafka"]}
    forwards = Forwards(settings.database.url, bed.context.hub_pool, ways, Patience(0.02, 0.2, 0.2))
    running = asyncio.create_task(forwards.run())
    try:
        await drained(bed, code="roads")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    told_of = {record.key.decode(): json.loads(record.value)["values"] for record in await kafka.read("readings.roads")}
    assert told_of == {"air-1": {"pm25": 35.2, "tilt": 3}, MN: {"pm25": 7.5}}


async def test_a_commit_that_fails_forwards_nothing_and_one_that_is_tried_again_forwards_once(bed: Bed) -> None:
    with accepting("hj212") as platform:
        await bed.forward(platform)
    batch = bed.hub.read(Batch([bed.framed(0)], now=now_micros()))
    async with bed.context.hub_pool.connection() as conn:
        for fails, wanted in ((True, 0), (False, 1), (False, 1)):
            async with conn.transaction(force_rollback=fails):
                await bed.hub.made.forwarding.write(conn, batch)
            assert await (await conn.execute("select count(*) from forward_report")).fetchone() == (wanted,)


async def test_the_database_goes_away_and_comes_back(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.database_url("postgres"), autocommit=True) as conn:
        conn.execute("create database forwards")
    await migrate(own_cluster.database_url("forwards"))
    with accepting("hj212") as platform:
        async with laid(own_cluster.database_url("forwards")) as bed:
            await bed.forward(platform, at_once=2)
            await bed.store(*(bed.framed(second, f"{second}.5") for second in range(40)))
            platform.script.extend([*("answer",) * 7, "late"])
            async with forwarding(bed, 0.5):
                await until(lambda: len(platform.received) >= 8, "it has begun")
                own_cluster.kill()
                own_cluster.start()
                await until(lambda: len(set(told(platform.received))) == 40, "all arrive", 60)
    numbers = {
        (qn, body) for (qn,), body in zip(fields_of(platform.received, "QN"), told(platform.received), strict=True)
    }
    assert len(numbers) == 40, "what was under way is sent again with its own number"


async def test_who_is_forwarded_to_is_guarded_sealed_and_told(bed: Bed) -> None:
    body = {"name": "p", "kind": "hj212", "host": "10.1.2.3", "port": 9212, "password": "secret9"}
    refused = await bed.client.put("/forwards/p", json=body)
    assert refused.status_code == 422
    assert 'forward = ["127.0.0.0/8", "10.1.2.3:9212"]' in refused.json()["detail"]
    for wrong in ({"kind": "mqtt"}, {"port": None}, {"kind": "kafka", "host": None, "port": None}):
        assert (await bed.client.put("/forwards/p", json={**body, **wrong})).status_code == 422
    wrong_password = await bed.client.put("/forwards/p", json={**body, "host": "127.0.0.1", "password": "密码;1"})
    assert wrong_password.status_code == 422
    assert "printable ASCII" in wrong_password.text
    assert "密码;1" not in wrong_password.text
    answer = await bed.client.put("/forwards/p", json={**body, "host": "127.0.0.1"})
    assert answer.status_code == 201
    assert "secret9" not in answer.text
    audited = (await bed.client.get("/audit", params={"action": "forward.put"})).text
    assert "forward.put" in audited
    assert "secret9" not in audited
    async with served(bed.context) as url:
        run = CliRunner().invoke
        told_ = await asyncio.to_thread(
            run, app, ["forwards", "add", "mqtt", "roads", "--organisation", "roads", "--url", url]
        )
        assert told_.exit_code == 0, told_.output
        await asyncio.to_thread(run, app, ["forwards", "switch", "p", "--disable", "--url", url])
        listed = await asyncio.to_thread(run, app, ["forwards", "list", "--url", url])
        for told_of in ("127.0.0.1:9212", "0 waiting, off", "roads"):
            assert told_of in listed.output
        shown = await asyncio.to_thread(run, app, ["forwards", "show", "roads", "--json", "--url", url])
        assert json.loads(shown.output)["organisation"] == "roads"
        gone = await asyncio.to_thread(run, app, ["forwards", "delete", "p", "--url", url])
        assert gone.exit_code == 0
    assert (await bed.client.get("/forwards/p")).status_code == 404
