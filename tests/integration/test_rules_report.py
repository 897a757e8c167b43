"""What came of each rule: counted over what the caller sees."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from typer.testing import CliRunner

from app.main import app
from hub.access.roles import Role
from tests.support.alarms import Alarms
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of, served


@pytest.fixture
async def desk(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, Alarms, CallerDoor, str]]:
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client, served(context) as base:
        alarms = Alarms(context.hub_pool)
        await alarms.seed()
        yield client, alarms, door, base


async def test_rules_are_told_with_what_came_of_them(desk: tuple[httpx.AsyncClient, Alarms, CallerDoor, str]) -> None:
    client, alarms, door, base = desk
    await alarms.run("insert into rule (code, name, event_kind, event_level) values ('quiet', 'Quiet', 'smoke', 3)")
    wrong, _ = await alarms.raised(), await alarms.raised()
    step = {"to": "false_alarm", "actor": "desk"}
    (await client.post(f"/alerts/{wrong}/steps", json=step)).raise_for_status()
    items = (await client.get("/rules:report")).raise_for_status().json()["items"]
    found = {item["code"]: item for item in items}
    [busy] = [item for item in items if item["alerts"]]
    assert (busy["alerts"], busy["sources"], busy["false_alarms"]) == (2, 2, 1)
    assert busy["causes"] == {"unspecified": 1}
    assert busy["last_raised_at"] is not None
    [(model, wrong_ones)] = busy["models"].items()
    assert (wrong_ones, busy["profile"] in (None, model)) == (1, True)
    assert (busy["silent"], found["quiet"]["silent"]) == (False, False), "it is new"
    await alarms.run("update rule_version set at = now() - interval '400 days'")
    items = (await client.get("/rules:report")).raise_for_status().json()["items"]
    assert {item["code"] for item in items if item["silent"]} == set(found) - {busy["code"]}
    assert (found["quiet"]["alerts"], found["quiet"]["last_raised_at"], found["quiet"]["causes"]) == (0, None, {})
    told = await asyncio.to_thread(
        CliRunner().invoke, app, ["rules", "report"], env={"HUB_URL": base, "COLUMNS": "200"}
    )
    assert told.exit_code == 0, told.output
    assert "1 (50%)" in told.stdout
    assert "never" in told.stdout
    door.limited(Role.OPERATOR, "99")
    hidden = (await client.get("/rules:report")).raise_for_status().json()["items"]
    assert {item["code"] for item in hidden} == set(found)
    assert all(item["alerts"] == 0 and item["last_raised_at"] is None for item in hidden)


async def test_a_source_that_raises_three_within_a_minute_chatters(
    desk: tuple[httpx.AsyncClient, Alarms, CallerDoor, str],
) -> None:
    client, alarms, _, _ = desk
    for _ in range(3):
        alert = await alarms.raised(target="gauge-1/level")
        await alarms.apply(alert, "cleared", target="gauge-1/level")
    [busy] = [item for item in (await client.get("/rules:report")).json()["items"] if item["alerts"]]
    assert (busy["alerts"], busy["sources"], busy["chattering"], busy["flapping"]) == (3, 1, 1, 0)
    await alarms.run(
        "insert into rule_flap select rule_id, device_id, series_id, 0, 3, now(), now() from alert limit 1"
    )
    assert [item["flapping"] for item in (await client.get("/rules:report")).json()["items"] if item["alerts"]] == [1]


async def test_what_is_older_than_the_period_is_not_counted(
    desk: tuple[httpx.AsyncClient, Alarms, CallerDoor, str],
) -> None:
    client, alarms, _, _ = desk
    await alarms.raised()
    await alarms.run("update alert set raised_at = raised_at - interval '40 days'")
    month = (await client.get("/rules:report", params={"days": 30})).json()["items"]
    assert sum(item["alerts"] for item in month) == 0
    assert any(item["last_raised_at"] for item in month)
