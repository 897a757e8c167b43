"""Copied cases (tests/support/case_city.py) are what the hub makes of the same steps, column by column."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.cases.apply import apply
from hub.cases.indicators import Period, counts
from hub.cases.stage_times import measured, stages
from hub.cases.which import Which
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.case_city import fill, patterns
from tests.support.counted_cases import counted
from tests.support.district_steps import change
from tests.support.district_year import Event

COPY = 2
CASES = 60
"""Some of them are returned, some merged."""
APART = 100_000
"""Between the numbers of patterns and of cases that are stepped to be compared."""
MAPPED = """
select p.id, city.copied(p.id, %(n)s), city.region(p.region, m.chance), city.owner(p.organisation, m.chance),
       city.category(p.category, m.chance), city.owner('', m.chance)
from city.pattern p, lateral city.chance(p.id, %(n)s) m (chance)"""
ROWS = (
    """select id, to_jsonb(t) - '{id,number,scope}'::text[]
              || jsonb_build_object('scope', array(select unnest(scope) order by 1)) from case_file t""",
    "select case_id, to_jsonb(t) from case_clock t order by case_id, visit",
    "select case_id, to_jsonb(t) - '{id,cursor}'::text[] from case_step t order by case_id, seq",
)


async def test_a_copy_is_what_the_hub_makes_of_the_same_steps(database: str) -> None:
    now = datetime.now(UTC)
    filled = await asyncio.to_thread(fill, database, 3 * CASES, lambda *_: None, True, 3, now)
    assert filled == 3 * CASES
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            period = Period(date(2020, 1, 1), date(2030, 1, 1), now)
            assert await counts(conn, period, Which()) == await counted(conn, period, Which()), "the tally is filled"
            assert await stages(conn, period, Which()) == await measured(conn, period, Which()), "so is this"
        mapped = {row[0]: row[1:] for row in await rows(pool, MAPPED)}
        assert {"returned", "merged", "extension_granted", "suspension_granted"} <= {
            each["kind"] for each in patterns(CASES, now)
        }
        steps = [moved(step, mapped[UUID(int=step["case"] + 1)]) for step in patterns(CASES, now)]
        async with pool.connection() as conn, conn.transaction():
            results = await apply(conn, [change(APART + n, step) for n, step in enumerate(steps)])
        assert {each.outcome for each in results} == {"applied"}
        names = {str(copy): str(UUID(int=id_.int + APART)) for id_, (copy, *_) in mapped.items()}
        for statement in ROWS:
            found: dict[str, list[str]] = {}
            for case, told in await rows(pool, statement):
                text = json.dumps(told, sort_keys=True)
                for copy, stepped in names.items():
                    text = text.replace(copy, stepped)
                found.setdefault(str(case), []).append(text)
            for copy, stepped in names.items():
                assert found[copy] == found[stepped]


def moved(step: Event, of_case: tuple[Any, ...]) -> Event:
    """A step of a pattern as its copy has it."""
    _, region, organisation, category, owner = of_case
    told = step | {"case": step["case"] + APART, "at": step["at"] - timedelta(weeks=COPY)}
    if step["kind"] == "reported":
        told |= {"region": region, "organisation": organisation, "category": category}
    if step.get("responsible"):
        told["responsible"] = step["responsible"] + owner
    if "into" in step:
        told["into"] = step["into"] + APART
    return told


async def rows(pool: Pool, statement: str) -> list[tuple[Any, ...]]:
    async with pool.connection() as conn:
        return await (await conn.execute(statement.encode(), {"n": COPY} if "%(n)s" in statement else None)).fetchall()
