"""Who is registered over SIP is told with what it says of itself; what a directory deletes is retired."""

from typing import Any

import psycopg

from app.check.cameras import check_cameras
from app.serve.retention import forget
from devices.codecs.gb28181 import writing
from devices.codecs.gb28181.catalogue import Channel
from devices.codecs.gb28181.manscdp import read
from hub.store.pool import Pool
from ingest.channels import Channels
from ingest.sip.bindings import Binding, Bindings
from tests.support.served_api import AIR, api_context, client_of

NVR, ONE, TWO, STRANGER = (f"3402000000{rest}" for rest in ("1180000001", "1320000001", "1320000002", "1180000009"))


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as conn:
        found = conn.execute(query.encode())
        return found.fetchall() if found.description else []


async def registered(pool: Pool, *ids: str) -> Bindings:
    """These, as the server stores them."""
    bindings = Bindings(pool)
    some = [Binding(id_, "udp", "10.0.0.7", 5060, 4e9, "2.0", "sim") for id_ in ids]
    assert await bindings._write(some) == set(ids)
    return bindings


async def test_registrations_are_told_with_what_devices_say_of_themselves(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await client.put("/profiles/air", json=AIR)
        await client.put("/devices/nvr", json={"name": "NVR", "profile": "air"})
        assert (await client.put(f"/devices/nvr/addresses/gb28181/{NVR}")).status_code == 201
        bindings = await registered(context.hub_pool, NVR, STRANGER)
        remarks = bindings.remarks
        alive: writing.Fields = {"Status": "ERROR", "Info": {"DeviceID": ONE}}
        info = {"Manufacturer": "Sim", "Model": "NVR-8", "Firmware": "V1", "Channel": "8"}
        remarks.told(NVR, read(writing.body("Notify", "Keepalive", 1, NVR, alive)))
        remarks.told(NVR, read(writing.body("Response", "DeviceInfo", 2, NVR, info)))
        await remarks.write()
        remarks.twins(NVR, "10.0.0.8:5060", "10.0.0.7:5060")
        await remarks.write()
        first, other = (await client.get("/camera-registrations")).json()["items"]
        assert (first["device"], first["registered"], other["device"]) == ("nvr", True, None)
        assert (first["status"], first["faulty"]) == ("ERROR", [ONE])
        assert [first[name] for name in ("manufacturer", "model", "firmware", "channels")] == ["Sim", "NVR-8", "V1", 8]
        assert first["twin_peers"] == ["10.0.0.8:5060", "10.0.0.7:5060"]
        assert (await client.get("/camera-registrations?device=nvr")).json()["items"] == [first]
        codes = [each["code"] for each in (await client.get("/devices/nvr/diagnosis")).json()["findings"]]
        assert {"sip", "sip_faulty", "sip_device", "sip_twins"} <= set(codes)
        said = " ".join(each.what for each in await check_cameras(context.settings))
        assert f"two devices register with {NVR}, from 10.0.0.8:5060 and from 10.0.0.7:5060" in said
        assert f"{NVR} says of itself: ERROR, faulty: {ONE}" in said

        since = rows(database, f"select since from sip_registration where id = '{NVR}'")
        await registered(context.hub_pool, NVR)
        assert rows(database, f"select since from sip_registration where id = '{NVR}'") == since, "it renewed it"
        rows(database, f"update sip_registration set expires_at = now() - interval '1 s' where id = '{NVR}'")
        [over] = (await client.get("/camera-registrations?registered=false")).json()["items"]
        assert (over["id"], over["registered"]) == (NVR, False)
        await registered(context.hub_pool, NVR)
        assert rows(database, f"select since from sip_registration where id = '{NVR}'") > since, "it had been away"


async def test_view_libraries_are_listed_beside_and_page_by_page(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await registered(context.hub_pool, NVR)
        for id_ in (NVR, ONE):
            values = f"('{id_}', '10.1.2.3', '', 7)"
            rows(database, f"insert into viid_registration (id, host, agent, dropped) values {values}")
        found, more = list[tuple[str, str, int | None, int | None]](), ""
        while more is not None:
            asked = {"limit": 1} | ({"cursor": more} if more else {})
            page = (await client.get("/camera-registrations", params=asked)).json()
            found += [(each["id"], each["protocol"], each["port"], each["dropped"]) for each in page["items"]]
            more = page["next"]
    assert found == sorted([(NVR, "gat1400", None, 7), (NVR, "gb28181", 5060, None), (ONE, "gat1400", None, 7)])


async def test_a_registration_that_is_over_goes_after_its_days(database: str) -> None:
    async with api_context(database) as context:
        await registered(context.hub_pool, NVR, ONE, TWO)
        rows(database, "update sip_registration set expires_at = 'epoch', at = now() - interval '29 days'")
        rows(database, f"update sip_registration set at = now() - interval '31 days' where id <> '{NVR}'")
        rows(database, f"update sip_registration set expires_at = now() - interval '29 days' where id = '{ONE}'")
        await forget(context.hub_pool, context.settings)
        assert rows(database, "select id from sip_registration order by id") == [(NVR,), (ONE,)]


async def test_a_channel_that_its_recorder_deletes_is_retired_and_waits_to_be_accepted_when_it_is_back(
    database: str,
) -> None:
    states = f"select code, state from device where code in ('{ONE}', '{TWO}') order by code"
    async with api_context(database) as context, client_of(context) as client:
        await client.put("/profiles/camera", json=AIR)
        for code in ("nvr", "other"):
            await client.put(f"/devices/{code}", json={"name": code, "profile": "camera"})
        [(nvr,)] = rows(database, "select id from device where code = 'nvr'")
        [(other,)] = rows(database, "select id from device where code = 'other'")
        channels = Channels(context.hub_pool, "camera", "gb28181")
        assert await channels.put(nvr, [Channel(ONE), Channel(TWO)])
        await client.post(f"/devices/{ONE}/steps", json={"to": "active"})
        gone = [Channel(ONE, event="DEL"), Channel(TWO, event="DEL")]
        assert await channels.put(other, gone)
        assert rows(database, states) == [(ONE, "active"), (TWO, "pending")], "they hang on another one"
        assert await channels.put(nvr, gone)
        assert rows(database, states) == [(ONE, "retired"), (TWO, "retired")]
        steps = (await client.get(f"/devices/{ONE}/steps")).json()["items"]
        assert [(each["actor"], each["to"]) for each in steps] == [("directory", "retired"), ("local", "active")]
        assert await channels.put(nvr, [Channel(ONE, event="ADD"), Channel(TWO, event="ADD")])
        assert rows(database, states) == [(ONE, "pending"), (TWO, "pending")]
        await client.post(f"/devices/{ONE}/steps", json={"to": "active"})
        await client.post(f"/devices/{ONE}/steps", json={"to": "retired"})
        assert await channels.put(nvr, [Channel(ONE, event="ADD")])
        assert rows(database, states) == [(ONE, "retired"), (TWO, "pending")], "somebody wanted it so"
