"""The diagnosis over the API and a real store: near codes, languages, and no more time with many rows."""

import time
from datetime import UTC, datetime
from typing import Any

from tests.support.served_api import api_context, client_of, raise_alert, register

LETTERS = """
insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
select gen_random_uuid(), now() - make_interval(secs => %(age)s + n * %(step)s), 'mqtt', %(address)s, %(device)s,
       %(reason)s, 'it is wrong', %(payload)s, length(%(payload)s)
from generate_series(1, %(count)s) n"""
KNOWN = """
update device set parent_id = (select id from device where code = 'air-1') where code = 'air-0';
update profile set interval_s = 60;
insert into device_seen select id, now(), 3600 from device where code = 'air-0';
insert into device_health (device_id, online, since, cause)
select id, code = 'air-0', now() - interval '1 hour', 'status' from device;
insert into maintenance (device_id, from_at, to_at, note)
select id, now() - interval '1 h', now() + interval '1 h', 'new filter' from device where code = 'air-0';
insert into completeness (device_id, day, expected, received, counted_at)
select id, (now() at time zone zone)::date - 1, 1440, 720, now() from device where code = 'air-0';
insert into device_unused (device_id, name, first_at, last_at)
select id, said.name, now(), now() - age * interval '1 h'
from device, (values ('fw', 1), ('old', 25)) said (name, age) where code = 'air-0';
insert into credential (device_id, kind, username, secret_hash)
select id, 'password', code, 'x' from device where code = 'air-0';
select ensure_partition(now()::date), ensure_partition((now() + interval '1 h')::date);
insert into reading (series_id, ts, value, quality)
select s.id, now() + interval '1 h' - n * interval '1 min', 5000, 2
from series s join device d on d.id = s.device_id, generate_series(0, 20) n where d.code = 'air-0';
insert into latest
select s.id, now() + interval '1 h', 5000, 2 from series s join device d on d.id = s.device_id where d.code = 'air-0';
insert into event (id, device_id, ts, received_at, kind)
select gen_random_uuid(), id, now() - n * interval '1 s', now() - n / 2 * interval '2 s', 'smoke'
from device, generate_series(1, 4) n where code = 'air-0';
"""
"""What other parts of the hub know: the clock is an hour ahead, and all its readings lie beyond the range."""

JUST_STORED = """
select ensure_partition(now()::date);
insert into reading (series_id, ts, value, quality)
select s.id, now(), 12, 0 from series s join device d on d.id = s.device_id where d.code = 'air-0';
"""


async def letters(context: Any, device: str | None, reason: str, **more: Any) -> None:
    address = f"ganzhi/v1/{device}/telemetry"
    told = {"age": 0.0, "step": 0.001, "count": 1, "address": address, "payload": b'{"pm25": 1}', **more}
    async with context.hub_pool.connection() as conn:
        await conn.execute(LETTERS, {"device": device, "reason": reason, **told})


async def test_a_code_that_is_not_registered_is_told_what_is_near_and_what_came(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 3)
        await letters(context, "air-O", "unknown_device", count=30)
        answer = await client.get("/devices/air-O/diagnosis")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert [each["code"] for each in body["near"]] == ["air-0", "air-1", "air-2"]
        assert len(body["arrived"]) == 5
        assert body["arrived"][0]["payload"] == '{"pm25": 1}'
        assert "air-0" in body["next"][0]
        chinese = (await client.get("/devices/air-O/diagnosis", headers={"Accept-Language": "zh-CN,en;q=0.5"})).json()
        assert "未注册" in chinese["detail"]
        nothing = (await client.get("/devices/noise-77/diagnosis")).json()
        assert (nothing["near"], nothing["arrived"]) == ([], [])
        mine = (await client.get("/devices/air-0/diagnosis")).json()
        mistyped = [each for each in mine["findings"] if each["code"] == "mistyped"]
        assert [each["level"] for each in mistyped] == ["fault"]
        assert "30 messages came under the code air-O" in mistyped[0]["what"]
        # Of last week: too old to be among the newest letters, found by its code.
        await letters(context, "ari-1", "unknown_device", age=3 * 86_400.0)
        assert "ari-1" in str((await client.get("/devices/air-1/diagnosis")).json()["findings"])


async def test_a_topic_that_names_no_device_is_found_by_its_likeness(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await letters(context, None, "bad_device_code", address="ganzhi/v1/air 0/telemetry")
        await letters(context, None, "bad_topic", address="ganzhi/v1/noise/telemetry/x")
        findings = (await client.get("/devices/air-0/diagnosis")).json()["findings"]
        assert [each["what"] for each in findings if each["code"] == "bad_topic"] != []
        assert "noise" not in str(findings)


async def test_language_is_asked_for_or_that_of_the_header(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        asked = {"lang": "en"}, {"Accept-Language": "zh"}
        verdicts = [
            (await client.get("/devices/air-0/diagnosis", params=params, headers=headers)).json()["verdict"]
            for params, headers in [
                ({}, {}),
                ({}, asked[1]),
                (asked[0], asked[1]),
                ({}, {"Accept-Language": "en,zh;q=0.9"}),
            ]
        ]
        assert verdicts == [
            "air-0 does not work.",
            "air-0 工作不正常。",
            "air-0 does not work.",
            "air-0 does not work.",
        ]
        wrong = await client.get("/devices/air-0/diagnosis", params={"lang": "fr"})
        assert wrong.status_code == 422


async def test_what_is_known_elsewhere_is_part_of_it(database: str) -> None:
    """Clock, health, maintenance, completeness, credential, parent, alerts: each from its own table."""
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
        await raise_alert(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            await conn.execute(KNOWN)
        body = (await client.get("/devices/air-0/diagnosis")).json()
        found = {each["code"]: each for each in body["findings"]}
        expected = {"maintenance", "clock_ahead", "online", "credential_ok", "gateway_offline", "out_of_range"}
        assert expected | {"alert_open", "day_low"} <= found.keys()
        assert "2 of its last 4 events tell no time" in found["events_untimed"]["what"]
        assert found["unused"]["what"] == "Nothing is made of these members of its messages: 'fw'."
        assert "new filter" in found["maintenance"]["what"]
        assert "1 whole hour" in found["clock_ahead"]["what"]
        assert body["metrics"][0]["out_of_range"] == 21
        assert body["works"]
        assert body["level"] == "warning"


async def test_a_reading_that_has_just_been_stored_is_known_before_latest_and_seen_are(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        advised = str((await client.get("/devices/air-0/diagnosis")).json()["next"])
        assert '{"pm25": 0}' in advised, advised
        async with context.hub_pool.connection() as conn:
            await conn.execute(JUST_STORED)
        body = (await client.get("/devices/air-0/diagnosis")).json()
        found = {each["code"] for each in body["findings"]}
        assert {"heard", "metrics_ok"} <= found, body["findings"]
        assert not found & {"never_heard", "metric_never", "credential_unused"}
        assert (body["works"], body["metrics"][0]["value"]) == (True, 12.0)


async def test_checking_a_frame_stores_nothing(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        sent = {"payload": '{"ts": 1767225600, "values": {"PM2.5": 1}}', "device": "air-0"}
        body = (await client.post("/frames:check", json=sent)).json()
        assert (body["verdict"], body["flaws"][0]["reason"], body["flaws"][0]["byte"]) == (
            "refused",
            "time_out_of_range",
            7,
        )
        sent = {"payload": b'{"PM2.5": 1}'.hex(), "encoding": "hex", "profile": "air"}
        (flaw,) = (await client.post("/frames:check", json=sent)).json()["flaws"]
        assert (flaw["reason"], flaw["path"]) == ("unknown_metric", '$["PM2.5"]')
        for wrong, status in (({"device": "x"}, 404), ({"form": "x"}, 422), ({"encoding": "base64"}, 422)):
            answer = await client.post("/frames:check", json={"payload": "{}", **wrong})
            assert answer.status_code == status, answer.text
        async with context.hub_pool.connection() as conn:
            assert await (await conn.execute("select count(*) from dead_letter")).fetchone() == (0,)


async def test_many_rows_of_others_do_not_slow_it_down(database: str) -> None:
    """200,000 letters and a storm under near codes; the look-ups go by indexes only."""
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 1000)
        await letters(context, "air-5", "not_json", count=100_000)
        await letters(context, "air-5x", "unknown_device", count=100_000)
        async with context.hub_pool.connection() as conn:
            await conn.execute("analyze")
        await client.get("/devices/air-5/diagnosis")
        began = time.perf_counter()
        body = (await client.get("/devices/air-5/diagnosis")).json()
        took = time.perf_counter() - began
        assert "100 messages came under the code air-5x" in str(body["findings"])
        assert took < 1.0, took
        assert datetime.fromisoformat(body["heard_at"]) <= datetime.now(UTC)


async def test_a_camera_that_was_never_heard_is_advised_by_how_it_is_connected(database: str) -> None:
    connected = """
    insert into camera_connection (device_id, kind, url)
    select id, 'onvif', 'http://h' from device where code = 'air-0';
    insert into device_address (device_id, scheme, address)
    select id, 'gb28181', '33010600001320000001' from device where code = 'air-1'"""
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 3)
        async with context.hub_pool.connection() as conn:
            await conn.execute(connected)
        told = [(await client.get(f"/devices/air-{n}/diagnosis")).json() for n in range(3)]
    never = [{each["code"] for each in body["findings"] if each["code"].startswith("never_")} for body in told]
    assert never == [{"never_heard_camera"}, {"never_heard_number"}, {"never_heard"}]
    assert "hub cameras check onvif URL" in told[0]["next"][0]
    assert "(gb28181)" in told[1]["next"][0]
    assert ["mosquitto" in str(body["next"]) for body in told] == [False, False, True]
