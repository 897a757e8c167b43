"""Ceilings of grants and shares: nothing of a higher level is in any answer, can be searched or is counted."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from api.changes import ChangeFeed
from api.streams.sse import alert_frames
from hub.access.caller import principal
from hub.access.classification import Level
from hub.access.grants import Grant, granted, scope_of
from hub.access.inventory import TABLES
from hub.access.permissions import Permission
from hub.access.roles import HUB_WIDE, PERMISSIONS, READERS, Role
from hub.access.scope import Share
from hub.access.scoped_pool import ScopedPool
from tests.support.served_api import PREFIX
from tests.support.two_counties import INSIDE, OUTSIDE, City, two_counties

PLANTED = (
    *("120.987", "30.987", "plant-tag", "plant-attribute", "plant-window", "plant-param", "plant-giver", "plant-reply"),
    *("61.625", "77.125", "55.875", "plant-title", "plant-actor", "plant-note", "plant-step", "plant-stepper"),
    *("plant-assignee", "plant-file", "plant-paper", "plant-member", "plant-reason"),
    *("plant-case", "plant-handler", "plant-photo", "plant-plan", "plant-words", "plant-detail"),
    "plant-contradiction",
)
PLANT = """
update profile set category = '%(category)s';
alter table device disable trigger user;
update device set lon = 120.987, lat = 30.987, tags = '{"mark": "plant-tag"}';
alter table device enable trigger user;
update event set attributes = '{"at": "plant-attribute"}';
update event_picture set content = 'plant-picture';
update event_clip set content = 'plant-clip';
update maintenance set note = 'plant-window';
update command set params = '{"p": "plant-param"}', actor = 'plant-giver', reply = '{"result": "plant-reply"}';
update reading set value = 61.625;
update latest set value = 61.625;
update alert set value = 77.125, threshold = 55.875, title = 'plant-title';
update alert_change set actor = 'plant-actor', note = 'plant-note',
    picture = picture || '%(picture)s';
insert into principal (kind, name) values ('person', 'plant-assignee'), ('person', 'plant-member')
on conflict do nothing;
insert into alert_change (id, alert_id, seq, kind, principal, picture)
select gen_random_uuid(), alert_id, 2, 'commented', p.id, picture
from alert_change c, principal p where p.name = 'plant-member' and c.seq = 1 on conflict do nothing;
update alert set seq = 2, assignee = (select id from principal where name = 'plant-assignee');
update alert_attachment set name = 'plant-file', content = 'plant-paper';
update silence set reason = 'plant-reason';
update case_file set title = 'plant-case', stage_by = 'plant-handler', lon = 120.987, lat = 30.987;
update outside_conflict set note = 'plant-contradiction';
update case_attachment set name = 'plant-photo', content = 'plant-plan';
update case_step set note = 'plant-words', detail = '{"x": "plant-detail"}';
insert into area (code, name, divisions) values ('zone', 'Zone', '{33}') on conflict do nothing;
"""
STEPPED = """select audit_write(null, 'plant-stepper', 'device.step', 'seen-1',
                                '{"from": "active", "to": "suspended", "note": "plant-step"}', null, null)"""

REFERENCES = {"/profiles": "air", "/rules": "pm25-high", "/organisations": "eco-a", "/areas": "zone"}


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with two_counties(database) as made:
        made.ids["inside"] |= {
            "version": "1",
            "year": "2026",
            "kind": "categories",
            "share_id": str(uuid4()),
            "protocol": "hj212",
        }
        await plant(made)
        yield made


async def plant(city: City, category: str = "structure") -> None:
    """Something recognisable in each column above L2; the values of the category are L3 by default."""
    picture = {"lon": 120.987, "lat": 30.987, "value": 77.125, "threshold": 55.875, "title": "plant-title"}
    async with city.pool.connection() as conn:
        await conn.execute(PLANT.replace("%(category)s", category).replace("%(picture)s", json.dumps(picture)).encode())
        await conn.execute(STEPPED.encode())


def hold(city: City, *grants: Grant) -> None:
    city.door.now = principal(uuid4(), "person", "li.wei", grants)


def routes(app: FastAPI) -> Iterator[tuple[str, frozenset[Permission]]]:
    for path, methods in app.openapi()["paths"].items():
        needed = {
            role for each in methods.get("get", {}).get("security", ()) for roles in each.values() for role in roles
        }
        if path.startswith(PREFIX) and "get" in methods and needed and "stream" not in path and "/live" not in path:
            yield "GET " + path.removeprefix(PREFIX), frozenset(map(Permission, needed))


async def told(city: City, role: Role) -> str:
    """All that a caller gets who asks each route for the device, without a filter."""
    answers = []
    for route, needed in routes(city.app):
        if needed <= PERMISSIONS[role]:
            for start, code in REFERENCES.items():
                route = route.replace(start + "/{code}", f"{start}/{code}")
            queried = "?device=seen-1&metric=pm25" if route == "GET /readings" else ""
            answer = await city.ask(route + queried, "inside")
            assert answer.status_code in (200, 404, 422), (route, answer.text)
            answers.append(answer.text)
    return "\n".join(answers)


def found(text: str) -> set[str]:
    return {mark for mark in PLANTED if mark in text}


@pytest.mark.parametrize("region", [None, pytest.param(INSIDE, marks=pytest.mark.heavy)])
async def test_nothing_above_a_ceiling_is_in_any_answer(city: City, region: str | None) -> None:
    for role in sorted(READERS):
        hold(city, granted(role, region=region, ceiling=Level.L2))
        assert found(await told(city, role)) == set(), role
    hold(city, granted(Role.OPERATOR, region=region, ceiling=Level.L3))
    assert found(await told(city, Role.OPERATOR)) == set(PLANTED), "each is in an answer for who may see it"


async def test_each_table_that_readers_reach_is_cut(city: City) -> None:
    """By the inventory: who has a ceiling sees no value of a column above it, whatever a statement asks for."""
    reading = frozenset[Permission]().union(*(PERMISSIONS[role] for role in READERS)) - HUB_WIDE
    tables = {
        name: {column for column, level in table.levels.items() if level >= Level.L3}
        for name, table in TABLES.items()
        if table.seen_by in reading and not name.startswith("reading")
    }
    need = frozenset({Permission.DEVICES_READ})
    marks: dict[Level, set[str]] = {}
    for ceiling in (Level.L2, Level.L3):
        scope = scope_of([granted(Role.VIEWER, region=INSIDE, ceiling=ceiling)], need)
        async with ScopedPool(city.pool, scope).connection() as conn:
            rows: list[tuple[str, dict[str, Any]]] = []
            for name in (*(each for each, columns in tables.items() if columns), "audit"):
                cursor = await conn.execute(f"select to_jsonb(t) from {name} t".encode())
                rows += [(name, row) for (row,) in await cursor.fetchall()]
            series = await conn.execute("select r.value from reading r join series s on s.id = r.series_id")
            values = [value for (value,) in await series.fetchall()]
        marks[ceiling] = found(
            json.dumps([rows, values])
            .replace(b"plant-paper".hex(), "plant-paper")
            .replace(b"plant-plan".hex(), "plant-plan")
        )
        if ceiling is Level.L2:
            kept = {(name, column) for name, row in rows for column in tables.get(name, ()) if row[column]}
            assert kept == {("alert_change", "picture")}, "cut within, see above"
    assert marks == {Level.L2: set(), Level.L3: set(PLANTED) - {"plant-assignee", "plant-member"}}, "who: by id here"


async def test_what_may_not_be_read_cannot_be_searched(city: City) -> None:
    queries = ("/catalogue?tag=mark", "/catalogue?tag=mark:plant-tag", "/catalogue?bbox=120.9,30.9,121,31")
    hold(city, granted(Role.VIEWER, region=INSIDE, ceiling=Level.L2))
    for query in queries:
        assert (await city.ask(f"GET {query}", "inside")).json()["items"] == [], query
        exported = (await city.ask(f"GET {query.replace('/catalogue', '/catalogue:export')}", "inside")).text
        assert "seen-1" not in exported, query
    hidden, missing = [
        (await city.ask(f"GET /readings?device=seen-1&metric={metric}", "inside")).text for metric in ("pm25", "pm99")
    ]
    assert hidden.replace("pm25", "pm99") == missing, "a series above the ceiling does not exist"
    hold(city, granted(Role.VIEWER, region=INSIDE))
    for query in queries:
        assert [each["code"] for each in (await city.ask(f"GET {query}", "inside")).json()["items"]] == ["seen-1"]


async def test_values_of_series_have_the_level_of_their_category(city: City) -> None:
    await plant(city, "water")
    hold(city, granted(Role.OPERATOR, ceiling=Level.L2))
    assert found(await told(city, Role.OPERATOR)) == {"61.625", "77.125", "55.875", "plant-title"}


async def test_what_a_device_calls_a_part_of_it_is_cut_from_titles(city: City) -> None:
    """It is an attribute of its event, and a title tells it."""
    await plant(city, "water")
    async with city.pool.connection() as conn:
        await conn.execute(b"""update alert a set series_id = null, target = d.code || '/fire/1/3' from device d
                               where d.id = a.device_id""")
    hold(city, granted(Role.OPERATOR, ceiling=Level.L2))
    cut = (await city.ask("GET /alerts", "inside")).text
    assert "plant-title" not in cut
    assert " · 1/3: " in cut, "the path tells where it is"
    changes = (await city.ask("GET /alerts/{alert_id}", "inside")).text
    assert "plant-title" not in changes
    hold(city, granted(Role.OPERATOR, ceiling=Level.L3))
    assert "plant-title" in (await city.ask("GET /alerts", "inside")).text


async def test_the_highest_ceiling_counts_by_which_a_thing_is_seen(city: City) -> None:
    hold(city, granted(Role.VIEWER, ceiling=Level.L2), granted(Role.OPERATOR, region=INSIDE))
    seen = {each["code"]: each["lon"] for each in (await city.ask("GET /devices", "inside")).json()["items"]}
    assert seen == {"seen-1": 120.987, "hidden-7": None}
    hold(city, granted(Role.VIEWER, ceiling=Level.L2), granted(Role.OPERATOR))
    seen = {each["code"]: each["lon"] for each in (await city.ask("GET /devices", "inside")).json()["items"]}
    assert seen == {"seen-1": 120.987, "hidden-7": 120.987}


@pytest.mark.parametrize("whole", [True, False])
async def test_a_share_is_cut_to_its_own_ceiling(city: City, whole: bool) -> None:
    """And lowers nobody's sight of what is his own."""
    async with city.pool.connection() as conn:
        cursor = await conn.execute(
            """insert into data_share (owner, consumer, purpose, kinds, devices, state, asked_by)
               values ('eco-b', 'eco-a', 'x', '{devices}', %s, 'granted', 'test') returning id""",
            (None if whole else ["hidden-7"],),
        )
        [(share,)] = await cursor.fetchall()
    opens = frozenset({Permission.DEVICES_READ})
    shared = Grant(opens, None, share=Share(share, "eco-b", whole), ceiling=Level.L2)
    for path in ("GET /devices", "GET /catalogue"):
        hold(city, granted(Role.VIEWER, region=INSIDE), shared)
        items = (await city.ask(path, "inside")).json()["items"]
        assert {each["code"]: each["lon"] for each in items} == {"seen-1": 120.987, "hidden-7": None}
        hold(city, granted(Role.VIEWER, region=INSIDE, ceiling=Level.L2), Grant(opens, None, share=shared.share))
        items = (await city.ask(path, "inside")).json()["items"]
        assert {each["code"]: each["lon"] for each in items} == {"seen-1": None, "hidden-7": 120.987}


async def test_a_step_below_a_ceiling_loses_nothing_of_the_alert(city: City) -> None:
    hold(city, granted(Role.OPERATOR, region=INSIDE, ceiling=Level.L2))
    answer = await city.ask("POST /alerts/{alert_id}/steps", "inside", {"to": "acknowledged"})
    assert (answer.status_code, found(answer.text)) == (200, set())
    stale = await city.client.post(
        city.path("/alerts/{alert_id}/steps", "inside"), json={"to": "dispatched"}, headers={"If-Match": '"0"'}
    )
    assert (stale.status_code, found(stale.text)) == (412, set())
    async with city.pool.connection() as conn:
        alert = city.ids["inside"]["alert_id"]
        cursor = await conn.execute(
            "select picture from alert_change where alert_id = %s and kind = 'acknowledged'", (alert,)
        )
        [(picture,)] = await cursor.fetchall()
    assert (picture["value"], picture["threshold"], picture["lon"]) == (77.125, 55.875, 120.987)


async def test_a_stream_is_cut(city: City) -> None:
    feed = ChangeFeed(city.pool)
    running = asyncio.create_task(feed.run())
    marks: dict[Level, set[str]] = {}
    for ceiling in (Level.L2, Level.L3):
        scope = scope_of([granted(Role.VIEWER, region=INSIDE, ceiling=ceiling)], frozenset({Permission.ALERTS_READ}))
        frames = alert_frames(feed, 0, scope, feed.subscribe())
        got = b"".join([await anext(frames) for _ in range(2)]).decode()
        assert city.ids["inside"]["alert_id"] in got
        assert re.search(rf"{OUTSIDE}|hidden", got) is None
        marks[ceiling] = found(got)
    running.cancel()
    assert marks == {Level.L2: set(), Level.L3: {"120.987", "30.987", "77.125", "55.875", "plant-title"}}


async def test_a_ceiling_is_given_to_who_only_reads(city: City) -> None:
    async with city.pool.connection() as conn:
        await conn.execute("insert into principal (kind, name) values ('machine', 'portal')")

    async def grant(**body: Any) -> tuple[int, Any]:
        answer = await city.client.post(f"{PREFIX}/grants", json={"principal": "portal", **body})
        return answer.status_code, answer.json()

    for ceiling in ("L1", "L5", "l2", "", None, 2, ["L2"]):
        status, told = await grant(role="viewer", ceiling=ceiling)
        assert status == 422, told
        assert told["errors"][0]["pointer"] == "/ceiling"
    for role in set(Role) - READERS:
        status, told = await grant(role=role, ceiling="L2")
        assert (status, "sees what it changes" in str(told)) == (422, True), told
    status, told = await grant(role="viewer", ceiling="L2")
    assert (status, told["ceiling"]) == (201, "L2")
    status, told = await grant(role="integrator")
    assert (status, told["ceiling"]) == (201, "L4")
    listed = (await city.client.get(f"{PREFIX}/grants")).json()["items"]
    assert {(each["role"], each["ceiling"]) for each in listed if each["principal"] == "portal"} == {
        ("viewer", "L2"),
        ("integrator", "L4"),
    }
