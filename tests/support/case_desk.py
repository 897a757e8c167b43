"""A store in which tests report cases and take their steps as desks do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hub.cases.apply import apply
from hub.cases.plan import Result
from hub.cases.step import Report, Step
from hub.cases.transitions import APPROVE
from hub.store.pool import Pool

NINE = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
"""9:00 on a Monday in China."""
TABLES = """
insert into case_table (kind, version, name, zone, hours, imported_by)
    values ('categories', 1, 'test', null, null, 'test'),
           ('deadlines', 1, 'test', 'Asia/Shanghai', '[[540, 720], [780, 1080]]', 'test');
insert into case_category (version, category_kind, code, parent, name)
    values (1, 'event', '01', null, '市容环境'), (1, 'event', '0101', '01', '暴露垃圾');
insert into case_deadline (version, category_kind, category, level, stage, seconds, working)
    values (1, null, null, null, 'reported', 3600, false), (1, 'event', '01', null, 'handling', 28800, true),
           (1, 'event', '01', 4, 'handling', 7200, false), (1, null, null, null, 'case', 57600, true);
insert into calendar_day values ('2026-12-05', true, '调休'), ('2026-12-03', false, '放假');
insert into organisation (code, name) values ('clean', '环卫所'), ('parks', '园林所');
"""
WAY = ["accepted", "filed", "dispatched", "taken", "handled", "passed", "closed"]


class CaseDesk:
    def __init__(self, pool: Pool) -> None:
        self.pool, self.now = pool, NINE

    async def run(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    async def take(self, change: Report | Step) -> Result:
        async with self.pool.connection() as conn, conn.transaction():
            [result] = await apply(conn, [change])
        return result

    async def report(self, title: str = "暴露垃圾", **told: Any) -> UUID:
        case: UUID = told.pop("case_id", uuid4())
        given = {"source": "entered", "region": "330106001001", "organisation": None, **told}
        result = await self.take(Report(uuid4(), case, self.now, "desk", title, **given))
        assert result.outcome == "applied", result.reason
        return case

    def step(self, case: UUID, kind: str, actor: str = "desk", **told: Any) -> Step:
        told.setdefault("note", "why")
        if kind == "dispatched":
            told.setdefault("responsible", "clean")
        return Step(told.pop("id", uuid4()), case, kind, told.pop("at", self.now), actor, **told)

    async def do(self, case: UUID, kind: str, actor: str = "desk", **told: Any) -> Result:
        result = await self.take(self.step(case, kind, actor, **told))
        assert result.outcome == "applied", result.reason
        return result

    async def walk(self, case: UUID, until: str) -> None:
        """Take the usual steps, the last one named among them."""
        for kind in WAY[: WAY.index(until) + 1]:
            await self.do(case, kind)

    async def walk_on(self, case: UUID, *kinds: str) -> None:
        for kind in kinds:
            await self.do(case, kind)

    async def decide(self, case: UUID, kind: str, **told: Any) -> Result:
        return await self.do(case, kind, "chief", permission=APPROVE, **told)
