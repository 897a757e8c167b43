from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from hub.store.pool import Pool
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of, register

START = datetime(2026, 3, 1, tzinfo=UTC)


async def fill(pool: Pool, n: int) -> None:
    """n readings of air-0, ten seconds apart, valued 0, 1, 2, ..."""
    async with pool.connection() as conn:
        await conn.execute("select ensure_partition('2026-03-01')")
        await conn.execute(
            """insert into reading (series_id, ts, value)
               select s.id, %s::timestamptz + i * interval '10 s', i
               from series s join device d on d.id = s.device_id, generate_series(0, %s - 1) i
               where d.code = 'air-0'""",
            (START, n),
        )
        await conn.execute(
            "insert into latest (series_id, ts, value, quality) select id, %s, 7.5, 2 from series", (START,)
        )


async def every(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    wanted = {"device": "air-0", "metric": "pm25", "from": START.isoformat(), **params}
    while True:
        page = (await client.get("/readings", params=wanted)).raise_for_status().json()
        items += page["items"]
        if page["next"] is None:
            return items
        wanted["cursor"] = page["next"]


async def test_raw_readings_page_in_order(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await fill(context.hub_pool, 25)
        items = await every(client, limit=10)
        assert [item["value"] for item in items] == [float(n) for n in range(25)]
        assert items[1]["ts"] == "2026-03-01T00:00:10Z"
        end = (START + timedelta(seconds=30)).isoformat()
        assert [item["value"] for item in await every(client, to=end)] == [0, 1, 2]


async def test_buckets(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await fill(context.hub_pool, 720)
        minutes = await every(client, bucket="1m", limit=50)
        assert len(minutes) == 120
        figures = {"n": 6, "min": 6, "max": 11, "mean": 8.5, "last": 11, "flagged": 0, "flags": 0}
        assert minutes[1] == {"ts": "2026-03-01T00:01:00Z", **figures}
        assert [hour["n"] for hour in await every(client, bucket="1h")] == [360, 360]
        assert [day["last"] for day in await every(client, bucket="1d")] == [719]


async def test_names_that_are_not_known(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        nobody = await client.get("/readings", params={"device": "ghost", "metric": "pm25"})
        assert (nobody.status_code, nobody.json()["detail"]) == (404, "there is no device 'ghost'")
        nothing = await client.get("/readings", params={"device": "air-0", "metric": "pm2.5"})
        assert nothing.status_code == 404
        assert "did you mean pm25?" in nothing.json()["detail"]
        zoneless = await client.get(
            "/readings", params={"device": "air-0", "metric": "pm25", "from": "2026-01-01T00:00:00"}
        )
        assert zoneless.json()["errors"][0]["pointer"] == "from"


async def test_device_shows_how_it_does(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 3)
        await fill(context.hub_pool, 1)
        letter = uuid4()
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload,
                                            payload_size)
                   values (%s, now(), 'mqtt', 'ganzhi/v1/air-0/telemetry', 'air-0', 'not_json', 'no JSON', %s, 2)""",
                (letter, b"\xff{"),
            )
        device = (await client.get("/devices/air-0")).json()
        assert [(item["metric"], item["value"], item["unit"], item["quality"]) for item in device["latest"]] == [
            ("pm25", 7.5, "ug/m3", 2)
        ]
        assert [item["reason"] for item in device["trouble"]] == ["not_json"]
        page = (await client.get("/latest", params={"profile": "air", "limit": 2})).json()
        assert len(page["items"]) == 2
        rest = (await client.get("/latest", params={"profile": "air", "cursor": page["next"]})).json()
        assert {item["device"] for item in page["items"] + rest["items"]} == {"air-0", "air-1", "air-2"}

        [listed] = (await client.get("/dead-letters", params={"reason": "not_json", "device": "air-0"})).json()["items"]
        assert listed["id"] == str(letter)
        shown = (await client.get(f"/dead-letters/{letter}")).json()
        assert (shown["payload"], shown["encoding"], shown["payload_kept"]) == ("/3s=", "base64", 2)
        assert (await client.get("/dead-letters", params={"device": "air-1"})).json()["items"] == []


async def test_events(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """insert into event (id, device_id, ts, received_at, kind, state, level, attributes)
                   select gen_random_uuid(), d.id, %s::timestamptz + i * interval '1 h', now(), kind, 'active', 4,
                          '{"a": 1}'
                   from device d, generate_series(0, 2) i, unnest(array['smoke', 'tilt']) kind""",
                (START,),
            )
        items = (await client.get("/events", params={"kind": "smoke"})).json()["items"]
        assert [item["ts"] for item in items] == [f"2026-03-01T0{hour}:00:00Z" for hour in (2, 1, 0)]
        assert (items[0]["level"], items[0]["attributes"]) == ("red", {"a": 1})
        first = (await client.get("/events", params={"limit": 4})).json()
        rest = (await client.get("/events", params={"limit": 4, "cursor": first["next"]})).json()
        assert len({item["id"] for item in first["items"] + rest["items"]}) == 6
        assert {item["episode"] for item in first["items"]} == {None}


async def test_episodes_are_listed_and_told_with_their_event(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """insert into event (id, device_id, ts, received_at, kind, state, level)
                   select gen_random_uuid(), d.id, %s::timestamptz + i * interval '1 h', now(), 'intrusion', 'active', 2
                   from device d, generate_series(0, 2) i where d.code = 'air-0'""",
                (START,),
            )
            await conn.execute(
                """insert into episode
                       (id, device_id, kind, level, began_at, last_at, told_at, heard_at, count, ended_at, why)
                   select id, device_id, kind, level, ts, ts + interval '1 min', ts, received_at, 61, o.at,
                          case when o.at is not null then 'silent' end
                   from event, lateral (select case when ts > %s then ts + interval '2 min' end as at) o""",
                (START,),
            )
        event = (await client.get("/events", params={"limit": 1})).json()["items"][0]
        times = {"last_at": "2026-03-01T02:01:00Z", "count": 61, "ended_at": "2026-03-01T02:02:00Z", "why": "silent"}
        assert event["episode"] == times
        first = (await client.get("/episodes", params={"limit": 1})).json()
        assert [(item["id"], item["count"], item["level"]) for item in first["items"]] == [(event["id"], 61, "yellow")]
        rest = (await client.get("/episodes", params={"cursor": first["next"]})).json()["items"]
        assert [item["began_at"] for item in rest] == ["2026-03-01T01:00:00Z", "2026-03-01T00:00:00Z"]
        for asked, found in (
            ({"open": "true"}, 1),
            ({"open": "false"}, 2),
            ({"kind": "smoke"}, 0),
            ({"device": "air-1"}, 0),
        ):
            assert len((await client.get("/episodes", params=asked)).json()["items"]) == found, asked
        later = {"from": "2026-03-01T01:00:00Z", "to": "2026-03-01T02:00:00Z"}
        assert [each["ended_at"] for each in (await client.get("/episodes", params=later)).json()["items"]] == [
            "2026-03-01T01:02:00Z"
        ]


async def test_buckets_leave_out_what_is_not_usable(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await fill(context.hub_pool, 720)
        async with context.hub_pool.connection() as conn:
            await conn.execute("update reading set quality = 256 where value between 6 and 11 or value = 13")
            await conn.execute("update reading set value = 'nan' where value = 14")
            await conn.execute("update reading set quality = 1 where value = 12")
        whole, part = (await every(client, bucket="1m"))[1:3]
        nothing = {"min": None, "max": None, "mean": None, "last": None}
        assert whole == {"ts": "2026-03-01T00:01:00Z", "n": 0, "flagged": 6, "flags": 256, **nothing}
        figures = {"n": 4, "min": 12, "max": 17, "mean": 15, "last": 17, "flagged": 2, "flags": 257}
        assert part == {"ts": "2026-03-01T00:02:00Z", **figures}


async def test_the_status_tells_how_far_rollups_are_made_anew(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """insert into rollup_rebuild (view, from_at, to_at, done_until, started_at, finished_at)
                   values ('reading_1h', '2026-01-01', '2026-03-02', '2026-03-02', '2026-03-01', '2026-03-02'),
                          ('reading_1d', '2026-01-01', '2026-03-02', '2026-01-31', '2026-03-02', null),
                          ('reading_1m', '2026-01-01', '2026-03-02', '2026-01-01', null, null)"""
            )
        told = (await client.get("/status")).raise_for_status().json()["rebuild"]
        assert told == {"percent": 50.0, "started_at": "2026-03-01T00:00:00Z", "view": "reading_1d"}
        async with context.hub_pool.connection() as conn:
            await conn.execute("update rollup_rebuild set finished_at = now()")
        await eventually(lambda: _nothing_to_rebuild(client), "the status says that rollups are complete")


async def _nothing_to_rebuild(client: httpx.AsyncClient) -> bool:
    return (await client.get("/status")).raise_for_status().json()["rebuild"] is None


async def test_flags_are_named(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        found = (await client.get("/quality-flags")).raise_for_status().json()
        known = {item["code"]: item for item in found["items"]}
        assert known["calibration"]["hj212"] == "C"
        assert (known["late"]["value"], known["late"]["name_zh"], known["late"]["waterml"]) == (1, "迟到", None)
        assert found["unusable"] == sum(item["value"] for item in found["items"] if not item["usable"])
