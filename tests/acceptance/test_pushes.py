"""Platforms of carriers push: trusted, stored once, answered after the commit; and one that falls silent."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from devices.library.profiles import library
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.frames_carriers import BATTERY, LAMP, SMOKE, STUDIO
from tests.support.frames_networks import TTS, UP, UP_PROTOBUF
from tests.support.hub import Hub, run_hub
from tests.support.platform_api import PlatformApi, Sent
from tests.support.process import wait_until

DEVICE, SECRET, TOKEN = "acf7000000000001", "a-secret-of-fire", "ganzhi-demo"
METRICS = {name: {"name": name, "unit": "1"} for name in ("TData", "RSRP", "Battery_Level", "Alarm_Status")}


def push(hub: Hub, body: bytes, path: str = f"/fire/{SECRET}") -> httpx.Response:
    return hub.api.post(f"/api/v1/push{path}", content=body)


def rows(database: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database, autocommit=True) as conn:
        cursor = conn.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def smoke(number: int) -> bytes:
    return SMOKE.replace(b"1606982320277", b"%d" % (1_760_000_000_000 + 1000 * number))


@pytest.fixture
def hub(database: str, tmp_path: Path) -> Iterator[Hub]:
    """Without a broker, and with fast presence."""
    hub = Hub(database, 0, tmp_path, HUB_HEALTH__EVERY_S="0.2", HUB_HEALTH__SEEN_EVERY_S="0.2")
    try:
        hub.launch()
        prepare(hub)
        yield hub
    finally:
        hub.close()


def prepare(hub: Hub, **more: Any) -> None:
    hub.put("/profiles/smoke", name="Smoke detector", metrics=METRICS)
    given = {"platform": "ctwing", "name": "Fire", "secret": SECRET, "organisation": "fire", "profile": "smoke"}
    hub.put("/push-subscriptions/fire", **given | more)


def accept(hub: Hub, address: str = DEVICE, **body: Any) -> dict[str, Any]:
    answer = hub.api.post("/api/v1/push-subscriptions/fire:accept", json={"address": address, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_an_unknown_device_waits_and_is_stored_once_it_is_accepted(hub: Hub, database: str, tmp_path: Path) -> None:
    env = hub.env | {"HUB_URL": str(hub.api.base_url)}
    for number in (3, 1, 2, 1):
        assert push(hub, smoke(number)).json() == {"code": 0, "taken": 1}
    [waiting] = hub.api.get("/api/v1/push-senders").json()["items"]
    assert (waiting["address"], waiting["imei"], waiting["product"]) == (DEVICE, "860000000000027", "15000002")
    assert waiting["letters"] == 4
    status, said = run_hub("devices", "pending", env=env, folder=tmp_path)
    assert (status, DEVICE in said, "4 messages wait" in said) == (0, True, True), said
    status, said = run_hub("devices", "accept", "fire", DEVICE, "--code", "smoke-17", env=env, folder=tmp_path)
    assert (status, "smoke-17 (made)" in said) == (0, True), said
    counted = "select count(*)::int, count(distinct ts)::int from reading"
    wait_until(lambda: rows(database, counted) == [(12, 3)], "what waited is stored")
    wait_until(lambda: not hub.api.get("/api/v1/push-senders").json()["items"], "nobody waits")
    for number in (2, 3, 1, 2):
        assert push(hub, smoke(number)).status_code == 200
    assert push(hub, b"[" + smoke(4) + b"," + smoke(3) + b"]").json()["taken"] == 2
    assert rows(database, counted) == [(16, 4)]
    assert rows(database, "select count(*)::int from dead_letter") == [(0,)]
    assert rows(database, "select organisation, state from device") == [("fire", "active")]


def test_what_a_fleet_says_is_kept_until_it_is_accepted(database: str, tmp_path: Path) -> None:
    """However many letters a minute may have; beyond what is kept of a subscription the newest of a device stay."""
    hub = Hub(database, 0, tmp_path, HUB_DEAD_LETTERS__PER_MINUTE="5", HUB_DEAD_LETTERS__WAITING="40")
    try:
        hub.launch()
        prepare(hub)
        hub.put("/push-subscriptions/far", platform="iotda", name="Far", secret=SECRET)
        same = LAMP.replace(b"6aa5_lamp-7", DEVICE.encode())
        wait_until(lambda: push(hub, same, f"/far/{SECRET}").status_code == 200, "another's device has its address")
        others = [smoke(number).replace(DEVICE.encode(), b"dev-%d" % number) for number in range(20)]
        fleet = b",".join(other.replace(b"860000000000027", b"undefined") for other in others)
        assert push(hub, b"[" + fleet + b"]").json()["taken"] == 20
        assert push(hub, b"[" + b",".join(map(smoke, range(20))) + b"]").json()["taken"] == 20
        kept = "select count(*)::int from dead_letter where address ^@ 'fire/'"
        assert rows(database, kept) == [(40,)]
        assert push(hub, b"[" + b",".join(map(smoke, range(20, 25))) + b"]").json()["taken"] == 5
        assert rows(database, kept) == [(40,)]
        counted = "select sum(stored)::int, sum(dropped)::int from dead_letter_count"
        assert rows(database, counted) == [(46, 5)]
        assert accept(hub)["letters"] == 20
        newest = "select min(ts) = max(ts) - interval '19 s', count(distinct ts)::int from reading"
        wait_until(lambda: rows(database, newest) == [(True, 20)], "what was said last is stored")
        waits = "select waits from push_sender where subscription = 'fire' and address = 'acf7000000000001'"
        wait_until(lambda: rows(database, waits) == [(False,)], "another's letter does not hold it back")
        assert rows(database, kept) == [(20,)]
    finally:
        hub.close()


def test_a_device_is_found_by_its_imei_and_events_come_once(hub: Hub, database: str) -> None:
    hub.put("/devices/valve", name="Valve", profile="smoke")
    rows(database, "insert into device_address select 'imei', '860000000000041', id from device where code = 'valve'")
    for _ in range(3):
        assert push(hub, BATTERY).status_code == 200
    wait_until(lambda: rows(database, "select kind from event") == [("other",)], "its event is stored")
    off = b'{"messageType":"deviceOnlineOfflineReport","deviceId":"d013000000000002","timestamp":%d,"eventType":%d}'
    now = int(time.time() * 1000)
    for at, online in ((now - 1000, 1), (now - 5000, 0), (now - 1000, 1)):  # late, and in another order
        assert push(hub, off % (at, online)).status_code == 200
    said = "select online, extract(epoch from at)::numeric * 1000 from device_status"
    assert rows(database, said) == [(True, now - 1000)]
    assert rows(database, "select count(*)::int from event") == [(1,)]


def test_codes_of_a_product_are_data_and_what_is_muted_on_site_stays_an_alert(hub: Hub, database: str) -> None:
    shipped = {name: value for name, value in library()["smoke-detector"].items() if name != "sources"}
    hub.put("/profiles/smoke", **shipped)
    hub.put("/rules/smoke", name="Smoke", event_kind="smoke", level="red")
    hub.put("/devices/smoke-17", name="Smoke 17", profile="smoke")
    rows(database, f"insert into device_address select 'ctwing', '{DEVICE}', id from device")
    now = int(time.time() * 1000)

    def say(second: int, status: int) -> None:
        written = b'"Alarm_Status":"%d"' if second % 2 else b'"Alarm_Status":%d'  # some products put it in quotes
        told = SMOKE.replace(b"1606982320277", b"%d" % (now + second)).replace(b'"Alarm_Status":1', written % status)
        for _ in range(2):
            assert push(hub, told).status_code == 200

    wait_until(lambda: push(hub, smoke(0)).is_success and rows(database, "select 1 from reading") != [], "it is known")
    alerts = "select handling, cleared_at is null from alert"
    say(1, 1)
    wait_until(lambda: rows(database, alerts) == [("open", True)], "smoke is an alert")
    say(2, 2)
    remarks = "select count(*)::int from alert_change where kind = 'commented' and actor = 'hub'"
    wait_until(lambda: rows(database, remarks) == [(1,)], "that it is muted is remarked")
    say(3, 4)
    assert rows(database, alerts) == [("open", True)]
    say(4, 7)
    wait_until(lambda: rows(database, alerts) == [("open", False)], "it is over")
    for second, status in enumerate((10, 11, 12, 14, 5, 7), 5):
        say(second, status)
    told = "select kind || coalesce(' ' || state, '') from event where ts > now() - interval '1 hour' order by ts, kind"
    ends = ["fault inactive", "low_battery inactive", "muted inactive", "smoke inactive", "test inactive"]
    before = ["smoke active", "muted active", "low_battery active", *ends]
    after = ["removed active", "removed inactive", "offline inactive", "test active", "fault active", *ends]
    assert [kind for (kind,) in rows(database, told)] == [*before, *after]
    assert rows(database, alerts) == [("open", False)], "nothing else raises one"
    measured = "select distinct s.metric from reading r join series s on s.id = r.series_id order by 1"
    assert rows(database, measured) == [("RSRP",), ("battery",), ("temperature",)]
    assert rows(database, "select count(*)::int from dead_letter where reason <> 'unknown_device'") == [(0,)]


def test_what_does_not_show_its_secret_is_not_trusted(hub: Hub, database: str) -> None:
    hub.put("/push-subscriptions/cover", platform="onenet", name="Covers", secret=TOKEN)
    hub.put("/push-subscriptions/park", platform="tencent", name="Park", secret="aaa-token")
    hub.put("/push-subscriptions/far", platform="iotda", name="Far", secret=SECRET, networks=["203.0.113.0/24"])
    hub.put("/push-subscriptions/near", platform="iotda", name="Near", secret=SECRET, networks=["127.0.0.1/8"])
    texts = set()
    for path in ("/fire", "/fire/wrong", f"/other/{SECRET}", f"/far/{SECRET}", "/park", "/cover", f"/cover/{TOKEN}"):
        answer = push(hub, LAMP, path)
        assert answer.status_code == 401, path
        texts.add(answer.json()["detail"])
    assert len(texts) == 1, "it is not told what was wrong"
    assert push(hub, STUDIO.replace(b"1.27", b"1.28"), "/cover").status_code == 401
    assert push(hub, STUDIO, "/cover").json()["taken"] == 1
    assert push(hub, LAMP, f"/near?secret={SECRET}").json()["taken"] == 1
    asked = {"msg": "hello-8731", "nonce": "kL3x9Qz7", "signature": "A5gYuVQozm1hUgtqFq/IuQ=="}
    answer = hub.api.get("/api/v1/push/cover", params=asked)
    assert (answer.status_code, answer.text) == (200, "hello-8731")
    assert hub.api.get("/api/v1/push/cover", params=asked | {"msg": "x"}).status_code == 401
    assert rows(database, "select address, reason from dead_letter order by address") == [
        ("cover/onenet/push/pX0demo001/well-0031", "unknown_device"), ("near/iotda/push/6aa5_lamp-7", "unknown_device"),
    ]  # fmt: skip
    given = {"platform": "iotda", "name": "Near", "secret": f"{SECRET}-anew"}
    hub.put("/push-subscriptions/near", **given)
    assert push(hub, LAMP, f"/near/{SECRET}-anew").status_code == 200, "a new secret counts at once"
    audited = json.dumps(rows(database, "select detail from audit"), default=str)
    assert SECRET not in audited
    assert TOKEN not in audited
    assert SECRET not in hub.text()


def test_garbage_is_kept_and_answered_and_a_large_body_is_refused(hub: Hub, database: str) -> None:
    for body in (b"", b"garbage", b"\xff\xfe", b"[" * 100_000, b"x" * (1 << 20), b"{}", b'[{"a":1},5]'):
        assert push(hub, body).status_code == 200, body[:20]
    assert push(hub, b"x" * ((1 << 20) + 1)).status_code == 413
    many = b"[" + b",".join(smoke(number) for number in range(1000)) + b"]"
    assert push(hub, many).json()["taken"] == 1000
    assert rows(database, "select count(*)::int from dead_letter where reason <> 'unknown_device'") == [(8,)]
    assert hub.api.get("/healthz").status_code == 200


def test_a_hub_that_is_killed_before_the_answer_stores_it_when_it_comes_again(hub: Hub, database: str) -> None:
    push(hub, smoke(0))
    accept(hub)
    counted = "select count(distinct ts)::int, count(*)::int from reading"
    wait_until(lambda: rows(database, counted) == [(1, 4)], "the device is known")
    with ThreadPoolExecutor() as pool, psycopg.connect(database) as conn:
        conn.execute("lock table reading in access exclusive mode")
        answer = pool.submit(push, hub, smoke(1))
        waiting = "select count(*)::int from pg_locks where not granted"
        wait_until(lambda: rows(database, waiting) != [(0,)], "its commit waits")
        hub.kill()
        assert isinstance(answer.exception(), httpx.HTTPError), "nothing was answered"
        conn.rollback()
    hub.launch()
    for _ in range(3):
        assert push(hub, smoke(1)).status_code == 200
    assert rows(database, counted) == [(2, 8)]


def test_while_the_database_is_away_pushes_are_held_or_refused_where_they_are_repeated(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    status, said = run_hub("migrate", env={"HUB_DATABASE__URL": own_cluster.url}, folder=tmp_path)
    assert status == 0, said
    hub = Hub(own_cluster.url, 0, tmp_path)
    try:
        hub.launch()
        prepare(hub)
        hub.put("/push-subscriptions/cover", platform="onenet", name="Covers", secret=TOKEN)
        push(hub, smoke(0))
        accept(hub)
        counted = "select count(distinct ts)::int, count(*)::int from reading"
        wait_until(lambda: rows(own_cluster.url, counted) == [(1, 4)], "the device is known")
        assert push(hub, STUDIO, "/cover").status_code == 200
        own_cluster.kill()
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(push, hub, smoke(1))
            wait_until(lambda: push(hub, STUDIO, "/cover").status_code == 503, "OneNET is asked to repeat")
            assert not answer.done(), "CTWing is held"
            own_cluster.start()
            assert answer.result().status_code == 200
        assert rows(own_cluster.url, counted) == [(2, 8)]
        own_cluster.kill()
        late = push(hub, smoke(2))
        assert late.status_code == 503
        assert "as soon as that is possible" in late.json()["detail"]
        own_cluster.start()
        wait_until(lambda: rows(own_cluster.url, counted) == [(3, 12)], "what was received is stored")
    finally:
        hub.close()


def test_a_subscription_that_falls_silent_is_one_alert_and_a_gap_of_each_device(
    mosquitto: Mosquitto, database: str, tmp_path: Path
) -> None:
    hub = Hub(database, mosquitto.port, tmp_path, HUB_HEALTH__EVERY_S="0.2", HUB_HEALTH__SEEN_EVERY_S="0.2")
    try:
        prepare(hub.start())
        silence(hub, database)
    finally:
        hub.close()


def report(number: int) -> bytes:
    """A report of now."""
    told = {"messageType": "dataReport", "timestamp": int(time.time() * 1000), "payload": {"RSRP": 1}}
    return json.dumps(told | {"deviceId": f"dev-{number}"}).encode()


def silence(hub: Hub, database: str) -> None:
    prepare(hub, rhythm_s=0.8)
    rows(database, "update profile set offline_after_s = 2 where code = 'smoke'")
    for number in (1, 2):
        push(hub, smoke(0).replace(DEVICE.encode(), b"dev-%d" % number).replace(b"860000000000027", b"undefined"))
        accept(hub, f"dev-{number}")
    wait_until(lambda: rows(database, "select count(*)::int from push_sender where waits") == [(0,)], "both are known")
    for number in (1, 2):
        assert push(hub, report(number)).status_code == 200
    online = "select count(*)::int from device_health where online"
    wait_until(lambda: rows(database, online) == [(2,)] and push(hub, report(1)).is_success, "both are online")
    lasting = "select target from alert where origin = 'hub' and cleared_at is null"
    wait_until(lambda: rows(database, lasting) == [("subscription_silent:fire",)], "its silence is an alert")
    over = "select now() - silent_since > interval '5 s' from push_subscription"
    wait_until(lambda: rows(database, over) == [(True,)], "its devices would be offline by their profile")
    assert rows(database, "select count(*)::int from event where kind = 'offline'") == [(0,)]
    # Pushed on: on a busy machine it would be silent again before it is seen that it is over.
    wait_until(lambda: push(hub, report(1)).is_success and rows(database, lasting) == [], "it is over")
    gaps = hub.api.get("/api/v1/push-subscriptions/fire/gaps").json()["items"]
    assert sorted(gap["device"] for gap in gaps)[:2] == ["ctwing-dev-1", "ctwing-dev-2"]
    assert rows(database, "select count(*)::int from alert where origin = 'hub'") == [(1,)]
    offline = "select d.code from event e join device d on d.id = e.device_id where kind = 'offline'"
    wait_until(
        lambda: push(hub, report(1)).is_success and rows(database, offline) == [("ctwing-dev-2",)],
        "a device that is silent while others are heard is offline",
    )


def test_network_servers_push_in_either_form_and_their_devices_are_found_by_deveui(hub: Hub, database: str) -> None:
    units = {"temperature": "Cel", "humidity": "%", "battery": "%"}
    metrics = {name: {"name": name, "unit": unit} for name, unit in units.items()}
    hub.put("/profiles/th", name="TH", metrics=metrics, payload="milesight")
    for code, platform in (("lora", "chirpstack"), ("tts", "the-things-stack")):
        given = {"platform": platform, "name": code, "secret": SECRET, "organisation": "fire", "profile": "th"}
        hub.put(f"/push-subscriptions/{code}", **given)
    hub.put("/devices/th-2", name="TH", profile="th")
    hub.put("/devices/th-2/addresses/deveui/0004A30B001C0530")
    wait_until(lambda: push(hub, TTS, f"/tts/{SECRET}").status_code == 200, "the subscription is known")
    of = "select count(*) from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
    wait_until(lambda: rows(database, f"{of} where d.code = 'th-2'") == [(3,)], "it is found by its DevEUI")
    for body in (UP, UP, UP_PROTOBUF):
        answer = push(hub, body, f"/lora/{SECRET}?event=up")
        assert (answer.status_code, answer.json()["taken"]) == (200, 1)
    assert push(hub, UP, f"/lora/{SECRET}?event=other").json()["taken"] == 0
    assert push(hub, UP, "/lora/wrong?event=up").status_code == 401
    wanted = {"address": "0101010101010101", "code": "th-1"}
    wait_until(
        lambda: hub.api.post("/api/v1/push-subscriptions/lora:accept", json=wanted).status_code == 200, "it waits"
    )
    wait_until(lambda: rows(database, f"{of} where d.code = 'th-1'") == [(3,)], "what waited is stored once")


ALARMING = ("pX/well-1", "pX/well-2", "pX/well-3")


def missed(api: PlatformApi, at: int) -> None:
    """What devices sent while the hub was away: the first has been alarming since, of the second it is over."""
    for code, states in zip(ALARMING, ((1, 1), (1, 7), (7, 7)), strict=True):
        ends = [Sent(at + 1000 * n, {"Alarm_Status": state, "TData": 20.0 + n}) for n, state in enumerate((7, *states))]
        api.sent[code] = ends


def well(code: str, sent: Sent) -> bytes:
    """A push of it."""
    product, name = code.split("/")
    items = {key: {"value": value, "time": sent.at} for key, value in sent.values.items()}
    return json.dumps({"productKey": product, "deviceName": name, "gmtCreate": sent.at, "items": items}).encode()


@contextmanager
def asked_hub(database: str, tmp_path: Path, api: PlatformApi) -> Iterator[Hub]:
    """A hub that knows the three, and may ask the platform."""
    hub = Hub(
        database, 0, tmp_path, HUB_HEALTH__EVERY_S="0.2", HUB_HEALTH__SEEN_EVERY_S="0.2",
        HUB_OUTGOING__PLATFORM=json.dumps([api.url.removeprefix("http://")]),
    )  # fmt: skip
    try:
        hub.launch()
        shipped = {name: value for name, value in library()["smoke-detector"].items() if name != "sources"}
        hub.put("/profiles/smoke", **shipped)
        hub.put("/rules/smoke", name="Smoke", event_kind="smoke", level="red")
        given = {"platform": "aliyun", "name": "Wells", "secret": SECRET, "organisation": "fire", "profile": "smoke"}
        access = {"url": api.url, "id": "key", "secret": "another-secret", "per_s": 200}
        hub.put("/push-subscriptions/wells", **given, api=access)
        for code in ALARMING:
            assert push(hub, well(code, api.sent[code][0]), f"/wells/{SECRET}").status_code == 200
            body = {"address": code}
            assert hub.api.post("/api/v1/push-subscriptions/wells:accept", json=body).status_code == 200
        waits = "select count(*)::int from push_sender where waits"
        wait_until(lambda: rows(database, waits) == [(0,)], "all are known")
        wait_until(lambda: rows(database, "select count(*)::int from push_listening") == [(1,)], "it listens")
        yield hub
    finally:
        hub.close()


READ = "select count(*)::int, count(distinct (series_id, ts))::int from reading"
OPEN = "select d.code, a.cleared_at is null from alert a join device d on d.id = a.device_id where a.origin = 'rule'"


def was_away(hub: Hub, database: str) -> None:
    """Kill it, and let it have been away for an hour."""
    hub.kill()
    rows(database, "update push_listening set until_at = until_at - interval '1 hour'")


def test_after_a_downtime_the_platform_is_asked_and_what_is_alarming_now_pages_once(
    database: str, tmp_path: Path
) -> None:
    with PlatformApi("aliyun") as api:
        missed(api, int(time.time() * 1000) - 600_000)
        with asked_hub(database, tmp_path, api) as hub:
            seen = "select max(seen_at) from device_seen"
            before = rows(database, seen)
            was_away(hub, database)
            hub.launch()
            states = "select distinct cause, state from push_gap"
            wait_until(lambda: rows(database, states) == [("away", "properties")], "all was asked for")
            assert rows(database, READ) == [(9, 9)]
            wait_until(lambda: rows(database, OPEN) == [("aliyun-pX-well-1", True)], "what is alarming now pages")
            assert rows(database, seen) == before, "an answer of the platform is no sign of life"
            for _ in range(2):
                for code in ALARMING:
                    for sent in api.sent[code]:  # the platform repeats it after all
                        assert push(hub, well(code, sent), f"/wells/{SECRET}").status_code == 200
            assert rows(database, READ) == [(9, 9)]
            assert rows(database, OPEN) == [("aliyun-pX-well-1", True)]
            assert rows(database, "select count(*)::int from event where kind = 'smoke' and state = 'active'") == [(3,)]
            [gap] = hub.api.get("/api/v1/devices/aliyun-pX-well-1/gaps").json()["items"]
            assert (gap["cause"], gap["state"], gap["why"]) == ("away", "properties", None)
            told = hub.api.get("/api/v1/devices/aliyun-pX-well-1/diagnosis").text
            assert "its properties were asked for" in told


@pytest.mark.heavy
def test_what_began_days_ago_and_lasts_still_pages_once_and_is_told_late(database: str, tmp_path: Path) -> None:
    """A state and a value; not one whose end was pushed, nor what is found in history."""
    now = int(time.time() * 1000)
    with PlatformApi("aliyun") as api:
        for code, states in zip(ALARMING, ((7, 1), (7, 1), (7, 7)), strict=True):
            hours = (72, 30)
            temperatures = (20.0, 99.0) if code == ALARMING[0] else (20.0, 21.0)
            told = zip(hours, states, temperatures, strict=True)
            api.sent[code] = [Sent(now - h * 3_600_000, {"Alarm_Status": s, "TData": t}) for h, s, t in told]
        with asked_hub(database, tmp_path, api) as hub:
            hub.put("/rules/hot", name="Hot", profile="smoke", metric="temperature", direction="above",
                    thresholds={"yellow": 90})  # fmt: skip
            over = Sent(now - 29 * 3_600_000, {"Alarm_Status": 7})
            assert push(hub, well(ALARMING[1], over), f"/wells/{SECRET}").status_code == 200
            states_ = "select count(*)::int from push_gap where state = 'properties'"
            for times in (1, 2):
                hub.kill()
                rows(database, "update push_listening set until_at = until_at - interval '2 days'")
                hub.launch()
                wait_until(lambda: rows(database, states_) == [(3 * times,)], "all was asked for", 60)  # noqa: B023
                wait_until(lambda: len(rows(database, OPEN)) == 2, "what lasts pages")
                assert rows(database, OPEN) == [("aliyun-pX-well-1", True)] * 2
            titles = sorted(title for (title,) in rows(database, "select title from alert where origin = 'rule'"))
            assert any("迟到" in title or "late" in title for title in titles), titles


@pytest.mark.heavy
def test_a_platform_that_offers_nothing_leaves_a_gap_and_one_that_lets_nobody_in_is_told(
    database: str, tmp_path: Path
) -> None:
    with PlatformApi("aliyun") as api:
        missed(api, int(time.time() * 1000) - 600_000)
        with asked_hub(database, tmp_path, api) as hub:
            given = {"platform": "chirpstack", "name": "Lora", "secret": SECRET, "profile": "smoke"}
            hub.put("/push-subscriptions/lora", **given)
            assert push(hub, UP, f"/lora/{SECRET}?event=up").status_code == 200
            body = {"address": "0101010101010101", "code": "th-1"}
            assert hub.api.post("/api/v1/push-subscriptions/lora:accept", json=body).status_code == 200
            api.status = 403
            was_away(hub, database)
            hub.launch()
            of = "select g.state, count(*)::int from push_gap g group by 1 order by 1"
            wait_until(lambda: rows(database, of) == [("open", 1), ("waits", 3)], "each has its gap")
            shown = "/api/v1/push-subscriptions/wells"
            wait_until(lambda: "403" in str(hub.api.get(shown).json()["api"]["error"]), "why is told")
            other = {"platform": "aliyun", "name": "Wells", "secret": SECRET, "api": {"url": "http://127.0.0.1:9"}}
            assert hub.api.put(shown, json=other).status_code == 422, "the secret goes to no other server"
            status, said = run_hub(
                "devices", "gaps", "th-1", env=hub.env | {"HUB_URL": str(hub.api.base_url)}, folder=tmp_path
            )
            assert (status, "away: open" in said) == (0, True), said
            api.status = 200
            wait_until(lambda: rows(database, of) == [("open", 1), ("properties", 3)], "it is asked again")


@pytest.mark.heavy
@pytest.mark.parametrize("answers", range(1, 16, 4))
def test_a_hub_that_is_killed_while_it_asks_asks_again_and_stores_nothing_twice(
    database: str, tmp_path: Path, answers: int
) -> None:
    with PlatformApi("aliyun") as api:
        missed(api, int(time.time() * 1000) - 600_000)
        with asked_hub(database, tmp_path, api) as hub:
            was_away(hub, database)
            api.hold_after(answers)
            hub.launch()
            wait_until(lambda: len(api.requests) > answers, "it asks", 60)
            hub.kill()
            api.open.set()
            hub.launch()
            states = "select distinct state from push_gap"
            wait_until(lambda: rows(database, states) == [("properties",)], "all was asked for", 60)
            assert rows(database, READ) == [(9, 9)]
            wait_until(lambda: rows(database, OPEN) == [("aliyun-pX-well-1", True)], "what is alarming pages once")
