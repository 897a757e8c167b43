"""apply, the one way by which a case changes, on a real store."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from psycopg_pool import PoolTimeout

from hub.cases.apply import SQL, apply
from hub.cases.plan import Result
from hub.cases.step import Report, Step
from hub.cases.transitions import APPROVE, HANDLE, Situation, possible
from hub.settings import Database
from hub.store.pool import connect, open_pool
from hub.words.sentence import Sentence
from tests.support.case_desk import NINE, TABLES, WAY, CaseDesk

DESKS = 200


@pytest.fixture
async def desk(database: str) -> AsyncIterator[CaseDesk]:
    async with open_pool(Database(url=database, pool_size=20)) as pool:
        made = CaseDesk(pool)
        await made.run(TABLES)
        yield made


def china(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of December 2026, by the clocks of China."""
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


async def test_a_case_goes_its_way_and_leaves_what_indicators_count(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1, level=3)
    for kind in WAY:
        desk.later(hours=1)
        await desk.do(case, kind)
    [row] = await desk.run(
        """select stage, seq, closed_how, responsible, accepted_at - reported_at, filed_at - reported_at,
                  dispatched_at - reported_at, handled_at - reported_at, closed_at - reported_at, ended_at = closed_at
           from case_file"""
    )
    hours = [timedelta(hours=n) for n in (1, 2, 3, 5, 7)]
    assert row == ("closed", 8, "handled", "clean", *hours, True)
    told = await desk.run("select kind, stage_from, stage_to from case_step order by cursor")
    assert [kind for kind, _, _ in told] == ["reported", *WAY]
    assert [before for _, before, _ in told][1:] == [after for _, _, after in told][:-1], "none is out of order"
    clocks = await desk.run("select stage, left_at - entered_at from case_clock order by visit")
    assert [stage for stage, _ in clocks] == [
        "reported",
        "accepted",
        "filed",
        "case",
        "dispatched",
        "handling",
        "verifying",
        "verified",
    ]
    assert dict(clocks)["case"] == timedelta(hours=5)


async def test_a_step_repeated_with_its_id_changes_nothing(desk: CaseDesk) -> None:
    case, other = await desk.report(), await desk.report()
    step = desk.step(case, "accepted")
    assert [(await desk.take(step)).outcome for _ in range(3)] == ["applied", "repeated", "repeated"]
    again = await asyncio.gather(*[desk.take(desk.step(case, "filed", id=step.id)) for _ in range(3)])
    assert {each.outcome for each in again} == {"refused"}, "an id is of one step"
    assert (await desk.take(desk.step(other, "accepted", id=step.id))).outcome == "refused"
    report = Report(uuid4(), uuid4(), desk.now, "desk", "again", "entered", None, None)
    assert [(await desk.take(report)).outcome for _ in range(2)] == ["applied", "repeated"]
    assert await desk.run("select count(*), sum(seq) from case_file") == [(3, 4)]


async def test_200_desks_at_once_lose_no_step_and_take_none_out_of_order(desk: CaseDesk) -> None:
    cases = [await desk.report(str(n)) for n in range(10)]
    done: Counter[tuple[UUID, str]] = Counter()
    stages = dict.fromkeys(cases, ("reported", 0))

    async def patiently(step: Step) -> Result:
        """As a desk that was not let in yet: it sends the same step again."""
        while True:
            with suppress(PoolTimeout):
                return await desk.take(step)

    async def work(number: int) -> None:
        chosen = random.Random(number)
        case = chosen.choice(cases)
        for _ in range(1 + number % 2):  # decided by what others may have changed by the time that it is taken
            row = stages[case]
            kinds = possible(Situation(row[0], False, None, row[1], False), HANDLE)
            kind = chosen.choice([kind for kind in kinds if kind in (*WAY, "returned", "failed", "commented")])
            result = await patiently(desk.step(case, kind, f"desk {number}"))
            done[case, result.outcome] += 1
            if result.case is not None:
                stages[case] = result.case.stage, result.case.returned

    await asyncio.gather(*[work(number) for number in range(DESKS)])
    stored = dict(await desk.run("select id, seq from case_file"))
    assert stored == {case: done[case, "applied"] + 1 for case in cases}
    assert sum(stored.values()) > DESKS / 2, "they did something"
    assert sum(done.values()) - sum(stored.values()) + len(cases) > 0, "and some came second"
    for case in cases:
        steps = await desk.run(
            "select seq, stage_from, stage_to, kind, at from case_step where case_id = %(case)s order by cursor",
            case=case,
        )
        assert [seq for seq, *_ in steps] == list(range(1, stored[case] + 1))
        assert all(before[2] == after[1] for before, after in pairwise(steps))
        assert all(before[4] <= after[4] for before, after in pairwise(steps))
        [(stage,)] = await desk.run("select stage from case_file where id = %(case)s", case=case)
        assert stage == steps[-1][2]
        [(clocks,)] = await desk.run(
            "select count(*) from case_clock where case_id = %(case)s and left_at is null and stage <> 'case'",
            case=case,
        )
        assert clocks == (0 if stage in ("closed", "rejected") else 1)


async def test_who_comes_second_is_told_what_the_first_did(desk: CaseDesk) -> None:
    case = await desk.report()
    await desk.walk(case, "dispatched")
    first, second = await asyncio.gather(*[desk.take(desk.step(case, "taken", f"desk {n}")) for n in (1, 2)])
    assert sorted([first.outcome, second.outcome]) == ["applied", "refused"]
    won, lost = (first, second) if first.outcome == "applied" else (second, first)
    assert lost.case is not None
    assert (lost.case.stage, lost.case.stage_by) == ("handling", won.change.actor)
    stale = await desk.take(desk.step(case, "handled", seen=4))
    assert (stale.outcome, stale.stale) == ("refused", True)


async def test_what_the_table_does_not_allow_is_refused_with_what_to_do(desk: CaseDesk) -> None:
    case = await desk.report()
    for told, sentence in (
        (
            {"kind": "closed"},
            "the case is at the stage reported, where close is not possible; possible from here: accepted",
        ),
        ({"kind": "rejected", "note": " "}, "refuse to file: say why, in the note"),
        ({"kind": "supervised", "level": 3, "until": desk.now}, "supervise needs the permission cases:approve"),
        ({"kind": "resumed"}, "the case is not suspended"),
        ({"kind": "merged", "into": case}, "a case is not merged into itself"),
        ({"kind": "merged", "into": uuid4()}, "there is no case "),
        ({"kind": "merged"}, "merge: give into"),
    ):
        refused = await desk.take(desk.step(case, **told))
        assert refused.outcome == "refused"
        assert str(refused.reason).startswith(sentence)
    missing = await desk.take(desk.step(uuid4(), "accepted"))
    assert (missing.outcome, missing.case) == ("refused", None)
    assert await desk.run("select seq from case_file") == [(1,)]


async def test_the_third_return_goes_to_coordination(desk: CaseDesk) -> None:
    case = await desk.report()
    await desk.walk(case, "filed")
    for n in range(3):
        await desk.do(case, "dispatched")
        if n == 1:
            await desk.do(case, "taken")
        await desk.do(case, "returned")
    assert await desk.run("select stage, returned from case_file") == [("coordinating", 3)]
    assert (await desk.take(desk.step(case, "dispatched"))).outcome == "refused"
    await desk.decide(case, "dispatched", responsible="parks", assisting=("clean",))
    assert await desk.run("select stage, responsible, assisting from case_file") == [("dispatched", "parks", ["clean"])]
    helper = await desk.take(desk.step(case, "taken", by_organisation="clean"))
    assert str(helper.reason) == "your organisation assists; parks is responsible and moves the case on"
    await desk.do(case, "taken", by_organisation="parks")


async def test_work_that_fails_verification_is_done_again(desk: CaseDesk) -> None:
    case = await desk.report()
    await desk.walk(case, "handled")
    await desk.do(case, "failed")
    await desk.do(case, "handled")
    await desk.do(case, "passed")
    await desk.do(case, "closed")
    assert await desk.run("select reworked, closed_how from case_file") == [(1, "handled")]
    visits = await desk.run("select count(*) from case_clock where stage = 'handling'")
    assert visits == [(2,)]


async def test_repeated_reports_become_one_and_all_learn_what_came_of_it(desk: CaseDesk) -> None:
    first, second, third = [await desk.report(str(n)) for n in range(3)]
    await desk.do(third, "merged", into=second)
    await desk.do(second, "merged", into=first)
    circle = await desk.take(desk.step(first, "merged", into=third))
    assert "two cases cannot refer to each other" in str(circle.reason)
    ended = await desk.take(desk.step(await desk.report(), "merged", into=second))
    assert "has ended (merged): merge into a case that is open" in str(ended.reason)
    assert await desk.run("select reporters from case_file where id = %(id)s", id=first) == [(3,)]
    await desk.walk(first, "closed")
    told = await desk.run("select case_id, detail -> 'outcome' ->> 'stage' from case_step where kind = 'concluded'")
    assert sorted(told) == sorted([(second, "closed"), (third, "closed")])


async def test_two_merges_at_once_leave_one_case_open(desk: CaseDesk) -> None:
    for _ in range(5):
        pair = [await desk.report(), await desk.report()]
        steps = [desk.step(pair[0], "merged", into=pair[1]), desk.step(pair[1], "merged", into=pair[0])]
        outcomes = [each.outcome for each in await asyncio.gather(*map(desk.take, steps))]
        assert sorted(outcomes) == ["applied", "refused"]


async def test_more_time_is_asked_for_and_granted_by_another_person(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1, level=4)
    await desk.walk(case, "taken")
    [(due,)] = await desk.run("select stage_due_at from case_file")
    assert due == NINE + timedelta(hours=2), "a red one has two hours, of all time"
    await desk.do(case, "extension_asked", hours=3)
    own = await desk.take(desk.step(case, "extension_granted", permission=APPROVE))
    assert str(own.reason) == "who asked for it cannot grant it: another person decides"
    await desk.decide(case, "extension_granted")
    assert await desk.run("select stage_due_at, extended, asked from case_file") == [
        (NINE + timedelta(hours=5), 1, None)
    ]
    await desk.do(case, "suspension_asked", until=desk.now + timedelta(days=1))
    await desk.do(case, "handled")
    assert await desk.run("select asked from case_file") == [(None,)], "what was asked for lapses with its stage"


async def test_a_case_that_is_classified_anew_has_other_limits_and_keeps_what_is_not_told(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1, component="1" * 16)
    await desk.do(case, "accepted")
    await desk.do(case, "classified", level=4)
    assert await desk.run("select category, component, level, seq from case_file") == [("0101", "1" * 16, 4, 3)]
    await desk.walk_on(case, "filed", "dispatched", "taken")
    [(due,)] = await desk.run("select stage_due_at from case_file")
    assert due == NINE + timedelta(hours=2), "as a red one"
    late = await desk.take(desk.step(case, "classified", level=1))
    assert "classify is not possible" in str(late.reason)


async def test_a_suspended_case_stands_still(desk: CaseDesk) -> None:
    case = await desk.report(category_kind="event", category="0101", category_version=1)
    await desk.walk(case, "taken")
    assert await desk.run("select stage_due_at, due_at from case_file") == [
        (china(1, 9) - timedelta(hours=15), china(1, 9) + timedelta(hours=9))
    ], "8 and 16 hours of work, from Monday 9:00"
    desk.later(hours=1)
    await desk.do(case, "suspension_asked", until=china(2, 9))
    await desk.decide(case, "suspension_granted")
    row = "select stage_due_at, due_at, suspended, suspended_at = %(at)s, review_at from case_file"
    assert await desk.run(row, at=desk.now) == [(None, None, 1, True, china(2, 9))]
    assert (await desk.take(desk.step(case, "handled"))).outcome == "refused"
    desk.now = china(1, 17)
    await desk.do(case, "resumed")
    [(stage_due, due)] = await desk.run("select stage_due_at, due_at from case_file")
    assert stage_due == china(2, 16), "7 of 8 hours were left: one on Tuesday, the rest on Wednesday after the break"
    assert due == china(4, 16), "15 of 16: one on Tuesday, 7 on Wednesday, none on a holiday, 7 on Friday"
    [(stopped, working)] = await desk.run(
        "select stopped_s, counted_s from case_clock where stage = 'handling' and left_at is null"
    )
    assert (stopped, working) == (30 * 3600.0 + 3600, 3600.0)


async def test_nothing_is_guessed_of_a_year_without_a_calendar(desk: CaseDesk) -> None:
    desk.now = china(31, 16)
    case = await desk.report(category_kind="event", category="0101", category_version=1)
    await desk.walk(case, "taken")
    known = await desk.run("select stage, due_at, limit_s from case_clock where left_at is null order by visit")
    assert known == [("case", None, 57600.0), ("handling", None, 28800.0)]


async def test_cases_change_inside_a_transaction_only(desk: CaseDesk, database: str) -> None:
    async with await connect(database) as conn:
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await apply(conn, [desk.step(uuid4(), "accepted")])
        assert await apply(conn, []) == []


async def test_numbers_go_on_beyond_the_last_of_six_digits(desk: CaseDesk) -> None:
    await desk.run("select setval('case_number_of_day', 999999)")
    for _ in range(11):
        await desk.report()
    numbers = [number for (number,) in await desk.run("select number from case_file order by number")]
    assert [numbers[0][-8:], numbers[-1][-8:]] == ["-1000000", "-1000010"]


async def test_who_assists_does_not_move_a_case_on(desk: CaseDesk) -> None:
    case = await desk.report(organisation="clean")
    await desk.walk(case, "filed")
    await desk.do(case, "dispatched", responsible="parks", assisting=("roads", "clean"))
    for kinds, told in (("taken", {}), ("extension_asked", {"hours": 1}), ("merged", {"into": await desk.report()})):
        refused = await desk.take(desk.step(case, kinds, by_organisation="roads", **told))
        assert refused.reason == Sentence("refusal.case.assists", responsible="parks"), kinds
    for kind in ("taken", "handled"):
        await desk.do(case, kind, by_organisation="parks")
    for kind in ("passed", "failed"):
        assert (await desk.take(desk.step(case, kind, by_organisation="roads"))).outcome == "refused"
    await desk.do(case, "passed", by_organisation="clean")
    await desk.do(case, "commented", by_organisation="roads")
    assert (await desk.take(desk.step(case, "closed", by_organisation="roads"))).outcome == "refused"
    await desk.do(case, "closed", by_organisation="clean")


async def test_a_step_reads_its_own_cases_alone(desk: CaseDesk) -> None:
    """Of a million cases, an OR of what is asked for and what went on in it read all, for each step: 1.5 s."""
    await desk.report()
    async with desk.pool.connection() as conn:
        plan = await (await conn.execute("explain " + SQL.cases, {"ids": [uuid4()], "ending": [uuid4()]})).fetchall()
    assert not [line for [line] in plan if "SubPlan" in line], f"a filter of every case: {plan}"
