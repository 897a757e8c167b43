"""GET /series/{device}/{metric}/expectation: the band and the score of stored readings, by those before them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from analytics.detection import expectation
from app.main import app
from tests.support.served_api import AIR, RULE, api_context, client_of, served

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
LEAP = BEGIN + timedelta(days=7)
PATH = "/series/near/pm25/expectation"
DAY = {"from": LEAP.isoformat(), "to": (LEAP + timedelta(days=1)).isoformat()}
FILL = """
insert into reading (ts, series_id, value, quality)
select %(begin)s::timestamptz + make_interval(mins => 10 * n), s.id,
       case when n = 1008 then 400 else 20 + 5 * sin(2 * pi() * n / 144) + (n %% 7) / 10.0 end,
       case when n = 1010 then 4096 else 0 end
from series s, generate_series(0, 1151) n"""


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/air", json=AIR)).raise_for_status()
        (await client.put("/devices/near", json={"name": "near", "profile": "air"})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            for day in range(9):
                await conn.execute("select ensure_partition(%s::date)", (BEGIN + timedelta(days=day),))
            await conn.execute(FILL, {"begin": BEGIN})
        yield client


async def test_from_the_command_line_with_a_plot(client: httpx.AsyncClient, database: str, tmp_path: Path) -> None:
    plot = tmp_path / "band.svg"
    async with api_context(database) as context, served(context) as base:

        async def hub(*words: str) -> Any:
            env = {"HUB_URL": base, "COLUMNS": "160"}
            arguments = ["series", "expectation", "near", "pm25", *words]
            return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)

        period = ("--from", DAY["from"], "--to", DAY["to"], "--step", "600")
        told = await hub(*period, "--plot", str(plot))
        assert told.exit_code == 0, told.output
        assert told.stdout.startswith("1 unusual; 143 readings")
        assert "2026-11-09 00:00:00+00:00" in told.stdout
        drawn = ElementTree.parse(plot).getroot()  # noqa: S314 our own
        names = [each.tag.rpartition("}")[2] for each in drawn]
        assert (names.count("polygon"), names.count("polyline"), names.count("circle")) == (1, 2, 1)
        there = await hub(
            "--from", "2026-11-09T08:00:00+08:00", "--to", DAY["to"], "--step", "600", "--plot", str(plot)
        )
        assert "2026-11-09 08:00:00+08:00" in there.stdout
        assert ">2026-11-09 08:00+08:00<" in plot.read_text()
        for wrong, why in ((tmp_path, "Is a directory"), (tmp_path / "no" / "band.svg", "No such file or directory")):
            refused = await hub(*period, "--plot", str(wrong))
            assert (refused.exit_code, f"{wrong}: {why}" in refused.stderr) == (1, True), refused.exception
        nothing = await hub("--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", "--plot", str(plot))
        assert (nothing.exit_code, "nothing to draw" in nothing.stderr) == (1, True)


async def _told(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    return dict((await client.get(PATH, params={**DAY, **asked})).raise_for_status().json())


async def test_a_leap_is_unusual_and_the_band_is_of_the_readings_before_it(client: httpx.AsyncClient) -> None:
    told = await _told(client, step=600)
    leap, *rest = told["items"]
    assert datetime.fromisoformat(leap["ts"]) == LEAP
    assert (leap["value"], leap["n"], leap["score"] > 0.99) == (400, 1, True)
    assert 15 < leap["low"] <= leap["expected"] <= leap["high"] < 27
    assert max(each["score"] for each in rest) < 0.99
    assert datetime.fromisoformat(told["learned_from"]) == BEGIN
    until = (LEAP + timedelta(seconds=1)).isoformat()
    assert (await _told(client, step=600, to=until))["items"] == [leap], "what comes after a reading says nothing of it"


async def test_a_step_tells_its_most_unusual_reading(client: httpx.AsyncClient) -> None:
    fine, coarse = (await _told(client, step=600))["items"], (await _told(client, step=43_200))["items"]
    assert [each["n"] for each in coarse] == [71, 72], "one reading has a flag, and does not count"
    assert [each["score"] for each in coarse] == [
        max(each["score"] for each in fine[:71]),
        max(each["score"] for each in fine[71:]),
    ]
    assert coarse[0]["value"] == 400


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"step": 10}, "/query/step"),
        ({"from": "2024-01-01T00:00:00Z"}, "/query/from"),
        ({"to": DAY["from"]}, "/query/from"),
    ],
)
async def test_what_is_too_much_is_refused_before_it_is_read(
    client: httpx.AsyncClient, asked: dict[str, Any], pointer: str
) -> None:
    answer = await client.get(PATH, params={**DAY, **asked})
    assert (answer.status_code, pointer in answer.text) == (422, True)


async def test_a_period_of_too_many_readings_is_refused_and_a_long_past_is_cut(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectation, "MOST_READINGS", 200)
    assert datetime.fromisoformat((await _told(client))["learned_from"]) > BEGIN
    monkeypatch.setattr(expectation, "MOST_READINGS", 100)
    answer = await client.get(PATH, params=DAY)
    assert (answer.status_code, "more than 100 readings" in answer.text) == (422, True)


async def test_more_than_may_wait_are_refused(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectation, "WAITING", -1)
    answer = await client.get(PATH, params=DAY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_an_unknown_device_or_metric_is_named(client: httpx.AsyncClient) -> None:
    assert (await client.get("/series/ghost/pm25/expectation")).status_code == 404
    answer = await client.get("/series/near/pm2.5/expectation")
    assert (answer.status_code, "pm25" in answer.text) == (404, True)


BESIDE = """
insert into device (code, name, profile_id, lon, lat)
    select 'beside-' || n, 'B', (select id from profile where code = 'air'), 120, 30 + 0.003 * n
    from generate_series(1, 3) n;
update device set lon = 120, lat = 30 where code = 'near';
insert into series (device_id, metric) select id, 'pm25' from device where code like 'beside-%' on conflict do nothing;
delete from reading"""
FRONT = """
insert into reading (ts, series_id, value, quality)
select %(begin)s::timestamptz + make_interval(mins => 30 * n), s.id,
       20 + 5 * sin(2 * pi() * n / 48) + (n %% 7 + d.id %% 3) / 10.0 + greatest(n - 1488, 0) / 2.0, 0
from series s join device d on d.id = s.device_id, generate_series(0, 1535) n"""


async def test_where_a_rule_watches_what_neighbours_do_not_share_their_band_is_told(
    client: httpx.AsyncClient, database: str
) -> None:
    """A front on the 32nd day that all have: beyond all that was usual, and not far from what the others show."""
    day = {"from": (BEGIN + timedelta(days=31)).isoformat(), "to": (BEGIN + timedelta(days=32)).isoformat()}
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        for statement in BESIDE.split(";\n"):
            await conn.execute(statement.encode())
        for number in range(9, 33):
            await conn.execute("select ensure_partition(%s::date)", (BEGIN + timedelta(days=number),))
        await conn.execute(FRONT, {"begin": BEGIN})
    told = await _told(client, **day, step=3600)
    assert (told["neighbours"], told["items"][-1]["shared"]) == (None, None), "no rule watches it"
    rule = {**RULE, "signal": "unshared", "thresholds": {"blue": 2}}
    (await client.put("/rules/alone", json=rule)).raise_for_status()
    told = await _told(client, **day, step=3600)
    *_, last = told["items"]
    assert told["neighbours"] == 3
    assert last["value"] > last["expected"] + 15
    assert last["expected"] + 10 < last["shared"] < last["value"] + 1
    assert last["shared_low"] < last["shared"] < last["shared_high"]
    assert last["unshared"] > 0
    (await client.put("/rules/alone", json={**rule, "enabled": False})).raise_for_status()
    assert (await _told(client, **day, step=3600))["neighbours"] is None
