"""The report of a month over the API and the command line: what its pages say, to whom, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from api.context import Context
from api.monthly import figures
from api.monthly.moment import moment
from api.monthly.period import told_of
from app.main import app
from hub.access.caller import Caller, principal
from hub.access.grants import Grant
from hub.access.permissions import Permission
from hub.access.scope import Scope, key_of
from hub.cases.indicators import Period
from hub.cases.stage_times import stages
from hub.cases.which import Which
from hub.words.figure import percentage
from tests.support.alarms import Alarms
from tests.support.district_count import Year
from tests.support.district_steps import stepped
from tests.support.district_year import NOW, district_year
from tests.support.documents import close, pages, with_fonts
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of, served

pytestmark = with_fonts
OCTOBER = date(2025, 10, 1), date(2025, 10, 31)
PLANT = """
insert into alert (id, rule_id, target, device_id, region, title, level, peak_level, handling, cause, opened_at,
                   raised_at, cleared_at, changed_at, seq)
select gen_random_uuid(), r.id, 'gauge-1/pump-7', d.id, d.region, 't', 3, 3, 'false_alarm', 'cooking', at, at,
       at + interval '1 min', at, 1
from rule r, device d, generate_series(timestamptz '2025-10-08Z', '2025-10-08 00:03:40Z', '20 s') at
"""


Served = tuple[Context, httpx.AsyncClient, CallerDoor]


@pytest.fixture
async def city(database: str) -> AsyncIterator[Served]:
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door, timeout=60) as client:
        yield context, client, door


async def read(client: httpx.AsyncClient, **params: str) -> str:
    """The text of all pages, without spaces."""
    answer = await client.get("/indicators/report.pdf", params=params)
    assert answer.headers["content-type"] == "application/pdf", answer.text
    return close("".join(pages(answer.content)))


async def test_the_pages_say_what_was_counted_and_the_audit_who_took_it(city: Served) -> None:
    context, client, door = city
    steps = district_year(80)
    year = Year(steps, NOW)
    await stepped(context.hub_pool, steps)
    alarms = Alarms(context.hub_pool)
    await alarms.seed()
    await alarms.run("update device set region = '330106003002'")
    await alarms.run(PLANT)
    told = await read(client, month="2025-10", lang="zh", **{"for": "西湖区城市管理局"})
    counted = year.counts(*OCTOBER)[""]
    due, in_time = counted["due"], counted["closed_in_time"]
    assert f"按期结案率{in_time}{due}{percentage(in_time, due)}" in told
    assert f"立案率{counted['filed']}{counted['accepted']}" in told
    assert "案件与告警运行月报（2025年10月）报送对象西湖区城市管理局" in told
    assert "Smoke•gauge-1/pump-712(100.00%)" in told, "the sources of alerts"
    assert "2025-10-0808:002025-10-0808:03129" in told, "the storm"
    assert "炊事" in told, "false alarms by cause"
    async with context.hub_pool.connection() as conn:
        found = await (await conn.execute("select action, detail from audit order by id")).fetchall()
    assert [(action, detail["from"], detail["set"]) for action, detail in found] == [
        ("report.export", "2025-10-01", "standard")
    ]

    here, elsewhere = (key_of(None, region, None) for region in ("330106003", "330199"))
    grants = Grant(frozenset({Permission.CASES_READ}), here), Grant(frozenset({Permission.ALERTS_READ}), elsewhere)
    door.now = principal(uuid4(), "person", "li.wei", grants)
    part = await read(client, month="2025-10", lang="zh")
    own = year.counts(*OCTOBER, lambda about: about["region"][:9])["330106003"]
    assert f"应结案{own['due']}件" in part
    assert f"应结案{due}件" not in part
    assert "本期没有产生告警" in part, "the alerts are where only cases may be seen"
    door.now = Caller("person", "clerk", frozenset({Permission.CASES_READ}))
    clerk = await read(client, month="2025-10", lang="en")
    assert "tellsnothingofalerts" in clerk
    assert "pump-7" not in clerk


async def test_what_its_caller_sees_is_of_the_moment_of_the_counts(
    city: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _, _ = city
    await stepped(context.hub_pool, district_year(80))

    async def disturbed(*asked: Any) -> Any:
        async with context.hub_pool.connection() as other:
            await other.execute("update case_file set due_at = null")
        return await stages(*asked)

    monkeypatch.setattr(figures, "stages", disturbed)
    limited = replace(context, scope=Scope(frozenset({"/330106"})))
    year = told_of(Period(date(2025, 1, 1), date(2025, 12, 31), NOW))
    async with moment(limited) as at:
        found = await figures.case_figures(limited, at, year, Which(), "standard")
    assert len(found.overdue) == found.counted["overdue_open"] > 0


async def test_what_cannot_be_told_is_refused_in_words(city: Served) -> None:
    context, client, _ = city
    next_month = datetime.now(UTC).replace(day=28).date().replace(day=1)
    future = f"{next_month.year + 1}-{next_month.month:02}"
    wrong: list[tuple[dict[str, str], str]] = [
        ({"month": future}, "晚于今天"),
        ({"month": "2025-13"}, "month"),
        ({"month": "0000-01"}, "month"),
        ({"month": "9999-12"}, "month"),
        ({"month": "2025-10", "from": "2025-10-01"}, "只给出月份"),
        ({"from": "2025-10-01"}, "同时给出"),
        ({"from": "2025-10-02", "to": "2025-10-01"}, "早于"),
        ({"from": "2024-10-02", "to": "2025-10-03"}, "366"),
        ({"month": "1950-01"}, ""),
        ({"area": "nowhere"}, "没有区域 nowhere"),
        ({"organisation": "nobody"}, "没有单位 nobody"),
    ]
    for params, why in wrong:
        answer = await client.get("/indicators/report.pdf", params={"lang": "zh", **params})
        assert (answer.status_code, why in answer.json()["detail"]) == (422, True), (params, answer.text)
    assert (await client.get("/indicators/report.pdf?set=none")).status_code == 404
    async with context.hub_pool.connection() as conn:
        assert await (await conn.execute("select from audit")).fetchall() == [], "nothing was taken"
    assert "本期没有案件" in await read(client, lang="zh", month="2024-02")


async def test_the_command_line_saves_it_and_says_what_next(city: Served, tmp_path: Path) -> None:
    context, _, door = city
    async with served(context, door=door) as url:

        def run(*arguments: str) -> Any:
            return CliRunner().invoke(app, ["indicators", "report", "--url", url, *arguments])

        file = tmp_path / "october.pdf"
        saved = await asyncio.to_thread(run, "--month", "2025-10", "--out", str(file), "--lang", "zh")
        assert saved.exit_code == 0, saved.output
        assert file.read_bytes().startswith(b"%PDF-")
        assert "hub indicators cases --from 2025-10-01 --to 2025-10-31" in saved.output
        refused = await asyncio.to_thread(run, "--month", "2099-01", "--out", str(tmp_path / "x.pdf"))
        assert refused.exit_code == 1
        assert "after today" in refused.output
        never = await asyncio.to_thread(run, "--month", "9999-12", "--out", str(tmp_path / "x.pdf"))
        assert (never.exit_code, "month" in never.output) == (1, True)
        nowhere = await asyncio.to_thread(run, "--month", "2025-10", "--out", str(tmp_path / "no" / "x.pdf"))
        assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (1, True)
