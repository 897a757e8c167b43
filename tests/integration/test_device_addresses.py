"""Addresses of devices: who has which over the API, and what the ingest path makes of what comes by them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.context import Context
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.access.roles import Role
from hub.models import Batch
from hub.settings import Database
from hub.stage import run_steps
from hub.store.pool import Pool, open_pool
from tests.support.origins import raw_of
from tests.support.served_api import AIR, api_context, client_of
from tests.support.two_counties import HIDDEN, INSIDE, two_counties

MN = "010000A8900016F000169DC0"
FRAME = (
    b"##0139QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&"
    b"DataTime=20160801085857;w01018-Rtd=1.1,w01018-Flag=N&&4680\r\n"
)
WATER = {**AIR, "name": "Water", "metrics": {"cod": {"name": "COD", "unit": "mg/L"}}, "unknown_metrics": "add"}


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        yield made


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        yield opened


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(context) as opened:
        await opened.put("/profiles/water", json=WATER)
        for code in ("w1", "w2"):
            await opened.put(f"/devices/{code}", json={"name": code, "profile": "water"})
        yield opened


def taken(known: Registry) -> tuple[list[float], list[tuple[str, str | None]]]:
    """Values and refusals (reason, device) of a station's frame."""
    batch = Batch([raw_of("tcp", f"hj212/{MN}", FRAME, 1_767_225_600_000_000)])
    run_steps(Resolver(known), batch)
    return batch.readings.value.tolist(), [(each.reason, each.device) for each in batch.refused.values()]


async def test_a_station_is_the_device_that_has_its_address(
    context: Context, client: httpx.AsyncClient, pool: Pool
) -> None:
    known = Registry()
    await known.refresh(pool)
    assert taken(known) == ([], [("unknown_device", MN)])
    assert (await client.put(f"/devices/w1/addresses/hj212/{MN}")).status_code == 201
    assert (await client.put(f"/devices/w1/addresses/hj212/{MN}")).status_code == 200
    called = [{"scheme": "hj212", "address": MN}]
    assert (await client.get("/devices/w1")).json()["addresses"] == called
    shown = [each["addresses"] for each in (await client.get("/devices")).json()["items"]]
    assert shown == [called, []]
    await known.refresh(pool)
    device = known.at("hj212", MN)
    assert device is not None
    assert device.code == "w1"
    values, refused = taken(known)
    assert values == [1.1] or refused == [("unknown_metric", "w1")], "it is the device's, by its code"
    async with context.writing_pool.connection() as conn, conn.transaction():
        await conn.execute("delete from device_address")
        await conn.execute("insert into device_address select 'hj212', %s, id from device where code = 'w2'", (MN,))
    await known.refresh(pool)
    moved = known.at("hj212", MN)
    assert moved is not None
    assert moved.code == "w2", "in one transaction, and the device before has it no more"
    assert (await client.delete(f"/devices/w2/addresses/hj212/{MN}")).status_code == 204
    await known.refresh(pool)
    assert taken(known) == ([], [("unknown_device", MN)])


async def test_two_devices_cannot_have_one_address(client: httpx.AsyncClient) -> None:
    made = await client.put("/devices/w1/addresses/gb26875/1.2.3.4.5.6")
    assert made.json()["address"] == "010203040506"
    refused = await client.put("/devices/w2/addresses/gb26875/010203040506")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "the GB/T 26875 address '010203040506' is that of the device 'w1': take it from there first",
    )
    assert (await client.delete("/devices/w2/addresses/gb26875/010203040506")).status_code == 404
    listed = (await client.get("/devices/w1/addresses")).json()["items"]
    assert [(each["scheme"], each["address"]) for each in listed] == [("gb26875", "010203040506")]


async def test_an_address_may_hold_slashes_and_must_be_one(client: httpx.AsyncClient) -> None:
    made = await client.put("/devices/w1/addresses/sparkplug/plant%2Fedge%2Fpump")
    assert made.json()["address"] == "plant/edge/pump"
    for scheme, address in (("sl651", "12"), ("other", "1")):
        refused = await client.put(f"/devices/w1/addresses/{scheme}/{address}")
        assert refused.status_code == 422, refused.text
    assert (await client.delete("/devices/w1/addresses/sparkplug/plant/edge/pump")).status_code == 204


async def test_who_does_not_see_a_device_is_not_told_that_it_has_an_address(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.INTEGRATOR, None)
        assert (await city.client.put(f"/api/v1/devices/{HIDDEN}/addresses/hj212/M1")).status_code == 201
        city.door.limited(Role.INTEGRATOR, INSIDE)
        refused = await city.client.put("/api/v1/devices/seen-1/addresses/hj212/M1")
        assert (refused.status_code, refused.json()["detail"]) == (409, "the MN 'M1' is another device's")


async def test_a_slave_is_on_the_line_of_a_dtu_that_there_is(client: httpx.AsyncClient) -> None:
    refused = await client.put("/devices/w1/addresses/modbus/dtu-7/1")
    assert (refused.status_code, "hub devices put dtu-7 --profile dtu" in refused.json()["detail"]) == (422, True)
    assert (await client.put("/devices/w1/addresses/modbus/w2/1")).status_code == 201


@pytest.mark.parametrize(
    ("scheme", "address", "said"),
    [("cjt188", "12", "14 digits"), ("hj212", "010000A8 16", "after MN="), ("dtu", "REG,7", "docs/POLLING.md")],
)
async def test_what_no_device_tells_is_refused_with_its_form(
    client: httpx.AsyncClient, scheme: str, address: str, said: str
) -> None:
    refused = await client.put(f"/devices/w1/addresses/{scheme}/{address}")
    assert (refused.status_code, said in refused.json()["detail"]) == (422, True), refused.text
