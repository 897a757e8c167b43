"""Rules limited to organisations, regions, tags and devices, over the API and from the command line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.check.rules import check_rules
from app.main import app
from hub.access.roles import Role
from hub.settings import Database, Settings
from tests.support.doors import CallerDoor
from tests.support.served_api import RULE, api_context, client_of, register, served

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
FILL = """
insert into reading (ts, series_id, value, quality) select %(at)s, id, 90, 0 from series;
insert into event (id, device_id, ts, received_at, kind, state)
    select gen_random_uuid(), id, %(at)s, %(at)s, 'smoke', 'active' from device"""
SCOPE = {"organisation": "water", "region": "330106", "tag": "site:tunnel"}


@dataclass
class Desk:
    client: httpx.AsyncClient
    door: CallerDoor
    base: str
    settings: Settings

    async def put(self, **scope: Any) -> httpx.Response:
        return await self.client.put("/rules/pm25-high", json={**RULE, "scope": scope})

    async def tried(self, **rule: Any) -> list[str]:
        """The devices that would have an alert."""
        answer = await self.client.post("/rules:try", params={"days": 1}, json=rule)
        return sorted(each["device"] for each in answer.raise_for_status().json()["devices"])

    async def hub(self, *words: str) -> str:
        told = await asyncio.to_thread(
            CliRunner().invoke, app, list(words), env={"HUB_URL": self.base, "COLUMNS": "250"}
        )
        assert told.exit_code == 0, told.output
        return told.stdout


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client, served(context) as base:
        await register(client)
        for code, above in (("city", None), ("water", "city"), ("roads", None)):
            body = {"name": code, "parent": above} if above else {"name": code}
            (await client.put(f"/organisations/{code}", json=body)).raise_for_status()
        device: dict[str, Any] = {"name": "x", "profile": "air", "region": "330106001000", "organisation": "water"}
        changes: list[dict[str, Any]] = [{}, {"tags": {"site": "bridge"}}, {"region": "330109001000"}]
        for number, change in enumerate([*changes, {"organisation": "roads"}]):
            placed = {**device, "tags": {"site": "tunnel"}, **change}
            (await client.put(f"/devices/air-{number}", json=placed)).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute("select ensure_partition(%s::date)", (HOUR,))
            for statement in FILL.split(";\n"):
                await conn.execute(statement.encode(), {"at": HOUR})
        yield Desk(client, door, base, Settings(database=Database(url=database)))


async def test_a_scope_is_stored_told_and_kept_with_each_version(desk: Desk) -> None:
    stored = (await desk.put(**SCOPE)).raise_for_status().json()
    assert stored["scope"] == {**SCOPE, "devices": None}
    assert (await desk.put(**SCOPE)).json()["version"] == stored["version"], "what is the same is no version"
    assert (await desk.put(devices=["air-1", "air-0"])).json()["scope"]["devices"] == ["air-0", "air-1"]
    versions = (await desk.client.get("/rules/pm25-high/versions")).json()["items"]
    assert [each["changes"] for each in versions] == [
        [{"field": "scope", "before": SCOPE, "after": {"devices": ["air-0", "air-1"]}}],
        [{"field": "scope", "before": None, "after": SCOPE}],
        [],
    ]
    (await desk.client.post("/rules/pm25-high/versions/2:restore")).raise_for_status()
    assert (await desk.client.get("/rules/pm25-high")).json()["scope"] == {**SCOPE, "devices": None}
    assert (await desk.put()).json()["scope"] is None


async def test_what_nobody_knows_is_refused_with_its_place(desk: Desk) -> None:
    for scope, pointer, told in (
        ({"organisation": "watr"}, "/scope/organisation", "water"),
        ({"region": "9901"}, "/scope/region", "9901"),
        ({"tag": "site:cave"}, "/scope/tag", "site:cave"),
        ({"tag": "site:tunnel", "devices": ["air-0", "air-77"]}, "/scope/devices/1", "air-77"),
        ({"devices": []}, "/scope", "no device"),
        ({"area": "x"}, "/scope/area", ""),
    ):
        for answer in (await desk.put(**scope), await desk.client.post("/rules:try", json={**RULE, "scope": scope})):
            assert answer.status_code == 422, scope
            assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
            assert told in answer.text


async def test_a_trial_looks_at_what_the_scope_holds_only(desk: Desk) -> None:
    smoke = {"name": "Smoke", "event_kind": "smoke", "level": "orange"}
    for scope, expected in (
        ({"organisation": "city"}, ["air-0", "air-1", "air-2"]),
        ({"region": "330106000000"}, ["air-0", "air-1", "air-3"]),
        ({"tag": "site"}, ["air-0", "air-1", "air-2", "air-3"]),
        (SCOPE, ["air-0"]),
        ({**SCOPE, "devices": ["air-2"]}, []),
    ):
        assert await desk.tried(**RULE, scope=scope) == expected
        assert await desk.tried(**smoke, scope=scope) == expected


async def test_who_sees_a_part_sees_no_device_outside_it_and_writes_no_rule(desk: Desk) -> None:
    (await desk.put(devices=["air-0", "air-2"])).raise_for_status()
    for role in (Role.VIEWER, Role.INTEGRATOR, Role.SYSTEM_ADMINISTRATOR):
        desk.door.limited(role, "330109")
        for path in ("/rules/pm25-high", "/rules", "/rules/pm25-high/versions"):
            answer = await desk.client.get(path)
            assert (answer.status_code, "air-2" in answer.text, "air-0" in answer.text) == (200, True, False)
        assert (await desk.put(region="330109")).status_code == 403
    desk.door.limited(Role.VIEWER, "330110")
    assert (await desk.client.get("/rules/pm25-high")).json()["scope"]["devices"] == []
    answer = await desk.client.post("/rules:try", json={**RULE, "scope": {"devices": ["air-0"]}})
    assert answer.status_code == 422, "a device that he does not see is none"


async def test_the_command_line_sets_and_takes_off_limits(desk: Desk) -> None:
    put = ["rules", "put", "pm25-high"]
    await desk.hub(*put, "--organisation", "water", "--region", "330106")
    await desk.hub(*put, "--device", "air-0", "--device", "air-1", "--tag", "site")
    scope = {"organisation": "water", "region": "330106", "tag": "site", "devices": ["air-0", "air-1"]}
    assert (await desk.client.get("/rules/pm25-high")).json()["scope"] == scope
    listed = " ".join((await desk.hub("rules", "list")).split())
    assert "air-0, air-1" in listed
    assert '"region": "330106"' in await desk.hub("rules", "show", "pm25-high")
    assert "scope" in await desk.hub("rules", "history", "pm25-high")
    await desk.hub(*put, "--everywhere", "--tag", "site:bridge")
    assert await check_rules(desk.settings) == []
    (await desk.client.put("/devices/air-1", json={"name": "x", "profile": "air", "tags": {}})).raise_for_status()
    [finding] = await check_rules(desk.settings)
    assert (finding.level, "pm25-high" in finding.what) == ("warn", True)
