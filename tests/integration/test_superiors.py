"""api/forwarding/gb28181: the hub below a superior platform that asks, is away, forgets, refuses, or sends nonsense."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.context import Context
from api.forwarding.gb28181.due_alarms import BEIJING
from api.forwarding.gb28181.session import Times
from api.forwarding.gb28181.superiors import Superiors
from api.forwarding.gb28181.window import SOONER
from app.serve.forward_ways import link_of
from devices.codecs.gb28181 import writing
from devices.codecs.gb28181.catalogue import Channel, page_of
from devices.forwarding.alarms import AlarmForwarding
from hub.models import Batch, Event, Origin, Raw, now_micros
from simulator.cameras.superior import Heard, SuperiorPlatform
from tests.support.process import free_port
from tests.support.served_api import api_context, client_of
from tests.support.staged_hub import StagedHub

CITY, OWN, PASSWORD = "33010000002000000001", "33010600002000000001", "12345678"
SHARED, OTHER, SMOKE = "33010600001320000001", "33010600001320000002", "33010600001340000003"
AT = (datetime.now(BEIJING) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:0")
KINDS = ((2, 1), (2, 2), (2, 2), (5, 6), (5, 3))
"""AlarmMethod and AlarmType."""
TIMES = Times(0.02, 0.05, 0.3, 2.0, 0.1)


@dataclass
class Bed:
    """A hub's stages and API, and a platform above it."""

    context: Context
    client: httpx.AsyncClient
    hub: StagedHub
    platform: SuperiorPlatform

    async def put(self, path: str, **body: Any) -> None:
        answer = await self.client.put(path, json=body)
        assert answer.is_success, answer.text

    async def camera(self, code: str, shared: bool = True, **more: Any) -> None:
        tags = {"shared": "city"} if shared else {}
        await self.put(
            f"/devices/{code}", name=f"摄像机 {code[-4:]}", profile="camera", region="330106003000", tags=tags, **more
        )
        await self.hub.registry.refresh(self.context.hub_pool)

    async def forward(
        self, password: str | None = PASSWORD, transport: str = "udp", at_once: int = 16, **platform: Any
    ) -> None:
        more = {"at_once": at_once} | ({} if password is None else {"password": password})
        await self.put(
            "/forwards/city", name="City", kind="gb28181", host="127.0.0.1", port=self.platform.port, number=OWN,
            tag="shared:city", platform={"id": CITY, "transport": transport, "keepalive_s": 5, **platform}, **more,
        )  # fmt: skip
        self.hub.made.alarm_forwarding.forget()

    async def alarm(self, device: str, second: int, text: str = "") -> None:
        """An alarm of a camera, committed; of a kind of its own for each second, for repeats are no new events."""
        method, type_ = KINDS[second]
        fields: dict[str, Any] = {"AlarmPriority": 1, "AlarmMethod": method, "AlarmTime": f"{AT}{second}"}
        fields |= {"AlarmDescription": text} if text else {}
        fields |= {"Info": {"AlarmType": type_}}
        body = writing.body("Notify", "Alarm", second + 1, device, fields)
        raw = Raw(Origin("sip", f"gb28181/{device}", device, "alarm", None, "gb28181"), body, now_micros())
        await self.hub.take(self.hub.read(Batch([raw], now=now_micros())))

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get("/forwards/city")).json()
        return found

    async def registered(self) -> None:
        await until(lambda: self.is_registered(), "it is registered")

    async def is_registered(self) -> bool:
        found = (await self.shown())["registration"]
        return found is not None and found["registered_at"] is not None

    async def drained(self) -> None:
        async def is_drained() -> bool:
            return bool((await self.shown())["pending"] == 0)

        await until(is_drained, "all is taken")


async def until(condition: Callable[[], Any], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


@pytest.fixture
async def bed(database: str) -> AsyncIterator[Bed]:
    async with api_context(database) as context:
        outgoing = context.settings.outgoing.model_copy(update={"forward": ("127.0.0.0/8",)})
        context = replace(context, settings=context.settings.model_copy(update={"outgoing": outgoing}))
        async with client_of(context) as client, SuperiorPlatform(CITY, PASSWORD, free_port()) as platform:
            hub = await StagedHub(context.hub_pool).restore()
            found = Bed(context, client, hub, platform)
            events = {kind: {"name": kind, "level": "blue"} for kind in ("tamper", "smoke", "intrusion")}
            await found.put("/profiles/camera", name="Camera", metrics={}, category="video", events=events)
            await found.camera(SHARED, lon=120.1551, lat=30.2741)
            await found.camera(OTHER, shared=False)
            yield found


@asynccontextmanager
async def below(bed: Bed, times: Times = TIMES) -> AsyncIterator[None]:
    """What `hub serve` runs, less patient."""
    settings = bed.context.settings
    running = asyncio.create_task(
        Superiors(settings.database.url, bed.context.hub_pool, link_of(settings), times, 0.2).run()
    )
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def told(alarms: list[Heard]) -> list[tuple[str, ...]]:
    names = ("DeviceID", "AlarmMethod", "AlarmPriority", "AlarmTime", "AlarmDescription")
    return [tuple(each.body.root.told(name) for name in names) for each in alarms]


def channels(pages: list[Heard]) -> list[Channel]:
    return [channel for each in pages for channel in page_of(each.body).channels]


@pytest.mark.parametrize(
    ("transport", "algorithm", "qop"),
    [("udp", "MD5", False), ("udp", "SHA-256", True), ("tcp", "MD5", True), ("tcp", "SHA-256", False)],
)
async def test_it_registers_shows_what_is_granted_and_tells_the_alarms_of_that(
    bed: Bed, transport: str, algorithm: str, qop: bool
) -> None:
    platform = bed.platform
    platform.algorithm, platform.qop = algorithm, qop
    await bed.forward(transport=transport)
    async with below(bed):
        await bed.registered()
        await platform.query("Catalog", number=77)
        await until(lambda: channels(platform.of("Catalog", "Response")), "the directory comes")
        pages = platform.of("Catalog", "Response")
        assert {each.body.number for each in pages} == {"77"}
        [channel] = channels(pages)
        assert (channel.id, channel.status, channel.lon, channel.lat) == (SHARED, "OFF", 120.1551, 30.2741)
        items = [item.told("DeviceID") for each in pages for item in each.body.root.all("DeviceList")[0].all("Item")]
        assert items == ["33", "3301", "330106", SHARED], "below its divisions; the one that is not shared is not there"
        assert pages[0].body.root.told("SumNum") == "4"
        for command, wanted in (("DeviceInfo", ("Channel", "1")), ("DeviceStatus", ("Online", "ONLINE"))):
            await platform.query(command)
            await until(lambda command=command: platform.of(command, "Response"), "it is answered")  # type: ignore[misc]
            assert platform.of(command, "Response")[0].body.root.told(wanted[0]) == wanted[1]
        await bed.alarm(OTHER, 1)
        await bed.alarm(SHARED, 2, text="被拆")
        await bed.drained()
    assert told(platform.of("Alarm")) == [(SHARED, "2", "1", f"{AT}2", "被拆")]
    assert (await bed.shown())["registration"]["responds"] is True


async def test_a_platform_may_answer_and_ask_from_another_port(bed: Bed) -> None:
    platform = bed.platform
    platform.close()
    await asyncio.sleep(0)  # its sockets close with the next turn of the loop
    platform.speaks_from = free_port()
    await platform.open()
    await bed.forward()
    async with below(bed):
        await bed.registered()
        assert (await platform.query("DeviceInfo")) is not None, "it is answered at the port that it asks from"
        await bed.alarm(SHARED, 1)
        await bed.drained()
    assert len(platform.of("Alarm")) == 1


async def test_who_is_switched_off_or_stopped_logs_out(bed: Bed) -> None:
    def left() -> int:
        return sum(each.header("expires") == "0" and "response=" in each.header("authorization") for each in registers)

    registers = bed.platform.registers
    await bed.forward()
    async with below(bed):
        await bed.registered()
        shown = await bed.shown()
        body = {name: shown[name] for name in ("name", "kind", "host", "port", "number", "tag", "platform")}
        await bed.put("/forwards/city", **body, enabled=False)
        await until(lambda: left() == 1, "who is switched off logs out")
        await bed.put("/forwards/city", **body, enabled=True)
        await bed.registered()
    assert left() == 2, "who stops logs out"
    assert not await bed.is_registered()


async def test_a_grant_that_is_taken_back_while_an_alarm_is_committed_holds(bed: Bed) -> None:
    """Its row is written by a transaction that saw the grant, and is there only after the grant has gone."""
    await bed.forward()
    await bed.camera(SMOKE)
    event = Event(
        uuid4(), await device_id(bed, SHARED), SHARED, now_micros(), now_micros(), "tamper", "active"
    )  # fmt: skip
    async with bed.context.hub_pool.connection() as conn, conn.transaction():
        batch = Batch([], now=now_micros())
        batch.events.append(event)
        await AlarmForwarding().write(conn, batch)
        await bed.camera(SHARED, shared=False)
    assert (await bed.shown())["pending"] == 1, "it was written"
    async with below(bed):
        await bed.alarm(SMOKE, 1)
        await bed.drained()
    assert [each[0] for each in told(bed.platform.of("Alarm"))] == [SMOKE]


async def device_id(bed: Bed, code: str) -> int:
    async with bed.context.hub_pool.connection() as conn:
        row = await (await conn.execute("select id from device where code = %s", (code,))).fetchone()
    assert row is not None
    return int(row[0])


async def test_what_is_not_granted_is_not_told_however_it_is_asked_for(bed: Bed) -> None:
    platform = bed.platform
    await bed.forward()
    async with below(bed):
        await bed.registered()
        for command in ("Catalog", "DeviceInfo", "DeviceStatus", "RecordInfo"):
            await platform.query(command, OTHER)
        await until(lambda: len({each.body.command for each in platform.heard}) >= 4, "all is answered")
        answers = {each.body.command: each.body.root for each in platform.heard if each.body.kind == "Response"}
        assert answers.pop("Catalog").told("SumNum") == "0"
        assert {root.told("Result") for root in answers.values()} == {"ERROR"}
        assert len(answers) == 3
        control = writing.control(9, SHARED, {"GuardCmd": "SetGuard"})
        await platform.request("MESSAGE", control)
        await until(lambda: platform.of("DeviceControl", "Response"), "control is answered")
        assert platform.of("DeviceControl", "Response")[0].body.root.told("Result") == "ERROR"
        invite = await platform.request("INVITE", more=(("subject", f"{SHARED}:1,{CITY}:0"),))
        assert invite is not None
        assert (invite.status, "no media" in invite.header("warning")) == (488, True)
        position = await platform.subscribe("MobilePosition")
        assert position is not None
        assert position.status == 489
    everything = repr([each.message.body for each in platform.heard if each.body.device != OTHER])
    assert OTHER not in everything


async def test_a_grant_that_is_taken_back_takes_back_what_waits(bed: Bed) -> None:
    await bed.forward()
    await bed.camera(SMOKE)
    for device in (SHARED, SMOKE, OTHER):
        await bed.alarm(device, 1)
    assert (await bed.shown())["pending"] == 2, "nothing is written for it of a device that is not granted"
    answer = await bed.client.put("/forwards/city", json={"name": "City", "kind": "mqtt"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kind")
    await bed.camera(SHARED, shared=False)
    async with below(bed):
        await until(lambda: bed.platform.of("Alarm"), "the other one is told")
        await bed.drained()
    assert [each[0] for each in told(bed.platform.of("Alarm"))] == [SMOKE]


async def test_nothing_is_lost_while_the_platform_is_away_refuses_or_forgets(bed: Bed) -> None:
    platform = bed.platform
    await bed.forward()
    async with below(bed):
        await bed.registered()
        platform.close()
        await bed.alarm(SHARED, 1)
        await until(lambda: has_failed(bed), "it is noted that nothing is answered")
        assert "上级平台" in (await bed.client.get("/forwards/city", params={"lang": "zh"})).json()["last_error"]
        await platform.open()
        await bed.drained()
        platform.refused["Alarm"] = (403, "Forbidden")
        await bed.alarm(SHARED, 4)
        await until(lambda: len(platform.of("Alarm")) >= 3, "it is told again")
        platform.refused.clear()
        await bed.drained()
        calls = {each.call_id for each in platform.registers}
        platform.refused["Keepalive"] = (403, "Register first")
        await until(
            lambda: {each.call_id for each in platform.registers} - calls, "who is forgotten registers anew", 30
        )
        platform.refused.clear()
        await bed.alarm(SHARED, 3)
        await bed.drained()
    numbers: dict[str, set[str]] = {}
    for each in platform.of("Alarm"):
        numbers.setdefault(each.body.root.told("AlarmTime"), set()).add(each.body.number)
    assert {at[-1]: len(some) for at, some in numbers.items()} == {"1": 1, "4": 1, "3": 1}, "one SN, however often"


async def has_failed(bed: Bed) -> bool:
    return (await bed.shown())["failing_since"] is not None


async def test_an_alarm_that_the_platform_passes_over_holds_up_no_other(bed: Bed) -> None:
    platform = bed.platform
    await bed.forward(at_once=1)
    await bed.camera(SMOKE)
    platform.unheard = SHARED.encode()
    async with below(bed, TIMES._replace(patience_s=0.5)):
        await bed.registered()
        await bed.alarm(SHARED, 1)
        await bed.alarm(SMOKE, 2)
        await until(lambda: platform.of("Alarm"), "the other one is told")
        assert len({each.call_id for each in platform.registers}) == 1, "the platform is there: it answers keepalives"
        platform.unheard = None
        await bed.drained()
    assert [each[0] for each in told(platform.of("Alarm"))] == [SMOKE, SHARED]


async def test_what_a_platform_passes_over_is_told_as_soon_as_it_takes_any(bed: Bed) -> None:
    """Each alarm that it passed over waited for itself, twice as long each time: an hour, after a night of that."""
    platform = bed.platform
    await bed.forward(at_once=2)
    await bed.camera(SMOKE)
    platform.silent = frozenset({"Alarm"})
    async with below(bed, TIMES._replace(patience_s=0.3, put_off_s=3600 * SOONER)):
        await bed.registered()
        for device, second in ((SHARED, 1), (SMOKE, 2)):
            await bed.alarm(device, second)

        async def are_put_off() -> bool:
            async with bed.context.hub_pool.connection() as conn:
                found = await (await conn.execute("select attempts from forward_report")).fetchall()
            return found == [(1,), (1,)]

        await until(are_put_off, "both are put off for an hour")
        assert len({each.call_id for each in platform.registers}) == 1, "the platform is there"
        platform.silent = frozenset()
        await bed.alarm(SHARED, 3)
        await bed.drained()
    assert len({each.body.number for each in platform.of("Alarm")}) == 3


async def test_who_is_forgotten_tells_at_once_what_was_refused_for_it(bed: Bed) -> None:
    """A platform that knows the hub no more refuses alarms before the next keepalive is due."""
    platform = bed.platform
    await bed.forward()
    async with below(bed, TIMES._replace(put_off_s=3600)):
        await bed.registered()
        calls = {each.call_id for each in platform.registers}

        class Forgotten(dict[str, tuple[int, str]]):
            """Refused until it registers anew: what it tells right after that is taken."""

            def get(self, key: str, default: Any = None) -> Any:
                anew = {each.call_id for each in platform.registers} - calls
                return default if anew else super().get(key, default)

        platform.refused = Forgotten(Alarm=(403, "Register first"), Keepalive=(403, "Register first"))
        await bed.alarm(SHARED, 1)
        await bed.drained()
    assert {each.call_id for each in platform.registers} - calls, "it registered anew"


async def test_a_subscription_that_nobody_answers_ends_and_nothing_waits_for_it(bed: Bed) -> None:
    platform = bed.platform
    await bed.forward()
    async with below(bed, TIMES._replace(patience_s=0.5)):
        await bed.registered()
        for event in ("Catalog", "Alarm"):
            await platform.subscribe(event)
        platform.silent = frozenset({"NOTIFY"})
        await bed.camera(SMOKE)
        await bed.alarm(SHARED, 1)
        await bed.drained()

        async def have_ended() -> bool:
            return bool((await bed.shown())["registration"]["subscriptions"] == [])

        await until(have_ended, "both have ended")
        assert len({each.call_id for each in platform.registers}) == 1, "the platform is there"
        notified = len([each for each in platform.heard if each.method == "NOTIFY"])
        await bed.alarm(SHARED, 3)
        await bed.drained()
        assert len([each for each in platform.heard if each.method == "NOTIFY"]) == notified
        for event in ("Catalog", "Alarm"):
            await platform.subscribe(event)
        before = dict(platform.dialogs)
        platform.silent, platform.dialogs = frozenset(), {}
        await platform.subscribe("Alarm")
        platform.dialogs = before
        await platform.subscribe("Alarm", 0)
        await bed.alarm(SHARED, 4)
        await bed.drained()
    assert platform.of("Alarm")[-1].method == "NOTIFY", "the end of one that was replaced is not the end of the newer"


async def test_a_registration_is_renewed_before_it_ends_and_not_with_an_answer_that_was_right_before(bed: Bed) -> None:
    bed.platform.expires, bed.platform.nonce = 1, "0123456789abcdef"
    await bed.forward()
    async with below(bed):
        await until(lambda: len(bed.platform.logins) >= 3, "it is renewed")
    assert len({each.call_id for each in bed.platform.registers}) == 1, "in one call"
    assert len(set(bed.platform.logins)) == len(bed.platform.logins), "each nonce that comes again is counted"
    assert [each.partition("nc=")[2] for each in bed.platform.logins[:3]] == ["00000001", "00000002", "00000003"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("password", "check the user name and the password"), ("algorithm", "Digest with MD5 and SHA-256"),
     ("refused", "403 Not here"), ("silent", "does not answer REGISTER")],
)  # fmt: skip
async def test_why_it_is_not_registered_is_said(bed: Bed, fault: str, says: str) -> None:
    platform = bed.platform
    if fault == "algorithm":
        platform.algorithm = "SHA-512-256"
    elif fault == "refused":
        platform.refused["REGISTER"] = (403, "Not here")
    elif fault == "silent":
        platform.silent = frozenset({"REGISTER"})
    await bed.forward(password="wrong" if fault == "password" else PASSWORD)

    async def is_said() -> bool:
        return says in ((await bed.shown())["last_error"] or "")

    async with below(bed):
        await until(is_said, says)
        registration = (await bed.shown())["registration"]
    assert registration is None
    assert platform.heard == [], "nobody is told anything"


async def test_nonsense_and_strangers_change_nothing(bed: Bed) -> None:
    platform = bed.platform
    platform.garbage = b"\xff\x00 no SIP at all\r\n\r\n"
    await bed.forward()
    async with below(bed):
        await bed.registered()
        for octets in (
            b"SIP/2.0 200 OK\r\n\r\n",
            b"MESSAGE x SIP/2.0\r\nvia: a\r\n\r\n<a>",
            b"\x00" * 2000,
            b"<!DOCTYPE a>",
        ):
            platform.send(octets)
        bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Query><CmdType>Catalog</CmdType></Query>'
        answer = await platform.request("MESSAGE", bomb)
        assert answer is not None
        assert answer.status == 400
        platform.id = OTHER
        stranger = await platform.query("Catalog")
        assert stranger is not None
        assert stranger.status == 403
        platform.id = CITY
        await bed.alarm(SHARED, 1)
        await bed.drained()
        await platform.query("Catalog")
        await until(lambda: channels(platform.of("Catalog", "Response")), "the directory comes all the same")


async def test_a_subscriber_is_told_what_is_new_also_of_the_time_that_the_hub_was_away(bed: Bed) -> None:
    platform = bed.platform
    await bed.forward()

    def news() -> list[tuple[str, str]]:
        items = [item for each in platform.of("Catalog") for item in each.body.root.all("DeviceList")[0].all("Item")]
        return [(item.told("DeviceID")[-4:], item.told("Event")) for item in items]

    async def online(device: str, is_online: bool) -> None:
        async with bed.context.hub_pool.connection() as conn:
            await conn.execute(
                "insert into device_health (device_id, online, since) select id, %s, now() from device where code = %s "
                "on conflict (device_id) do update set online = excluded.online", (is_online, device),
            )  # fmt: skip

    async with below(bed):
        await bed.registered()
        for event in ("Catalog", "Alarm"):
            answer = await platform.subscribe(event)
            assert answer is not None
            assert (answer.status, b"<Result>OK</Result>" in answer.body) == (200, True)
        await online(SHARED, True)
        await until(lambda: news() == [("0001", "ON")], "ON")
        await bed.camera(SMOKE)
        await until(lambda: news()[1:] == [("0003", "ADD")], "ADD")
        await bed.alarm(SHARED, 1)
        await bed.drained()
        [alarm] = platform.of("Alarm")
        assert (alarm.method, alarm.message.header("event")) == ("NOTIFY", "Alarm")
        assert (await bed.shown())["registration"]["subscriptions"] == ["Alarm", "Catalog"]
    await online(SHARED, False)
    await bed.camera(SMOKE, shared=False)
    await bed.put(f"/devices/{SHARED}", name="新名", profile="camera", region="330106003000", tags={"shared": "city"})
    async with below(bed):
        await until(lambda: len(news()) == 5, "what changed meanwhile")
    assert sorted(news()[2:]) == [("0001", "OFF"), ("0001", "UPDATE"), ("0003", "DEL")]
    notified = [each for each in platform.heard if each.method == "NOTIFY" and each.body.command == "Catalog"]
    assert len({each.message.call_id for each in notified}) == 1, "in the dialog of before"
    numbers = [each.message.number for each in notified]
    assert numbers == sorted(set(numbers)), "CSeq rises, over the restart, too"


async def test_of_a_platform_that_sends_no_response_the_200_is_enough(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.forwarding.gb28181.alarms.RESPONSE_S", 0.05)
    bed.platform.responds = False
    await bed.forward()
    async with below(bed):
        for second in (1, 3, 4):
            await bed.alarm(SHARED, second)
        await bed.drained()
        assert len(bed.platform.of("Alarm")) == 3
        assert (await bed.shown())["registration"]["responds"] is False


async def test_a_response_that_comes_late_is_one_all_the_same(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    await bed.forward()
    async with below(bed, TIMES._replace(put_off_s=3600)):
        await bed.alarm(SHARED, 1)
        await bed.drained()
        monkeypatch.setattr("api.forwarding.gb28181.alarms.RESPONSE_S", 0.05)
        bed.platform.thinks_s = 0.5
        await bed.alarm(SHARED, 3)
        await bed.drained()
    assert len(bed.platform.of("Alarm")) == 2, "it is told once"


async def test_the_directory_is_paged(bed: Bed) -> None:
    async with bed.context.hub_pool.connection() as conn:
        await conn.execute(
            "insert into device (code, name, profile_id, region, tags) "
            "select '3301060000132' || lpad(n::text, 7, '0'), '摄像机 ' || n, p.id, '330106000000', "
            "'{\"shared\": \"city\"}' from generate_series(100, 399) n, profile p where p.code = 'camera'"
        )
    await bed.forward()
    async with below(bed):
        await bed.registered()
        await bed.platform.query("Catalog")

        def items() -> int:
            return sum(each.message.body.count(b"<Item>") for each in bed.platform.of("Catalog", "Response"))

        await until(lambda: items() == 304, "all pages come", 60)
    one = (await bed.client.get("/forwards/city/channels", params={"limit": 300})).json()
    two = (await bed.client.get("/forwards/city/channels", params={"cursor": one["next"]})).json()
    listed = [each["channel"] for each in (*one["items"], *two["items"])]
    assert (len(listed), two["next"]) == (301, None)
    assert SHARED in listed
    pages = bed.platform.of("Catalog", "Response")
    assert {each.body.root.told("SumNum") for each in pages} == {"304"}
    assert len({channel.id for channel in channels(pages)}) == 301
    assert max(len(each.message.body) for each in pages) < 1_400, "no datagram is cut into fragments"
