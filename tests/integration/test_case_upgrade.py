"""Cases that an older version stored are counted by its upgrade as they are counted by hand."""

import math
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from hub.store.migrate import migrate
from tests.support.old_schema import migrate_to

CHINA = ZoneInfo("Asia/Shanghai")
BEFORE_COUNTS = 82
TIMES = ("reported", "accepted", "filed", "dispatched", "ended", "due")
FILLED = """
select setseed(0.5);
insert into organisation (code, name) values ('parks', 'Parks'), ('water', 'Water');
insert into area (code, name, divisions) values ('lake', 'Lake', '{330106003}');
insert into case_file (id, number, title, source, category_kind, category, category_version, level, region,
                       organisation, responsible, assisting, reported_at, reported_by, stage, stage_at, stage_by,
                       accepted_at, filed_at, dispatched_at, closed_at, closed_how, ended_at, due_at, returned,
                       reworked, seq, visits, updated_at)
select gen_random_uuid(), n::text, 't', 'entered', 'event', '0' || 1 + n % 3 || '01', 1, 1 + n % 4,
       case when n % 7 > 0 then (array['330106003001', '330106002001', '330110001001', '340101001001'])[1 + n % 4] end,
       case when n % 5 > 0 then 'parks' end, case when n % 3 > 0 then 'water' end,
       case when n % 11 = 0 then array['parks'] else '{}' end, at, 'desk',
       case when n % 4 > 0 then 'closed' else 'dispatched' end, at, 'desk', at + '1 h', at + '2 h', at + '3 h',
       case when n % 4 > 0 then at + took end, case when n % 4 > 0 then 'handled' end,
       case when n % 4 > 0 then at + took end, at + '3 d', n % 2, n % 3, 1, 2, at
from (select n, timestamptz '2025-01-30 12:00Z' + n * interval '31 min', random() * interval '6 d' + '4 h'
      from generate_series(1, 300) n) c (n, at, took);
insert into case_clock (case_id, visit, stage, entered_at, working, left_at, working_s)
select id, 1, 'reported', reported_at, false, accepted_at, extract(epoch from accepted_at - reported_at) from case_file
union all
select id, 2, 'case', filed_at, true, ended_at, case when seq % 9 > 0 then 28800 * random() end from case_file
"""


def day(at: datetime | None) -> Any:
    return at and at.astimezone(CHINA).date()


@pytest.mark.parametrize("store_mode", ["postgresql"])
async def test_counts_of_old_cases_are_those_made_by_hand(empty_url: str) -> None:
    migrate_to(empty_url, "postgresql", BEFORE_COUNTS)
    with psycopg.connect(empty_url, autocommit=True) as old:
        old.execute(FILLED)
    await migrate(empty_url, "postgresql")
    with psycopg.connect(empty_url, row_factory=dict_row) as conn:

        def read(statement: str) -> list[dict[str, Any]]:
            return conn.execute(statement.encode()).fetchall()

        cases = {each["id"]: each for each in read("select * from case_file")}
        kept = read("select * from case_tally where reported + closed_in_time + dispatched_right > 0")
        assert {(each["cell"], each["grain"], each["key"], each["category"]) for each in kept} >= {
            ("county", "day", "330106", ""), ("member", "month", "parks", ""), ("area", "day", "lake", ""),
            ("county", "month", "", "event:02"), ("town", "month", "330106002", ""),
        }  # fmt: skip
        by_hand = _counts(list(cases.values()))
        for what in ("reported", "closed_in_time", "dispatched_right"):
            told = {
                (each["cell"], each["key"], each["day"]): each[what]
                for each in kept
                if each["grain"] == "day" and not each["category"] and each[what]
            }
            assert told == by_hand[what], what
        ranges: Counter[tuple[Any, ...]] = Counter()
        for clock in read("select * from case_clock where left_at is not null"):
            county = (cases[clock["case_id"]]["region"] or "")[:6]
            took = clock["working_s"]
            place = -1 if took is None else math.floor(50 * math.log(max(took, 1)))
            for cell, key in (("all", ""), ("city", county[:4]), ("county", county)):
                ranges[cell, key, day(clock["left_at"]).replace(day=1), clock["stage"], place] += 1
        assert len(ranges) > 100
        assert ranges == {tuple(each.values())[:5]: each["visits"] for each in read("table case_stage_time")}
        for fact in read("table case_fact"):
            case = cases.pop(fact["id"])
            assert {name: fact[name] for name in TIMES} == {name: day(case[f"{name}_at"]) for name in TIMES}
            assert fact["holders"] == _holders(case)
            same = ("marks", "level", "region", "category_kind", "category", "organisation", "responsible")
            assert all(fact[name] == case[name] for name in same)
        assert cases == {}


def _holders(case: dict[str, Any]) -> list[str]:
    members = {case["organisation"], case["responsible"], *case["assisting"]} - {None}
    return sorted(members) + (["@lake"] if (case["region"] or "").startswith("330106003") else [])


def _counts(cases: list[dict[str, Any]]) -> dict[str, Counter[tuple[Any, ...]]]:
    """By what, and cell, key and day: of cells that are kept by day."""
    told: dict[str, Counter[tuple[Any, ...]]] = {
        what: Counter() for what in ("reported", "closed_in_time", "dispatched_right")
    }
    for case in cases:
        region, holders = case["region"] or "", _holders(case)
        cells = [
            ("all", ""), ("county", region[:6]), ("organisation", case["organisation"] or ""),
            ("responsible", case["responsible"] or ""), ("level", str(case["level"])),
            ("area", "lake" if "@lake" in holders else ""), *(("member", each) for each in holders if each != "@lake"),
        ]  # fmt: skip
        in_time = case["closed_at"] is not None and case["closed_at"] <= case["due_at"]
        for cell in cells:
            told["reported"][*cell, day(case["reported_at"])] += 1
            told["closed_in_time"][*cell, day(case["due_at"])] += in_time
            told["dispatched_right"][*cell, day(case["dispatched_at"])] += case["returned"] == 0
    return {what: +counted for what, counted in told.items()}
