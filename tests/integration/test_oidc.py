"""People log in at a provider: once for each answer, in their own browser, with what the settings give and no more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from api.context import Context
from api.granting import Wanted, grant, take_back
from api.login.accounts import locked_account, set_lock
from app.check.oidc import check_oidc
from hub.access.oidc import provider as provider_module
from hub.access.oidc.refused import LoginRefused
from hub.access.outgoing import Outgoing
from hub.access.roles import Role
from hub.limit_settings import Outgoing as OutgoingSettings
from hub.oidc_settings import Oidc
from hub.settings import Api
from tests.integration.test_login import World, world_at
from tests.support.accounts import COMMAND_LINE, person, who
from tests.support.oidc_provider import CLIENT, SECRET, FakeProvider, ec_key, provider, rsa_key

HOME = "http://hub.example"
DESK = {"group": "county-desk", "role": "operator", "region": "330110"}


class Oidcs(World):
    """A hub with a provider."""

    def __init__(self, context: Context, stack: AsyncExitStack, running: FakeProvider) -> None:
        super().__init__(context, stack)
        self.provider = running

    def started_again(self, **settings: Any) -> "Oidcs":
        """The same with other settings; nothing is remembered of the provider."""
        changed = self.context.settings.model_copy(update=settings)
        return Oidcs(replace(self.context, settings=changed), self._stack, self.provider)

    def with_oidc(self, **changes: Any) -> "Oidcs":
        oidc = self.context.settings.oidc
        assert oidc is not None
        return self.started_again(oidc=Oidc.model_validate({**dict(oidc), **changes}))

    async def go(self, browser: httpx.AsyncClient, **query: str) -> str:
        """Begin in a browser; where the provider sends it back to."""
        answer = await browser.get("/oidc/login", params=query)
        assert answer.status_code == 303, answer.text
        return self.provider.authorize(answer.headers["location"])

    async def log_in(self, browser: httpx.AsyncClient, **query: str) -> str:
        """Log in; where the browser is sent to in the end."""
        answer = await browser.get(await self.go(browser, **query))
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).removeprefix(HOME)


async def oidc_world(url: str, stack: AsyncExitStack, access: dict[str, Any], **oidc: Any) -> Oidcs:
    running = await stack.enter_async_context(provider())
    plain = await world_at(url, stack, **access)
    given = {"issuer": running.issuer, "client_id": CLIENT, "client_secret": SECRET, "grants": [DESK], **oidc}
    settings = plain.context.settings.model_copy(
        update={
            "oidc": Oidc.model_validate(given),
            "api": Api(public_url=HOME),
            "outgoing": OutgoingSettings(oidc=(running.issuer.removeprefix("http://"),)),
        }
    )
    return Oidcs(replace(plain.context, settings=settings), stack, running)


@pytest.fixture
async def world(database: str) -> AsyncIterator[Oidcs]:
    async with AsyncExitStack() as stack:
        yield await oidc_world(database, stack, {})


async def test_who_logs_in_at_the_provider_holds_what_its_groups_give(world: Oidcs) -> None:
    client = await world.browser()
    assert (await who(client))["provider"] == "OpenID Connect"
    assert await world.log_in(client, next="/?lang=zh#a") == "/?lang=zh#a"
    told = await who(client)
    assert (told["kind"], told["display_name"], told["roles"]) == ("person", "李伟", ["emergency operator"])
    assert told["session"]["provider"] is True
    assert "330110" in told["scope"][0]
    [[actor, subject, detail]] = await world.audited("login")
    assert actor == subject
    assert detail == {"issuer": world.provider.issuer, "second_factor": "none"}
    assert (await client.delete("/session", headers={"Content-Type": "application/json"})).status_code == 204
    assert (await who(client))["kind"] is None


async def test_grants_of_claims_go_with_them_and_those_of_people_stay(world: Oidcs) -> None:
    client = await world.browser()
    await world.log_in(client)
    name = (await who(client))["name"]
    async with world.context.hub_pool.connection() as conn, conn.transaction():
        await grant(conn, COMMAND_LINE, name, Wanted(Role.VIEWER, region="3302"))
    before = await world.fetch("select id from access_grant order by granted_at")
    await world.log_in(client)
    assert await world.fetch("select id from access_grant order by granted_at") == before  # the same ones, untouched
    world.provider.claims |= {"groups": ["other"], "name": "李伟二"}
    await world.log_in(client)
    assert (await who(client))["roles"] == ["viewer"]
    assert (await who(client))["display_name"] == "李伟二"
    assert await world.fetch("select count(*) from principal") == [(1,)]
    assert [row[0] for row in await world.audited("grant.take_back")] == ["oidc"]


async def test_a_name_of_the_provider_opens_no_account_of_the_hub(world: Oidcs) -> None:
    await person(world.context, "admin", Role.SECURITY_ADMINISTRATOR)
    issuer_host = urlsplit(world.provider.issuer).hostname
    await person(world.context, f"admin@{issuer_host}", Role.SECURITY_ADMINISTRATOR)
    world.provider.claims |= {"preferred_username": "admin", "email": "admin", "name": "admin"}
    client = await world.browser()
    await world.log_in(client)
    told = await who(client)
    assert told["name"].startswith("oidc-")
    assert told["roles"] == ["emergency operator"]
    other = await world.browser()
    world.provider.claims |= {"sub": "1002"}
    await world.log_in(other)
    assert (await who(other))["name"] not in ("admin", told["name"])


async def test_roles_that_exclude_each_other_let_nobody_in(world: Oidcs) -> None:
    client = await world.browser()
    world.provider.claims |= {"groups": []}
    await world.log_in(client)
    name = (await who(client))["name"]
    async with world.context.hub_pool.connection() as conn, conn.transaction():
        await grant(conn, COMMAND_LINE, name, Wanted(Role.AUDITOR))
    again = world.with_oidc(grants=[{"group": "sec", "role": "security_administrator"}])
    world.provider.claims |= {"groups": ["sec"]}
    other = await again.browser()
    assert await again.log_in(other) == "/?login=conflict"
    assert (await who(other))["kind"] is None
    async with world.context.hub_pool.connection() as conn, conn.transaction():
        await take_back(conn, COMMAND_LINE, name, Role.AUDITOR)
    assert await again.log_in(other) == "/"


@pytest.mark.parametrize(
    ("grants", "why"),
    [
        ([{"group": "sec", "role": "security_administrator"}, {"group": "aud", "role": "auditor"}], "conflict"),
        ([{"group": "sec", "role": "viewer", "organisation": "nobody"}], "grants"),
    ],
)
async def test_what_earlier_claims_gave_ends_with_claims_that_cannot_be(
    world: Oidcs, grants: list[dict[str, str]], why: str
) -> None:
    client = await world.browser()
    await world.log_in(client)
    told = await who(client)
    async with world.context.hub_pool.connection() as conn, conn.transaction():
        await grant(conn, COMMAND_LINE, told["name"], Wanted(Role.VIEWER, region="3302"))
    again = world.with_oidc(grants=grants)
    world.provider.claims |= {"groups": ["sec", "aud"]}
    other = await again.browser()
    assert await again.log_in(other) == f"/?login={why}"
    assert (await who(client))["kind"] is None
    assert await world.fetch("select role from access_grant") == [("viewer",)], "what a person granted stays"
    assert await world.fetch("select ended_why from login_session") == [(f"login refused: {why}",)]
    assert [row[0] for row in await world.audited("grant.take_back")] == ["oidc"]
    [[actor, _, detail]] = await world.audited("account.withdraw")
    assert (actor, detail) == ("oidc", {"why": f"login refused: {why}", "sessions_ended": 1})
    assert await again.log_in(other) == f"/?login={why}", "and again"


async def test_who_logs_in_at_the_provider_is_told_where_the_password_is(world: Oidcs) -> None:
    client = await world.browser()
    await world.log_in(client)
    for method, path, body in (
        ("POST", "unlock", {"password": "x"}),
        ("PUT", "password", {"old": "rain on the third pole", "new": "rain on the fourth pole"}),
        ("POST", "second-factor", {"password": "x"}),
    ):
        answer = await client.request(method, f"/session/{path}", json=body)
        assert (answer.status_code, "you log in at the provider" in answer.text) == (403, True), (path, answer.text)
    assert (await who(client))["kind"] == "person"


async def test_who_is_locked_here_is_not_let_in(world: Oidcs) -> None:
    client = await world.browser()
    await world.log_in(client)
    name = (await who(client))["name"]
    async with world.context.hub_pool.connection() as conn, conn.transaction():
        await set_lock(conn, COMMAND_LINE, await locked_account(conn, name), True)
    await world.context.logins.refresh(world.context.hub_pool)
    assert (await who(client))["kind"] is None
    assert await world.log_in(client) == "/?login=locked"


async def test_an_organisation_that_is_not_there_gives_nothing_wider(database: str) -> None:
    async with AsyncExitStack() as stack:
        world = await oidc_world(database, stack, {}, grants=[{**DESK, "organisation": "nobody"}])
        client = await world.browser()
        assert await world.log_in(client) == "/?login=grants"
        assert await world.fetch("select count(*) from principal") == [(0,)]


async def test_an_answer_counts_in_the_browser_that_asked_and_once(world: Oidcs) -> None:
    mine, others = await world.browser(), await world.browser()
    back = await world.go(mine)
    await world.go(others)
    for forged in (back, back.replace("state=", "state=x"), back.split("?")[0]):
        assert (await others.get(forged)).headers["location"] == f"{HOME}/?login=state"
    assert (await (await world.browser()).get(back)).headers["location"] == f"{HOME}/?login=state"
    kept = httpx.Cookies(mine.cookies)
    assert (await mine.get(back)).headers["location"] == f"{HOME}/"
    exchanged = world.provider.asked.count("/token")
    mine.cookies = kept
    assert (await mine.get(back)).headers["location"] == f"{HOME}/?login=state"
    assert world.provider.asked.count("/token") == exchanged
    assert [detail for *_, detail in await world.audited("login.fail")] == [{"why": "oidc: state"}] * 5


async def test_two_answers_at_the_same_time_make_one_session(world: Oidcs) -> None:
    client = await world.browser()
    back = await world.go(client)
    answers = await asyncio.gather(*(client.get(back) for _ in range(4)))
    assert sorted(answer.headers["location"] for answer in answers) == [f"{HOME}/", *[f"{HOME}/?login=state"] * 3]
    assert await world.fetch("select count(*) from login_session") == [(1,)]


async def test_a_login_that_took_too_long_is_begun_again(world: Oidcs) -> None:
    client = await world.browser()
    back = await world.go(client)
    await world.execute("update oidc_login set created_at = now() - interval '601 s'")
    assert (await client.get(back)).headers["location"] == f"{HOME}/?login=state"
    await world.go(client)
    assert await world.fetch("select count(*) from oidc_login") == [(1,)]


async def test_only_a_path_of_the_hub_is_gone_to(world: Oidcs) -> None:
    client = await world.browser()
    for path in (
        "//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/\t/evil", "/a\\b", "/ x", "/\n",
        "/é", "javascript:alert(1)", "/" + "x" * 500,
    ):  # fmt: skip
        answer = await client.get("/oidc/login", params={"next": path})
        assert answer.status_code == 422, (path, answer.headers)
        assert "location" not in answer.headers


def answered(back: str, **change: str | None) -> str:
    """The provider's answer with other parameters."""
    query = {**dict(parse_qsl(urlsplit(back).query)), **change}
    return f"{back.split('?')[0]}?{urlencode({name: value for name, value in query.items() if value is not None})}"


async def test_an_answer_that_is_not_right_lets_nobody_in(world: Oidcs) -> None:
    client = await world.browser()
    wrong: list[tuple[dict[str, str | None], str]] = [
        ({"iss": "https://other.example"}, "provider"), ({"iss": None}, "provider"), ({"code": None}, "provider"),
        ({"code": "x"}, "provider"), ({"code": "x" * 5000}, "provider"),
        ({"error": "access_denied", "error_description": "<script>"}, "denied"),
        ({"error": "<script>alert(1)</script>"}, "provider"), ({"state": "x"}, "state"), ({"state": None}, "state"),
    ]  # fmt: skip
    for change, why in wrong:
        answer = await client.get(answered(await world.go(client), **change))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/?login={why}"), change
        assert (await who(client))["kind"] is None
        assert "script" not in answer.text


def spoil(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.update(more)


async def test_a_token_that_is_not_right_lets_nobody_in(world: Oidcs) -> None:
    client = await world.browser()
    for more in (
        {"nonce": "other"}, {"aud": "other"}, {"aud": [CLIENT, "other"]}, {"iss": "https://other"}, {"exp": 1},
        {"sub": 1},
    ):  # fmt: skip
        world.provider.change = spoil(**more)
        assert await world.log_in(client) == "/?login=token", more
        assert (await who(client))["kind"] is None
    assert await world.fetch("select count(*) from principal") == [(0,)]


async def test_a_new_key_is_asked_for_but_not_with_every_login(world: Oidcs, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await world.browser()
    assert await world.log_in(client) == "/"
    world.provider.key = ec_key("two")
    assert await world.log_in(client) == "/?login=token"  # the keys were asked for a moment ago
    monkeypatch.setattr(provider_module, "AGAIN_S", 0.0)
    assert await world.log_in(client) == "/"
    world.provider.key, world.provider.algorithm = rsa_key("three"), "RS256"
    assert await world.log_in(client) == "/"
    monkeypatch.setattr(provider_module, "AGAIN_S", 10.0)
    listed, world.provider.key = world.provider.asked.count("/jwks"), rsa_key("four")
    for _ in range(3):
        assert await world.log_in(client) == "/?login=token"
    assert world.provider.asked.count("/jwks") == listed


async def test_a_role_that_needs_two_factors_wants_them_shown_at_the_provider(database: str) -> None:
    async with AsyncExitStack() as stack:
        world = await oidc_world(database, stack, {"two_factor": ("operator",)})
        once, twice = await world.browser(), await world.browser()
        assert await world.log_in(once) == "/"
        assert (await who(once))["roles"] == []
        world.provider.claims |= {"amr": ["pwd", "mfa"]}
        assert await world.log_in(twice) == "/"
        told = await who(twice)
        assert (told["roles"], told["session"]["first"]) == (["emergency operator"], None)
        assert (await twice.get("/alerts")).status_code == 200
        assert (await who(once))["session"]["first"] == "login"
        assert (await once.get("/alerts")).status_code == 403
        world.provider.claims |= {"auth_time": 1}
        assert "prompt=login" in (await once.get("/oidc/login")).headers["location"]
        assert await world.log_in(once) == "/?login=token"  # remembered by the provider: not shown anew


async def test_a_locked_screen_wants_the_person_to_log_in_anew(world: Oidcs) -> None:
    client = await world.browser()
    await world.log_in(client)
    assert (await client.post("/session/lock", json={})).status_code == 204
    assert (await client.post("/session/unlock", json={"password": "x"})).status_code == 403
    assert await world.log_in(client) == "/?login=token"  # without auth_time nobody knows that it is the person
    world.provider.claims |= {"auth_time": 99_999_999_999}
    assert await world.log_in(client) == "/"
    assert (await who(client))["session"]["locked"] is False
    assert await world.fetch("select count(*) from login_session where ended_at is null") == [(1,)]


async def test_cookies_are_of_this_host_alone_and_no_script_reads_them(world: Oidcs) -> None:
    answer = await (await world.browser(scheme="https")).get("/oidc/login")
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-ganzhi_oidc=")
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=600"} <= set(cookie.lower().split("; "))
    kept = await world.fetch("select encode(cookie_hash, 'hex'), oidc_login::text from oidc_login")
    secret = cookie.split("=")[1].split(";")[0]
    assert secret not in str(kept) + answer.headers["location"]


async def test_who_logs_out_is_led_to_the_provider_too(world: Oidcs) -> None:
    client = await world.browser()
    assert (await client.get("/oidc/logout")).headers["location"] == f"{HOME}/"
    world.provider.discovery = {"end_session_endpoint": f"{world.provider.issuer}/bye"}
    answer = await (await world.started_again().browser()).get("/oidc/logout")
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert query == {"client_id": CLIENT, "post_logout_redirect_uri": f"{HOME}/"}


async def test_an_address_that_tries_without_end_is_slowed_down(world: Oidcs) -> None:
    client = await world.browser()
    statuses = [(await client.get("/oidc/callback")).status_code for _ in range(70)]
    assert statuses[0] == 303
    assert statuses[-1] == 429


async def test_without_a_provider_there_is_nothing_to_log_in_at(database: str) -> None:
    async with AsyncExitStack() as stack:
        plain = await world_at(database, stack)
        client = await plain.browser()
        for path in ("login", "callback", "logout"):
            assert (await client.get(f"/oidc/{path}")).status_code == 404
        assert (await who(client))["provider"] is None


async def test_hub_check_says_what_to_register_and_what_is_wrong(world: Oidcs) -> None:
    settings = world.context.settings
    [found] = [each async for each in check_oidc(settings)]
    assert (found.level, f"{HOME}/api/v1/oidc/callback" in found.what) == ("ok", True)
    world.provider.discovery = {"issuer": world.provider.issuer + "/"}
    [found] = [each async for each in check_oidc(settings)]
    assert (found.level, "calls itself" in found.what) == ("fail", True)
    closed = settings.model_copy(update={"outgoing": OutgoingSettings()})
    [found] = [each async for each in check_oidc(closed)]
    assert (found.level, "oidc = [" in found.what) == ("fail", True)
    client = await world.started_again(outgoing=OutgoingSettings()).browser()
    assert (await client.get("/oidc/login")).headers["location"] == f"{HOME}/?login=away"


async def test_a_discovery_document_that_is_not_right_is_refused(world: Oidcs) -> None:
    settings = world.context.settings
    assert settings.oidc is not None
    for spoilt in (
        {"issuer": "http://other"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"},
        {"end_session_endpoint": 1}, {"authorization_endpoint": "javascript:alert(1)"},
    ):  # fmt: skip
        world.provider.discovery = spoilt
        with pytest.raises(LoginRefused):
            await provider_module.Provider(settings.oidc, Outgoing(settings)).endpoints()
