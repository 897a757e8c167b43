"""A rule is tried on what is stored, over the API and from the command line."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from analytics.rules import series_history
from app.main import app
from hub.access.roles import Role
from hub.store.pool import Pool
from tests.bench.rules_try import fill, tried
from tests.support.doors import CallerDoor
from tests.support.served_api import AIR, RULE, api_context, client_of, served

NIGHT = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
"""Two in the morning in Hangzhou."""
UNTIL: dict[str, str | int] = {"days": 7, "until": (NIGHT + timedelta(days=2)).isoformat()}
FILL = """
select ensure_partition(%(night)s::date);
insert into reading (ts, series_id, value, quality)
select %(night)s::timestamptz + make_interval(mins => 10 * n),
       s.id, case when n between 30 and 40 or n = 100 then 300 when n between 60 and 62 then 80 else 20 end, 0
from series s join device d on d.id = s.device_id, generate_series(0, 143) n where d.code = 'near';
insert into reading (ts, series_id, value, quality)
select %(night)s::timestamptz, s.id, 90, 0 from series s join device d on d.id = s.device_id where d.code = 'far';
insert into event (id, device_id, ts, received_at, kind, state)
select gen_random_uuid(), d.id, at, at, 'smoke', case when n %% 2 = 0 then 'active' else 'inactive' end
from device d, generate_series(0, 4) n, lateral (select %(night)s::timestamptz + make_interval(hours => n) as at) t
where d.code = 'near'"""


@dataclass
class Desk:
    client: httpx.AsyncClient
    door: CallerDoor
    base: str
    pool: Pool

    async def tried(self, **rule: Any) -> dict[str, Any]:
        answer = await self.client.post("/rules:try", params=UNTIL, json={**RULE, **rule})
        return dict(answer.raise_for_status().json())

    async def hub(self, *words: str, status: int = 0) -> str:
        told = await asyncio.to_thread(
            CliRunner().invoke, app, list(words), env={"HUB_URL": self.base, "COLUMNS": "200"}
        )
        assert told.exit_code == status, told.output
        return told.stdout if status == 0 else told.stderr


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client, served(context) as base:
        (await client.put("/profiles/air", json=AIR)).raise_for_status()
        for code, region in (("near", "330106000000"), ("far", "330206000000")):
            device = {"name": code, "profile": "air", "region": region}
            (await client.put(f"/devices/{code}", json=device)).raise_for_status()
        async with context.hub_pool.connection() as conn:
            for statement in FILL.split(";\n"):
                await conn.execute(statement, {"night": NIGHT} if "%(" in statement else None)
        yield Desk(client, door, base, context.hub_pool)


async def test_it_tells_what_a_rule_would_have_raised(desk: Desk) -> None:
    found = await desk.tried()
    assert (found["alerts"], found["night"], found["lasting"], found["complete"]) == (4, 1, 1, True)
    assert (found["things"], found["looked_at"]) == (2, 145)
    assert found["by_level"] == {"blue": 2, "yellow": 0, "orange": 0, "red": 2}
    assert found["devices"] == [{"device": "near", "alerts": 3}, {"device": "far", "alerts": 1}]
    assert found["longest_s"] == 11 * 600
    assert [(each["day"], each["alerts"]) for each in found["days"] if each["alerts"]] == [("2026-11-03", 4)]
    assert len(found["days"]) == 8
    first = found["examples"][0]
    assert (first["device"], first["level"], first["peak_level"], first["value"]) == ("near", "red", "red", 300)
    async with desk.pool.connection() as conn:
        stored = await (await conn.execute("select count(*) from alert")).fetchone()
    assert stored == (0,)


async def test_another_threshold_or_hold_raises_less(desk: Desk) -> None:
    assert (await desk.tried(thresholds={"red": 250}))["alerts"] == 2
    assert (await desk.tried(hold_s=1800))["alerts"] == 2  # near once, far once: it is still 90
    assert (await desk.tried(direction="below", thresholds={"blue": 10}))["alerts"] == 0


async def test_planned_work_withholds_what_it_would_have_told(desk: Desk) -> None:
    mild = {"thresholds": {"yellow": 75}}
    before, red = await desk.tried(**mild), await desk.tried()
    async with desk.pool.connection() as conn:
        await conn.execute(
            """insert into maintenance (device_id, from_at, to_at, note)
               select id, %(night)s::timestamptz + interval '4 h', %(night)s::timestamptz + interval '6 h', 'x'
               from device where code = 'near'""",
            {"night": NIGHT},
        )
    after = await desk.tried(**mild)
    assert (before["longest_s"], after["longest_s"]) == (11 * 600, 5 * 600), "it is told at the end of the work"
    assert before["alerts"] == after["alerts"]
    assert (await desk.tried())["longest_s"] == red["longest_s"], "red is told at any time"


async def test_flagged_readings_are_looked_at_by_a_rule_that_says_so_stored_told_and_from_the_command_line(
    desk: Desk,
) -> None:
    async with desk.pool.connection() as conn:
        await conn.execute("update reading set quality = 256 where value >= 80")
    assert (await desk.tried())["alerts"] == 0
    assert (await desk.tried(flagged=True))["alerts"] == 4
    for other in (
        {"signal": "flat", "thresholds": {"blue": 600}, "hysteresis": 0, "hold_s": 0},
        {"expression": "pm25"},
    ):
        answer = await desk.client.post("/rules:try", params=UNTIL, json={**RULE, **other, "flagged": True})
        assert (answer.status_code, "usable readings only" in answer.text) == (422, True), other
    (await desk.client.put("/rules/high", json=RULE)).raise_for_status()
    await desk.hub("rules", "put", "high", "--flagged")
    assert json.loads(await desk.hub("rules", "show", "high"))["flagged"] is True
    assert "with flagged readings" in await desk.hub("rules", "list")
    changes = (await desk.client.get("/rules/high/versions")).json()["items"][0]["changes"]
    assert changes == [{"field": "flagged", "before": False, "after": True}]
    await desk.hub("rules", "put", "high", "--no-flagged")
    assert (await desk.client.get("/rules/high")).json()["flagged"] is False


async def test_a_kind_of_event_is_tried_too(desk: Desk) -> None:
    body = {"name": "Smoke", "event_kind": "smoke", "level": "orange"}
    found = (await desk.client.post("/rules:try", params=UNTIL, json=body)).raise_for_status().json()
    assert (found["alerts"], found["lasting"], found["looked_at"], found["things"]) == (3, 1, 5, 1)
    assert found["examples"][0]["value"] is None


async def test_who_sees_one_county_tries_it_on_that(desk: Desk) -> None:
    desk.door.limited(Role.INTEGRATOR, "3302")
    answer = await desk.client.post("/rules:try", params=UNTIL, json=RULE)
    assert (answer.status_code, answer.json()["things"]) == (200, 1)
    assert "near" not in answer.text


IMPOSSIBLE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"zone": "Mars/Olympus"}, RULE, "Asia/Shanghai"),
    ({"days": 0}, RULE, "days"),
    ({"days": 367}, RULE, "days"),
    ({}, {**RULE, "profile": "none"}, "profile"),
    ({}, {**RULE, "metric": "none"}, "metric"),
    ({}, {"name": "x"}, "threshold"),
]
"""What is asked, of which rule, and what the answer names."""


async def test_what_cannot_be_tried_is_refused(desk: Desk) -> None:
    for asked, rule, told in IMPOSSIBLE:
        answer = await desk.client.post("/rules:try", params=asked, json=rule)
        assert answer.status_code == 422, (asked, rule)
        assert told in answer.text, (asked, rule)


async def test_trials_wait_for_each_other_without_a_connection_and_too_many_are_refused(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.client.post("/rules:try", params=UNTIL, json=RULE) for _ in range(24)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert (busy.headers["retry-after"], "try again" in busy.text) == ("30", True)
    assert (await desk.tried())["alerts"] == 4


async def test_of_a_series_with_too_many_readings_a_part_is_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_history, "MOST_READINGS", 40)
    found = await desk.tried()
    assert (found["complete"], found["things"], found["looked_at"]) == (False, 2, 41)


def test_its_bench_tells_what_a_trial_costs(database: str) -> None:
    fill(database, 2, 1, compress=False)
    figures = asyncio.run(tried(database, 1))
    assert (figures["series"], figures["complete"]) == (2, True)
    assert figures["readings"] >= 2 * 287


async def test_from_the_command_line_with_a_plot(desk: Desk, tmp_path: Path) -> None:
    (await desk.client.put("/rules/high", json=RULE)).raise_for_status()
    days = str((datetime.now(UTC) - NIGHT).days + 2)
    drawn = tmp_path / "high.svg"
    told = await desk.hub("rules", "try", "high", "--days", days, "--plot", str(drawn))
    assert f"In the last {days} days this rule would have raised 4 alerts, 1 of them at night" in told
    assert "near 3, far 1" in told
    assert "<svg" in drawn.read_text(encoding="utf-8")
    fewer = json.loads(await desk.hub("rules", "try", "high", "--days", days, "--blue", "85", "--json"))
    assert fewer["alerts"] == 3
    body = tmp_path / "rule.json"
    body.write_text(await desk.hub("rules", "show", "high"), encoding="utf-8")
    same = json.loads(await desk.hub("rules", "try", "new", "--file", str(body), "--days", days, "--json"))
    assert same["alerts"] == 4
    body.write_text("[]", encoding="utf-8")
    assert "hub rules show" in await desk.hub("rules", "try", "new", "--file", str(body), status=1)
    assert "absent" in await desk.hub("rules", "try", "absent", status=1)


async def test_a_rule_on_a_signal_is_tried_as_its_readings_would_have_been_told(desk: Desk) -> None:
    """From 20 to 300 in ten minutes, at five hours and at sixteen: 1,680 an hour; to 80 it is 360."""
    found = await desk.tried(signal="rate", thresholds={"red": 1000}, hysteresis=0, hold_s=0)
    begun = [each["raised_at"] for each in sorted(found["examples"], key=lambda each: str(each["raised_at"]))]
    assert [datetime.fromisoformat(at) - NIGHT for at in begun] == [timedelta(minutes=300), timedelta(minutes=1000)]
    assert {each["value"] for each in found["examples"]} == {1680.0}
    for signal, told in (
        ("rate", None),
        ("unshared", "today's, as far as you may see them"),
        ("silence", "taken for heard"),
    ):
        rule = {"signal": signal, "thresholds": {"red": 3600}, "hysteresis": 0, "hold_s": 0}
        unlike = (await desk.tried(**rule))["unlike"]
        assert (len(unlike), told is None or told in unlike[0]) == (int(told is not None), True), signal
    gap = await desk.tried(signal="gap", thresholds={"red": 601}, hysteresis=0, hold_s=0)
    assert (gap["alerts"], gap["looked_at"]) == (0, found["looked_at"])
