"""Telephone numbers of accounts: sealed, masked, revealed for a reason; planted, and found nowhere else."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from typer.testing import CliRunner

from api.app import create_app
from api.context import Context
from app.main import app as command_line
from hub.access.roles import Role
from hub.secrets.sealed import Secrets
from hub.secrets.stored import seal_all_again, summary
from hub.settings import Secrets as Listed
from hub.store.pool import connect
from tests.support.accounts import browser, log_in, person
from tests.support.described import description
from tests.support.served_api import api_context
from tests.support.stored_text import everything

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
PHONE, OTHER, WRONG = "13987654321", "+852 2987 6543", "1398765432"
DIGITS = ("3987654321", "29876543", "2987 6543", "398765432")


def keyed(context: Context, *keys: str) -> Context:
    listed = Listed(key=SecretStr(" ".join(keys)) if keys else None)
    return replace(context, settings=context.settings.model_copy(update={"secrets": listed}))


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        await person(made, "boss", Role.SECURITY_ADMINISTRATOR)
        await person(made, "desk", Role.OPERATOR)
        await person(made, "county", Role.OPERATOR, region="330110")
        await person(made, "cut", Role.OPERATOR, ceiling="L3")
        await person(made, "eve", Role.AUDITOR)
        yield keyed(made, OLD)


class Asking:
    """One request of somebody who has logged in."""

    def __init__(self, app: FastAPI, name: str) -> None:
        self._app, self._name = app, name

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        async with browser(self._app) as client:
            assert (await log_in(client, self._name)).status_code == 204
            answer = await client.request(method, path, json=body)
            description(self._app).check(answer)
            return answer.status_code, answer.text


async def test_a_number_is_sealed_masked_and_revealed_for_a_reason(
    context: Context, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    app = create_app(context)
    boss, desk, county, cut, eve = (Asking(app, name) for name in ("boss", "desk", "county", "cut", "eve"))
    told = [await boss("PUT", "/accounts/desk/contact", {"phone": PHONE})]
    assert told[0] == (200, '{"phone":"139****4321"}')
    told += [await boss("PUT", "/session/contact", {"phone": OTHER}), await eve("GET", "/accounts")]
    assert '"phone":"+85****6543"' in told[1][1]
    assert told[2][1].count('"phone":"139****4321"') == 1
    for wrong in (WRONG, f"{PHONE}, {PHONE}", f"{PHONE} 转 8", int(PHONE), [PHONE], PHONE * 20):
        refused = await boss("PUT", "/accounts/county/contact", {"phone": wrong})
        assert refused[0] == 422, refused
        told.append(refused)

    why = {"reason": f"nobody answers at {PHONE}"}
    for asking, status in ((eve, 403), (county, 403), (cut, 403), (desk, 200), (boss, 200)):
        code, text = await asking("POST", "/accounts/desk/contact:reveal", why)
        assert code == status, text
        assert ("+8613987654321" in text) == (status == 200)
    assert (await desk("POST", "/accounts/county/contact:reveal", why))[0] == 404
    assert (await desk("POST", "/accounts/desk/contact:reveal", {"reason": " "}))[0] == 422
    assert (await boss("GET", "/accounts/desk/export"))[1].count("+8613987654321") == 1
    async with context.hub_pool.connection() as conn:
        entries = await (
            await conn.execute("select action, detail ->> 'reason' from audit where action ^@ 'contact.' order by id")
        ).fetchall()
    revealed = ("contact.reveal", "nobody answers at ***")
    assert entries == [("contact.set", None)] * 2 + [revealed] * 2, "what was refused revealed nothing"

    held = everything(database)
    assert "sealed 1 aes-256-gcm" in held
    for digits in DIGITS:
        for place, text in {"the store": held, "the log": caplog.text, "answers": str(told)}.items():
            assert digits not in text, place
    assert (await boss("POST", "/accounts/desk/erase", {}))[0] == 204
    async with context.hub_pool.connection() as conn:
        assert await (await conn.execute("select count(*) from contact")).fetchone() == (1,)
    assert (await boss("PUT", "/session/contact", {"phone": None}))[1] == '{"phone":null}'


async def test_without_its_key_no_digit_is_shown_and_none_is_stored(context: Context) -> None:
    assert (await Asking(create_app(context), "boss")("PUT", "/accounts/desk/contact", {"phone": PHONE}))[0] == 200
    for keys, unread in (((), "not in secrets.key"), ((NEW,), "not in secrets.key")):
        boss = Asking(create_app(keyed(context, *keys)), "boss")
        assert '"phone":"****"' in (await boss("GET", "/accounts/desk"))[1]
        code, text = await boss("POST", "/accounts/desk/contact:reveal", {"reason": "drill"})
        assert (code, unread in text) == (409, True), text
        assert (await boss("GET", "/accounts/desk/export"))[0] == 409, "an export is whole, or none"
    boss = Asking(create_app(keyed(context)), "boss")
    code, text = await boss("PUT", "/accounts/eve/contact", {"phone": PHONE})
    assert (code, "secrets.key_file" in text) == (409, True), text


async def test_numbers_are_rotated_and_moved_to_no_other_row(context: Context, database: str) -> None:
    boss = Asking(create_app(context), "boss")
    for name, number in (("desk", PHONE), ("eve", OTHER)):
        assert (await boss("PUT", f"/accounts/{name}/contact", {"phone": number}))[0] == 200
    async with await connect(database) as conn:
        assert await seal_all_again(conn, Secrets(Listed(key=SecretStr(f"{NEW} {OLD}"))), lambda: None) == (2, 0)
        assert (await summary(conn, Secrets(Listed(key=SecretStr(NEW))))).pending == 0
        await conn.execute("update contact set phone = (select max(phone) from contact)")
    boss = Asking(create_app(keyed(context, NEW)), "boss")
    shown = [(await boss("GET", f"/accounts/{name}"))[1] for name in ("desk", "eve")]
    assert sum('"phone":"****"' in each for each in shown) == 1, "a number that was copied to another row is none"


async def test_the_command_line(context: Context, database: str) -> None:
    async def hub(*words: str, key: str | None = OLD, typed: str = "") -> tuple[int, str]:
        env = {"HUB_DATABASE__URL": database, "LANG": "C", "COLUMNS": "200", "HUB_SECRETS__KEY": key}
        words = ("accounts", "contact", *words)
        told = await asyncio.to_thread(CliRunner().invoke, command_line, words, env=env, input=typed)
        return told.exit_code, told.stderr if told.exit_code else told.stdout

    assert await hub("desk") == (0, "desk has no telephone number\n")
    assert (await hub("desk", "--phone", PHONE, key=None))[0] == 1
    assert await hub("desk", "--phone", "-", typed=f"{PHONE}\n") == (0, "desk: 139****4321\n")
    assert (await hub("desk", "--phone", "-"))[0] == 1, "nothing was typed"
    assert await hub("desk", "--phone", PHONE) == (0, "desk: 139****4321\n")
    assert (await hub("desk", "--reveal"))[0] == 1
    assert await hub("desk", "--reveal", "--reason", "drill") == (0, "desk: +8613987654321\n")
    for words in (["--phone", WRONG], ["--phone", PHONE, "--remove"], ["--reveal", "--remove"]):
        code, text = await hub("desk", *words)
        assert (code, WRONG in text) == (1, False), text
    assert (await hub("nobody", "--remove"))[0] == 1
    assert await hub("desk", "--remove") == (0, "desk has no telephone number\n")
