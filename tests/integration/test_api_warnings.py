"""Official warnings over the API: brought in by a key, seen by those whom they concern (api/routes/warnings.py)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.served_api import api_context, client_of, register
from tests.support.warning_samples import CANCELLED, CITY, UPDATED, cap, national, nmc, quake, qweather

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)


def at(hours: float) -> str:
    return (NOW + hours * HOUR).isoformat(" ")


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as opened:
        yield opened


async def post(client: httpx.AsyncClient, body: str | bytes, query: str = "", status: int = 200) -> Any:
    answer = await client.post(f"/warnings{query}", content=body, headers={"content-type": "application/xml"})
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/warnings{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_chain_of_warnings(client: httpx.AsyncClient) -> None:
    first = await post(client, national(sent=at(-3)))
    assert await post(client, national(sent=at(-3))) == {**first, "stored": [], "repeated": 1}
    [warning] = await listed(client)
    assert (warning["identifier"], warning["state"], warning["level"], warning["divisions"]) == (
        CITY, "in_force", "orange", ["330100000000", "330106000000"],
    )  # fmt: skip
    await post(client, national(UPDATED, "Update", at(-2), CITY, "Red"))
    assert [(each["identifier"], each["level"]) for each in await listed(client)] == [(UPDATED, "red")]
    await post(client, national(CANCELLED, "Cancel", at(-1), f"{CITY} {UPDATED}"))
    assert await listed(client) == []
    everything = {each["identifier"]: each["state"] for each in await listed(client, "?state=all")}
    assert everything == dict.fromkeys((CITY, UPDATED, CANCELLED), "cancelled")
    [id_] = first["stored"]
    detail = (await client.get(f"/warnings/{id_}", headers={"accept-language": "zh"})).json()
    assert [each["identifier"] for each in detail["later"]] == [CANCELLED, UPDATED]
    assert detail["kind_name"] == "暴雨"
    assert [(each["source"], each["type"]) for each in detail["history"]] == [("12379", "alert")]


async def test_three_sources_and_a_state(client: httpx.AsyncClient) -> None:
    await post(client, national(sent=at(-1)))
    issued = (NOW - HOUR + timedelta(hours=8)).strftime("%Y/%m/%d %H:%M")
    whole = nmc(CITY, "solo").replace("2026/07/09 07:44", issued)
    await post(client, whole, "?source=nmc")
    await post(client, qweather(CITY, issuedTime=at(-1), onsetTime=at(-1), expireTime=at(9)))
    found = {each["identifier"]: each["sources"] for each in await listed(client)}
    assert found == {CITY: ["12379", "nmc", "qweather"], "solo": ["nmc"]}
    assert (await post(client, nmc()))["ended"] == [], "a list without a source's name is no state"
    assert len((await post(client, nmc(), "?source=nmc"))["ended"]) == 1
    assert [each["identifier"] for each in await listed(client)] == [CITY]
    assert [each["identifier"] for each in await listed(client, "?state=expired")] == ["solo"]


async def test_filters_and_pages(client: httpx.AsyncClient) -> None:
    for number, division in enumerate(("330106000000", "330110000000", "440100000000", "330000000000")):
        await post(client, national(f"w-{number}", sent=at(-4 + number), geocode=division, severity="Blue"))
    await client.put("/areas/zone", json={"name": "Zone", "divisions": ["330106"]})
    for query, expected in (
        ("region=3301", "310"),
        ("region=330106000000", "30"),
        ("region=330106003", "30"),
        ("region=44", "2"),
        ("area=zone", "30"),
        ("kind=rainstorm", "3210"),
        ("kind=gale", ""),
        ("min_level=yellow", ""),
        ("status=exercise", ""),
        ("identifier=w-2", "2"),
        (f"since={at(-2.5).replace('+', '%2B')}", "32"),
    ):
        found = "".join(each["identifier"][2:] for each in await listed(client, f"?{query}"))
        assert found == expected, query
    first = (await client.get("/warnings?limit=3")).json()
    second = (await client.get("/warnings", params={"cursor": first["next"]})).json()
    assert [each["identifier"] for each in first["items"] + second["items"]] == ["w-3", "w-2", "w-1", "w-0"]
    assert second["next"] is None
    assert (await client.get("/warnings?kind=rain")).status_code == 422


async def test_devices_in_the_area(client: httpx.AsyncClient) -> None:
    await register(client)
    for code, region, lon in (("in-1", "330106001000", None), ("in-2", None, 120.5), ("out", "330110001000", 121.5)):
        body = {"name": code, "profile": "air", "region": region, "lon": lon, "lat": lon and 30.5}
        (await client.put(f"/devices/{code}", json=body)).raise_for_status()
    area = "<circle>30.5,120.5 10</circle><geocode><valueName>x</valueName><value>330106000000</value></geocode>"
    sent = (NOW - HOUR).isoformat()
    [id_] = (await post(client, cap(area=area, sent=sent)))["stored"]
    page = (await client.get(f"/warnings/{id_}/devices?limit=1")).json()
    more = (await client.get(f"/warnings/{id_}/devices", params={"cursor": page["next"]})).json()
    assert [each["code"] for each in page["items"] + more["items"]] == ["in-1", "in-2"]


async def test_what_cannot_be_used_is_said_in_the_callers_language(client: httpx.AsyncClient) -> None:
    for body, query, told in (
        (national().replace("<alert>", "<!DOCTYPE a><alert>"), "", "DOCTYPE"),
        ("{}", "", "name one with ?format="),
        (nmc(""), "", "/data/page/list/0"),
        (national(), "?format=nmc", "no JSON"),
        (national(), "?format=fax", "format"),
        (b"\xff\xff\xff", "?format=cap", "encoding"),
    ):
        problem = await post(client, body, query, 422)
        assert told in problem["detail"], problem
    answer = await client.post("/warnings", content=b"{}", headers={"accept-language": "zh-CN"})
    assert "无法识别格式" in answer.json()["detail"]
    await post(client, b" " * (5 << 20), status=413)
    assert (await post(client, nmc("a/b", "")))["refused"] == [
        {"pointer": "/data/page/list/1", "line": None, "column": None,
         "problem": "it has no identifier, by which it could be updated or cancelled"}
    ]  # fmt: skip


async def test_an_earthquake(client: httpx.AsyncClient) -> None:
    stamp = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")  # in force for minutes only
    await post(client, quake(Magunitude=7.9, ReportTime=stamp, OriginTime=stamp))
    [warning] = await listed(client)
    assert (warning["level"], warning["third_party"], warning["quake"]["magnitude"]) == ("orange", True, 7.9)
    assert await post(client, '{"type": "heartbeat"}') == {
        "format": "wolfx", "source": "wolfx", "stored": [], "repeated": 0, "ended": [], "refused": [],
    }  # fmt: skip
    await post(client, '{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}')
    assert await listed(client) == []
