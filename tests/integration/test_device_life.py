from typing import Any

import httpx
import pytest

from devices.places.regions import sample
from tests.support.served_api import api_context, client_of, register

CSV = {"Content-Type": "text/csv"}
BODY = {"name": "A", "profile": "air"}


async def put(client: httpx.AsyncClient, code: str = "d", **more: Any) -> httpx.Response:
    return await client.put(f"/devices/{code}", json={**BODY, **more})


async def test_a_life_from_pending_to_retired_is_kept_and_ends(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        assert (await put(client, state="pending")).status_code == 201
        for to in ("active", "suspended", "active", "active", "retired"):
            answer = await client.post("/devices/d/steps", json={"to": to, "note": f"now {to}"})
            assert answer.json()["state"] == to
        answer = await client.post("/devices/d/steps", json={"to": "active"})
        assert answer.status_code == 409
        assert "'d' is retired, which is final" in answer.json()["detail"]
        assert (await put(client, state="active")).status_code == 409
        assert (await put(client, name="B")).json()["state"] == "retired", "no state is no step"
        steps = (await client.get("/devices/d/steps")).json()["items"]
        assert [(step["from"], step["to"]) for step in steps] == [
            ("active", "retired"),
            ("suspended", "active"),
            ("active", "suspended"),
            ("pending", "active"),
        ]
        assert steps[0]["note"] == "now retired"
        assert (await client.post("/devices/none/steps", json={"to": "active"})).status_code == 404


async def test_a_device_is_retired_not_deleted(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        answer = await client.delete("/devices/air-0")
        assert answer.status_code == 405
        assert "/devices/air-0/steps" in answer.json()["detail"]
        assert (await client.get("/devices/air-0")).status_code == 200


async def test_positions_are_converted_and_doubted(database: str) -> None:
    hangzhou = "330106000000"
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        stored = (await put(client, lon=116.41024449916938, lat=39.91640428150164, crs="gcj02")).json()
        assert (stored["lon"], stored["lat"]) == pytest.approx((116.404, 39.915), abs=1e-8)
        assert stored["warnings"] == []
        far = (await put(client, lon=102.13, lat=30.28, region=hangzhou)).json()
        assert len(far["warnings"]) == 1
        for lon, lat in ((30.28, 120.13), (2.35, 48.86)):
            answer = await put(client, lon=lon, lat=lat, region=hangzhou)
            assert answer.status_code == 422
        assert "lon 120.13, lat 30.28" in (await put(client, lon=30.28, lat=120.13)).json()["detail"]


async def test_maintenance_windows(database: str) -> None:
    past = {"from_at": "2020-01-01T00:00:00Z", "to_at": "2020-01-02T00:00:00Z", "note": "new filter"}
    running = {"from_at": "2020-01-01T00:00:00+08:00", "to_at": "2999-01-01T00:00:00Z"}
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        first = await client.post("/devices/air-0/maintenance", json=past)
        assert first.status_code == 201
        second = (await client.post("/devices/air-0/maintenance", json=running)).json()
        assert second["running"] is True
        path = f"/devices/air-0/maintenance/{first.json()['id']}"
        assert (await client.put(path, json={**past, "note": "older"})).json()["note"] == "older"
        listed = (await client.get("/devices/air-0/maintenance")).json()["items"]
        assert [item["note"] for item in listed] == ["older", ""]
        only = (await client.get("/devices/air-0/maintenance", params={"running": True})).json()["items"]
        assert [item["id"] for item in only] == [second["id"]]
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404
        backwards = {"from_at": past["to_at"], "to_at": past["from_at"]}
        assert (await client.post("/devices/air-0/maintenance", json=backwards)).status_code == 422
        assert (await client.post("/devices/none/maintenance", json=past)).status_code == 404


async def test_organisations(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await put(client, organisation="env")
        found = (await client.get("/organisations/env")).json()
        assert found == {"code": "env", "name": "env", "devices": 1, "parent": None, "region": None}
        assert (await client.put("/organisations/env", json={"name": "生态环境局"})).status_code == 200
        assert (await client.put("/organisations/water", json={"name": "水利局"})).status_code == 201
        listed = (await client.get("/organisations", params={"q": "局"})).json()["items"]
        assert [(item["code"], item["devices"]) for item in listed] == [("env", 1), ("water", 0)]
        assert (await client.get("/organisations/none")).status_code == 404


async def load(client: httpx.AsyncClient, text: str) -> dict[str, Any]:
    answer = await client.post("/regions:import", content=text.encode(), headers=CSV)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def test_regions_are_a_tree_with_a_past(database: str) -> None:
    history = """code,name,valid_from,valid_to,successors
330184000000,余杭市,1994-04-08,2001-03-12,330110000000
330110005001,虚构一村,,,
"""
    async with api_context(database) as context, client_of(context) as client:
        count = len(sample().splitlines()) - 1
        assert await load(client, sample()) == {"created": count, "updated": 0, "unchanged": 0, "warnings": []}
        assert (await load(client, sample()))["unchanged"] == count
        assert (await load(client, history))["created"] == 2
        assert (await load(client, history.replace("虚构一村", "虚构二村")))["updated"] == 1
        towns = (await client.get("/regions", params={"prefix": "330110", "level": "town"})).json()["items"]
        assert {item["code"][:6] for item in towns} == {"330110"}
        assert len(towns) == 12
        village = (await client.get("/regions/330110005001")).json()
        assert [item["name"] for item in village["ancestors"]] == ["浙江省", "杭州市", "余杭区", "五常街道"]
        old = (await client.get("/regions/330184000000")).json()
        assert (old["valid_to"], old["successors"]) == ("2001-03-12", ["330110000000"])
        by_name = {"q": "余杭市", "at": "2000-01-01"}
        assert [item["code"] for item in (await client.get("/regions", params=by_name)).json()["items"]] == [
            old["code"]
        ]
        assert (await client.get("/regions", params={"q": "余杭市"})).json()["items"] == []
        page = (await client.get("/regions", params={"limit": 3, "prefix": "33"})).json()
        more = (await client.get("/regions", params={"limit": 3, "prefix": "33", "cursor": page["next"]})).json()
        assert more["items"][0]["code"] > page["items"][-1]["code"]
        bad = await client.post("/regions:import", content=b"code,name\n33,A\n\n3,B\n", headers=CSV)
        assert [(error["line"], error["column"]) for error in bad.json()["errors"]] == [(2, "code"), (4, "code")]
        long = await client.post("/regions:import", content=f"code,name\n33,{'x' * 200_000}\n".encode(), headers=CSV)
        assert (long.status_code, long.json()["errors"][0]["line"]) == (422, 2)
        gap = await load(client, "code,name\n510104000000,锦江区\n")
        assert "510100000000" in gap["warnings"][0]["problem"]


async def test_a_device_stands_in_a_division_that_is_there(database: str) -> None:
    history = "code,name,valid_from,valid_to,successors\n330184000000,余杭市,1994-04-08,2001-03-12,330110000000\n"
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        assert (await put(client, "old", region="330184000000")).json()["warnings"] == [], "nothing is loaded yet"
        await load(client, sample() + "\n")
        await load(client, history)
        assert (await put(client, region="330110005000")).json()["warnings"] == []
        typo = await put(client, region="330110050000")
        assert typo.status_code == 422
        assert "330110005000 五常街道" in typo.json()["detail"]
        ended = await put(client, region="330184000000")
        assert "since then it is 330110000000 余杭区" in ended.json()["detail"]
        assert (await put(client, "old", region="330184000000", name="B")).status_code == 200, "it was there before"
        village = (await put(client, region="330110005001")).json()
        assert "could be checked" in village["warnings"][0], "no village is loaded"
        lines = ["code,name,profile,region", "d1,D,air,330110050000", "d2,D,air,330184000000", "d3,D,air,330110005001"]
        lines.append("old,C,air,330184000000")
        answer = await client.post("/devices:import", content="\n".join(lines), headers=CSV)
        told = {error["line"]: error["problem"] for error in answer.json()["errors"]}
        assert set(told) == {2, 3}
        assert "330110005000 五常街道" in told[2]
        assert "330110000000 余杭区" in told[3]
