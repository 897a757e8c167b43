"""Logging in at a provider on the page, in a real browser: at one of the test's own, and at a certified one."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.context import Context
from hub.access.oidc import provider as provider_module
from hub.limit_settings import Outgoing
from hub.oidc_settings import Oidc
from hub.settings import Api
from tests.acceptance.test_login_page import press, shown
from tests.acceptance.test_page import CARDS, LINK, browser, seed
from tests.support.accounts import person
from tests.support.chromium import Chromium
from tests.support.node_provider import NodeAbsentError, NodeProvider, installed_provider
from tests.support.oidc_provider import CLIENT, SECRET, provider
from tests.support.process import free_port
from tests.support.served_api import api_context, served

__all__ = ["browser"]
NAME = "City Login 市统一认证"
GRANTS = [{"group": "county-desk", "role": "operator"}]
WRONG = "document.querySelector('#provider-form .wrong')"


@asynccontextmanager
async def hub_at(database: str, port: int, issuer: str) -> AsyncIterator[tuple[str, Context]]:
    """A hub on a port, with a device, an alert and a provider, at another site than its own: localhost."""
    url = f"http://127.0.0.1:{port}"
    oidc = Oidc.model_validate(
        {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "name": NAME, "grants": GRANTS}
    )
    async with api_context(database) as context:
        await seed(context)
        await person(context, "admin")
        allowed = Outgoing(oidc=(f"127.0.0.1:{issuer.rpartition(':')[2]}",))
        changed = {"oidc": oidc, "api": Api(public_url=url), "outgoing": allowed}
        context = replace(context, settings=context.settings.model_copy(update=changed))
        async with served(context, port):
            yield url, context


def log_in(page: Chromium, login: str) -> None:
    """At oidc-provider: its login, and what it asks whether the hub may know."""
    page.wait_for("document.querySelector('input[name=login]') !== null", "the provider asks who it is")
    page.evaluate(f"document.querySelector('input[name=login]').value = '{login}'")
    page.evaluate("document.querySelector('input[name=password]').value = 'any'")
    page.evaluate("document.querySelector('button').click()")


def consent(page: Chromium) -> None:
    page.wait_for(
        "document.querySelector('input[name=prompt][value=consent]') !== null", "the provider asks for consent"
    )
    page.evaluate("document.querySelector('button').click()")


def is_in(page: Chromium) -> None:
    page.wait_for(f"location.port && {CARDS} === 1 && {LINK} === 'live'", "the alert is shown")


async def test_the_page_leads_to_the_provider_and_back(database: str, browser: Callable[[], Chromium]) -> None:
    async with provider("localhost") as running, hub_at(database, free_port(), running.issuer) as (url, _):

        def look() -> None:
            with browser() as page:
                page.resize(360, 740, phone=True)
                page.open(url + "/?login=denied")
                page.wait_for(f"{WRONG}?.textContent.includes('broken off')", "it says what the login came to")
                assert page.evaluate("location.search") == ""
                assert NAME in page.text()
                assert page.evaluate("document.documentElement.scrollWidth") == 360
                press(page, "login-language")
                page.wait_for(f"{WRONG}.textContent.includes('取消')", "it says so in Chinese")
                press(page, "login-language")
                press(page, "provider-go")
                is_in(page)
                assert "李伟" in page.text()
                press(page, "account")
                assert page.evaluate("document.getElementById('do-password').hidden") is True
                assert page.evaluate("document.cookie") == ""
                running.change = lambda claims: claims.update(nonce="other")
                press(page, "do-logout")
                page.wait_for(shown("login-form"), "the hub asks who it is")
                press(page, "provider-go")
                page.wait_for(f"{WRONG}?.textContent.includes('cannot be trusted')", "it says what is wrong")
                assert "nonce" not in page.text()
                page.open(url + "/?login=%3Cimg%20src=x%3E")
                page.wait_for(f"{WRONG}?.textContent.includes('did not finish')", "it says no more than it knows")
                refused = [each for each in page.complaints if "status of 40" not in each]
                assert refused == []

        await asyncio.to_thread(look)


@pytest.mark.heavy
async def test_a_certified_provider_lets_in_locks_and_lets_out(
    database: str, browser: Callable[[], Chromium], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        installed = await asyncio.to_thread(installed_provider)
    except NodeAbsentError as error:
        if "CI" in os.environ and "npm cannot" in str(error):
            raise
        pytest.skip(str(error))
    monkeypatch.setattr(provider_module, "AGAIN_S", 0.0)  # not to wait between two keys
    port = free_port()
    node = NodeProvider(installed, tmp_path, f"http://127.0.0.1:{port}")

    def look(url: str) -> None:
        with browser() as page:
            page.open(url + "/")
            page.wait_for(shown("provider-form"), "the page shows the provider")
            press(page, "provider-go")
            log_in(page, "li.wei")
            consent(page)
            is_in(page)
            assert "li.wei 李" in page.text()

            press(page, "do-lock")
            page.wait_for("!document.getElementById('locked').hidden", "it is locked")
            press(page, "unlock")
            log_in(page, "li.wei")  # the provider remembers, and asks all the same
            is_in(page)
            page.wait_for("document.getElementById('locked').hidden", "it is unlocked")

            press(page, "do-logout")
            page.wait_for(
                "document.querySelector('button[value=yes]') !== null", "the provider asks whether to log out there"
            )
            page.evaluate("document.querySelector('button[value=yes]').click()")
            page.wait_for(f"location.port === '{port}' && {shown('login-form')}", "the hub asks who it is")

            node.stop()
            node.start()  # with another key
            press(page, "provider-go")
            log_in(page, "zhang.san")
            consent(page)
            is_in(page)
            assert "zhang.san 李" in page.text()

    await asyncio.to_thread(node.start)
    try:
        async with hub_at(database, port, node.issuer) as (url, context):
            await asyncio.to_thread(look, url)
            async with context.hub_pool.connection() as conn:
                cursor = await conn.execute("select name from principal where name like '%@%' order by 1")
                assert await cursor.fetchall() == [("li.wei@localhost",), ("zhang.san@localhost",)]
    finally:
        await asyncio.to_thread(node.stop)
