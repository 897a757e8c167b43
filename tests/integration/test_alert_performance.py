"""How alerts load those who answer them: counted over the API and the command line, by hand for a small month."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.main import app
from tests.support.alarms import Alarms
from tests.support.served_api import api_context, client_of, served

MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
# minutes after midnight, second, target, level, minutes until cleared (or null), handling, cause, minutes until taken
RAISED: list[tuple[float, str, int, float | None, str, str | None, float | None]] = [
    *((600 + n / 60, "storm", 1, 1, "closed", None, 2) for n in range(12)),
    (30, "a", 4, None, "acknowledged", None, 4),
    (31, "a", 3, 5, "false_alarm", "cooking", 10),
    (32, "b", 2, 5, "false_alarm", None, 1),
    (33, "c", 2, None, "open", None, None),
    (700, "c", 1, 3, "open", None, None),
]
PLANT = """
with made as (
    insert into alert (id, rule_id, target, device_id, region, title, level, peak_level, handling, cause, opened_at,
                       raised_at, cleared_at, changed_at, seq)
    select gen_random_uuid(), r.id, %(target)s, d.id, d.region, 't', %(level)s, %(level)s, %(handling)s, %(cause)s, at,
           at, at + make_interval(mins => %(cleared)s::int), at, 1
    from rule r, device d, (select timestamptz '2026-03-01Z' + make_interval(secs => %(minute)s * 60) as at) t
    returning id, raised_at
)
insert into alert_change (id, alert_id, seq, kind, at, picture)
select gen_random_uuid(), id, 1, 'raised', raised_at, '{}'::jsonb from made
union all
select gen_random_uuid(), id, 2, 'commented', raised_at + interval '1 s', '{}'::jsonb from made
union all
select gen_random_uuid(), id, 3, 'acknowledged', raised_at + make_interval(secs => %(taken)s * 60), '{}'::jsonb
from made
where %(taken)s::float8 is not null
"""


@dataclass
class Desk:
    client: httpx.AsyncClient
    alarms: Alarms
    base: str

    async def ask(self, **params: str) -> dict[str, Any]:
        answer = await self.client.get("/indicators/alerts", params={**MARCH, **params})
        told: dict[str, Any] = answer.raise_for_status().json()
        return told


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:
        alarms = Alarms(context.hub_pool)
        await alarms.seed()
        for minute, target, level, cleared, handling, cause, taken in RAISED:
            await alarms.run(
                PLANT,
                minute=minute,
                target=target,
                level=level,
                cleared=cleared,
                handling=handling,
                cause=cause,
                taken=taken,
            )
        await alarms.run(
            "insert into principal (id, kind, name) values "
            "('00000000-0000-0000-0000-000000000001', 'person', 'wang'),"
            "('00000000-0000-0000-0000-000000000002', 'person', 'li')"
        )
        await alarms.run(  # wang from 00:25 to 00:32, li from 00:30 to 00:34 and from 23:59 into the next day
            """insert into desk_hour (hour, principal_id, minutes)
               select date_trunc('hour', at, 'UTC'), who, bit_or(1::bigint << extract(minute from at)::int)
               from (select ('00000000-0000-0000-0000-00000000000' || n)::uuid as who,
                            generate_series(timestamptz '2026-03-01Z' + first, timestamptz '2026-03-01Z' + last,
                                            '1 min') as at
                     from (values (1, interval '25 min', interval '32 min'), (2, '30 min', '34 min'),
                                  (2, '23:59', '24:10')) as t (n, first, last)) m
               group by 1, 2"""
        )
        yield Desk(client, alarms, base)


def measured(told: dict[str, Any]) -> dict[str, tuple[float, float | None]]:
    return {each["key"]: (each["numerator"], each["denominator"]) for each in told["measures"]}


async def test_a_day_is_counted_to_the_digit(desk: Desk) -> None:
    told = await desk.ask()
    assert told["alerts"] == 17
    # wang 8 minutes, li 5 and 1 of this day; the alerts of 00:30 to 00:33 found somebody at a desk
    assert measured(told) == {
        "operator_rate": (4, pytest.approx(14 / 60, abs=1e-4)), "flooded": (1, 144), "storms": (1, None),
        "level_red": (1, 17), "level_orange": (1, 17), "level_low": (15, 17), "top_ten": (17, 17),
        "chattering": (1, 4), "stale": (0, None), "untaken": (2, 17), "false_alarms": (2, 17),
    }  # fmt: skip
    assert [(each["first_ten_minutes"], each["alerts"]) for each in told["storms"]] == [(12, 12)]
    assert told["operators"] == {
        "hours": pytest.approx(14 / 60), "people": 2, "recorded_from": "2026-03-01T00:00:00Z", "unattended": 13,
    }  # fmt: skip
    assert told["taking"] == {"median_s": 120, "p90_s": 240, "longest_s": 600, "waiting": 1}
    assert [(each["target"], each["alerts"]) for each in told["top"]] == [("storm", 12), ("a", 2), ("c", 2), ("b", 1)]
    assert [each["target"] for each in told["chatterers"]] == ["storm"]
    causes = [(each["cause"], each["alerts"]) for each in told["false_by_cause"]]
    assert causes == [("cooking", 1), ("unspecified", 1)]
    assert told["false_by_model"] == [{"model": "gauge", "alerts": 17, "false_alarms": 2}]
    next_day = {"from": MARCH["to"], "to": "2026-03-03T00:00:00Z"}
    assert measured(await desk.ask(**next_day))["stale"] == (2, None), "what was raised on the day before lasts still"


async def test_drills_are_left_out_and_filters_narrow(desk: Desk) -> None:
    await desk.alarms.run(
        """insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
           values ('00000000-0000-0000-0000-0000000000d1', 'exercise', 'autumn', '{}', now(), now() + interval '1 h',
                   'x')"""
    )
    await desk.alarms.run("update alert set drill_id = '00000000-0000-0000-0000-0000000000d1' where target = 'storm'")
    told = await desk.ask(region="3301")
    assert (told["alerts"], told["storms"]) == (5, [])
    assert [(await desk.ask(**only))["alerts"] for only in (
        {"region": "3302"}, {"organisation": "x"}, {"category": "x"}, {"area": "x"}, {"event_kind": "smoke"},
    )] == [0, 0, 0, 0, 5]  # fmt: skip
    none = measured(await desk.ask(region="3302"))
    assert none["level_red"] == (0, 0)


async def test_periods_that_are_none_are_refused_with_what_to_do(desk: Desk) -> None:
    for params, said in (
        ({"from": MARCH["to"], "to": MARCH["from"]}, "统计期"),
        ({"from": "2020-01-01T00:00:00Z", "to": MARCH["to"]}, "1100"),
        ({"from": "yesterday"}, "from"),
        ({"region": "x"}, "3301"),
    ):
        answer = await desk.client.get("/indicators/alerts", params=params, headers={"accept-language": "zh"})
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text


async def test_the_command_line_tells_them(desk: Desk) -> None:
    words = ["indicators", "alerts", "--from", MARCH["from"], "--to", MARCH["to"], "--lang", "zh"]
    env = {"HUB_URL": desk.base, "COLUMNS": "200"}
    told = await asyncio.to_thread(CliRunner().invoke, app, words, env=env)
    assert told.exit_code == 0, told.output
    assert [each in told.stdout for each in ("误报占比", "11.76%", "2 / 17")] == [True] * 3
    told = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"], env=env)
    assert json.loads(told.stdout)["alerts"] == 17
