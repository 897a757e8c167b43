"""What somebody with a limited scope could learn or change through what he may see: gateways, names, letters."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import HTTPException
from starlette.requests import HTTPConnection

from api.exports import Export
from hub.access.caller import Caller
from hub.access.permissions import EVERYTHING
from hub.access.roles import Role
from tests.support.batches import fetch
from tests.support.served_api import PREFIX
from tests.support.two_counties import HIDDEN, INSIDE, OUTSIDE, City, two_counties


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with two_counties(database) as made:
        yield made


async def put(city: City, code: str, region: str, status: int = 201, **more: Any) -> Any:
    body = {"name": code, "profile": "air", "region": region + "000000", **more}
    answer = await city.client.put(f"{PREFIX}/devices/{code}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_who_does_not_see_a_gateway_cannot_take_it_away(city: City, database: str) -> None:
    await put(city, "gw", OUTSIDE)
    await put(city, "kid", INSIDE, parent="gw")
    city.door.limited(Role.INTEGRATOR, INSIDE)
    assert (await put(city, "kid", INSIDE, 200))["parent"] is None, "as he sees it"
    sheet = "code,name,profile,parent,region\nkid,another,air,,330110000000\n"
    answer = await city.ask("POST /devices:import", "inside", sheet)
    assert answer.json()["updated"] == 1, answer.text
    parents = "select p.code, d.name from device d join device p on p.id = d.parent_id where d.code = 'kid'"
    assert fetch(database, parents) == [("gw", "another")]
    assert (await city.client.get(f"{PREFIX}/devices/kid")).json()["parent"] is None


async def test_credentials_of_a_gateway_with_hidden_children_are_not_his(city: City) -> None:
    await put(city, "gw", INSIDE)
    issued = await city.client.post(f"{PREFIX}/devices/gw/credentials", json={"kind": "token"})
    await put(city, "kid", OUTSIDE, parent="gw")
    city.door.limited(Role.INTEGRATOR, INSIDE)
    for path, body in (("credentials", {"kind": "token"}), ("credentials:rotate", {"id": issued.json()["id"]})):
        answer = await city.client.post(f"{PREFIX}/devices/gw/{path}", json=body)
        assert answer.status_code == 409, answer.text
        assert "kid" not in answer.text


async def test_a_certificate_has_no_name_of_another_device(city: City) -> None:
    await city.client.post(f"{PREFIX}/devices/{HIDDEN}/credentials", json={"kind": "x509", "common_name": "cert-7"})
    city.door.limited(Role.INTEGRATOR, INSIDE)
    told = []
    for name in (HIDDEN, "cert-7"):
        body = {"kind": "x509", "common_name": name}
        answer = await city.client.post(f"{PREFIX}/devices/seen-1/credentials", json=body)
        told.append((answer.status_code, answer.json()["detail"].replace(name, "-")))
    assert told[0] == told[1]
    assert told[0][0] == 409
    answer = await city.client.post(f"{PREFIX}/devices/seen-1/credentials", json={"kind": "x509"})
    assert answer.status_code == 201, "its own code is its own"


async def test_letters_of_before_a_device_was_registered_are_nobodys(city: City, database: str) -> None:
    async with city.pool.connection() as conn:
        await conn.execute(
            """insert into dead_letter
                   (id, received_at, transport, address, device, reason, detail, payload, payload_size)
               select gen_random_uuid(), now() + n * interval '1 minute', 'mqtt', 'a', 'new-1', 'not_json', 'd', 'x', 1
               from (values (-1), (1)) t (n)"""
        )
    city.door.limited(Role.INTEGRATOR, INSIDE)
    await put(city, "new-1", INSIDE)
    answer = await city.client.get(f"{PREFIX}/dead-letters", params={"device": "new-1"})
    assert len(answer.json()["items"]) == 1


async def test_he_makes_no_organisation(city: City) -> None:
    city.door.limited(Role.INTEGRATOR, INSIDE)
    told = await put(city, "new-1", INSIDE, 422, organisation="eco-z")
    assert "there is no organisation 'eco-z'" in told["detail"]
    sheet = "code,name,profile,organisation,region\nnew-1,n,air,eco-z,330110000000\n"
    answer = await city.ask("POST /devices:import", "inside", sheet)
    assert (answer.status_code, answer.json()["errors"][0]["column"]) == (422, "organisation")
    await put(city, "new-1", INSIDE, organisation="eco-a")


async def test_who_is_told_is_for_who_sees_consumers(city: City) -> None:
    consumer = {"url": "https://desk.example.org/a", "min_level": "blue"}
    assert (await city.client.put(f"{PREFIX}/consumers/desk", json=consumer)).status_code == 201
    async with city.pool.connection() as conn:
        await conn.execute(
            """insert into outbox (change_id, alert_id, seq, consumer_id)
               select c.id, c.alert_id, c.seq, (select id from consumer) from alert_change c"""
        )
    path = f"{PREFIX}/alerts/{city.ids['inside']['alert_id']}"
    assert len((await city.client.get(path)).json()["deliveries"]) == 1
    city.door.limited(Role.OPERATOR, INSIDE)
    assert (await city.client.get(path)).json()["deliveries"] == []


class ClosingDoor:
    """Lets in until it is closed."""

    open = True

    async def caller(self, connection: HTTPConnection) -> Caller:
        if not self.open:
            raise HTTPException(401)
        return Caller("person", "li.wei", EVERYTHING)


async def test_an_export_ends_when_it_is_taken_away() -> None:
    door, sent = ClosingDoor(), list[bytes]()

    async def pieces() -> Any:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if len(sent) == 20:
            door.open = False

    app = type("App", (), {"state": type("State", (), {"door": door})})
    scope: Any = {
        "type": "http",
        "app": app,
        "state": {"caller": replace(await door.caller(HTTPConnection({"type": "http"})))},
    }
    async with asyncio.timeout(10):
        await Export(b"first", pieces())(scope, receive, send)
    assert len(sent) >= 20
    assert sent[-1] == b"x", "it is cut off, not ended as if it were whole"
