"""Takes the steps of a district's year (district_year.py) through the hub."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from hub.cases.apply import apply
from hub.cases.step import Change, Report, Step
from hub.cases.transitions import APPROVE, HANDLE
from hub.store.pool import Pool
from tests.support.district_count import HOLIDAYS, LIMIT_S, MADE_UP
from tests.support.district_year import OFFICES, Event

SPACE = UUID(int=12)
APPROVED = {"extension_granted", "extension_refused", "suspension_granted", "suspended", "supervised"}
TABLES = [
    """insert into case_table (kind, version, name, zone, hours, imported_by)
       values ('deadlines', 1, 'district', 'Asia/Shanghai', '[[540, 720], [780, 1080]]', 'test')""",
    "insert into case_deadline (version, stage, seconds, working) values (1, 'handling', 57600, true)",
    *(
        f"""insert into case_deadline (version, category_kind, stage, seconds, working)
            values (1, '{kind}', 'case', {seconds}, {working})"""
        for kind, (seconds, working) in LIMIT_S.items()
    ),
    *(f"insert into organisation (code, name) values ('{code}', '{code}')" for code in OFFICES),
    *(f"insert into calendar_day values ('{day}', false, '放假')" for day in sorted(HOLIDAYS)),
    *(f"insert into calendar_day values ('{day}', true, '调休')" for day in sorted(MADE_UP)),
]


def change(number: int, step: Event) -> Change:
    """A step of the year as the hub takes it."""
    id_, case, kind, at = uuid5(SPACE, str(number)), UUID(int=step["case"] + 1), step["kind"], step["at"]
    if kind == "reported":
        told = {name: step[name] for name in ("region", "organisation", "category_kind", "category", "level")}
        return Report(id_, case, at, "desk", "暴露垃圾", "entered", category_version=1, **told)
    more: dict[str, Any] = {"responsible": step.get("responsible"), "hours": step.get("hours")}
    if kind in ("suspension_asked", "supervised"):
        more |= {"until": at + timedelta(days=30), "level": 2 if kind == "supervised" else None}
    if kind == "merged":
        more["into"] = UUID(int=step["into"] + 1)
    approved = kind in APPROVED or step.get("coordinated")
    actor = "chief" if approved else "desk"
    return Step(id_, case, kind, at, actor, APPROVE if approved else HANDLE, note="why", **more)


async def stepped(pool: Pool, steps: Sequence[Event], tables: Sequence[str] = TABLES) -> None:
    """Take the steps of a year through the hub."""
    async with pool.connection() as conn:
        for statement in tables:
            await conn.execute(statement.encode())
    for place in range(0, len(steps), 500):
        changes = [change(place + n, step) for n, step in enumerate(steps[place : place + 500])]
        async with pool.connection() as conn, conn.transaction():
            refused = [each for each in await apply(conn, changes) if each.outcome != "applied"]
        assert not refused, refused[0]
