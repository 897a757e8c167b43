"""Logging in on the page, in a real browser: the first login to its end, the lock, and who may see little."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pyotp

from api.context import Context
from hub.access.logins import Logins
from hub.access.roles import Role
from hub.access_settings import Access
from tests.acceptance.test_page import CARDS, LINK, browser, seed
from tests.support.accounts import PASSWORD, person
from tests.support.chromium import Chromium
from tests.support.served_api import api_context, served

__all__ = ["browser"]
NEW = "snow on the fourth pole"
WRONG = (
    "[...document.querySelectorAll('.wrong')].find(each => !each.hidden && !each.closest('form').hidden)?.textContent"
)


def shown(form: str) -> str:
    return f"document.getElementById('login-dialog')?.open && !document.getElementById('{form}').hidden"


def fill(page: Chromium, form: str, **values: str) -> None:
    """Type into the form that is shown, and send it."""
    page.wait_for(shown(form), f"{form} is shown")
    for name, value in values.items():
        page.evaluate(f"document.getElementById('{name.replace('_', '-')}').value = {json.dumps(value)}")
    page.evaluate(f"document.getElementById('{form}').requestSubmit()")


def press(page: Chromium, button: str) -> None:
    page.evaluate(f"document.getElementById('{button}').click()")


async def with_accounts(context: Context, **access: object) -> Context:
    """The same with accounts: li.wei, whose role asks for a second factor, and admin, who sees no alert."""
    rules = Access(**access)  # type: ignore[arg-type]
    settings = context.settings.model_copy(update={"access": rules})
    context = replace(context, settings=settings, logins=Logins(rules))
    await person(context, "li.wei", Role.OPERATOR, settled=False)
    await person(context, "admin", Role.SECURITY_ADMINISTRATOR)
    return context


async def test_the_first_login_to_its_end_and_a_locked_screen(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context:
        await seed(context)
        context = await with_accounts(context, two_factor=("operator",))
        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.resize(360, 740, phone=True)
                    page.open(url + "/")
                    fill(page, "login-form", login_name="li.wei", login_password="wrong")
                    page.wait_for(f"({WRONG})?.includes('not right')", "it says so")
                    fill(page, "login-form", login_name="li.wei", login_password=PASSWORD)
                    fill(page, "password-form", password_old=PASSWORD, password_new=NEW, password_again="x" * 12)
                    page.wait_for(f"({WRONG})?.includes('not the same')", "it compares them")
                    fill(page, "password-form", password_old=PASSWORD, password_new=NEW, password_again=NEW)
                    fill(page, "enrol-form", enrol_password=NEW)
                    page.wait_for(shown("confirm-form"), "the picture is shown")
                    qr = "document.querySelector('#qr path[stroke]').getBoundingClientRect()"
                    assert page.evaluate(f"Math.min({qr}.height, {qr}.width)") > 150
                    assert page.evaluate("document.documentElement.scrollWidth") == 360
                    secret = str(page.evaluate("document.getElementById('totp-secret').textContent"))
                    fill(page, "confirm-form", confirm_code=pyotp.TOTP(secret.replace(" ", "")).now())
                    page.wait_for(shown("codes-form"), "the recovery codes are shown")
                    codes = page.evaluate(
                        "[...document.querySelectorAll('#recovery-codes li')].map(e => e.textContent)"
                    )
                    assert len(codes) == 10
                    fill(page, "codes-form")
                    page.wait_for(f"{CARDS} === 1 && {LINK} === 'live'", "the alert is shown")
                    assert codes[0] not in page.text()
                    assert page.evaluate("document.documentElement.scrollWidth") == 360

                    press(page, "account")
                    page.wait_for("document.querySelectorAll('.session').length === 1", "the session is listed")
                    assert "emergency operator" in page.text()
                    press(page, "do-lock")
                    page.wait_for("!document.getElementById('locked').hidden", "it is locked")
                    page.wait_for("!document.querySelector('dialog[open]')", "nothing of his stays on it")
                    steps = "[...document.querySelectorAll('.steps button')].filter(each => !each.hidden).length"
                    page.wait_for(f"{steps} === 0 && {CARDS} === 1 && {LINK} === 'live'", "alerts stay, steps go")
                    press(page, "unlock")
                    fill(page, "unlock-form", unlock_password="wrong")
                    page.wait_for(f"({WRONG})?.includes('not right')", "it says so")
                    fill(page, "unlock-form", unlock_password=NEW)
                    page.wait_for(f"document.getElementById('locked').hidden && {steps} > 0", "it is unlocked")

                    press(page, "language")
                    page.wait_for("document.body.innerText.includes('PM2.5')", "it is there")
                    press(page, "account")
                    page.wait_for("document.body.innerText.includes('应急值班员')", "roles come in Chinese")
                    press(page, "do-logout")
                    page.wait_for(shown("login-form"), "it asks anew", 30)
                    fill(page, "login-form", login_name="li.wei", login_password=NEW)
                    page.wait_for("!document.getElementById('login-code-field').hidden", "it asks for the code")
                    fill(page, "login-form", login_name="li.wei", login_password=NEW, login_code=codes[0])
                    page.wait_for(f"{CARDS} === 1 && {LINK} === 'live'", "a recovery code lets in")
                    refused = [each for each in page.complaints if "status of 40" not in each]
                    assert refused == []

            await asyncio.to_thread(look)


async def test_who_may_see_no_alert_is_told_so_and_asks_for_nothing_else(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context:
        await seed(context)
        context = await with_accounts(context)
        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.open(url + "/")
                    fill(page, "login-form", login_name="admin", login_password=PASSWORD)
                    page.wait_for("!document.getElementById('nothing').hidden", "it says so")
                    assert page.evaluate("document.querySelector('main').hidden") is True
                    assert "PM2.5" not in page.text()

            await asyncio.to_thread(look)
            assert context.changes.readers == 0
