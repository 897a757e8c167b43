"""Rules with an expression: over the API and the command line, decided from readings, across a restart, and tried."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.main import app
from hub.alerts.desk_steps import details_told
from hub.quality import Quality
from tests.support.batches import fetch
from tests.support.expressing_hub import Hub, told
from tests.support.rule_city import NOW, S
from tests.support.served_api import api_context, client_of, served

GAUGE: dict[str, Any] = {
    "name": "River gauge",
    "metrics": {
        "level": {"name": "Level", "unit": "m", "min": 0, "max": 30},
        "rain_rate": {"name": "Rain", "unit": "mm/h", "min": 0, "max": 300},
    },
}
WET = {
    "name": "High water in heavy rain",
    "profile": "gauge",
    "expression": "level > 3 && rain_rate > 20",
    "direction": "above",
    "thresholds": {"yellow": 1},
}


async def _gauges(client: httpx.AsyncClient) -> None:
    (await client.put("/profiles/gauge", json=GAUGE)).raise_for_status()
    for code in ("g1", "g2"):
        (await client.put(f"/devices/{code}", json={"name": code, "profile": "gauge"})).raise_for_status()


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"expression": "level > 3 && rain > 20"}, "/expression", "column 14: profile gauge has no metric 'rain'"),
    ({"expression": "level > "}, "/expression", "column 9: "),
    ({"expression": "level" + " " * 9_995}, "/expression", "column 2001: "),
    ({"expression": "level > gateway.power"}, "/expression", "column 16: "),
    ({"metric": "temperature"}, "/metric", "level, rain_rate"),
    ({"signal": "score"}, "/", "leave out signal"),
    ({"thresholds": {"yellow": 2}}, "/thresholds/yellow", "never reached"),
    ({"expression": None, "metric": "level", "stale_s": 60}, "/", "stale_s belongs"),
]


async def test_what_is_wrong_with_an_expression_is_told_with_its_place(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await _gauges(client)
        for changed, pointer, problem in REFUSED:
            answer = await client.put("/rules/wet", json={**WET, **changed})
            [fault] = answer.json()["errors"]
            assert (answer.status_code, fault["pointer"]) == (422, pointer), fault
            assert problem in fault["problem"]
            in_chinese = await client.put("/rules/wet", json={**WET, **changed}, headers={"Accept-Language": "zh"})
            assert in_chinese.json()["errors"][0]["problem"] != fault["problem"]
        assert (await client.post("/rules:check", json={"profile": "none", "expression": "level"})).status_code == 404


async def test_a_rule_with_an_expression_from_the_command_line_to_its_alerts(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:
        await _gauges(client)

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        text = "level > 3.0 && rain_rate > 20"
        checked = await hub("rules", "check", text, "--profile", "gauge")
        assert "true (1) or false (0)" in checked
        assert "waits for the others, 10 s at most" in checked
        assert "danger" not in checked, "a level is one of water alone"
        assert "column 8" in await hub("rules", "check", "level /", "--profile", "gauge", status=1)
        given = ("--direction", "above", "--expression", text, "--yellow", "1", "--stale-s", "600")
        await hub("rules", "put", "wet", "--name", "Wet", "--profile", "gauge", *given)
        assert text in await hub("rules", "list")
        stored = (await client.get("/rules/wet")).json()
        assert (stored["metric"], stored["expression"], stored["stale_s"]) == ("level", text, 600)

        pool = context.hub_pool
        process = Hub(pool)
        await process.start()
        await process.take("g1", (0, "level", 4.0), (1, "rain_rate", 10.0), (2, "rain_rate", 30.0))
        await process.take("g2", (0, "rain_rate", 30.0))
        assert await told(pool) == [], "the level may come that belongs to the rain"
        await process.start()  # it was killed: what waited does so still
        await process.wait()
        assert await told(pool) == [("g1/level", "raised", {"level": 4.0, "rain_rate": 30.0})]
        await process.start()  # it was killed: what was known of g2 is in the store
        await process.take("g2", (5, "level", 5.0), (5, "rain_rate", 31.0))
        await process.take("g1", (600, "rain_rate", 30.0))
        await process.wait()
        assert [kind for _, kind, _ in await told(pool)] == ["raised", "raised"]  # still at 600 s
        await process.start()
        await process.take("g1", (700, "rain_rate", 0.0))  # the level is not waited for any more
        cleared = [("g1/level", "cleared", {"level": None, "rain_rate": 0.0})]  # false, whatever the level is
        assert (await told(pool))[2:] == cleared
        await process.take("g1", (710, "level", 4.0), (720, "rain_rate", 30.0), quality=int(Quality.FAULT))
        assert len(await told(pool)) == 3

        alert = (await client.get("/alerts", params={"device": "g2"})).json()["items"][0]["id"]
        timeline = (await client.get(f"/alerts/{alert}/timeline")).json()
        assert timeline["alert"]["title"] == f"g2: {text} is 1 ≥ 1 (yellow)"
        said = details_told("raised", timeline["items"][0]["details"], "en")
        assert said.startswith("calculated from level 5, rain_rate 31; 1 is at the threshold of 1")

        without = {**GAUGE, "metrics": {"level": GAUGE["metrics"]["level"]}}
        assert "rain_rate" in (await client.put("/profiles/gauge", json=without)).json()["detail"]

        await hub("rules", "put", "wet", "--metric", "level", "--yellow", "3")
        assert (await client.get("/rules/wet")).json()["expression"] is None
        fields = [change["field"] for change in (await client.get("/rules/wet/versions")).json()["items"][0]["changes"]]
        assert fields == ["expression", "stale_s", "thresholds"]
        assert "expression" in await hub("rules", "history", "wet")
        await hub("rules", "restore", "wet", "1")
        assert (await client.get("/rules/wet")).json()["expression"] == text


async def test_a_rule_with_an_expression_is_tried_by_the_same_code(database: str) -> None:
    night = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
    async with api_context(database) as context, client_of(context) as client:
        await _gauges(client)
        async with context.hub_pool.connection() as conn:
            await conn.execute("select ensure_partition(%s::date)", (night,))
            await conn.execute(
                """insert into reading (ts, series_id, value, quality)
                   select %(night)s::timestamptz + make_interval(mins => 10 * n), s.id,
                          case s.metric when 'level' then case when n between 3 and 8 then 5 else 1 end
                          else case when n between 6 and 20 then 30 else 0 end end, 0
                   from series s join device d on d.id = s.device_id, generate_series(0, 30) n where d.code = 'g1'""",
                {"night": night},
            )
        asked: dict[str, str | int] = {"days": 7, "until": (night + timedelta(days=2)).isoformat()}
        found = (await client.post("/rules:try", params=asked, json=WET)).raise_for_status().json()
        assert (found["alerts"], found["things"], found["looked_at"], found["lasting"]) == (1, 2, 62, 0)
        assert found["longest_s"] == 1800
        assert (found["examples"][0]["device"], found["examples"][0]["value"]) == ("g1", 1.0)


async def test_what_waits_of_a_rule_that_is_something_else_now_is_forgotten(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await _gauges(client)
        (await client.put("/rules/wet", json=WET)).raise_for_status()
        pool, process = context.hub_pool, Hub(context.hub_pool)
        await process.start()

        def rows() -> list[tuple[Any, ...]]:
            return fetch(database, f"select extract(epoch from until) - {NOW // S} from expression_judged")

        await process.take("g1", (0, "level", 2.0), (0, "rain_rate", 30.0), (5, "level", 4.0))
        assert rows() == [(0,)]
        (await client.put("/rules/wet", json={**WET, "expression": "level + rain_rate > 30"})).raise_for_status()
        await process.rules.refresh(pool)
        await process.wait()
        assert (await told(pool), rows()) == ([], []), "it begins with the next reading, as any rule"
        await process.take("g1", (6, "rain_rate", 31.0))
        await process.start()
        await process.wait()
        assert [(target, kind) for target, kind, _ in await told(pool)] == [("g1/level", "raised")]
        assert rows() == [(6,)]
        await process.take("g1", (7, "level", 1.0), (7, "rain_rate", 0.0))
        assert rows() == [], "what comes together needs none"
        await process.take("g1", (9, "level", 1.0))
        assert rows() == [(7,)]
        (await client.delete("/rules/wet")).raise_for_status()
        await process.start()
        await process.wait()
        assert rows() == []


@pytest.mark.parametrize("other", [{"flagged": False}, {"enabled": False}])
async def test_what_pended_of_a_rule_that_was_something_else_meanwhile_does_not_go_on_after_a_kill(
    database: str, other: dict[str, bool]
) -> None:
    rule = {**WET, "expression": None, "metric": "level", "flagged": True, "hold_s": 60}
    async with api_context(database) as context, client_of(context) as client:
        await _gauges(client)
        (await client.put("/rules/odd", json=rule)).raise_for_status()
        process = Hub(context.hub_pool)
        await process.start()
        await process.take("g1", (0, "level", 4.0), quality=int(Quality.FAULT))
        assert fetch(database, "select count(*) from rule_pending") == [(1,)]
        (await client.put("/rules/odd", json={**rule, **other})).raise_for_status()
        await process.take("g1", (5, "level", 5.0), quality=int(Quality.FAULT))  # it has not heard of the change
        (await client.put("/rules/odd", json=rule)).raise_for_status()
        await process.start()  # it was killed before it did
        await process.take("g1", (61, "level", 4.0), quality=int(Quality.FAULT))
        assert await told(context.hub_pool) == []
        await process.take("g1", (121, "level", 4.0), quality=int(Quality.FAULT))
        assert [kind for _, kind, _ in await told(context.hub_pool)] == ["raised"]


async def test_what_a_worker_notes_as_its_rule_is_switched_off_does_not_pend_when_it_is_on_again(database: str) -> None:
    rule = {**WET, "expression": None, "metric": "level", "flagged": True, "hold_s": 60}
    async with api_context(database) as context, client_of(context) as client:
        await _gauges(client)
        (await client.put("/rules/odd", json=rule)).raise_for_status()
        process = Hub(context.hub_pool)
        await process.start()
        await process.take("g1", (0, "level", 4.0), quality=int(Quality.FAULT))
        async with context.hub_pool.connection() as conn, conn.transaction():
            await conn.execute(
                """insert into rule_pending (rule_id, series_id, since, value, revision, signal)
                   select p.rule_id, s.id, p.since, p.value, p.revision, p.signal
                   from rule_pending p, series s where s.id <> p.series_id limit 1"""
            )
            (await client.put("/rules/odd", json={**rule, "enabled": False})).raise_for_status()
        assert fetch(database, "select count(*) from rule_pending") == [(1,)], "it was not committed when that was off"
        (await client.put("/rules/odd", json=rule)).raise_for_status()
        assert fetch(database, "select count(*) from rule_pending") == [(0,)]
