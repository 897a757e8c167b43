"""Presence at the desk: a person's open stream and click, never a machine's, and only as long as both are proven."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest

from api.context import Context
from app.serve.retention import forget
from hub.access.roles import Role
from hub.access_settings import Access
from hub.duty.desk import keep_streams
from hub.duty.on_duty import on_duty
from tests.support.accounts import log_in, machine, person
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, client_of, served

ROTA = {
    "name": "Desk",
    "organisation": "desk",
    "shifts": [{"name": "day", "begin": "00:00", "end": "24:00"}],
    "from_date": "2026-01-01",
    "turns": ["wang"],
}


@dataclass
class Desk:
    """A rota of one person, and a hub that serves."""

    context: Context
    base: str

    @asynccontextmanager
    async def client(self, name: str | None = None, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Logged in, or with a key."""
        headers = {"Sec-Fetch-Site": "same-origin"} if key is None else {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=self.base + PREFIX, headers=headers) as client:
            if name is not None:
                (await log_in(client, name)).raise_for_status()
            yield client

    async def present(self) -> bool:
        async with self.context.hub_pool.connection() as conn:
            return (await on_duty(conn, datetime.now(UTC)))["city"].present


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with api_context(database) as made:
        context = replace(made, settings=made.settings.model_copy(update={"access": Access(local=True)}))
        async with client_of(context) as client:
            (await client.put("/organisations/desk", json={"name": "Desk"})).raise_for_status()
            for name in ("wang", "li"):
                await person(context, name, Role.OPERATOR)
            (await client.put("/rotas/city", json=ROTA)).raise_for_status()
        running = asyncio.create_task(context.desks.run(context.hub_pool))
        async with served(context) as base:
            yield Desk(context, base)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_desk_is_present_by_an_open_stream_and_a_click(desk: Desk) -> None:
    async with desk.client("wang") as wang, desk.client("li") as li:
        clicked = (await wang.post("/presence", json={})).json()
        assert [clicked[name] for name in ("name", "on_duty", "streaming", "present")] == ["wang", True, False, False]
        assert not await desk.present(), "a click alone proves that somebody was there, not that alerts arrive"
        async with wang.stream("GET", "/alerts/stream"), li.stream("GET", "/live"):
            await eventually(desk.present, "the stream is proven")
            told = (await wang.get("/presence")).json()
            assert told["interval_s"] == 1800
            assert await _minutes(desk.context) == ["wang"], "who is present is so in this minute; li has not clicked"
            assert (told["own"]["present"], told["own"]["on_duty"]) == (True, True)

            async def listed() -> bool:
                items = (await li.get("/presence")).json()["items"]
                return [(each["name"], each["streaming"], each["present"]) for each in items] == [
                    ("li", True, False), ("wang", True, True),
                ]  # fmt: skip

            await eventually(listed, "both are listed")
            async with desk.context.hub_pool.connection() as conn:
                await conn.execute("update desk_presence set clicked_until = now() where clicked_at is not null")
            assert not await desk.present(), "the last click is too old"
            await wang.post("/presence", json={})
            assert await desk.present()
        async with desk.context.hub_pool.connection() as conn:
            await conn.execute("update desk_presence set streamed_until = now()")
        assert not await desk.present(), "a stream that is closed is not proven again"
        actions = await _audited(desk.context)
        assert actions == ["presence.click"] * 2


async def test_a_key_of_a_machine_is_never_a_desk(desk: Desk) -> None:
    key = await machine(desk.context, "robot", Role.OPERATOR)
    async with desk.client(key=key) as robot, robot.stream("GET", "/alerts/stream"):
        refused = await robot.post("/presence", json={}, headers={"accept-language": "zh"})
        assert (refused.status_code, "令牌不算" in refused.json()["detail"]) == (409, True)
        assert (await robot.get("/presence")).json()["own"] is None
    async with desk.context.hub_pool.connection() as conn:
        assert await (await conn.execute("select * from desk_presence")).fetchall() == []


async def test_two_streams_of_a_person_are_one_desk_until_both_are_closed(desk: Desk) -> None:
    async def looked_again() -> None:
        """Forget what was proven; the stream that li opens makes the hub prove all that are open."""
        async with desk.context.hub_pool.connection() as conn:
            await conn.execute("update desk_presence set streamed_until = now()")
        async with li.stream("GET", "/alerts/stream"):
            await eventually(li_is_there, "the stream of li is proven")

    async def li_is_there() -> bool:
        async with desk.context.hub_pool.connection() as conn:
            found = await conn.execute(
                "select from desk_presence d join principal p on p.id = d.principal_id"
                " where p.name = 'li' and d.streamed_until > now()"
            )
            return found.rowcount == 1

    async def gone() -> bool:
        await looked_again()
        return not await desk.present()

    async with desk.client("wang") as wang, desk.client("li") as li:
        await wang.post("/presence", json={})
        async with wang.stream("GET", "/alerts/stream"):
            async with wang.stream("GET", "/alerts/stream"):
                await eventually(desk.present, "the stream is proven")
            await looked_again()
            assert await desk.present(), "the other stream is open still"
        await eventually(gone, "both are closed")


async def test_a_desk_has_the_time_to_come_back_after_a_restart(desk: Desk) -> None:
    """Its page opens its stream again within 8 s; meanwhile the chain of an alert would pass it over."""
    async with desk.client("wang") as client, client.stream("GET", "/alerts/stream"):
        await client.post("/presence", json={})
        await eventually(desk.present, "wang is at the desk")
    async with desk.context.hub_pool.connection() as conn:
        ended = "update desk_presence set streamed_until = now() - make_interval(secs => %s)"
        for away_s, there in ((60, True), (3600, False)):
            await conn.execute(ended, [away_s])
            assert not await desk.present()
            await keep_streams(conn)
            assert await desk.present() is there, away_s
        await conn.execute("update desk_presence set streamed_until = now() - interval '1 minute'")
        await conn.execute(
            """insert into desk_presence (principal_id, streamed_until)
               select id, now() from principal where name = 'li'"""
        )
        await keep_streams(conn)
        assert not await desk.present(), "who had gone before the others stays away"


async def test_presence_is_forgotten_after_a_day_and_with_its_account(desk: Desk) -> None:
    async with desk.client("wang") as wang, desk.client("li") as li:
        await wang.post("/presence", json={})
        await li.post("/presence", json={})
    async with desk.context.hub_pool.connection() as conn:
        await conn.execute(
            """update desk_presence d set clicked_until = now() - interval '25 hours' from principal p
               where p.id = d.principal_id and p.name = 'li'"""
        )
    await forget(desk.context.hub_pool, desk.context.settings)
    assert await _names(desk.context) == ["wang"]
    async with client_of(desk.context) as client:
        assert (await client.post("/accounts/wang/erase", json={})).is_success
    assert await _names(desk.context) == []


async def _minutes(context: Context) -> list[str]:
    """Who was present in some minute of the last hour."""
    async with context.hub_pool.connection() as conn:
        found = await conn.execute(
            """select p.name from desk_hour h join principal p on p.id = h.principal_id
               where hour > now() - interval '1 hour' and bit_count(minutes::bit(64)) between 1 and 2 order by 1"""
        )
        return [name for (name,) in await found.fetchall()]


async def _names(context: Context) -> list[str]:
    async with context.hub_pool.connection() as conn:
        found = await conn.execute(
            "select p.name from desk_presence d join principal p on p.id = d.principal_id order by 1"
        )
        return [name for (name,) in await found.fetchall()]


async def _audited(context: Context) -> list[str]:
    async with context.hub_pool.connection() as conn:
        found = await conn.execute("select action from audit where action like 'presence%%' order by id")
        return [action for (action,) in await found.fetchall()]
