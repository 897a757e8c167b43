"""SIM cards that end: told by `hub check` and the API, given by sheet, and moved from the tag that told it before."""

from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from app.check.sims import check_sims
from hub.settings import Database, Settings
from hub.store.migrate import migrate
from tests.support.old_schema import migrate_to
from tests.support.served_api import api_context, client_of, register


async def test_sim_cards_that_end_are_warned_of(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
    settings = Settings(database=Database(url=database))
    assert await check_sims(settings) == []
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update device set sim_expires = '2020-01-31' where code = 'air-0'")
        conn.execute("""update device set tags = '{"sim_expires": "soon"}' where code = 'air-1'""")
    ending, unreadable = await check_sims(settings)
    assert (ending.level, "air-0 (2020-01-31)" in ending.what) == ("warn", True)
    assert "air-1 (soon)" in unreadable.what


async def test_the_tag_of_before_becomes_the_field_where_it_is_a_day(empty_url: str) -> None:
    migrate_to(empty_url, "postgresql", 142)
    tags = {"a": "2027-01-31", "b": "soon", "c": "2027-02-30", "d": None}
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('air', 'Air', '{}')")
        for code, day in tags.items():
            told = {"street": "x"} | ({} if day is None else {"sim_expires": day})
            conn.execute(
                "insert into device (code, name, profile_id, tags) values (%s, '', 1, %s)", (code, Jsonb(told))
            )
    await migrate(empty_url)
    with psycopg.connect(empty_url) as conn:
        found = conn.execute(
            "select code, sim_expires, tags ->> 'sim_expires', tags ->> 'street' from device order by 1"
        )
        assert found.fetchall() == [
            ("a", date(2027, 1, 31), None, "x"), ("b", None, "soon", "x"), ("c", None, "2027-02-30", "x"),
            ("d", None, None, "x"),
        ]  # fmt: skip


async def test_the_day_comes_with_a_sheet_and_is_told_by_the_api(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
        soon = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
        sheet = f"编码,名称,型号,物联网卡到期日\nair-0,A,air,{soon.replace('-', '/')}\nair-1,B,air,2099年1月31日\n"
        answer = await client.post("/devices:import", content=sheet.encode(), headers={"content-type": "text/csv"})
        assert answer.is_success, answer.text
        [card] = (await client.get("/sims")).json()["items"]
        assert (card["device"], card["expires"], card["days"]) == ("air-0", soon, 7)
        listed = [each["device"] for each in (await client.get("/sims?within_days=3650")).json()["items"]]
        assert listed == ["air-0"], "2099 is farther"
        device = (await client.get("/devices/air-1")).json()
        assert device["sim_expires"] == "2099-01-31"
        exported = (await client.get("/devices:export")).text
        assert "2099-01-31" in exported
        body = {name: device[name] for name in ("name", "profile")}
        assert (await client.put("/devices/air-1", json=body | {"sim_expires": "2020-02-30"})).status_code == 422
        assert (await client.put("/devices/air-1", json=body)).json()["sim_expires"] is None
        wrong = "code,name,profile,sim_expires\nair-0,A,air,soon\n"
        answer = await client.post("/devices:import", content=wrong.encode(), headers={"content-type": "text/csv"})
        assert "'soon' is no day" in answer.text
