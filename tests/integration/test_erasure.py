"""What is stored about a person: given out whole, and erased so that only the audit's id is left."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.context import Context
from app.main import app
from hub.access.roles import Role
from tests.support.accounts import browser, log_in, person
from tests.support.served_api import api_context

SUBJECT = "CN=Zhang Wei Personal"
HIS = ("zhang.wei", "ZHANG.WEI", "Zhang Wei", "10.9.8.7", "Personal", "Old Firefox")
TABLES = "select distinct table_name from information_schema.columns where table_schema = current_schema()"


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        await person(made, "boss", Role.SECURITY_ADMINISTRATOR)
        await person(made, "zhang.wei", Role.OPERATOR, region="330110")
        yield made


async def _where(context: Context) -> set[str]:
    """The tables that know something of the person."""
    found = set()
    async with context.hub_pool.connection() as conn:
        for (table,) in await (await conn.execute(TABLES)).fetchall():
            rows = await (await conn.execute(f"select to_jsonb(t)::text from {table} t".encode())).fetchall()
            if any(mark in str(row) for row in rows for mark in HIS):
                found.add(table)
    return found


async def test_an_account_is_exported_whole_and_erased_for_good(context: Context, database: str) -> None:
    async def hub(words: str) -> str:
        told = await asyncio.to_thread(
            CliRunner().invoke, app, words.split("|"), env={"HUB_DATABASE__URL": database, "LANG": "C"}
        )
        assert told.exit_code == 0, told.output
        return told.stdout

    async with AsyncExitStack() as stack:
        served = create_app(context)
        boss = await stack.enter_async_context(browser(served))
        wei = await stack.enter_async_context(browser(served, address="10.9.8.7"))
        assert (await log_in(boss, "boss")).status_code == 204
        wei.headers["user-agent"] = "Old Firefox"
        assert (await log_in(wei, "zhang.wei", "wrong")).status_code != 204
        assert (await log_in(wei, "Zhang.Wei")).status_code == 204
        assert (await boss.patch("/accounts/zhang.wei", json={"display_name": "Zhang Wei"})).status_code == 200
        await hub(f"accounts|certificate|zhang.wei|--subject|{SUBJECT}")
        more = {"principal": "zhang.wei", "role": "viewer"}
        grant = (await boss.post("/grants", json=more)).json()["id"]
        assert (await boss.delete(f"/grants/{grant}")).status_code == 204
        await hub("accounts|grant|zhang.wei|--role|viewer")
        await hub("accounts|revoke|zhang.wei|--role|viewer")

        told = (await boss.get("/accounts/zhang.wei/export")).json()
        assert (told["name"], told["display_name"], told["second_factor"]) == ("zhang.wei", "Zhang Wei", False)
        assert [(each["role"], each["region"]) for each in told["grants"]] == [("operator", "330110")]
        assert [(each["address"], each["agent"]) for each in told["sessions"]] == [("10.9.8.7", "Old Firefox")]
        assert told["certificates"] == [SUBJECT]
        assert json.loads(await hub("accounts|export|zhang.wei"))["audited_as"] == told["audited_as"]
        assert "argon2" not in json.dumps(told)
        assert (await wei.get("/accounts/zhang.wei/export")).status_code == 403

        assert await _where(context) >= {"principal", "login_session", "client_certificate", "audit"}
        assert (await boss.post("/accounts/boss/erase", json={})).status_code == 403
        assert (await boss.post("/accounts/zhang.wei/erase", json={})).status_code == 204
        assert await _where(context) == {"audit"}, "the addresses of logins, which the law wants kept"
        async with context.hub_pool.connection() as conn:
            named = [mark for mark in HIS if mark != "10.9.8.7"]
            rows = await (await conn.execute("select audit::text from audit")).fetchall()
            assert not [row for row in rows if any(mark in str(row) for mark in named)]
            actors = {actor for (actor,) in await (await conn.execute("select actor from audit")).fetchall()}
        assert told["audited_as"] in actors, "what it did stays, and whose it was is not known"
        assert (await wei.get("/session")).json()["kind"] is None
        assert (await log_in(wei, "zhang.wei")).status_code != 204
        for path in ("/accounts/zhang.wei", "/accounts/zhang.wei/export"):
            assert (await boss.get(path)).status_code == 404
        assert (await boss.post("/accounts", json={"name": "zhang.wei"})).status_code == 201, "the name is free"
        await hub("accounts|erase|zhang.wei|--yes")
        assert (await boss.get("/accounts/zhang.wei")).status_code == 404
