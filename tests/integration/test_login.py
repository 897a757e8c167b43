"""People log in, and what a session may do: fixation, stolen cookies, guesses, locks, second factors."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.context import Context
from hub.access.logins import Logins
from hub.access.passwords import hashed
from hub.access.roles import Role
from hub.access_settings import Access
from hub.settings import Secrets
from hub.store.listen import listen
from tests.support.accounts import PASSWORD, browser, code_of, log_in, person, who
from tests.support.process import eventually
from tests.support.served_api import api_context

NEW = "snow on the fourth pole"


class World:
    """An app, and browsers that talk to it."""

    def __init__(self, context: Context, stack: AsyncExitStack) -> None:
        self.context, self._stack = context, stack
        self.app: FastAPI = create_app(context)

    async def browser(self, address: str = "10.1.2.3", scheme: str = "http") -> httpx.AsyncClient:
        return await self._stack.enter_async_context(browser(self.app, address, scheme))

    async def logged_in(self, name: str, address: str = "10.1.2.3") -> httpx.AsyncClient:
        client = await self.browser(address)
        answer = await log_in(client, name)
        assert answer.status_code == 204, answer.text
        return client

    async def fetch(self, statement: str) -> list[Any]:
        async with self.context.hub_pool.connection() as conn:
            return await (await conn.execute(statement.encode())).fetchall()

    async def execute(self, statement: str) -> None:
        async with self.context.hub_pool.connection() as conn:
            await conn.execute(statement.encode())
        await self.context.logins.refresh(self.context.hub_pool)

    async def audited(self, action: str) -> list[Any]:
        return await self.fetch(f"select actor, subject, detail from audit where action = '{action}' order by id")


async def world_at(url: str, stack: AsyncExitStack, **access: Any) -> World:
    context = await stack.enter_async_context(api_context(url))
    rules = Access(**access)
    sealing = Secrets(key=SecretStr(b64encode(b"k" * 32).decode()))  # secrets of authenticators lie encrypted
    settings = context.settings.model_copy(update={"access": rules, "secrets": sealing})
    return World(replace(context, settings=settings, logins=Logins(rules)), stack)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield await world_at(database, stack)


async def test_who_logs_in_may_what_was_granted_and_is_told_so(world: World) -> None:
    await person(world.context, "li.wei", Role.OPERATOR)
    client = await world.browser()
    assert (await client.get("/alerts")).status_code == 401
    assert (await who(client))["kind"] is None
    assert (await log_in(client, "LI.WEI")).status_code == 204
    told = await who(client)
    assert (told["kind"], told["name"], told["roles"]) == ("person", "li.wei", ["emergency operator"])
    assert "alerts:step" in told["permissions"]
    assert told["session"]["first"] is None
    chinese = (await client.get("/session", params={"lang": "zh"})).json()
    assert chinese["scope"] == ["应急值班员：全部范围"]
    assert (await client.get("/alerts")).status_code == 200
    assert (await client.get("/dead-letters")).status_code == 403
    assert (await client.get("/accounts")).status_code == 403
    cookie = client.cookies.jar
    assert [(each.name, each.has_nonstandard_attr("HttpOnly"), each.path) for each in cookie] == [
        ("ganzhi_session", True, "/")
    ]
    [(actor, subject, _)] = await world.audited("login")
    assert actor == subject
    assert actor.startswith("principal:")
    assert await world.fetch("select address from audit where action = 'login'") == [("10.1.2.3",)]


async def test_over_tls_the_cookie_is_of_this_host_alone(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    client = await world.browser(scheme="https")
    kept = (await log_in(client, "li.wei")).headers["set-cookie"]
    assert kept.startswith("__Host-ganzhi_session=")
    for part in ("HttpOnly", "Path=/", "SameSite=strict", "Secure"):
        assert part in kept
    assert "Domain" not in kept
    plain = await world.browser(scheme="https")
    token = kept.partition("=")[2].partition(";")[0]
    answer = await plain.get("/alerts", headers={"Cookie": f"ganzhi_session={token}"})
    assert answer.status_code == 401, "a name that any page can set is not read where there is TLS"


async def test_a_token_of_a_session_is_never_taken_over_and_opens_nothing_after_it(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    fixed = {"Cookie": "ganzhi_session=chosen-by-an-attacker"}
    client = await world.browser()
    answer = await client.post("/session", json={"name": "li.wei", "password": PASSWORD}, headers=fixed)
    assert "chosen-by-an-attacker" not in answer.headers["set-cookie"]
    stranger = await world.browser()
    assert (await stranger.get("/alerts", headers=fixed)).status_code == 401
    first = client.cookies["ganzhi_session"]
    assert (await log_in(client, "li.wei")).status_code == 204
    assert client.cookies["ganzhi_session"] != first
    stolen = {"Cookie": f"ganzhi_session={first}"}
    assert (await stranger.get("/alerts", headers=stolen)).status_code == 401, "a new login ends the one before"
    stolen = {"Cookie": f"ganzhi_session={client.cookies['ganzhi_session']}"}
    assert (await stranger.get("/alerts", headers=stolen)).status_code == 200
    assert (await client.delete("/session")).status_code == 204
    assert (await stranger.get("/alerts", headers=stolen)).status_code == 401, "a stolen cookie after the logout"
    [(count,)] = await world.fetch("select count(*) from login_session where ended_at is null")
    assert count == 0


@pytest.mark.parametrize("end", ["locked", "erased", "password", "reset", "ended"])
async def test_a_stolen_cookie_is_refused_after(world: World, end: str) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    await person(world.context, "admin", Role.SECURITY_ADMINISTRATOR)
    client, admin, thief = await world.logged_in("li.wei"), await world.logged_in("admin"), await world.browser()
    stolen = {"Cookie": f"ganzhi_session={client.cookies['ganzhi_session']}"}
    assert (await thief.get("/alerts", headers=stolen)).status_code == 200
    if end == "erased":
        await world.execute("update principal set state = 'erased' where name = 'li.wei'")
    elif end == "password":
        assert (await client.put("/session/password", json={"old": PASSWORD, "new": NEW})).status_code == 204
        assert (await client.get("/alerts")).status_code == 200, "the one that changed it goes on with a new cookie"
    elif end == "ended":
        assert (await admin.delete("/accounts/li.wei/sessions")).status_code == 204
    else:
        if end == "reset":
            await world.execute("delete from access_grant where role = 'viewer'")
        verb, body = {"locked": ("lock", {}), "reset": ("reset", {"password": PASSWORD})}[end]
        assert (await admin.post(f"/accounts/li.wei/{verb}", json=body)).status_code == 200
    assert (await thief.get("/alerts", headers=stolen)).status_code == 401


async def test_another_process_refuses_it_within_a_second(world: World, database: str) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    client = await world.logged_in("li.wei")
    async with AsyncExitStack() as stack:
        other = await world_at(database, stack)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [
            group.create_task(other.context.logins.run(other.context.hub_pool), name="logins"),
            group.create_task(
                listen(database, ["ganzhi_access"], lambda _, payload: other.context.logins.wake(payload)),
                name="listen",
            ),
        ]
        thief = await other.browser()
        stolen = {"Cookie": f"ganzhi_session={client.cookies['ganzhi_session']}"}

        async def answers(status: int) -> bool:
            return (await thief.get("/alerts", headers=stolen)).status_code == status

        await eventually(lambda: answers(200), "it is let in")
        await client.delete("/session")
        await eventually(lambda: answers(401), "it is refused", 1.0)
        for task in tasks:
            task.cancel()


async def test_while_nothing_is_heard_of_changes_they_are_looked_for_each_second(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    client, logins = await world.logged_in("li.wei"), world.context.logins
    running = asyncio.create_task(logins.run(world.context.hub_pool), name="logins")
    try:
        logins.unheard()

        async def answers(status: int) -> bool:
            return (await client.get("/alerts")).status_code == status

        for state, status in (("locked", 401), ("active", 200), ("locked", 401)):
            async with world.context.hub_pool.connection() as conn:
                await conn.execute("update principal set state = %s", (state,))
            await eventually(partial(answers, status), f"it is {state} without a notification", 10.0)
    finally:
        running.cancel()


async def test_guesses_from_one_address_lock_nobody_out_elsewhere(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    attacker = await world.browser("203.0.113.9")
    codes = [(await log_in(attacker, "li.wei", f"guess number {n}")).status_code for n in range(12)]
    assert codes[:5] == [401] * 5
    assert codes[5:] == [429] * 7
    assert (await log_in(attacker, "li.wei", PASSWORD)).status_code == 429, "also with the right one, from there"
    assert (await log_in(await world.browser("10.1.2.3"), "li.wei")).status_code == 204
    failures = await world.audited("login.fail")
    assert [detail["why"] for _, _, detail in failures].count("password") == 5
    assert [detail["why"] for _, _, detail in failures].count("too many attempts") == 1
    assert {actor for actor, _, _ in failures} == {"nobody"}


async def test_a_flood_of_logins_from_one_address_leaves_others_room(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    attacker, mine = await world.browser("203.0.113.9"), await world.browser("10.1.2.3")
    flood = [asyncio.create_task(log_in(attacker, f"nobody-{n}", "x" * 12)) for n in range(40)]
    await eventually(lambda: refused_one(flood), "some of them are refused")
    assert (await log_in(mine, "li.wei")).status_code == 204
    answers = [answer.status_code for answer in await asyncio.gather(*flood)]
    assert set(answers) == {401, 503}


async def refused_one(tasks: list[asyncio.Task[httpx.Response]]) -> bool:
    return any(task.done() and task.result().status_code == 503 for task in tasks)


async def test_a_stolen_cookie_guesses_ten_times(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    client = await world.logged_in("li.wei")
    stolen = {"Cookie": f"ganzhi_session={client.cookies['ganzhi_session']}"}

    async def guess(number: int, password: str) -> int:
        thief = await world.browser(f"10.8.0.{number}")
        if number % 2:
            answer = await thief.post("/session/unlock", json={"password": password}, headers=stolen)
        else:
            answer = await thief.put("/session/password", json={"old": password, "new": NEW}, headers=stolen)
        return answer.status_code

    await asyncio.gather(*(guess(number, "wrong") for number in range(1, 10)))
    assert (await client.get("/alerts")).status_code == 200
    [(count,)] = await world.fetch("select guesses from login_session")
    assert count == 9, "only those that were wrong"
    assert await guess(10, "wrong") == 401
    assert (await client.get("/alerts")).status_code == 401
    assert await guess(11, PASSWORD) == 401, "right, but too late"
    [(_, _, told)] = await world.audited("session.end")
    assert told["why"] == "10 wrong passwords or codes"


async def test_unknown_names_and_wrong_passwords_are_answered_alike_and_no_name_is_kept(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    client = await world.browser()
    unknown, wrong = await log_in(client, "my secret typed here", "x" * 12), await log_in(client, "li.wei", "x" * 12)
    assert (unknown.status_code, unknown.text) == (wrong.status_code, wrong.text)
    assert unknown.headers.keys() == wrong.headers.keys()
    kept = await world.fetch("select a::text from audit a")
    assert not any("my secret typed here" in text for (text,) in kept)


async def test_a_one_time_password_opens_nothing_but_its_change(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER, settled=False)
    client = await world.logged_in("li.wei")
    assert (await who(client))["session"]["first"] == "password"
    assert (await client.get("/alerts")).status_code == 403
    for bad in ("short", "li.wei and more", "passwordpassword", "aaaaaaaaaaaaaa", "abcdefghijklmnop", PASSWORD):
        answer = await client.put("/session/password", json={"old": PASSWORD, "new": bad})
        assert answer.status_code == 422, bad
    assert (await client.put("/session/password", json={"old": "wrong", "new": NEW})).status_code == 401
    before = client.cookies["ganzhi_session"]
    assert (await client.put("/session/password", json={"old": PASSWORD, "new": NEW})).status_code == 204
    assert client.cookies["ganzhi_session"] != before
    assert (await client.get("/alerts")).status_code == 200
    again = await world.browser()
    assert (await log_in(again, "li.wei")).status_code == 401
    assert (await log_in(again, "li.wei", NEW)).status_code == 204


async def test_a_one_time_password_is_good_for_a_week(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER, settled=False)
    await world.execute("update account set changed_at = now() - interval '8 days'")
    assert (await log_in(await world.browser(), "li.wei")).status_code == 403


async def test_second_factor_is_required_of_a_role_and_each_code_counts_once(database: str) -> None:
    async with AsyncExitStack() as stack:
        world = await world_at(database, stack, two_factor=["security_administrator"])
        await person(world.context, "admin", Role.SECURITY_ADMINISTRATOR)
        client, other = await world.logged_in("admin"), await world.logged_in("admin")
        assert (await who(client))["session"]["first"] == "second_factor"
        assert (await client.get("/accounts")).status_code == 403
        begun = (await client.post("/session/second-factor", json={"password": PASSWORD})).json()
        assert begun["qr"].startswith("<svg")
        assert begun["secret"] in begun["uri"]
        assert (await client.put("/session/second-factor", json={"code": "000000"})).status_code == 422
        now = code_of(begun["secret"])
        codes = (await client.put("/session/second-factor", json={"code": now})).json()["recovery_codes"]
        [(stored,)] = await world.fetch("select totp_secret from account")
        assert begun["secret"] not in stored
        assert stored.startswith("sealed 1 ")
        assert len(set(codes)) == 10
        assert (await client.get("/accounts")).status_code == 200
        assert (await other.get("/session")).json()["kind"] is None, "other sessions have ended"
        again = await world.browser()
        asked = await log_in(again, "admin")
        assert (asked.status_code, asked.json()["errors"][0]["pointer"]) == (401, "/code")
        assert (await log_in(again, "admin", code=now)).status_code == 401, "it was used to enrol"
        later = code_of(begun["secret"], 1)
        assert (await log_in(again, "admin", code=later)).status_code == 204
        third = await world.browser("10.9.9.9")
        assert (await log_in(third, "admin", code=later)).status_code == 401, "used once"
        assert (await log_in(third, "admin", code=codes[0].upper())).status_code == 204
        assert (await log_in(third, "admin", code=codes[0])).status_code == 401, "used once"
        removing = {"password": PASSWORD}
        assert (await third.post("/session/second-factor/remove", json=removing)).status_code == 401
        removing["code"] = codes[1]
        assert (await third.post("/session/second-factor/remove", json=removing)).status_code == 204
        assert (await who(third))["session"]["first"] == "second_factor"
        kept = await world.fetch("select a::text from audit a")
        assert not any(begun["secret"] in text or codes[0] in text for (text,) in kept)


async def test_a_locked_screen_reads_and_takes_no_step(world: World) -> None:
    await person(world.context, "li.wei", Role.OPERATOR)
    client = await world.logged_in("li.wei")
    step = "/alerts/00000000-0000-0000-0000-000000000000/steps"
    assert (await client.post(step, json={"to": "acknowledged"})).status_code == 404
    assert (await client.post("/session/lock", json={})).status_code == 204
    before = client.cookies["ganzhi_session"]
    assert (await client.get("/alerts")).status_code == 200
    for path in (step, "/session/active"):
        assert (await client.post(path, json={"to": "acknowledged"})).status_code == 403, path
    assert (await client.put("/session/password", json={"old": PASSWORD, "new": NEW})).status_code == 403
    assert (await client.post("/session/unlock", json={"password": "wrong"})).status_code == 401
    assert (await client.post("/session/unlock", json={"password": PASSWORD})).status_code == 204
    assert client.cookies["ganzhi_session"] != before
    assert (await client.post(step, json={"to": "acknowledged"})).status_code == 404


async def test_it_locks_and_ends_by_itself(database: str) -> None:
    async with AsyncExitStack() as stack:
        world = await world_at(database, stack, lock_s=300, idle_s=600, session_s=900)
        await person(world.context, "li.wei", Role.OPERATOR)
        client = await world.logged_in("li.wei")
        [session] = world.context.logins._sessions.values()
        session.active_at -= (span := timedelta(seconds=301))
        assert (await who(client))["session"]["locked"] is True
        assert (await client.post("/session/active", json={})).status_code == 403, "it stays locked"
        assert (await client.get("/alerts")).status_code == 200
        session.seen_at -= 2 * span
        assert (await client.get("/alerts")).status_code == 401, "nobody asked for anything"
        session.seen_at += 2 * span
        session.expires_at -= 3 * span
        assert (await client.get("/alerts")).status_code == 401, "its time is over"


async def test_single_session(database: str) -> None:
    async with AsyncExitStack() as stack:
        world = await world_at(database, stack, single_session=True)
        await person(world.context, "li.wei", Role.OPERATOR)
        first, second = await world.logged_in("li.wei"), await world.logged_in("li.wei")
        assert [(await each.get("/alerts")).status_code for each in (first, second)] == [401, 200]


async def test_one_sees_and_ends_ones_own_sessions_only(world: World) -> None:
    for name in ("li.wei", "wang.fang"):
        await person(world.context, name, Role.VIEWER)
    mine, also_mine, hers = [await world.logged_in(name) for name in ("li.wei", "li.wei", "wang.fang")]
    listed = (await mine.get("/sessions")).json()["items"]
    assert sorted(each["own"] for each in listed) == [False, True]
    [of_her] = (await hers.get("/sessions")).json()["items"]
    assert (await mine.delete(f"/sessions/{of_her['id']}")).status_code == 404
    assert (await hers.get("/alerts")).status_code == 200
    other = next(each["id"] for each in listed if not each["own"])
    assert (await mine.delete(f"/sessions/{other}")).status_code == 204
    assert (await also_mine.get("/alerts")).status_code == 401


async def test_a_page_of_another_origin_can_do_nothing_with_the_cookie(world: World) -> None:
    await person(world.context, "admin", Role.SECURITY_ADMINISTRATOR)
    client = await world.logged_in("admin")
    made = {"name": "mallory", "role": "system_administrator"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}):
        assert (await client.post("/accounts", json=made, headers=headers)).status_code == 403
        assert (await client.delete("/session", headers=headers)).status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await client.post("/accounts", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415, kind
        answer = await client.post("/session/lock", content=b"x=1", headers={"Content-Type": kind})
        assert answer.status_code == 415, "also where no body is read"
    assert (await client.post("/session/lock")).status_code == 415
    assert (await who(client))["session"]["locked"] is False
    assert (await client.get("/accounts/mallory")).status_code == 404


async def test_accounts_are_kept_by_who_may_and_take_no_field_that_is_not_theirs(world: World) -> None:
    await person(world.context, "admin", Role.SECURITY_ADMINISTRATOR)
    client = await world.logged_in("admin")
    made = await client.post("/accounts", json={"name": "li.wei", "display_name": "李伟"})
    assert made.status_code == 201, made.text
    assert (await client.post("/accounts", json={"name": "LI.WEI"})).status_code == 409
    for more in ({"state": "active"}, {"id": "x"}, {"must_change": False}, {"roles": ["auditor"]}):
        assert (await client.patch("/accounts/li.wei", json={"display_name": "x", **more})).status_code == 422, more
        assert (await client.post("/accounts", json={"name": "x", **more})).status_code == 422, more
    mine = await world.browser()
    assert (await log_in(mine, "li.wei", made.json()["one_time_password"])).status_code == 204
    extra = {"name": "li.wei", "password": PASSWORD, "role": "auditor"}
    assert (await mine.post("/session", json=extra)).status_code == 422
    shown = (await client.get("/accounts/li.wei")).json()
    assert "one_time_password" not in shown
    assert (await client.patch("/accounts/li.wei", json={"display_name": "李伟 2"})).json()["display_name"] == "李伟 2"
    reset = (await client.post("/accounts/li.wei/reset", json={"password": PASSWORD})).json()["one_time_password"]
    assert reset != made.json()["one_time_password"]
    assert (await client.post("/accounts/li.wei/lock", json={})).json()["state"] == "locked"
    right, wrong = [await log_in(await world.browser("10.8.8.8"), "li.wei", given) for given in (reset, "wrong")]
    assert (right.status_code, right.text) == (401, wrong.text), "nobody learns that the password was right"
    assert (await client.post("/accounts/li.wei/unlock", json={})).json()["state"] == "active"
    assert (await log_in(await world.browser("10.8.8.8"), "li.wei", reset)).status_code == 204
    kept = await world.fetch("select a::text from audit a")
    assert not any(reset in text for (text,) in kept)


@pytest.mark.heavy
async def test_a_known_name_takes_as_long_as_an_unknown_one(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    kept = hashed("some other password").replace("'", "")
    await world.execute(f"update account set password_hash = '{kept}'")
    took: dict[str, list[float]] = {"li.wei": [], "nobody": []}
    for n in range(20):
        client = await world.browser(f"10.2.{n}.1")  # nobody is slowed down
        for name, times in took.items():
            began = time.perf_counter()
            assert (await log_in(client, name, "wrong password")).status_code == 401
            times.append(time.perf_counter() - began)
    known, unknown = (median(times) for times in took.values())
    assert 0.7 < known / unknown < 1.4


@pytest.mark.heavy
async def test_ten_thousand_failed_logins(world: World) -> None:
    await person(world.context, "li.wei", Role.VIEWER)
    await world.logged_in("li.wei", "10.1.2.3")
    for turn in range(100):
        attacker = await world.browser(f"203.0.{turn % 7}.{turn}")
        answers = await asyncio.gather(*(log_in(attacker, "li.wei", f"guess {turn} {n}") for n in range(100)))
        assert {answer.status_code for answer in answers} <= {401, 429, 503}
    await world.logged_in("li.wei", "10.1.2.3")
