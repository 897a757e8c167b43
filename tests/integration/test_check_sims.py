"""`hub check` warns of SIM cards that end."""

import psycopg

from app.check.sims import check_sims
from hub.settings import Database, Settings
from tests.support.served_api import api_context, client_of, register


async def test_sim_cards_that_end_are_warned_of(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
    settings = Settings(database=Database(url=database))
    assert await check_sims(settings) == []
    for code, day in (("air-0", "2020-01-31"), ("air-1", "soon")):
        with psycopg.connect(database, autocommit=True) as conn:
            statement = "update device set tags = jsonb_build_object('sim_expires', %s::text) where code = %s"
            conn.execute(statement, (day, code))
    ending, unreadable = await check_sims(settings)
    assert (ending.level, "air-0 (2020-01-31)" in ending.what) == ("warn", True)
    assert "air-1 (soon)" in unreadable.what
