"""Who is on duty by stored rotas: turns, substitutes, accounts that are gone, and who is at the desk."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.access.scope import Scope
from hub.access.scoped_pool import ScopedPool
from hub.duty.on_duty import Duty, on_duty
from hub.settings import Database
from hub.store.pool import Pool, open_pool

WANG, LI, CHEN = (UUID(int=n) for n in (1, 2, 3))
MONDAY = datetime(2026, 11, 30, 4, tzinfo=UTC)
"""Noon in China; the calendar of 2026 has one day, that of 2027 none."""
SEED = """
insert into organisation (code, name) values ('desk', 'Desk'), ('other', 'Other');
insert into principal (id, kind, name) select ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'person', name
    from (values (1, 'wang'), (2, 'li'), (3, 'chen')) as p (n, name);
insert into calendar_day values ('2026-10-01', false, '国庆节');
insert into rota (code, name, organisation, zone, shifts, unit, from_date, leader)
select code, code, organisation, 'Asia/Shanghai', shifts::jsonb, 'day', '2026-11-30', %(chen)s
from (values
    ('city', 'desk', '[{"name": "day", "begin": 480, "end": 1200, "days": ["every"]}]'),
    ('work', 'other', '[{"name": "work", "begin": 480, "end": 1200, "days": ["workday"]}]'))
    as r (code, organisation, shifts);
insert into rota_member select code, turn, person
    from rota, (values (0, %(wang)s::uuid), (1, %(li)s)) as m (turn, person);
insert into rota_substitute values ('city', %(li)s, '2026-12-01 00:00+08', '2026-12-02 00:00+08', %(wang)s);
"""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            for statement in SEED.split(";\n")[:-1]:
                await conn.execute(statement.encode(), {"wang": WANG, "li": LI, "chen": CHEN})
        yield opened


async def on(pool: Pool, at: datetime, statement: str = "select 1") -> dict[str, Duty]:
    async with pool.connection() as conn:
        await conn.execute(statement.encode(), {"at": at})
        return dict(await on_duty(conn, at))


async def test_who_is_on_duty_and_why_nobody_is(pool: Pool) -> None:
    both = Duty(frozenset({WANG}), CHEN, False, None)
    assert await on(pool, MONDAY) == {"city": both, "work": both}
    assert await on(pool, MONDAY + timedelta(days=1)) == {"city": both, "work": both._replace(people=frozenset({LI}))}
    reasons = {code: duty.reason for code, duty in (await on(pool, MONDAY + timedelta(hours=12))).items()}
    assert reasons == {"city": "hole", "work": "hole"}
    duties = await on(pool, MONDAY + timedelta(days=365))
    assert (duties["city"].reason, duties["work"].reason) == (None, "no_calendar")


async def test_an_account_that_is_locked_is_not_on_duty(pool: Pool) -> None:
    duties = await on(pool, MONDAY, "update principal set state = 'locked' where name in ('wang', 'chen')")
    assert duties["city"] == Duty(frozenset(), None, False, "no_account")


@pytest.mark.parametrize(
    ("who", "clicked", "streamed", "present"),
    [
        ("wang", "60 s", "60 s", True),
        ("wang", "0 s", "60 s", False),
        ("wang", None, "60 s", False),
        ("wang", "60 s", "-1 s", False),
        ("wang", "60 s", None, False),
        ("li", "60 s", "60 s", False),
    ],
)
async def test_a_desk_is_present_by_a_stream_and_a_click(
    pool: Pool, who: str, clicked: str | None, streamed: str | None, present: bool
) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            """insert into desk_presence (principal_id, clicked_until, streamed_until)
               select id, %(at)s + %(clicked)s::interval, %(at)s + %(streamed)s::interval
               from principal where name = %(who)s""",
            {"at": MONDAY, "who": who, "clicked": clicked, "streamed": streamed},
        )
    assert (await on(pool, MONDAY))["city"].present is present


async def test_a_scope_sees_the_rotas_of_its_organisations(pool: Pool) -> None:
    async with ScopedPool(pool, Scope(frozenset({"desk/"}))).connection() as conn:
        assert set(await on_duty(conn, MONDAY)) == {"city"}
