"""`hub accounts` and `hub keys`: on the database itself, so that who has it is never locked out."""

import asyncio
import re
from contextlib import AsyncExitStack
from typing import Any

import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.granting import take_back
from app.check.logins import check_logins
from app.main import app
from app.serve.first_account import first_account
from hub.access.roles import Role
from hub.settings import Api
from tests.support.accounts import COMMAND_LINE, browser, log_in, machine, person, who
from tests.support.served_api import api_context

WORD = re.compile(r"\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b")
KEY = re.compile(r"gz_[0-9A-Za-z]{49}")


async def test_accounts_and_keys_from_the_command_line(database: str) -> None:
    async with AsyncExitStack() as stack:
        context = await stack.enter_async_context(api_context(database))
        client = await stack.enter_async_context(browser(create_app(context)))

        async def hub(words: str, status: int = 0) -> str:
            env = {"HUB_DATABASE__URL": database, "COLUMNS": "80", "LANG": "C"}
            told = await asyncio.to_thread(CliRunner().invoke, app, words.split(), env=env)
            assert told.exit_code == status, told.output
            await context.logins.refresh(context.hub_pool)
            return told.stderr if status else told.stdout

        assert "There is no account" in await hub("accounts list")
        [first] = WORD.findall(await hub("accounts add li.wei --role operator --region 330110 --display-name Li"))
        assert (await log_in(client, "li.wei", first)).status_code == 204
        assert "in use" in await hub("accounts add LI.WEI", 1)
        assert "use up to 64" in await hub("accounts add li/wei", 1)
        assert "no organisation" in await hub("accounts add x --role viewer --organisation nowhere", 1)
        assert "x" not in (await hub("accounts list")).split(), "nothing is left of what was refused"
        assert "no device has a name" in await hub("accounts grant li.wei --role viewer --ceiling L1", 1)
        assert "sees what it changes" in await hub("accounts grant li.wei --role integrator --ceiling L2", 1)
        await hub("accounts grant li.wei --role viewer --ceiling L2")
        assert "viewer: the whole hub, up to level L2" in (await who(client))["scope"]
        assert "write L2, L3, L4" in await hub("keys add grid --role viewer --ceiling l2", 1)
        assert "exclude each other" in await hub("accounts grant li.wei --role security_administrator", 1)
        listed = await hub("accounts list")
        assert {"operator,", "viewer"} <= {*listed.split()}, "in one cell, however it is wrapped"
        assert first not in listed
        assert "1 grants" in await hub("accounts revoke li.wei --role viewer")
        assert "nothing to do" in await hub("accounts revoke li.wei --role viewer")
        await hub("accounts lock li.wei")
        assert (await who(client))["kind"] is None, "its session has ended"
        assert (await log_in(client, "li.wei", first)).status_code == 401
        [second] = WORD.findall(await hub("accounts reset li.wei"))
        assert (await log_in(client, "li.wei", second)).status_code == 204, "reset lets in again"
        assert "no account 'nobody'" in await hub("accounts reset nobody", 1)
        [key] = set(KEY.findall(await hub("keys add grid --role viewer --expires 2099-01-01")))
        assert "account of a person" in await hub("keys add li.wei", 1)
        shown = {"Authorization": f"Bearer {key}"}
        assert (await client.get("/devices", headers=shown)).status_code == 200
        await hub("accounts lock grid")
        assert (await client.get("/devices", headers=shown)).status_code == 401
        await hub("accounts unlock grid")
        assert (await client.get("/devices", headers=shown)).status_code == 200
        listed = await hub("keys list")
        assert key not in listed
        [id_] = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)
        await hub(f"keys revoke {id_}")
        assert (await client.get("/devices", headers=shown)).status_code == 401
        async with context.hub_pool.connection() as conn:
            found = await (
                await conn.execute("select actor, action from audit where actor = 'command line'")
            ).fetchall()
        assert {action for _, action in found} >= {
            "account.add",
            "account.reset",
            "key.add",
            "grant.make",
            "key.revoke",
        }


async def test_a_hub_that_others_reach_has_a_first_account(
    database: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with api_context(database) as context:

        async def starts(host: str, terminal: bool) -> str:
            settings = context.settings.model_copy(update={"api": Api(host=host)})
            await first_account(settings, context.hub_pool, context.logins, terminal=terminal)
            await context.logins.refresh(context.hub_pool)
            return capsys.readouterr().err

        assert await starts("127.0.0.1", True) == ""
        assert await starts("10.0.0.1", False) == ""
        assert "hub accounts add admin" in caplog.text
        assert not context.logins.accounts
        told = await starts("10.0.0.1", True)
        [password] = set(WORD.findall(told))
        assert "admin" in told
        assert await starts("10.0.0.1", True) == "", "once"
        assert password not in caplog.text
        async with browser(create_app(context)) as client:
            assert (await log_in(client, "admin", password)).status_code == 204
            assert (await who(client))["session"]["first"] == "password"


async def test_it_is_checked_who_is_let_in(database: str) -> None:
    async with api_context(database) as context:

        async def found(**api: Any) -> list[tuple[str, str]]:
            settings = context.settings.model_copy(update={"api": Api(**api)})
            return [(each.level, each.what) for each in await check_logins(settings)]

        assert await found() == []
        [(level, what)] = await found(host="10.0.0.1")
        assert (level, "nobody is let in" in what) == ("fail", True)
        [(level, what)] = await found(token="t0ken")
        assert (level, "opens everything" in what) == ("warn", True)
        await person(context, "li.wei", Role.OPERATOR)
        assert await found(host="10.0.0.1") == [("ok", "logins: 1 accounts, 0 keys")]
        await person(context, "admin", Role.SECURITY_ADMINISTRATOR)
        [(level, what)] = await found(host="10.0.0.1")
        assert (level, "no second factor" in what) == ("warn", True)


async def test_grants_that_break_the_rules_of_exclusion_are_told(database: str) -> None:
    """As those of before the rules were there, or made in the database."""
    async with api_context(database) as context:
        await person(context, "li.wei", Role.AUDITOR)
        await person(context, "chen", Role.OPERATOR, Role.VIEWER)
        await machine(context, "pump", Role.SERVICE)
        names = {"li.wei": "operator", "pump": "auditor"}
        async with context.hub_pool.connection() as conn:
            for name, role in names.items():
                await conn.execute(
                    "insert into access_grant (principal_id, role, granted_by) "
                    "select id, %s, 'before' from principal where name = %s",
                    (role, name),
                )
        person_told, machine_told = [each for each in await check_logins(context.settings) if each.level == "fail"]
        assert "'li.wei' is auditor and operator, which exclude each other" in person_told.what
        assert "the machine 'pump' is auditor" in machine_told.what
        async with context.hub_pool.connection() as conn, conn.transaction():
            for told in (person_told, machine_told):
                _, name, role = re.split("revoke | --role ", told.advice)
                assert await take_back(conn, COMMAND_LINE, name, Role(role)) == 1
        assert not [each for each in await check_logins(context.settings) if each.level == "fail"]
