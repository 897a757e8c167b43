"""Who changed a rule, when and what; back to an earlier version; and which version raised an alert."""

import asyncio
from typing import Any

from typer.testing import CliRunner

from api.routes.rule_versions import differences
from app.main import app
from hub.access.roles import Role
from tests.support.doors import CallerDoor
from tests.support.served_api import RULE, api_context, client_of, register, served

PATH = "/rules/pm25-high/versions"


async def test_each_change_is_a_version_and_may_be_taken_back(database: str) -> None:
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client, served(context) as base:
        await register(client)
        changed = {**RULE, "thresholds": {"red": 200}, "name": "High"}
        for body in (RULE, changed, changed):  # what is the same already is no version
            await client.put("/rules/pm25-high", json=body)
        await client.delete("/rules/pm25-high")

        items = (await client.get(PATH)).raise_for_status().json()["items"]
        assert [(each["version"], [change["field"] for change in each["changes"]]) for each in items] == [
            (3, ["enabled"]), (2, ["name", "thresholds"]), (1, []),
        ]  # fmt: skip
        assert items[1]["changes"][1] == {"field": "thresholds", "before": RULE["thresholds"], "after": {"red": 200}}
        assert items[0]["by"] == door.now.actor
        paged = (await client.get(PATH, params={"limit": 2})).json()
        rest = (await client.get(PATH, params={"cursor": paged["next"]})).json()["items"]
        assert [*paged["items"], *rest] == items
        both = (await client.get(f"{PATH}/3", params={"against": 1})).json()["changes"]
        assert [change["field"] for change in both] == ["enabled", "name", "thresholds"]
        assert (await client.get(f"{PATH}/9")).status_code == 404
        assert (await client.get(f"{PATH}/3", params={"against": 9})).status_code == 404
        assert (await client.get("/rules/none/versions")).status_code == 404

        async def hub(*words: str) -> str:
            told = await asyncio.to_thread(
                CliRunner().invoke, app, list(words), env={"HUB_URL": base, "COLUMNS": "200"}
            )
            assert told.exit_code == 0, told.output
            return told.stdout

        assert "this is version 4" in await hub("rules", "restore", "pm25-high", "1")
        back = (await client.get("/rules/pm25-high")).json()
        assert {name: back[name] for name in RULE} == RULE
        assert (back["enabled"], back["version"]) == (True, 4)
        told = await hub("rules", "history", "pm25-high")
        assert "thresholds: red 200 → blue 75, red 250" in told
        assert "name: PM2.5 high → High" in await hub("rules", "history", "pm25-high", "--version", "2")

        door.limited(Role.VIEWER, None)
        assert {each["by"] for each in (await client.get(PATH)).json()["items"]} == {None}


async def test_a_version_that_would_not_work_is_not_restored(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        air: dict[str, Any] = {"name": "Air", "metrics": {"pm10": {"name": "PM10", "unit": "ug/m3"}}}
        await client.delete("/rules/pm25-high")
        (await client.put("/profiles/air", json=air)).raise_for_status()
        refused = await client.post(f"{PATH}/1:restore")
        assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (422, ["/metric"])
        async with context.hub_pool.connection() as conn:
            await conn.execute("""update rule_version set body = body || '{"event_kind": "smoke"}' where version = 1""")
        refused = await client.post(f"{PATH}/1:restore", headers={"Accept-Language": "zh"})
        assert refused.status_code == 422
        assert "第 1 版" in refused.json()["detail"]


def test_what_a_version_lacks_for_it_is_older_than_the_field_is_no_change() -> None:
    assert differences({"name": "A"}, {"name": "A", "count": 1, "cooldown_s": 0, "within_s": None}) == []
    found = differences({"name": "A"}, {"name": "A", "count": 3})
    assert found == [{"field": "count", "before": 1, "after": 3}]
