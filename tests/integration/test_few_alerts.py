"""Lists of alerts of a caller with limits: those of few devices are looked up, the others walked through."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.database import rows
from api.routes.alerts import SQL, few_keys
from hub.access.scope import Scope
from hub.access.scoped_pool import ScopedPool
from hub.alerts.path import DRILL
from hub.settings import Database
from hub.store.pool import Pool, open_pool

FILL = """
insert into profile (code, name) values ('p', 'P');
insert into rule (code, name, profile_id, event_kind, event_level) values ('r', 'R', 1, 'fire', 4);
insert into device (code, name, profile_id, region)
select 'd-' || n, 'D', 1, '3301' || lpad((n % 50)::text, 2, '0') || '001001' from generate_series(1, 1000) n;
insert into alert (id, origin, rule_id, target, device_id, region, seq, level, peak_level, title, handling, opened_at,
                   changed_at, cleared_at)
select gen_random_uuid(), case when d.id is null then 'manual' else 'rule' end, case when d.id is not null then 1 end,
       n::text, d.id, coalesce(d.region, '3301' || lpad((n % 50)::text, 2, '0') || '001001'), 1, 1, 1, 'T',
       'open', now(), now(), now()
from generate_series(1, 20000) n left join device d on d.id = 1 + n % 1100;
analyze device; analyze alert"""
ALL: dict[str, Any] = dict.fromkeys(
    ("id", "states", "min_level", "device", "region", "shelved", "assignee", "drill", "after_raised_at", "after_id")
)
FIRST = ALL | {"active": False, "limit": 51, "rounds": DRILL}


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(FILL.encode())
        yield opened


async def examined(pool: Pool, scope: Scope) -> int:
    """How many alerts are looked at for the first page of a caller with this scope."""
    async with ScopedPool(pool, scope).connection() as conn:
        keys = await few_keys(conn, scope, active=False, limit=51)
        explain = b"explain (analyze, format json) " + SQL.alerts.encode()
        [(told,)] = await (await conn.execute(explain, FIRST | {"keys": keys})).fetchall()
    found = told if isinstance(told, list) else json.loads(told)
    return sum(_looked_at(found[0]["Plan"]))


def _looked_at(node: dict[str, Any]) -> list[int]:
    own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    below = [each for child in node.get("Plans", ()) for each in _looked_at(child)]
    return [int(own), *below] if node.get("Relation Name") == "alert" else below


@pytest.mark.parametrize("key", ["/99", "/330107", "/3301"])
async def test_a_page_costs_no_look_at_all_alerts(pool: Pool, key: str) -> None:
    """Of somebody who may see nothing, little, everything."""
    assert await examined(pool, Scope(frozenset({key}))) < 2_000, "it grows with what there is, not with what is seen"


@pytest.mark.parametrize("key", ["/99", "/330107", "/3301"])
async def test_both_ways_find_the_same(pool: Pool, key: str) -> None:
    pages = []
    async with ScopedPool(pool, Scope(frozenset({key}))).connection() as conn:
        for keys in (None, [key]):
            page = await rows(conn, SQL.alerts, FIRST | {"keys": keys, "limit": 1_000})
            pages.append([each["id"] for each in page])
    assert pages[0] == pages[1]
    assert len(pages[0]) == {"/99": 0, "/330107": 400, "/3301": 1_000}[key]
