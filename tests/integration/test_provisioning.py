"""Devices that register themselves with a key: once, as the key says, and no more than it allows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.context import Context
from hub.limit_settings import Provisioning
from hub.settings import Api
from tests.support.served_api import AIR, api_context, client_of

API = {"Authorization": "Bearer the token"}


class World:
    def __init__(self, context: Context, admin: httpx.AsyncClient, device: httpx.AsyncClient) -> None:
        self.context, self.admin, self.device = context, admin, device

    async def key(self, code: str = "air-2026", **more: Any) -> str:
        body = {"profile": "air", "organisation": "epb", "state": "active", **more}
        answer = await self.admin.put(f"/provisioning-keys/{code}", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    async def come(self, key: str, code: str = "new-1", **more: Any) -> httpx.Response:
        return await self.device.post("/devices:provision", json={"key": key, "code": code, **more})


@asynccontextmanager
async def world_at(url: str, **rates: int) -> AsyncIterator[World]:
    async with api_context(url) as context:
        update = {"api": Api(token="the token"), "provisioning": Provisioning(**rates)}  # type: ignore[arg-type]
        context = replace(context, settings=context.settings.model_copy(update=update))
        async with client_of(context) as client:
            device = httpx.AsyncClient(transport=client._transport, base_url=client.base_url)
            client.headers.update(API)
            (await client.put("/profiles/air", json=AIR)).raise_for_status()
            yield World(context, client, device)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with world_at(database) as made:
        yield made


async def test_a_device_comes_without_the_token_of_the_api_as_the_key_says(world: World) -> None:
    active, pending = await world.key(), await world.key("later", state="pending", organisation=None)
    answer = await world.come(active, name="Roof", kind="token")
    assert answer.status_code == 201, answer.text
    welcome = answer.json()
    assert (welcome["code"], welcome["state"], welcome["kind"]) == ("new-1", "active", "token")
    assert world.context.directory.by_token(welcome["secret"]) is not None
    stored = (await world.admin.get("/devices/new-1")).json()
    assert (stored["name"], stored["organisation"], stored["profile"]) == ("Roof", "epb", "air")
    async with world.context.hub_pool.connection() as conn:
        noted = await conn.execute("select actor from audit where action = 'device.provision'")
        assert await noted.fetchall() == [("key air-2026",)], "the key is who called"
    answer = await world.come(pending, "new-2", parent="new-1")
    assert (answer.json()["state"], answer.json()["username"]) == ("pending", "new-2")
    assert (await world.admin.get("/devices/new-2")).json()["parent"] == "new-1"


async def test_the_key_is_shown_once_and_a_change_keeps_it(world: World) -> None:
    key = await world.key()
    changed = await world.admin.put("/provisioning-keys/air-2026", json={"profile": "air", "limit": 3})
    assert (changed.status_code, changed.json()["key"], changed.json()["limit"]) == (200, None, 3)
    assert key not in (await world.admin.get("/provisioning-keys")).text
    rotated = (await world.admin.post("/provisioning-keys/air-2026:rotate")).json()["key"]
    assert (await world.come(key)).status_code == 401
    assert (await world.come(rotated)).status_code == 201
    assert (await world.admin.delete("/provisioning-keys/air-2026")).status_code == 204
    assert (await world.come(rotated, "new-2")).status_code == 401
    assert (await world.admin.get("/provisioning-keys/air-2026")).status_code == 404
    assert (await world.device.get("/provisioning-keys")).status_code == 401
    wrong = await world.admin.put("/provisioning-keys/x", json={"profile": "aire"})
    assert "did you mean air?" in wrong.json()["detail"]


async def test_limit_expiry_and_switch_are_kept(world: World) -> None:
    key = await world.key(limit=1)
    assert (await world.come(key)).status_code == 201
    used_up = await world.come(key, "new-2")
    assert used_up.status_code == 403
    assert "good for 1 devices" in used_up.json()["detail"]
    assert (await world.come(key)).status_code == 201, "who has come already may still ask again"
    assert (await world.admin.get("/provisioning-keys/air-2026")).json()["used"] == 1
    assert (await world.come(await world.key("old", expires_at="2020-01-01T00:00:00Z"), "new-3")).status_code == 403
    assert (await world.come(await world.key("off", enabled=False), "new-4")).status_code == 403
    assert (await world.admin.get("/devices/new-2")).status_code == 404
    for wrong in ("", "air-2026", f"{key}0", f"nobody.{key}", "air-2026."):
        assert (await world.come(wrong, "new-5")).status_code == 401, wrong


async def test_who_missed_the_answer_asks_again_until_it_was_heard(world: World) -> None:
    key = await world.key()
    missed, got = [(await world.come(key, kind="token")).json()["secret"] for _ in range(2)]
    directory = world.context.directory
    assert directory.by_token(missed) is None
    assert directory.by_token(got) is not None
    async with world.context.hub_pool.connection() as conn:
        await conn.execute("insert into device_seen (device_id, seen_at) select id, now() from device")
    again = await world.come(key)
    assert again.status_code == 409
    assert "has sent data" in again.json()["detail"]
    assert directory.by_token(got) is not None


async def test_a_key_takes_over_nothing_that_came_another_way(world: World) -> None:
    key, other = await world.key(), await world.key("other")
    await world.admin.put("/devices/old-1", json={"name": "old", "profile": "air"})
    assert (await world.come(key, "old-1")).status_code == 409
    assert (await world.come(key)).status_code == 201
    assert (await world.come(other)).status_code == 409
    await world.admin.delete("/devices/new-1/credentials")
    assert (await world.come(key)).status_code == 409, "who was shut out does not come back by itself"
    assert (await world.come(key, "new-2", parent="nobody")).status_code == 422
    assert (await world.admin.get("/devices/new-2")).status_code == 404
    assert (await world.admin.get("/provisioning-keys/air-2026")).json()["used"] == 1


async def test_too_many_from_one_address_or_with_one_key_are_told_to_wait(database: str) -> None:
    async with world_at(database, per_address_per_minute=4, per_key_per_minute=2) as world:
        key = await world.key()
        answers = [await world.come(text, f"new-{n}") for n, text in enumerate(("wrong", key, key, key, key))]
        assert [answer.status_code for answer in answers] == [401, 201, 201, 429, 429]
        assert "with one key" in answers[3].json()["detail"]
        assert "from one address" in answers[4].json()["detail"]
        assert int(answers[4].headers["retry-after"]) >= 1
