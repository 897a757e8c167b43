"""Cases past their deadlines: each is an alert of the hub once, which ends with its stage."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import pytest

from hub.cases.apply import apply
from hub.cases.overdue import BATCH, end_warnings, state_deadlines, warn, watch_cases
from hub.cases.step import Change, Report
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.support.case_desk import TABLES, CaseDesk

ALERTS = "select target, level, organisation, region, cleared_at is null from alert order by raised_at, target"


@pytest.fixture
async def desk(database: str) -> AsyncIterator[CaseDesk]:
    async with open_pool(Database(url=database)) as pool:
        made = CaseDesk(pool)
        await made.run(TABLES)
        yield made


async def test_each_deadline_is_told_once_and_the_warning_ends_with_its_stage(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1, level=4)
    await desk.report("nobody has accepted it")
    [(number,)] = await desk.run("select number from case_file where id = %(case)s", case=case)
    await desk.walk(case, "taken")
    desk.later(hours=1)
    async with desk.pool.connection() as conn:
        assert await warn(conn, desk.now) == 1, "the other has been reported an hour ago"
    desk.later(hours=1)

    async def look() -> int:
        async with desk.pool.connection() as conn:
            return await warn(conn, desk.now)

    assert max(await asyncio.gather(*[look() for _ in range(3)])) == 1, "also where two leaders meet"
    raised = await desk.run(ALERTS)
    assert raised[1] == (f"case_overdue:{number}/handling", 4, "clean", "330106001001", True)
    assert [level for _, level, *_ in raised] == [2, 4]
    assert await desk.run("select count(*) from case_step where kind = 'overdue'") == [(2,)]
    await desk.do(case, "extension_asked", hours=1)
    await desk.decide(case, "extension_granted")
    async with desk.pool.connection() as conn:
        assert await end_warnings(conn, desk.now) == 1
        assert await warn(conn, desk.now) == 0
        desk.later(hours=1)
        assert await warn(conn, desk.now) == 1, "told anew, for the time that was granted is over too"
        await desk.do(case, "handled")
        assert (await end_warnings(conn, desk.now), await end_warnings(conn, desk.now)) == (1, 0)
    lasting = "select count(*) from alert where cleared_at is null and target like %(target)s"
    assert await desk.run(lasting, target=f"%{number}%") == [(0,)]


async def test_time_that_is_granted_while_a_leader_looks_leaves_no_warning_behind(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1, level=4)
    await desk.walk(case, "taken")
    desk.later(hours=5)
    async with desk.pool.connection() as conn:
        assert await warn(conn, desk.now) == 1
        await desk.do(case, "extension_asked", hours=1)
        await desk.decide(case, "extension_granted")  # after the leader has ended what is over; it is late all the same
        assert await warn(conn, desk.now) == 0, "the warning of before lasts"
        assert (await end_warnings(conn, desk.now), await warn(conn, desk.now)) == (1, 1)
        await desk.do(case, "handled")
        assert await end_warnings(conn, desk.now) == 1
    assert await desk.run("select count(*), count(*) filter (where cleared_at is null) from alert") == [(2, 0)]


async def test_who_handles_a_case_cannot_silence_its_warning(desk: CaseDesk) -> None:
    case = await desk.report()
    desk.later(hours=1)
    foreseen = uuid5(NAMESPACE_OID, f"{case}/1/{desk.now.timestamp()}")
    await desk.do(case, "commented", id=foreseen)
    async with desk.pool.connection() as conn:
        await warn(conn, desk.now)
    [(alert,)] = await desk.run("select id from alert")
    await desk.do(case, "commented", id=uuid5(alert, "cleared"))
    await desk.do(case, "accepted")
    async with desk.pool.connection() as conn:
        assert await end_warnings(conn, desk.now) == 1
    assert await desk.run("select cleared_at is not null from alert") == [(True,)]


async def test_an_answer_and_a_review_are_waited_for_like_a_stage(desk: CaseDesk) -> None:
    case = await desk.report()
    await desk.walk(case, "filed")
    await desk.decide(case, "supervised", level=4, until=desk.now + timedelta(days=1))
    await desk.do(case, "suspension_asked", until=desk.now + timedelta(days=2))
    await desk.decide(case, "suspension_granted")
    desk.later(days=3)
    async with desk.pool.connection() as conn:
        assert await warn(conn, desk.now) == 2
    targets = [target.rpartition("/")[2] for target, *_ in await desk.run(ALERTS)]
    assert sorted(targets) == ["review", "supervision"]
    await desk.do(case, "answered")
    await desk.decide(case, "suspension_reviewed", until=desk.now + timedelta(days=2))
    async with desk.pool.connection() as conn:
        assert await end_warnings(conn, desk.now) == 2


async def test_a_deadline_is_stated_once_its_calendar_is_there(desk: CaseDesk) -> None:
    desk.now = datetime(2026, 12, 31, 8, tzinfo=UTC)
    case = await desk.report(category_kind="event", category="0101", category_version=1)
    await desk.walk(case, "taken")
    async with desk.pool.connection() as conn:
        await state_deadlines(conn, desk.now)
        assert await desk.run("select stage_due_at, seq from case_file") == [(None, 5)]
        await desk.run("insert into calendar_day values ('2027-01-01', false, '元旦')")
        await state_deadlines(conn, desk.now)
    due = datetime(2027, 1, 4, 8, tzinfo=UTC)
    assert await desk.run("select stage_due_at, seq from case_file") == [(due, 6)], "2 h, then 6 h of Monday"


async def test_clocks_of_which_the_calendar_is_missing_hold_up_no_other(desk: CaseDesk) -> None:
    changes: list[Change] = []
    for number in range(1, BATCH + 2):
        case, when = UUID(int=number), datetime(2030 if number > BATCH else 2028, 1, 1, 8, tzinfo=UTC)
        changes.append(Report(uuid4(), case, when, "desk", "暴露垃圾", "entered", None, None))
        changes += [desk.step(case, kind, at=when) for kind in ("accepted", "filed")]
    async with desk.pool.connection() as conn, conn.transaction():
        assert {each.outcome for each in await apply(conn, changes)} == {"applied"}
    await desk.run("update case_clock set counted_s = null where case_id = %(case)s", case=case)  # it was unknown, too
    await desk.run("insert into calendar_day values ('2030-01-01', false, '元旦')")
    async with desk.pool.connection() as conn:
        await state_deadlines(conn, desk.now)
    assert await desk.run("select count(due_at), max(due_at)::date::text from case_file") == [(1, "2030-01-03")]


async def test_the_leader_does_all_of_it(desk: CaseDesk, database: str) -> None:
    desk.now = datetime.now(UTC) - timedelta(days=1)
    await desk.report()
    async with await connect(database) as conn:
        assert await watch_cases(conn) > 1
    assert await desk.run("select count(*) from alert") == [(1,)]
