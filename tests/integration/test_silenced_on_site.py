"""What is muted on site: an open alert stays as it is, with one remark."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from app.check.sims import check_sims
from hub.alerts.silenced_on_site import mark_silenced
from hub.settings import Database, Settings
from hub.store.pool import connect
from tests.support.served_api import api_context, client_of, raise_alert, register

MUTED = """insert into event (id, device_id, ts, received_at, kind, state)
           select %s, id, %s, %s, 'muted', %s from device where code = %s"""


def muted(database: str, device: str, state: str = "active") -> None:
    now = datetime.now(UTC)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(MUTED.encode(), (uuid4(), now, now, state, device))


@pytest.fixture
async def alerts(database: str) -> list[UUID]:
    """Of two devices."""
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
        return [await raise_alert(context.hub_pool, f"air-{n}") for n in range(2)]


async def test_an_open_alert_stays_open_with_one_remark(database: str, alerts: list[UUID]) -> None:
    told = "select a.id, a.handling, a.cleared_at, c.note from alert a join alert_change c on c.alert_id = a.id"
    muted(database, "air-1", "inactive")
    async with await connect(database) as conn:
        await mark_silenced(conn)
        assert await (await conn.execute(f"{told} where c.kind = 'commented'".encode())).fetchall() == []
        muted(database, "air-0")
        for _ in range(3):
            await mark_silenced(conn)
        [remark] = await (await conn.execute(f"{told} where c.kind = 'commented'".encode())).fetchall()
        assert remark[:3] == (alerts[0], "open", None)
        assert "silenced on site" in remark[3]
        assert "消音" in remark[3]
        muted(database, "air-0")
        await mark_silenced(conn)
        assert len(await (await conn.execute(f"{told} where c.kind = 'commented'".encode())).fetchall()) == 2


async def test_sim_cards_that_end_are_warned_of(database: str, alerts: list[UUID]) -> None:
    settings = Settings(database=Database(url=database))
    assert await check_sims(settings) == []
    for code, day in (("air-0", "2020-01-31"), ("air-1", "soon")):
        with psycopg.connect(database, autocommit=True) as conn:
            statement = "update device set tags = jsonb_build_object('sim_expires', %s::text) where code = %s"
            conn.execute(statement, (day, code))
    ending, unreadable = await check_sims(settings)
    assert (ending.level, "air-0 (2020-01-31)" in ending.what) == ("warn", True)
    assert "air-1 (soon)" in unreadable.what
