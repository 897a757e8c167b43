"""Accounts, keys, roles and shares on the page, in a real browser, by a security administrator and by an auditor."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

from pydantic import SecretStr

from api.context import Context
from hub.access.logins import Logins
from hub.access.roles import Role
from hub.access_settings import Access
from hub.settings import Secrets
from tests.acceptance.test_login_page import fill, press
from tests.acceptance.test_page import browser, seed
from tests.support.accounts import PASSWORD, person
from tests.support.chromium import Chromium
from tests.support.served_api import api_context, served

__all__ = ["browser"]
WORD = re.compile(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}")
ONCE = "document.getElementById('ask-secret').textContent"
WRONG = "document.querySelector('#ask-form .wrong:not([hidden])')?.textContent ?? ''"
SHARES = """
insert into organisation (code, name) values ('parks', 'Parks'), ('roads', 'Roads');
insert into data_share (owner, consumer, purpose, kinds, asked_by)
values ('parks', 'roads', 'a drill <img src=x>', '{devices,alerts}', 'test');
insert into share_use (share_id, day, actor, uses, last_at)
select id, current_date, 'principal:x', 7, now() from data_share"""


def entry(text: str) -> str:
    """The line of the office that begins with a text."""
    return f"[...document.querySelectorAll('.entry')].find(each => each.innerText.startsWith('{text}'))"


def click(page: Chromium, text: str, button: str) -> None:
    """Press a button of a line."""
    found = f"[...{entry(text)}.querySelectorAll('button')].find(each => each.textContent === '{button}')"
    page.wait_for(f"!!({entry(text)} && {found})", f"{text} has the button {button}")
    page.evaluate(f"{found}.click()")


def ask(page: Chromium, **values: str) -> None:
    """Fill in the form that is asked, and send it."""
    page.wait_for("document.getElementById('ask-dialog').open", "it asks")
    for name, value in values.items():
        page.evaluate(f"document.getElementById('ask-form').elements.namedItem('{name}').value = '{value}'")
    page.evaluate("document.getElementById('ask-form').requestSubmit()")


def closed(page: Chromium) -> None:
    page.wait_for("!document.getElementById('ask-dialog').open", "it is done")


def once(page: Chromium) -> str:
    """What is shown once; gone when the dialog is closed."""
    page.wait_for(f"{ONCE} !== ''", "it is shown")
    secret = str(page.evaluate(ONCE))
    press(page, "ask-cancel")
    page.wait_for(f"{ONCE} === ''", "it is gone")
    assert secret not in page.text()
    return secret


async def prepared(context: Context) -> Context:
    """With two accounts, a share that is asked for, and a key for secrets."""
    await seed(context)
    async with context.hub_pool.connection() as conn:
        await conn.execute(SHARES.encode())
    rules = Access()
    given = {"access": rules, "secrets": Secrets(key=SecretStr("a" * 43 + "="))}
    context = replace(context, settings=context.settings.model_copy(update=given), logins=Logins(rules))
    await person(context, "admin", Role.SECURITY_ADMINISTRATOR)
    await person(context, "eve", Role.AUDITOR)
    return context


def administer(page: Chromium) -> None:
    """What a security administrator does."""
    fill(page, "login-form", login_name="admin", login_password=PASSWORD)
    page.wait_for("!document.getElementById('office').hidden", "it is offered")
    press(page, "office")
    page.wait_for(f"!!({entry('admin')} && {entry('eve')})", "accounts are listed")
    press(page, "add-account")
    ask(page, name="li/wei")
    page.wait_for(f"({WRONG}) !== ''", "what is wrong is told")
    ask(page, name="li.wei", display_name="<b>Li</b>")
    assert WORD.fullmatch(once(page)), "a one-time password"
    click(page, "li.wei", "Grant a role")
    ask(page, role="viewer", region="330110")
    page.wait_for(f"({WRONG}).includes('another security administrator')", "it takes two")
    press(page, "ask-cancel")
    click(page, "li.wei", "Reset")
    ask(page, password="wrong")
    page.wait_for(f"({WRONG}).includes('not right')", "it asks who resets")
    ask(page, password=PASSWORD)
    assert WORD.fullmatch(once(page))
    click(page, "li.wei", "Phone")
    ask(page, phone="139")
    page.wait_for(f"({WRONG}).includes('mainland China')", "it is no number")
    ask(page, phone="13987654321")
    closed(page)
    page.wait_for(f"{entry('li.wei')}.innerText.includes('139****4321')", "it is masked")
    click(page, "li.wei", "Show the number")
    ask(page, reason="a drill")
    assert once(page) == "+8613987654321"
    click(page, "li.wei", "Lock")
    page.wait_for(f"{entry('li.wei')}.innerText.includes('locked')", "it is locked")


def share_and_keys(page: Chromium) -> None:
    press(page, "add-key")
    ask(page, name="pump-house", label="2026")
    assert once(page).startswith("gz_")
    click(page, "pump-house", "Revoke")
    page.wait_for(f"!{entry('pump-house')}", "it is gone")
    assert "a drill <img src=x>" in page.text()
    click(page, "parks → roads", "Uses")
    page.wait_for(f"{entry('parks → roads')}.innerText.includes('7 uses')", "they are told")
    click(page, "parks → roads", "Grant")
    ask(page, note="yes")
    closed(page)
    click(page, "parks → roads", "Revoke")
    ask(page)
    closed(page)
    page.wait_for(f"{entry('parks → roads')}.innerText.includes('revoked')", "it is over")


async def test_a_security_administrator_keeps_accounts_keys_and_shares(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context:
        context = await prepared(context)
        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.resize(360, 740, phone=True)
                    page.open(url + "/")
                    fill(page, "login-form", login_name="eve", login_password=PASSWORD)
                    page.wait_for("!document.getElementById('office').hidden", "it is offered")
                    press(page, "office")
                    page.wait_for(f"!!({entry('admin')} && {entry('parks → roads')})", "they are listed")
                    buttons = "[...document.querySelectorAll('.entry button')].map(each => each.textContent)"
                    assert set(page.evaluate(buttons)) == {"Open sessions", "Uses"}, "an auditor looks"
                    page.evaluate("fetch('/api/v1/session', { method: 'DELETE' }).then(() => location.reload())")
                    page.wait_for("document.getElementById('login-dialog')?.open", "it asks anew")
                    administer(page)

            await asyncio.to_thread(look)
            await person(context, "boss", Role.SECURITY_ADMINISTRATOR)

            def go_on() -> None:
                with browser() as page:
                    page.resize(360, 740, phone=True)
                    page.open(url + "/")
                    fill(page, "login-form", login_name="boss", login_password=PASSWORD)
                    page.wait_for("!document.getElementById('office').hidden", "it is offered")
                    press(page, "office")
                    page.wait_for(f"!!{entry('parks → roads')}", "they are listed")
                    share_and_keys(page)
                    assert page.evaluate("document.documentElement.scrollWidth") == 360
                    dialog = "document.getElementById('office-dialog')"
                    assert page.evaluate(f"{dialog}.scrollWidth - {dialog}.clientWidth") <= 0
                    press(page, "office-close")
                    press(page, "language")
                    press(page, "office")
                    page.wait_for(f"{entry('eve')}?.innerText.includes('审计管理员')", "it comes in Chinese")
                    assert [each for each in page.complaints if "status of 4" not in each] == []

            await asyncio.to_thread(go_on)
