"""Rules that go by a device's gateway or its neighbours: whoever receives those, after a restart, and tried."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.context import Context
from tests.support.expressing_hub import Hub, told
from tests.support.served_api import api_context, client_of

PROFILES: dict[str, dict[str, Any]] = {
    "gauge": {"name": "Gauge", "metrics": {"level": {"name": "Level", "unit": "m", "min": 0, "max": 30}}},
    "rain": {"name": "Rain", "metrics": {"rain_rate": {"name": "Rain", "unit": "mm/h", "min": 0, "max": 300}}},
    "cabinet": {"name": "Cabinet", "metrics": {"power": {"name": "Power", "unit": "W", "min": 0, "max": 1}}},
}
RULE = {"name": "A rule", "profile": "gauge", "direction": "above", "thresholds": {"yellow": 1}, "stale_s": 60}
RULES = {
    "powerless": "level > 3 && gateway.power < 1",
    "odd": "level - median(neighbours(500).level) > 0.5",
    "alone": "level > 9 && count(neighbours(1000).level) == 0",
    "soaked": "level > 5 && max(neighbours(5000).rain_rate) > 20",
}
DEVICES: dict[str, dict[str, Any]] = {
    "cab": {"profile": "cabinet", "lon": 120.0, "lat": 30.0},
    "cab-2": {"profile": "cabinet"},
    "g1": {"profile": "gauge", "parent": "cab", "lon": 120.0, "lat": 30.0},
    "g2": {"profile": "gauge", "parent": "g1", "lon": 120.0, "lat": 30.002},
    "g3": {"profile": "gauge", "lon": 120.0, "lat": 30.02},
    "g4": {"profile": "gauge", "parent": "cab-2"},
    "r1": {"profile": "rain", "lon": 120.0, "lat": 30.03},
}
PAST = -600
"""Seconds: what is committed counts at its own time, not at that of its arrival, if it is not in the future."""


async def _city(client: httpx.AsyncClient) -> None:
    for code, body in PROFILES.items():
        (await client.put(f"/profiles/{code}", json=body)).raise_for_status()
    for code, body in DEVICES.items():
        (await client.put(f"/devices/{code}", json={"name": code, **body})).raise_for_status()
    for code, expression in RULES.items():
        (await client.put(f"/rules/{code}", json={**RULE, "expression": expression})).raise_for_status()


@pytest.mark.parametrize("processes", [1, 2])
async def test_alerts_are_the_same_whoever_receives_what_the_others_send(database: str, processes: int) -> None:
    """`mine` receives what g1, g3 and g4 send, `others` the rest."""
    async with api_context(database) as context, client_of(context) as client:
        await _city(client)
        pool = context.hub_pool
        others = Hub(pool)
        mine = Hub(pool) if processes == 2 else others
        for hub in {others, mine}:
            await hub.start()

        async def elsewhere(device: str, at: int, metric: str, value: float) -> None:
            await others.take(device, (PAST + at, metric, value))
            await others.latest.flush(pool)
            await mine.rules.look(pool)

        seen = 0

        async def news() -> list[Any]:
            nonlocal seen
            found = await told(pool)
            new, seen = found[seen:], len(found)
            return [(target, kind, metrics) for target, kind, metrics in new]

        await mine.take("g1", (PAST + 0, "level", 4.0))
        await elsewhere("cab", 0, "power", 0.0)
        await mine.take("g4", (PAST + 0, "level", 4.0))  # its gateway has never sent any
        await mine.take("g3", (PAST + 0, "level", 4.0))  # it has none
        assert await news() == []
        await mine.take("g1", (PAST + 1, "level", 4.0))
        assert await news() == [("g1/level", "raised", {"level": 4.0, "gateway.power": 0.0})]

        await mine.start()  # it was killed: what is elsewhere is looked at before the first batch
        await mine.take("g1", (PAST + 5, "level", 2.0))
        assert await news() == [("g1/level", "cleared", {"level": 2.0, "gateway.power": 0.0})]
        await mine.take("g1", (PAST + 100, "level", 4.0))  # the value of its gateway is too old
        assert await news() == []

        await elsewhere("g2", 101, "level", 1.0)
        await mine.take("g1", (PAST + 102, "level", 3.0))  # of itself there is 4, and then 3
        median = "median(neighbours(500).level)"
        assert await news() == [("g1/level", "raised", {"level": 3.0, median: 1.0})]
        (await client.put("/devices/g2", json={"name": "g2", **DEVICES["g2"], "state": "retired"})).raise_for_status()
        await mine.registry.refresh(pool)
        await mine.rules.look(pool)
        await mine.take("g1", (PAST + 103, "level", 1.0))  # nobody is near any more: no reading, so it lasts
        assert await news() == []
        (await client.put("/devices/g3", json={"name": "g3", **DEVICES["g3"], "lat": 30.001})).raise_for_status()
        await mine.take("g3", (PAST + 104, "level", 2.0))
        await mine.latest.flush(pool)
        await mine.registry.refresh(pool)
        await mine.rules.look(pool)
        await mine.take("g1", (PAST + 105, "level", 1.0))
        assert await news() == [("g1/level", "cleared", {"level": 1.0, median: 2.0})]

        await elsewhere("r1", 105, "rain_rate", 30.0)
        await mine.take("g4", (PAST + 106, "level", 10.0))  # nobody knows where it is: none is near
        await mine.take("g3", (PAST + 106, "level", 1.5))
        await mine.take("g3", (PAST + 136, "level", 6.0))
        counted = {"level": 10.0, "count(neighbours(1000).level)": 0.0}
        soaked = {"level": 6.0, "max(neighbours(5000).rain_rate)": 30.0}
        odd = {"level": 6.0, median: 1.0}
        found = await news()
        assert ("g4/level", "raised", counted) in found
        assert ("g3/level", "raised", soaked) in found
        assert ("g3/level", "raised", odd) in found
        assert len(found) == 3


async def test_where_no_rule_asks_for_others_nothing_is_read(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await _city(client)
        for code in RULES:
            await client.delete(f"/rules/{code}")
        hub = Hub(context.hub_pool)
        await hub.start()
        await context.hub_pool.close()
        await hub.rules.look(context.hub_pool)


REFUSED = [
    ("level > gateway.powr", "column 16: no profile has a metric 'powr'; did you mean power"),
    ("level > mean(neighbours(0).level)", "from 1 to 5000"),
    ("level > mean(neighbours(1e9).level)", "from 1 to 5000"),
    ("gateway.power < 1", "the device itself"),
]


async def test_expressions_over_others_are_checked_and_tried(database: str) -> None:
    night = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
    async with api_context(database) as context, client_of(context) as client:
        await _city(client)
        (await client.put("/devices/g3", json={"name": "g3", **DEVICES["g3"], "parent": "cab"})).raise_for_status()
        for text, problem in REFUSED:
            answer = await client.post("/rules:check", json={"profile": "gauge", "expression": text})
            assert answer.status_code == 422
            assert problem in answer.json()["errors"][0]["problem"]
        found = (await client.post("/rules:check", json={"profile": "gauge", "expression": RULES["odd"]})).json()
        assert found["inputs"] == ["level", "median(neighbours(500).level)"]

        async with context.hub_pool.connection() as conn:
            await conn.execute("select ensure_partition(%s::date)", (night,))
            await conn.execute(
                """insert into reading (ts, series_id, value, quality)
                   select %(night)s::timestamptz + make_interval(mins => 10 * n), s.id,
                          case s.metric when 'level' then 5 else case when n between 3 and 8 then 0 else 1 end end, 0
                   from series s join device d on d.id = s.device_id, generate_series(0, 30) n
                   where d.code in ('g1', 'g3', 'g4', 'cab')""",
                {"night": night},
            )
        asked: dict[str, str | int] = {"days": 7, "until": (night + timedelta(days=2)).isoformat()}
        tried = {**RULE, "expression": RULES["powerless"]}
        found = (await client.post("/rules:try", params=asked, json=tried)).raise_for_status().json()
        assert (found["alerts"], found["lasting"], found["longest_s"]) == (2, 0, 3600)
        assert {each["device"] for each in found["examples"]} == {"g1", "g3"}
        assert found["looked_at"] >= 4 * 31
        assert (await _tried_beside(context, client, night, asked)) == [
            ("g1", "19:40", "20:00"),
            ("g2", "19:15", "19:45"),
            ("g2", "20:05", ""),
        ]


async def _tried_beside(
    context: Context, client: httpx.AsyncClient, night: datetime, asked: dict[str, str | int]
) -> list[tuple[str, str, str]]:
    """Of g1 and g2, 220 m apart, of which both have 5 but for g2 from 19:15, and g1 from 19:40 (10) to 20:00; when it
    is told that each is unlike the other."""
    async with context.hub_pool.connection() as conn:
        await conn.execute(
            """update reading set value = 10 where ts >= %(night)s::timestamptz + interval '100 minutes'
                   and ts < %(night)s::timestamptz + interval '120 minutes'
                   and series_id = (select s.id from series s join device d on d.id = s.device_id where d.code = 'g1');
               """.replace(";", ""),
            {"night": night},
        )
        await conn.execute(
            """insert into reading (ts, series_id, value, quality)
               select %(night)s::timestamptz + make_interval(mins => 5 + 10 * n), s.id,
                      case when n >= 7 then 8 else 5 end, 0
               from series s join device d on d.id = s.device_id, generate_series(0, 30) n
               where d.code = 'g2' and s.metric = 'level'""",
            {"night": night},
        )
    rule = {**RULE, "stale_s": 900, "expression": RULES["odd"]}
    found = (await client.post("/rules:try", params=asked, json=rule)).raise_for_status().json()
    assert "today's" in found["unlike"][0]
    times = [(each["device"], each["raised_at"], each["ended_at"]) for each in found["examples"]]
    return sorted((device, begun[11:16], (ended or "")[11:16]) for device, begun, ended in times)
