"""A district's year of cases, stepped through the hub and counted by a script of its own, to the digit."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from functools import partial
from itertools import product
from typing import Any, get_args

import httpx
import pytest
from psycopg import AsyncConnection

from api.routes import case_indicators
from hub.access.roles import Role
from hub.cases.indicators import COUNTS, Period, counts, listed
from hub.cases.reach import ALL, Reach
from hub.cases.stage_times import measured, stages
from hub.cases.which import By, Which
from hub.store.pool import Pool
from tests.support.counted_cases import counted
from tests.support.district_count import Year
from tests.support.district_steps import stepped
from tests.support.district_year import NOW, district_year
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of

DAYS = [
    (date(2025, 1, 1), date(2026, 1, 31)),
    (date(2025, 1, 1), date(2025, 12, 31)),
    *((date(2025, n, 1), date(2025, n + 1, 1) - timedelta(days=1)) for n in (1, 6, 10)),
    (date(2025, 3, 8), date(2025, 3, 8)),
]


@pytest.fixture(params=[300, pytest.param(5_059, marks=pytest.mark.heavy)])
async def district(
    request: pytest.FixtureRequest, database: str
) -> AsyncIterator[tuple[Pool, Year, httpx.AsyncClient]]:
    steps = district_year(request.param)
    async with api_context(database) as context, client_of(context, timeout=60) as client:
        await stepped(context.hub_pool, steps)
        yield context.hub_pool, Year(steps, NOW), client


GROUPS: dict[str, Any] = {
    "region": lambda about: about["region"][:6],
    "organisation": lambda about: about["organisation"],
    "responsible": lambda about: about["responsible"],
    "category": lambda about: f"{about['category_kind']}:{about['category'][:2]}",
    "level": lambda about: str(about["level"]),
}


async def test_each_count_is_that_of_a_script_of_its_own(district: tuple[Pool, Year, httpx.AsyncClient]) -> None:
    pool, year, _ = district
    async with pool.connection() as conn:
        for first, last in DAYS:
            period = Period(first, last, NOW)
            everything = year.counts(first, last) or {"": {}}
            assert await counted(conn, period, Which()) == everything, (first, last)
            assert await counts(conn, period, Which()) == everything, (first, last)
            for by, group in GROUPS.items():
                told = await counted(conn, period, Which(), by)  # type: ignore[arg-type]
                assert told == year.counts(first, last, group), (by, first)
                assert await counts(conn, period, Which(), by) == told, (by, first)  # type: ignore[arg-type]
            told_stages = {each.stage: each for each in await stages(conn, period, Which())}
            assert {
                stage: (each.visits, each.median_s, each.p90_s) for stage, each in told_stages.items()
            } == year.stages(first, last)
        whole = year.counts(*DAYS[0])[""]
        assert set(whole) == set(COUNTS), "the year has something of everything"
        assert whole["due"] == whole["closed_in_time"] + whole["closed_late"] + whole["overdue_open"]


NARROWED = [
    Which(region="33"), Which(region="330106"), Which(region="330106003"), Which(region="330106003002"),
    Which(region="3302"), Which(organisation="parks"), Which(responsible="water"), Which(area="none"),
    Which(category_kind="part"), Which(category_kind="event", category="03"), Which(category="01"),
    Which(category_kind="event", category="0304"), Which(region="3301", category_kind="part", category="01"),
    Which(region="330106002", category_kind="part"), Which(region="330106", responsible="water"), Which(level=3),
    Which(category_kind="event", category="03", exact=True),
]  # fmt: skip


KEYS = [
    "/", "/33", "/330106", "/330106002", "/330106003", "/330106003002", "/3302", "/@lake", "parks/", "water/",
    "clean/330106002",
]  # fmt: skip


CELLS = """
with real as (
    select k.cell, k.category, k.key, c.id from case_file c cross join lateral case_cells(
        c.region, c.organisation, c.responsible, c.assisting, c.category_kind, c.category, c.level, c.area_keys) k)
select distinct cell, category <> '' from real"""
STAGE_TIMES = """
with kept as (select * from case_stage_time where visits <> 0), real as (
    select k.cell, k.key, (date_trunc('month', c.left_at at time zone 'Asia/Shanghai'))::date as month, c.stage,
           case_time_range(c.working_s) as time_range, count(*)::int as visits
    from case_clock c join case_file f on f.id = c.case_id
    cross join lateral case_time_cells(left(f.region, 6)) k
    where c.left_at is not null group by 1, 2, 3, 4, 5)
select (select count(*) from real), (select count(*) from (table real except table kept) a),
       (select count(*) from (table kept except table real) b)"""


REBUILT = """
with kept as (select * from case_tally where (reported, accepted, rejected, merged, self_handled, filed, dispatched,
    closed, due) is distinct from (0, 0, 0, 0, 0, 0, 0, 0, 0))
(table kept except table was) union all (table was except table kept)"""
WAS = REBUILT.partition("(table")[0].replace("with kept as (", "create temp table was as ").rstrip().removesuffix(")")


async def rebuilt(conn: AsyncConnection) -> list[Any]:
    """What is another count where all cells are built anew from narrow rows, and of these what is not of its case."""
    await conn.execute("drop table if exists was")
    await conn.execute(WAS.encode())
    cells = await (await conn.execute(CELLS.encode())).fetchall()
    assert len(cells) == 11, cells
    for cell in cells:
        await conn.execute("select case_tally_rebuild(%s, %s)", cell)
    facts = "(table case_fact except {0}) union all ({0} except table case_fact)".format(
        "select f.* from case_file c cross join lateral case_facts_of(c) f"
    )
    differ = [await (await conn.execute(each.encode())).fetchall() for each in (REBUILT, facts)]
    return [*differ[0], *differ[1]]


async def test_the_tally_tells_what_is_counted(district: tuple[Pool, Year, httpx.AsyncClient]) -> None:
    """For each filter and group, in periods that begin and end within months, before and after a retention."""
    pool, year, _ = district
    spans = [DAYS[0], DAYS[2], (date(2025, 2, 17), date(2025, 9, 3)), (date(2024, 12, 3), date(2027, 5, 9))]
    every = [(Period(*span, NOW), which, by) for span in spans for which in NARROWED for by in get_args(By)]
    for turn in range(2):
        chance = random.Random(turn)
        async with pool.connection() as conn:
            for period, which, by in chance.sample(every, len(every) if len(year.lives) > 1_000 else 80):
                told = await counts(conn, period, which, by)
                assert told == await counted(conn, period, which, by), (period, which, by)
                reach = Reach(frozenset(chance.sample(KEYS, chance.randrange(1, 4))))
                seen = sum(
                    (Counter(each) for each in (await counts(conn, period, which, by, reach)).values()), Counter()
                )
                of_keys = await counted(conn, period, which, by, reach.keys)
                assert seen == sum((Counter(each) for each in of_keys.values()), Counter()), (period, which, by, reach)
            for span, region in product(spans, (None, "33", "3301", "330106", "330106003")):
                for reach in (
                    ALL,
                    Reach(frozenset({"/330106", "/330104"})),
                    Reach(frozenset(chance.sample(KEYS, chance.randrange(1, 4)))),
                ):
                    asked = (Period(*span, NOW), Which(region=region), reach)
                    assert await stages(conn, *asked) == await measured(conn, *asked), asked
            [(several, *differ)] = await (await conn.execute(STAGE_TIMES.encode())).fetchall()
            assert (several > 100, differ) == (True, [0, 0]), "kept times of stages, as they are"
            assert await rebuilt(conn) == []
            await conn.execute(
                "delete from case_file where ended_at is not null and hashtext(id::text) % 3 = 0 "
                "and not exists (select from case_file m where m.merged_into = case_file.id)"
            )
            await conn.execute(
                "update case_file set region = '330106009001', area_keys = '{/@lake}' where hashtext(id::text) % 5 = 0"
            )


async def test_definitions_are_data_and_checked(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        one = {"code": "rate", "zh": "率", "en": "rate", "numerator": "due - overdue_open", "denominator": "due"}
        for wrong, said in (
            ({"numerator": "due - stolen"}, "stolen"), ({"numerator": "due due"}, "due - overdue_open"),
            ({"denominator": "due -"}, "due - overdue_open"), ({"numerator": "due; drop table case_file"}, "due;"),
        ):  # fmt: skip
            refused = await client.put("/indicators/sets/ours", json={"name": "x", "indicators": [one | wrong]})
            assert (refused.status_code, said in refused.text) == (422, True), refused.text
        twice = await client.put("/indicators/sets/ours", json={"name": "x", "indicators": [one, one]})
        assert (twice.status_code, "twice" in twice.text) == (422, True)
        for status in (201, 200):
            made = await client.put("/indicators/sets/ours", json={"name": "x", "indicators": [one]})
            assert made.status_code == status, made.text
        codes = [each["code"] for each in (await client.get("/indicators/sets?about=cases")).json()["items"]]
        assert codes == ["district", "ours", "standard"]
        told = (await client.get("/indicators/cases?set=ours&lang=zh")).json()
        assert told["indicators"] == [
            {"code": "rate", "name": "率", "formula": "(应结案数 - 超期未结数) ÷ 应结案数", "numerator": 0,
             "denominator": 0, "value": None}
        ]  # fmt: skip
        assert (await client.delete("/indicators/sets/ours")).status_code == 204
        assert (await client.get("/indicators/cases?set=ours")).status_code == 404
        for params in ("from=2026-02-30", "from=2026-03-01&to=2026-02-01", "to=0001-01-01", "by=x", "category=x"):
            assert (await client.get(f"/indicators/cases?{params}")).status_code == 422, params
        sheet = (await client.get("/indicators/cases?format=csv&lang=zh")).text.splitlines()
        assert sheet[0].startswith("\ufefffrom,to,group")
        assert any("按期结案率,0,0,,按期结案数 ÷ 应结案数" in line for line in sheet)


async def test_a_figure_opens_a_list_of_as_many_cases(district: tuple[Pool, Year, httpx.AsyncClient]) -> None:
    pool, year, client = district
    first, last = DAYS[1]
    async with pool.connection() as conn:
        for what in COUNTS:
            after = {"after_counted_at": None, "after_id": None, "limit": 100_000}
            found = await listed(conn, what, Period(first, last, NOW), Which(), after)
            assert len(found) == len({each["id"] for each in found}) == year.counts(first, last)[""].get(what, 0), what
    asked = {"from": str(first), "to": str(last), "by": "responsible", "set": "district"}
    told = (await client.get("/indicators/cases", params=asked)).raise_for_status().json()
    divisions = [
        (await client.get("/indicators/cases", params=asked | {"region": code})).json()["counts"]["reported"]["cases"]
        for code in ("330106", "330106000000")
    ]
    assert divisions[0] == divisions[1] > 0, "a whole code is the division and all below it"
    group = next(each for each in told["groups"] if each["key"] == "parks")
    for name in ("closed_late", "due", "dispatched_right"):
        length, url = 0, group["counts"][name]["list"].removeprefix("/api/v1")
        while url:
            page = (await client.get(url)).raise_for_status().json()
            length, cursor = length + len(page["items"]), page["next"]
            url = f"{group['counts'][name]['list'].removeprefix('/api/v1')}&cursor={cursor}" if cursor else ""
        assert length == group["counts"][name]["cases"] > 0
    shares = {each["code"]: each for each in told["indicators"]}
    counted = told["counts"]
    assert shares["closing_rate"]["formula"] == "(due - of the due, not closed) ÷ due"
    assert shares["closing_rate"]["value"] == pytest.approx(counted["due_closed"]["cases"] / counted["due"]["cases"])


async def test_each_group_opens_a_list_of_as_many_cases(database: str) -> None:
    """In a period that begins and ends within months, where some cases have the main category alone."""
    async with api_context(database) as context, client_of(context, timeout=60) as client:
        await stepped(context.hub_pool, district_year(80))
        async with context.hub_pool.connection() as conn:
            await conn.execute("update case_file set category = left(category, 2) where hashtext(id::text) % 3 = 0")
        asked = {"from": "2025-03-20", "to": "2025-09-10", "category_kind": "event"}
        for more in ({"by": "month"}, {"by": "category"}, {"by": "category", "category": "01"}):
            told = (await client.get("/indicators/cases", params=asked | more)).raise_for_status().json()
            assert len(told["groups"]) > 1
            for group in told["groups"]:
                for name in ("reported", "due"):
                    url = group["counts"][name]["list"].removeprefix("/api/v1")
                    found = (await client.get(f"{url}&limit=500")).raise_for_status().json()["items"]
                    assert len(found) == group["counts"][name]["cases"], (more, group["key"], name)
        sheet = await client.get("/indicators/cases", params=asked | {"by": "responsible", "format": "csv"})
        keys = {line.split(",")[2] for line in sheet.text.splitlines()[1:]}
        assert {"all", "none", "parks"} <= keys, "all cases, and those that nobody handles, are told apart"


async def test_the_whole_and_its_groups_are_of_one_moment(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with api_context(database) as context, client_of(context, timeout=60) as client:
        await stepped(context.hub_pool, district_year(80))

        async def disturbed(*asked: Any, **more: Any) -> Any:
            found = await counts(*asked, **more)
            async with context.hub_pool.connection() as other:
                await other.execute("update case_file set organisation = 'parks', due_at = null")
            return found

        monkeypatch.setattr(case_indicators, "counts", disturbed)
        asked = {"from": "2025-01-01", "to": "2025-12-31", "by": "area"}  # which are not parts of the whole
        told = (await client.get("/indicators/cases", params=asked)).raise_for_status().json()
        assert sum(each["counts"]["due"]["cases"] for each in told["groups"]) == told["counts"]["due"]["cases"] > 0


async def test_who_is_limited_to_a_division_gets_its_figures(database: str) -> None:
    steps, door = district_year(80), CallerDoor()
    async with api_context(database) as context, client_of(context, door, timeout=60) as client:
        await stepped(context.hub_pool, steps)
        year = Year(steps, NOW)
        for own, asked in (
            ("330106003", None),
            ("330106003", "330106"),
            ("330106003", "330106003002"),
            ("330110", None),
        ):
            door.limited(Role.VIEWER, own)
            params = {"from": "2025-01-01", "to": "2025-12-31"} | ({} if asked is None else {"region": asked})
            told = (await client.get("/indicators/cases", params=params)).raise_for_status().json()["counts"]
            begin = max(own, asked or "", key=len)
            towns = year.counts(*DAYS[1], partial(_beginning, len(begin)))
            counted = towns.get(begin, {})
            assert told["filed"]["cases"] == counted.get("filed", 0), (own, asked)
            assert told["closed_late"]["cases"] == counted.get("closed_late", 0), (own, asked)
            url = told["filed"]["list"].removeprefix("/api/v1")
            assert len((await client.get(url)).raise_for_status().json()["items"]) == told["filed"]["cases"]


def _beginning(digits: int, about: dict[str, Any]) -> str:
    region: str = about["region"]
    return region[:digits]
