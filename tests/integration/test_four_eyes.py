"""One security administrator by himself obtains nothing over the API; two, or the command line, do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.context import Context
from hub.access.roles import ALONE, Role
from tests.support.accounts import PASSWORD, browser, log_in, machine, person
from tests.support.served_api import api_context


class Office:
    """A hub, and two security administrators who have logged in."""

    def __init__(self, context: Context, one: httpx.AsyncClient, two: httpx.AsyncClient) -> None:
        self.context, self.one, self.two = context, one, two

    async def sees(self, **shown: str) -> int:
        """The status of the alerts for who shows a key, or logs in with a one-time password."""
        async with browser(create_app(self.context), "10.7.7.7") as client:
            if "key" in shown:
                client.headers["Authorization"] = f"Bearer {shown['key']}"
            else:
                (await log_in(client, shown["name"], shown["password"])).raise_for_status()
                new = {"old": shown["password"], "new": "snow on the fourth pole"}
                (await client.put("/session/password", json=new)).raise_for_status()
            return (await client.get("/alerts")).status_code

    async def execute(self, statement: str, *values: Any) -> None:
        async with self.context.hub_pool.connection() as conn:
            await conn.execute(statement.encode(), values)
        await self.context.logins.refresh(self.context.hub_pool)


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        context = await stack.enter_async_context(api_context(database))
        app, clients = create_app(context), []
        for name in ("sec.one", "sec.two"):
            await person(context, name, Role.SECURITY_ADMINISTRATOR)
            clients.append(await stack.enter_async_context(browser(app)))
            (await log_in(clients[-1], name)).raise_for_status()
        yield Office(context, *clients)


def grant(name: str, role: Role) -> dict[str, str]:
    return {"principal": name, "role": role}


@pytest.mark.parametrize("what", ["keys", "accounts"])
async def test_who_hands_a_credential_out_grants_nothing_to_its_holder(office: Office, what: str) -> None:
    refused = await office.one.post(f"/{what}", json={"name": "helper", "role": "system_administrator"})
    assert refused.status_code == 403, refused.text
    made = await office.one.post(f"/{what}", json={"name": "helper"})
    assert made.status_code == 201, "nothing is left of what was refused"
    shown = {"key": made.json().get("key", "")} if what == "keys" else {}
    shown = shown or {"name": "helper", "password": made.json()["one_time_password"]}
    assert await office.sees(**shown) == 403
    for role in (Role.OPERATOR, Role.VIEWER):
        assert (await office.one.post("/grants", json=grant("helper", role))).status_code == 403, role
    assert (await office.two.post("/grants", json=grant("helper", Role.OPERATOR))).status_code == 201


async def test_whoever_holds_a_role_is_given_no_credential_over_the_api(office: Office) -> None:
    await machine(office.context, "grid", Role.VIEWER)
    await person(office.context, "li.wei", Role.OPERATOR)
    await person(office.context, "aud.it", Role.AUDITOR)
    own = {"password": PASSWORD}
    asked = [("/keys", {"name": "grid"}), ("/keys", {"name": "GRID"})]
    asked += [(f"/accounts/{name}/reset", own) for name in ("li.wei", "aud.it", "sec.two")]
    for later in ("valid_from = now() + interval '1 day'", "valid_to = now() + interval '1 day'"):
        for path, body in asked:
            assert (await office.one.post(path, json=body)).status_code == 403, (path, later)
        await office.execute(f"update access_grant set {later} where role in ('viewer', 'operator', 'auditor')")
    await office.execute("update access_grant set valid_from = null, valid_to = now() where role = 'operator'")
    reset = await office.one.post("/accounts/li.wei/reset", json=own)
    assert reset.status_code == 200, "whose roles are over holds none"
    assert (await office.one.post("/grants", json=grant("li.wei", Role.OPERATOR))).status_code == 403
    assert await office.sees(name="li.wei", password=reset.json()["one_time_password"]) == 403
    assert (await office.one.post("/grants", json=grant("li.wei", Role.OPERATOR))).status_code == 403, "still"
    assert (await office.two.post("/grants", json=grant("li.wei", Role.OPERATOR))).status_code == 201


async def test_a_reset_needs_more_than_a_cookie(office: Office) -> None:
    await person(office.context, "li.wei")
    for body, status in (({}, 422), ({"password": "wrong"}, 401), ({"password": PASSWORD}, 200)):
        assert (await office.one.post("/accounts/li.wei/reset", json=body)).status_code == status, body
    himself = await office.one.post("/accounts/sec.one/reset", json={"password": PASSWORD})
    assert himself.status_code == 403
    assert "himself" in himself.text


async def test_security_administrators_and_auditors_hold_nothing_else_and_are_people(office: Office) -> None:
    await person(office.context, "li.wei")
    await machine(office.context, "grid")
    for role in ALONE:
        assert (await office.two.post("/grants", json=grant("grid", role))).status_code == 409, role
    await person(office.context, "ended", Role.VIEWER)
    await person(office.context, "begins", Role.VIEWER)
    await person(office.context, "locked", Role.VIEWER)
    await office.execute("update principal set state = 'locked' where name = 'locked'")
    mine = "principal_id = (select id from principal where name = %s)"
    await office.execute(f"update access_grant set valid_to = now() where {mine}", "ended")
    await office.execute(f"update access_grant set valid_from = now() + interval '1 year' where {mine}", "begins")
    for name, status in (("ended", 201), ("begins", 409), ("locked", 409)):
        assert (await office.one.post("/grants", json=grant(name, Role.AUDITOR))).status_code == status, name
    assert (await office.one.post("/grants", json=grant("ended", Role.VIEWER))).status_code == 409
