"""Maintenance windows: what is withheld meanwhile and told at their end, and what pages all the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from hub.access.roles import Role
from hub.alerts.titles import title_in
from hub.models import Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import NEW_DEVICE, NOW, SEED, City, S
from tests.support.served_api import api_context, client_of, register
from tests.support.two_counties import INSIDE, OUTSIDE, two_counties

WORK = """insert into maintenance (device_id, region, from_at, to_at, note)
          values ((select id from device where code = %s), %s, to_timestamp(%s), to_timestamp(%s), 'works')"""
GAS = """
insert into profile (code, name, metrics) values ('gas', 'Gas', '{"ch4": {"name": "CH4"}}');
insert into device (code, name, profile_id, region)
    select 'gauge-9', 'Gas', id, '330106001002' from profile where code = 'gas';
insert into rule (code, name, profile_id, metric, direction, thresholds)
    select 'gas', 'Gas', id, 'ch4', 'above', '{"orange": 25}' from profile where code = 'gas';
"""
BEGIN, END = NOW // S - 60, NOW // S + 100


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        await city.run(
            "insert into rule (code, name, event_kind, event_level) values ('doors', 'Doors', 'door_open', 2)"
        )
        await city.run("update device set region = '330106001002' where code <> 'gauge-3'")
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


def event(at: int, kind: str, state: str = "active") -> Batch:
    one = Event(uuid5(UUID(int=0), f"{at} {state}"), 4, "cam-1", NOW + at * S, NOW + at * S, kind, state)
    return Batch([raw_of("test", "here", b"", one.received)], events=[one])


async def told(city: City) -> list[tuple[int, str, str]]:
    return await city.run(
        """select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - %s)::int, kind, picture ->> 'target'
           from alert_change order by 1, cursor""", NOW // S,
    )  # fmt: skip


@pytest.mark.parametrize("what", [(None, "330106"), ("gauge-1", None)])
async def test_what_is_found_meanwhile_is_told_at_the_end_if_it_lasts(city: City, what: tuple[str, str]) -> None:
    await city.take(city.readings((-100, 4.0), gauge=3))
    await city.run(WORK, *what, BEGIN, END)
    await city.refresh()
    await city.take(city.readings((1, 4.0)), city.readings((2, 6.0), gauge=3), city.readings((3, 4.0), gauge=2))
    await city.take(event(4, "door_open"), city.readings((5, 1.0), gauge=2))
    await city.restart()
    wide = what[0] is None
    others = [(2, "updated", "gauge-3/level")]
    if not wide:
        others += [(3, "raised", "gauge-2/level"), (4, "raised", "cam-1/door_open"), (5, "cleared", "gauge-2/level")]
    assert (await told(city))[1:] == others
    await city.at(101)
    await city.restart()
    await city.at(200)
    late = [(100, "raised", "gauge-1/level"), *([(100, "raised", "cam-1/door_open")] if wide else [])]
    assert (await told(city))[1:] == others + late


async def test_one_that_ends_early_or_is_gone_withholds_nothing_from_the_next_batch_on(city: City) -> None:
    await city.run(WORK, "gauge-1", None, BEGIN, END)
    await city.run(WORK, "gauge-2", None, BEGIN, END)
    await city.refresh()
    await city.take(city.readings((1, 4.0)), city.readings((1, 4.0), gauge=2))
    await city.run("update maintenance set to_at = to_timestamp(%s) where device_id = 1", NOW // S + 5)
    await city.run("delete from maintenance where device_id = 2")
    await city.refresh()
    await city.take(Batch([], now=NOW + 6 * S))
    assert sorted(await told(city)) == [(6, "raised", "gauge-1/level"), (6, "raised", "gauge-2/level")]


async def test_an_alert_that_is_open_clears_meanwhile_and_a_device_that_comes_to_the_place_belongs_to_it(
    city: City,
) -> None:
    await city.take(city.readings((-70, 4.0)))
    await city.run(WORK, None, "330106", BEGIN, END)
    await city.run(NEW_DEVICE.format(9))
    await city.run("update device set region = '330106001002' where code = 'gauge-9'")
    city.series[9] = (await city.run("select max(id) from series"))[0][0]
    await city.refresh()
    await city.take(city.readings((1, 1.0)), city.readings((2, 4.0), gauge=9))
    assert [each[1:] for each in await told(city)] == [("raised", "gauge-1/level"), ("cleared", "gauge-1/level")]


async def test_red_and_measured_danger_are_told_at_once_and_say_that_somebody_works_there(city: City) -> None:
    await city.run(GAS)
    city.series[9] = (await city.run("select max(id) from series"))[0][0]
    await city.run(WORK, None, "330106", BEGIN, END)
    await city.load()
    await city.take(city.readings((1, 4.0)), city.readings((2, 30.0), gauge=9))
    await city.restart()
    await city.take(city.readings((3, 6.0)), city.readings((4, 4.0)), city.readings((5, 1.0)), city.readings((6, 4.0)))
    assert [each[:2] for each in await told(city)] == [
        (2, "raised"), (3, "raised"), (4, "updated"), (5, "cleared"),
    ], "yellow is withheld, red is not, nor is gas"  # fmt: skip
    [(gas,), (red,)] = await city.run(
        "select picture ->> 'title' from alert_change where kind = 'raised' order by cursor"
    )
    assert gas == "Gas: CH4 30 ≥ 25 (orange), under maintenance"
    assert red.endswith(", under maintenance")
    assert ", since " in red
    await city.at(101)
    assert [each[:2] for each in await told(city)][4:] == [(100, "raised")]


async def test_danger_pages_as_ever_and_says_that_somebody_works_there(city: City) -> None:
    await city.run(WORK, None, "33", BEGIN, END)
    await city.refresh()
    await city.take(event(1, "smoke"))
    assert await city.run("select title from alert") == [("Camera 1: smoke (orange), under maintenance",)]
    alert: dict[str, Any] = {
        "title": "Camera 1: smoke (orange), 25 min late, under maintenance", "origin": "device", "level": "orange",
        "cleared_at": None, "device_name": "Camera 1", "event_kind": "smoke", "value": None, "target": "1/smoke",
    }  # fmt: skip
    assert title_in("zh", alert, {}, {"name": "烟雾"}) == "Camera 1：烟雾（橙色），迟到 25 分钟，维护中"
    assert title_in("en", alert, {}, None) == alert["title"]


def hours(after: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=after)).isoformat()


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
        body = {"name": "air-0", "profile": "air", "region": "330106001002"}
        (await client.put("/devices/air-0", json=body)).raise_for_status()
        yield client


async def test_work_is_planned_listed_shown_and_ended(client: httpx.AsyncClient) -> None:
    made = await client.post("/maintenances", json={"region": "330106", "to_at": hours(1), "reason": "works"})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["withheld"]) == ("active", 0)
    later = {"device": "air-1", "from_at": hours(5), "to_at": hours(6), "reason": "filter"}
    coming = (await client.post("/maintenances", json=later)).json()
    assert coming["state"] == "coming"
    found = (await client.get("/maintenances", params={"state": "active"})).json()["items"]
    assert [each["reason"] for each in found] == ["works"]
    for device, reasons in (("air-0", ["works"]), ("air-1", ["filter"])):
        mine = (await client.get("/maintenances", params={"device": device})).json()["items"]
        assert [each["reason"] for each in mine] == reasons
    (window,) = (await client.get("/devices/air-0/maintenance")).json()["items"]
    assert (window["note"], window["running"]) == ("works", True)
    assert (await client.get("/devices/air-0/health")).json()["maintained"] is True
    assert "maintenance" in (await client.get("/devices/air-0/diagnosis")).text
    ended = (await client.delete(f"/maintenances/{window['id']}")).json()
    assert (ended["state"], ended["ended_by"] is None) == ("over", False)
    assert (await client.get("/devices/air-0/health")).json()["maintained"] is False
    assert (await client.delete(f"/maintenances/{window['id']}")).status_code == 409


IMPOSSIBLE: list[tuple[dict[str, Any], int]] = [
    ({"to_at": hours(1)}, 422),
    ({"device": "air-0", "region": "33", "to_at": hours(1)}, 422),
    ({"region": "33", "area": "park", "to_at": hours(1)}, 422),
    ({"region": "33010", "to_at": hours(1)}, 422),
    ({"region": "33", "to_at": hours(-1)}, 422),
    ({"region": "33", "to_at": hours(24 * 30 + 1)}, 422),
    ({"device": "nobody", "to_at": hours(1)}, 404),
    ({"organisation": "nobody", "to_at": hours(1)}, 404),
]
"""What is planned, and the status of the answer."""


async def test_what_cannot_be_is_refused(client: httpx.AsyncClient) -> None:
    for body, status in IMPOSSIBLE:
        assert (await client.post("/maintenances", json={"reason": "works", **body})).status_code == status, body


async def test_nobody_plans_or_ends_work_outside_his_scope(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.INTEGRATOR, INSIDE)
        for place, status in ((INSIDE, 201), (OUTSIDE, 403), (INSIDE[:4], 403)):
            body = {"region": place, "to_at": hours(1), "reason": "works"}
            made = await city.client.post("/api/v1/maintenances", json=body)
            assert made.status_code == status, (place, made.text)
