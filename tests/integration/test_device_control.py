"""Control of regulated monitors over the API: one asks, another approves, and anybody who may ends it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.context import Context
from hub.access.roles import Role
from tests.support.accounts import machine
from tests.support.served_api import AIR, api_context, client_of

PATH = "/devices/w1/control"
UNTIL = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
BODY = {"reason": "audit of the station", "until": UNTIL}


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        yield made


@pytest.fixture
async def local(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(context) as client:
        await client.put("/profiles/air", json=AIR)
        await client.put("/devices/w1", json={"name": "Water", "profile": "air"})
        yield client


async def test_it_takes_two_people_and_ends_by_itself(context: Context, local: httpx.AsyncClient) -> None:
    keys = [await machine(context, name, Role.INTEGRATOR) for name in ("li", "wang")]
    li, wang = ({"Authorization": f"Bearer {key}"} for key in keys)

    async def approve(by: dict[str, str], asked_at: str | None = None) -> tuple[int, Any]:
        at = asked_at or (await local.get(PATH)).json()["asked_at"] or UNTIL
        answer = await local.post(f"{PATH}/approval", json={"asked_at": at}, headers=by)
        return answer.status_code, answer.json()

    assert (await local.get(PATH)).json()["state"] == "off"
    assert (await approve(wang))[0] == 409, "nobody has asked"
    for wrong in ({**BODY, "reason": ""}, {**BODY, "until": "2027-12-01T00:00:00Z"}, {"until": UNTIL}):
        assert (await local.put(PATH, json=wrong, headers=li)).status_code == 422, wrong
    asked = (await local.put(PATH, json=BODY, headers=li)).json()
    assert (asked["state"], asked["asked_by"]) == ("waiting", "li")
    again = await local.put(PATH, json={**BODY, "reason": "another one"}, headers=li)
    assert (await approve(wang, asked["asked_at"]))[0] == 409, "it is not the one that was looked at"
    assert again.json()["state"] == "waiting"
    assert (await approve(li))[0] == 403, "who asked does not approve"
    assert (await approve({}))[0] == 403, "the token of the API and this machine are nobody"
    status, found = await approve(wang)
    assert (status, found["state"], found["approved_by"], found["reason"]) == (200, "on", "wang", "another one")
    assert (await local.put(PATH, json=BODY, headers=li)).status_code == 409, "while it is on"
    assert (await local.delete(PATH, headers=li)).status_code == 204
    assert (await local.get(PATH)).json()["state"] == "off"
    async with context.hub_pool.connection() as conn:
        told = "select action from audit where action like 'device.control.%' order by id"
        actions = [action for (action,) in await (await conn.execute(told)).fetchall()]
        assert [each.rpartition(".")[2] for each in actions] == ["ask", "ask", "approve", "off"]


async def test_who_handed_out_the_key_of_another_is_not_two_people(context: Context, local: httpx.AsyncClient) -> None:
    made = await local.post("/keys", json={"name": "puppet", "role": "integrator", "label": "x"})
    await context.logins.refresh(context.hub_pool)
    puppet = {"Authorization": f"Bearer {made.json()['key']}"}
    asked = (await local.put(PATH, json=BODY)).json()
    answer = await local.post(f"{PATH}/approval", json={"asked_at": asked["asked_at"]}, headers=puppet)
    assert (answer.status_code, "handed out" in answer.text) == (403, True), answer.text
