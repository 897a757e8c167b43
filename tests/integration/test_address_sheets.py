"""Addresses as a column of the devices' sheet: imported, moved, refused, exported."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openpyxl
import psycopg
import pytest

from api.context import Context
from api.sheets.importing import Import
from hub.access.roles import Role
from tests.support.served_api import AIR, api_context, client_of
from tests.support.two_counties import HIDDEN, INSIDE, two_counties

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = "code,name,profile,addresses"
MN = "hj212=010000A8900016F000169DC0"
IMEI = "imei=860000000000041"


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        yield made


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(context) as opened:
        await opened.put("/profiles/air", json=AIR)
        yield opened


async def send(client: httpx.AsyncClient, *lines: str, head: str = HEAD, **params: Any) -> dict[str, Any]:
    body = "\n".join((head, *lines)).encode()
    answer = await client.post("/devices:import", content=body, headers={"Content-Type": CSV}, params=params)
    found: dict[str, Any] = answer.json()
    assert answer.is_success or found.get("errors"), found
    return found


async def stored(context: Context) -> list[tuple[str, str]]:
    async with context.hub_pool.connection() as conn:
        query = """select d.code, a.scheme || '=' || a.address from device_address a join device d on d.id = a.device_id
                   order by 1, 2"""
        return await (await conn.execute(query)).fetchall()


def told(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(error["line"], error["column"], error["problem"]) for error in answer["errors"]]


async def test_addresses_come_go_and_move_as_the_sheet_says(context: Context, client: httpx.AsyncClient) -> None:
    assert (await send(client, f"a,A,air,{MN}; {IMEI}", "b,B,air,"))["created"] == 2
    assert await stored(context) == [("a", MN), ("a", IMEI)]
    assert (await send(client, f"a,A,air,{IMEI}; {MN}", "b,B,air,"))["unchanged"] == 2
    assert (await send(client, "a,A,air", head="code,name,profile"))["unchanged"] == 1
    moved = [f"a,A,air,{MN}", f"b,B,air,{IMEI}"]
    dry = await send(client, *moved, dry_run=True)
    assert [(each["code"], each["changes"]) for each in dry["changes"]] == [
        ("a", {"addresses": [[MN, IMEI], [MN]]}),
        ("b", {"addresses": [[], [IMEI]]}),
    ]
    assert await stored(context) == [("a", MN), ("a", IMEI)], "a dry run changes nothing"
    assert (await send(client, *moved))["updated"] == 2
    assert await stored(context) == [("a", MN), ("b", IMEI)]
    swapped = await send(client, f"b,B,air,{MN}", f"a,A,air,{IMEI}")
    assert swapped["updated"] == 2
    assert await stored(context) == [("a", IMEI), ("b", MN)]
    assert (await send(client, "a,A,air,-"))["updated"] == 1
    assert await stored(context) == [("b", MN)]
    async with context.hub_pool.connection() as conn:
        query = """select detail -> 'changes' -> 'addresses' from audit
                   where action = 'device.put' and subject = 'a' order by id"""
        noted = [row[0] for row in await (await conn.execute(query)).fetchall()]
    assert noted[-1] == [[IMEI], []]


async def test_what_cannot_be_is_refused_line_by_line(context: Context, client: httpx.AsyncClient) -> None:
    await send(client, f"a,A,air,{MN}")
    answer = await send(
        client,
        f"b,B,air,{MN}",
        f"c,C,air,{IMEI}",
        f"d,D,air,{IMEI}",
        "e,E,air,modbus=dtu-7/1",
        "f,F,air,imei=86",
    )
    take = "take it from there first, on a line of this sheet or with: hub devices addresses remove a"
    dtu = "register the DTU, here or before, or correct what is before the slash"
    assert told(answer) == [
        (2, "addresses", f"'{MN}' is that of the device a; {take}"),
        (4, "addresses", f"'{IMEI}' is on line 3 already; an address is of one device: leave it where it belongs"),
        (5, "addresses", f"there is no DTU 'dtu-7' on whose line 'modbus=dtu-7/1' would be; {dtu}"),
        (6, "addresses", "'86' is no IMEI: it has 15 digits; write it as it is on the device or in its platform"),
    ]  # fmt: skip
    assert await stored(context) == [("a", MN)]
    assert (await send(client, "s,S,air,modbus=dtu-7/1", "dtu-7,D,air,dtu=site-7"))["created"] == 2
    assert await stored(context) == [("a", MN), ("dtu-7", "dtu=site-7"), ("s", "modbus=dtu-7/1")]


async def test_who_depends_on_a_skipped_line_is_skipped_too(context: Context, client: httpx.AsyncClient) -> None:
    """The line that would have given the address away, and the one that would have registered the DTU."""
    await send(client, f"a,A,air,{MN}")
    answer = await send(
        client,
        f"a,A,nothing,{IMEI}",
        f"b,B,air,{MN}",
        "s,S,air,modbus=dtu-7/1",
        "dtu-7,,air,",
        "g,G,air,ctwing=1",
        skip_bad=True,
    )
    assert (answer["created"], answer["skipped"]) == (1, 4)
    assert {each[0] for each in told(answer)} == {2, 3, 4, 5}
    assert (3, "addresses", f"line 2, on which '{MN}' depends, is skipped; put line 2 right") in told(answer)
    assert await stored(context) == [("a", MN), ("g", "ctwing=1")]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_what_is_exported_comes_back_as_it_was(context: Context, client: httpx.AsyncClient, form: str) -> None:
    await send(client, f"a,A,air,{MN}; {IMEI}", "b,B,air,", 'c,C,air,"[""aliyun=x;=y"", ""tencent=-z""]"')
    before = await stored(context)
    sheet = await client.get("/devices:export", params={"format": form})
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(sheet.content))
        assert f"{MN}; {IMEI}" in [cell.value for cell in book.worksheets[0][2]]
    kind = {"Content-Type": XLSX if form == "xlsx" else CSV}
    again = (await client.post("/devices:import", content=sheet.content, headers=kind)).json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 3)
    assert await stored(context) == before
    low = await client.get("/devices:export", params={"format": form, "ceiling": "L2"})
    again = (await client.post("/devices:import", content=low.content, headers=kind)).json()
    assert await stored(context) == before, "an export that shows no addresses takes none away"


async def test_whose_address_it_is_stays_hidden_from_who_may_not_see_the_device(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.INTEGRATOR, None)
        assert (await city.client.put(f"/api/v1/devices/{HIDDEN}/addresses/hj212/M1")).status_code == 201
        city.door.limited(Role.INTEGRATOR, INSIDE)
        seen = (await city.client.get("/api/v1/devices/seen-1")).json()
        line = f"seen-1,{seen['name']},{seen['profile']},{seen['region'] or ''},hj212=M1"
        body = f"code,name,profile,region,addresses\n{line}"
        answer = await city.client.post("/api/v1/devices:import", content=body, headers={"Content-Type": CSV})
        assert told(answer.json()) == [
            (2, "addresses", "'hj212=M1' is another device's; look whether it is written right")
        ]


async def test_what_a_source_registers_meanwhile_is_told_as_if_it_had_been_there(
    context: Context, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources take no turns with an import: its transaction met theirs, and the answer was 500."""
    assert (await send(client, "a,A,air,"))["created"] == 1
    stored_, met = Import._store, list[int]()

    async def meanwhile(self: Import, conn: psycopg.AsyncConnection) -> None:
        met.append(1)
        if len(met) == 1:
            async with context.hub_pool.connection() as other:
                await other.execute("insert into device_address select 'imei', '860000000000041', id from device")
        await stored_(self, conn)

    monkeypatch.setattr(Import, "_store", meanwhile)
    answer = await client.post(
        "/devices:import", content=f"code,name,profile,IMEI\nb,B,air,{IMEI.removeprefix('imei=')}".encode(),
        headers={"Content-Type": "text/csv; charset=utf-8"},
    )  # fmt: skip
    assert answer.status_code == 422, answer.text
    assert "is that of the device a" in answer.text
    assert await stored(context) == [("a", IMEI)]
