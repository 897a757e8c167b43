"""The catalogue over a real database: each filter, the rates, the pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest

from api.context import Context
from devices.catalogue import search as catalogue
from devices.catalogue.counts import count_all
from devices.catalogue.search import SQL
from hub.access.roles import Role
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of

PROFILES = {
    "air": {"name": "空气站", "category": "environment", "metrics": {"pm25": {"name": "PM2.5", "unit": "ug/m3"}}},
    "level": {"name": "水位站", "metrics": {"level": {"name": "level", "unit": "m"}}},
    "pole": {"name": "智慧灯杆", "metrics": {}},
}
REGIONS = """insert into region (code, name, level, valid_from, valid_to) values
    ('330000000000', '浙江省', 'province', '1900-01-01', 'infinity'),
    ('330100000000', '杭州市', 'city', '1900-01-01', 'infinity'),
    ('330110000000', '余杭县', 'county', '1900-01-01', '1994-04-08'),
    ('330110000000', '余杭区', 'county', '1994-04-08', 'infinity'),
    ('330110005000', '五常街道', 'town', '1900-01-01', 'infinity'),
    ('330902000000', '定海区', 'county', '1900-01-01', 'infinity')"""
DEVICES: dict[str, dict[str, Any]] = {
    "pole-1": {"name": "文三路1号杆", "profile": "pole", "organisation": "lamps", "region": "330110005000"},
    "air-1": {"name": "文三路空气站", "profile": "air", "parent": "pole-1", "region": "330110005001", "lon": 120.1,
              "lat": 30.3, "tags": {"line": "7", "ward": "east"}},
    "air-2": {"name": "Harbour STATION", "profile": "air", "organisation": "env", "region": "330902001000",
              "lon": 122.1, "lat": 30.0, "tags": {"line": 7}},
    "air-3": {"name": "三文路", "profile": "air", "organisation": "env", "region": "330110000000", "state": "pending"},
    "Lvl_9": {"name": "余杭塘河100%水位", "profile": "level", "region": "330110005001", "lon": 120.2, "lat": 30.4},
    "old-1": {"name": "旧站 站旧", "profile": "level", "state": "pending"},
}  # fmt: skip


async def put_all(client: httpx.AsyncClient, context: Context) -> None:
    for code, profile in PROFILES.items():
        (await client.put(f"/profiles/{code}", json=profile)).raise_for_status()
    async with context.hub_pool.connection() as conn:
        await conn.execute(REGIONS.encode())
    for code, device in DEVICES.items():
        answer = await client.put(f"/devices/{code}", json=device)
        assert answer.is_success, answer.text


@asynccontextmanager
async def city(url: str) -> AsyncIterator[tuple[Context, httpx.AsyncClient]]:
    """The six devices: air-1 and Lvl_9 online, air-2 offline, the others not heard of; old-1 retired."""
    async with api_context(url) as context, client_of(context) as client:
        await put_all(client, context)
        async with context.hub_pool.connection() as conn:
            await conn.execute("update device set state = 'retired' where code = 'old-1'")
            await conn.execute(
                """insert into device_health (device_id, online, since)
                   select id, code <> 'air-2', now() from device where code in ('air-1', 'air-2', 'Lvl_9')"""
            )
            await conn.execute("insert into device_seen (device_id, seen_at) select id, now() from device limit 3")
        yield context, client


async def codes(client: httpx.AsyncClient, path: str = "/catalogue", **params: Any) -> list[str]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json()["items"]]


EVERYTHING = ["Lvl_9", "air-1", "air-2", "air-3", "old-1", "pole-1"]
FOUND: list[tuple[dict[str, Any], list[str]]] = [
    ({}, EVERYTHING),
    ({"q": "文"}, ["air-1", "air-3", "pole-1"]),
    ({"q": "文三"}, ["air-1", "pole-1"]),
    ({"q": "三文"}, ["air-3"]),
    ({"q": "文三路空"}, ["air-1"]),
    ({"q": " station "}, ["air-2"]),
    ({"q": "AIR-"}, ["air-1", "air-2", "air-3"]),
    ({"q": "l"}, ["Lvl_9", "old-1", "pole-1"]),
    ({"q": "%"}, ["Lvl_9"]),
    ({"q": "_"}, ["Lvl_9"]),
    ({"q": "旧站"}, ["old-1"]),
    ({"q": "旧站旧"}, []),  # each pair of it is there, but not the whole
    ({"q": "1文"}, []),  # the end of a code and the beginning of a name are no text
    ({"region": "33"}, ["Lvl_9", "air-1", "air-2", "air-3", "pole-1"]),
    ({"region": "330110000000"}, ["Lvl_9", "air-1", "air-3", "pole-1"]),
    ({"region": "330110005"}, ["Lvl_9", "air-1", "pole-1"]),
    ({"region": "330110005001"}, ["Lvl_9", "air-1"]),
    ({"organisation": "env"}, ["air-2", "air-3"]),
    ({"profile": "level"}, ["Lvl_9", "old-1"]),
    ({"category": "environment"}, ["air-1", "air-2", "air-3"]),
    ({"category": "environment", "profile": "level"}, []),
    ({"state": "pending"}, ["air-3"]),
    ({"state": "retired"}, ["old-1"]),
    ({"parent": "pole-1"}, ["air-1"]),
    ({"tag": "line"}, ["air-1", "air-2"]),
    ({"tag": "line:7"}, ["air-1", "air-2"]),
    ({"tag": "ward:east"}, ["air-1"]),
    ({"tag": "ward:west"}, []),
    ({"online": "true"}, ["Lvl_9", "air-1"]),
    ({"online": "false"}, ["air-2"]),
    ({"online": "unknown"}, ["pole-1"]),
    ({"bbox": "120.1,30.3,120.2,30.4"}, ["Lvl_9", "air-1"]),
    ({"bbox": "120.1,30.3,120.1999999,30.4"}, ["air-1"]),
    ({"bbox": "118,30.0,123,30.3"}, ["air-1", "air-2"]),
    ({"bbox": "-180,-90,180,90", "online": "false"}, ["air-2"]),
    ({"q": "路", "region": "3301", "profile": "air", "state": "active", "online": "true"}, ["air-1"]),
]


async def test_each_filter_finds_what_matches_and_nothing_else(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with city(database) as (_, client):
        for params, expected in FOUND:
            assert await codes(client, **params) == expected, params
            assert await codes(client, "/devices", **params) == expected, params
        # The same in the order for many matches, looked at one by one.
        monkeypatch.setattr(catalogue, "NARROW", -1)
        monkeypatch.setattr(catalogue, "SAMPLE", 2)
        for params, expected in FOUND:
            assert sorted(await codes(client, **params)) == expected, params


async def test_an_item_tells_where_whose_and_whether_it_is_there(database: str) -> None:
    async with city(database) as (_, client):
        (item,) = (await client.get("/catalogue", params={"q": "air-1"})).json()["items"]
        kept = {name: item[name] for name in ("region_path", "profile_name", "category", "parent", "state", "online")}
        assert kept == {
            "region_path": ["浙江省", "杭州市", "余杭区", "五常街道"],  # by their names of today; the village has none
            "profile_name": "空气站",
            "category": "environment",
            "parent": "pole-1",
            "state": "active",
            "online": True,
        }
        assert (item["lon"], item["lat"], item["tags"]) == (120.1, 30.3, {"line": "7", "ward": "east"})
        assert item["last_seen"]
        assert item["online_since"]


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"profile": "aire"}, "profile", "did you mean air?"),
    ({"organisation": "envy"}, "organisation", "did you mean env?"),
    ({"category": "enviroment"}, "category", "did you mean environment?"),
    ({"parent": "pole-2"}, "parent", "did you mean pole-1?"),
    ({"bbox": "120,30,121"}, "bbox", "west,south,east,north"),
    ({"bbox": "120,nan,121,31"}, "bbox", "number"),
    ({"bbox": "30,120,31,121"}, "bbox", "order"),
    ({"region": "浙江"}, "region", "digits"),
    ({"cursor": "WyJpZCIsIjEiXQ"}, "cursor", "leave it out"),
    ({"cursor": "WyJzcHJlYWQiLCJhIl0"}, "cursor", "leave it out"),
]


async def test_a_wrong_filter_is_told(database: str) -> None:
    async with city(database) as (_, client):
        for params, pointer, word in WRONG:
            answer = await client.get("/catalogue", params=params)
            assert answer.status_code == 422, params
            (fault,) = answer.json()["errors"]
            assert fault["pointer"] == pointer, params
            assert word in fault["problem"], params


async def fill(context: Context, first: int, last: int) -> None:
    async with context.hub_pool.connection() as conn:
        await conn.execute(
            """insert into device (code, name, profile_id, state)
               select 'd-' || lpad(n::text, 6, '0'), '第' || n || '号', p.id,
                      case when n %% 3 = 0 then 'suspended' else 'active' end
               from generate_series(%s::int, %s::int) n, profile p where p.code = 'air'""",
            (first, last),
        )


@pytest.mark.parametrize("narrow", [True, False], ids=["by code", "many"])
@pytest.mark.parametrize("path", ["/catalogue", "/devices"])
async def test_pages_are_complete_without_repeats_while_rows_are_added(
    database: str, monkeypatch: pytest.MonkeyPatch, narrow: bool, path: str
) -> None:
    monkeypatch.setattr(catalogue, "NARROW", 10**6 if narrow else 0)
    monkeypatch.setattr(catalogue, "SAMPLE", 50)
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/air", json=PROFILES["air"])).raise_for_status()
        await fill(context, 1, 600)
        seen: list[str] = []
        page: dict[str, Any] = {"next": ""}
        added = 600
        while page["next"] is not None:
            params = {"state": "suspended", "limit": 17, **({"cursor": page["next"]} if page["next"] else {})}
            page = (await client.get(path, params=params)).json()
            assert 0 < len(page["items"]) <= 17
            seen += [item["code"] for item in page["items"]]
            await fill(context, added + 1, added + 5)
            added += 5
        assert len(seen) == len(set(seen))
        assert set(seen) >= {f"d-{n:06}" for n in range(3, 601, 3)}
        assert set(seen) <= {f"d-{n:06}" for n in range(3, added + 1, 3)}
        assert (seen == sorted(seen)) is narrow


async def test_rates_are_exact(database: str) -> None:
    async with city(database) as (context, client):
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """update device set state = 'active' where code = 'air-3';
                   insert into device_health (device_id, online, since)
                   select id, true, now() from device where code in ('pole-1', 'air-3');
                   insert into completeness (device_id, day, expected, received, counted_at)
                   select d.id, (now() at time zone d.zone)::date - n, 100, case n when 1 then 90 else 1 end, now()
                   from device d, generate_series(0, 3) n where d.code in ('air-1', 'air-2', 'old-1')"""
            )
        # Online: air-1, air-3, Lvl_9, pole-1. Offline: air-2. Retired: old-1.
        body = (await client.get("/catalogue/counts")).json()
        assert body["at"] is None
        assert body["items"] == [
            {"code": "330000000000", "name": "浙江省", **{k: body["total"][k] for k in body["total"]}},
        ]
        assert body["total"] == {
            "catalogued": 5, "active": 5, "in_maintenance": 0, "online": 4, "online_rate": 0.8, "sound": 4,
            "sound_rate": 0.8, "expected": 200, "received": 180, "completeness": 0.9,
        }  # fmt: skip
        async with context.hub_pool.connection() as conn:
            # Of air-1 a fault is over, of Lvl_9 one lasts; of air-3 the newest reading is out of range, of air-2 an old
            # one was. pole-1 is being worked on.
            await conn.execute(
                """insert into event (id, device_id, ts, received_at, kind, state)
                   select gen_random_uuid(), d.id, now() - n.ago * interval '1 hour', now(), n.kind, n.state
                   from (values ('air-1', 3, 'fault', 'active'), ('air-1', 2, 'fault', 'inactive'),
                                ('air-1', 1, 'smoke', 'active'), ('Lvl_9', 3, 'fault', 'inactive'),
                                ('Lvl_9', 2, 'tamper', 'active'), ('Lvl_9', 1, 'fault', 'inactive'))
                        n (code, ago, kind, state) join device d using (code);
                   insert into latest (series_id, ts, value, quality)
                   select s.id, now(), 1, case d.code when 'air-3' then 3 else 1 end
                   from series s join device d on d.id = s.device_id where d.code in ('air-3', 'air-1');
                   insert into maintenance (device_id, from_at, to_at)
                   select id, now() + n * interval '1 hour', now() + (n + 1) * interval '1 hour' + interval '1 minute'
                   from device, (values ('pole-1', -1), ('pole-1', -1), ('pole-1', 1), ('Lvl_9', -3), ('Lvl_9', 1))
                       v (device, n) where code = v.device"""
            )
        body = (await client.get("/catalogue/counts", params={"by": "region", "region": "3301"})).json()
        assert [(item["code"], item["name"]) for item in body["items"]] == [("330110000000", "余杭区")]
        expected = {"catalogued": 4, "active": 4, "in_maintenance": 1, "online": 3, "online_rate": 1.0, "sound": 1}
        expected |= {"sound_rate": 0.3333, "expected": 100, "received": 90, "completeness": 0.9}
        assert body["total"] == expected
        towns = (await client.get("/catalogue/counts", params={"region": "330110000000"})).json()["items"]
        assert [(t["code"], t["name"], t["catalogued"]) for t in towns] == [
            ("330110000000", "余杭区", 1),
            ("330110005000", "五常街道", 3),
        ]
        villages = (await client.get("/catalogue/counts", params={"region": "330110005"})).json()["items"]
        assert [(v["code"], v["catalogued"]) for v in villages] == [("330110005000", 1), ("330110005001", 2)]


async def test_who_was_never_heard_of_is_known_whatever_changes(database: str) -> None:
    async with city(database) as (context, client), context.hub_pool.connection() as conn:
        for statement, expected in (
            ("update device set state = 'active' where code = 'air-3'", ["air-3", "pole-1"]),
            ("update device set state = 'suspended' where code = 'pole-1'", ["air-3"]),
            ("insert into device_health select id, false, now() from device where code = 'air-3'", []),
            ("update device_health set online = null where online", ["Lvl_9", "air-1"]),
            ("delete from device_health", ["Lvl_9", "air-1", "air-2", "air-3"]),
        ):
            await conn.execute(statement.encode())
            assert await codes(client, online="unknown") == expected, statement


@pytest.mark.parametrize("stored", [False, True], ids=["counted now", "counted before"])
async def test_counts_by_organisation_and_profile(database: str, monkeypatch: pytest.MonkeyPatch, stored: bool) -> None:
    async with city(database) as (context, client):
        if stored:
            monkeypatch.setattr("devices.catalogue.counts.WORTH_S", 0.0)
            async with context.hub_pool.connection() as conn:
                await count_all(conn)
                await conn.execute("delete from device_health where device_id in (select id from device limit 1)")
                await count_all(conn)  # once more over what is there

        async def count(**params: str) -> tuple[list[tuple[Any, ...]], bool]:
            body = (await client.get("/catalogue/counts", params=params)).json()
            return [(i["code"], i["name"], i["catalogued"], i["online"]) for i in body["items"]], body["at"] is not None

        assert await count(by="organisation") == (
            [(None, None, 2, 2), ("env", "env", 2, 0), ("lamps", "lamps", 1, 0)],
            stored,
        )
        assert await count(by="profile", region="3301") == (
            [("air", "空气站", 2, 1), ("level", "水位站", 1, 1), ("pole", "智慧灯杆", 1, 0)],
            stored,
        )
        assert await count(by="region", organisation="env", region="33") == (
            [("330100000000", "杭州市", 1, 0), ("330900000000", None, 1, 0)],
            stored,
        )
        assert await count(by="region", region="330110", profile="air") == (
            [("330110000000", "余杭区", 1, 0), ("330110005000", "五常街道", 1, 1)],
            False,  # below counties nothing is stored
        )


async def test_stored_counts_follow_what_changes(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.catalogue.counts.WORTH_S", 0.0)
    async with city(database) as (context, client):
        async with context.hub_pool.connection() as conn:
            await count_all(conn)
            await conn.execute("update device set organisation = null, state = 'suspended' where code = 'pole-1'")
            kept = (await client.get("/catalogue/counts", params={"by": "organisation"})).json()
            await count_all(conn)
            fresh = (await client.get("/catalogue/counts", params={"by": "organisation"})).json()
            await conn.execute("update catalogue_counted set at = at - interval '1 hour'")
            assert (await client.get("/catalogue/counts")).json()["at"] is None
        assert [item["code"] for item in kept["items"]] == [None, "env", "lamps"]
        assert [(item["code"], item["active"]) for item in fresh["items"]] == [(None, 2), ("env", 1)]


async def test_who_may_see_few_devices_gets_them_by_the_index_of_scopes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that match, in the order of codes, without a walk past the devices of others; whose scope is wide walks."""
    monkeypatch.setattr(catalogue, "NARROW", 1_000)
    monkeypatch.setattr(catalogue, "SAMPLE", 50)
    walks: list[int] = []
    walk = catalogue._walk

    async def counted(*args: Any) -> Any:
        walks.append(1)
        return await walk(*args)

    monkeypatch.setattr(catalogue, "_walk", counted)
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client:
        (await client.put("/profiles/air", json=PROFILES["air"])).raise_for_status()
        await fill(context, 1, 6_000)
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                "update device set region = case when id % 20 = 0 then '330110005001' else '330902001000' end"
            )
            await conn.execute("analyze device")
            assert await (await conn.execute("select scope_reach()")).fetchone() == (None,)
            county = [code for (code,) in await (await conn.execute(_OF_COUNTY)).fetchall()]
        for region, narrow in (("330110", True), ("330902", False)):
            door.limited(Role.VIEWER, region)
            for params in ({}, {"q": "d-"}, {"q": "d-", "state": "active"}):
                walks.clear()
                page = (await client.get("/catalogue", params={**params, "limit": 200})).json()
                assert bool(walks) is (not narrow and bool(params)), (region, params)
                if narrow and "state" not in params:
                    rest = await client.get("/catalogue", params={**params, "limit": 200, "cursor": page["next"]})
                    assert [each["code"] for each in page["items"] + rest.json()["items"]] == county


_OF_COUNTY = "select code from device where region like '330110%' order by code"


async def test_searches_use_the_indexes(database: str) -> None:
    """Each filter alone can be answered by an index; a table so small would be read as a whole otherwise."""
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/air", json=PROFILES["air"])).raise_for_status()
        await fill(context, 1, 20_000)
        async with context.hub_pool.connection() as conn:
            await conn.execute("analyze")
            await conn.execute("set enable_seqscan = off")
            for wanted, index in (
                (catalogue.Wanted(q="第123号"), "device_grams"),
                (catalogue.Wanted(region="3301"), "device_region_idx"),
                (catalogue.Wanted(bbox=(120.0, 30.0, 120.1, 30.1)), "device_place"),
                (catalogue.Wanted(tag="line:7"), "device_tags"),
                (catalogue.Wanted(state="pending"), "device_not_active"),
                (catalogue.Wanted(online="false"), "device_offline"),
            ):
                text = SQL.catalogue_gather
                params = {**wanted.params(), "after": "", "limit": 100, "by_grams": True}
                cursor = conn.cursor(row_factory=psycopg.rows.scalar_row)
                await cursor.execute(b"explain " + text.encode(), params, prepare=False)
                plan = "\n".join(await cursor.fetchall())
                assert index in plan, plan
                assert "Seq Scan on device" not in plan, plan
