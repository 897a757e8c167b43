"""Incidents over the API: each caller sees his own alerts of them alone; rules, their trial, taking an alert out."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg.errors import CheckViolation

from hub.access.roles import Role
from hub.danger import DANGER
from tests.integration.test_fusion_follow import SEED, City
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of

FIRE = {"name_en": "Fire", "name_zh": "火", "kinds": ["smoke", "fire"], "raise_to": "red", "sources": 2}


class Desk(City):
    client: httpx.AsyncClient

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.client.get(path, params=params)).raise_for_status().json()


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with api_context(database) as context, client_of(context) as client:
        made = Desk(context.hub_pool)
        made.client, made.url = client, database
        await made.seed()
        for statement in SEED.split(";"):
            await made.run(statement)
        yield made


async def fused(desk: Desk) -> list[UUID]:
    """Smoke, a camera and a pole: one incident."""
    alerts = [await desk.happens("smoke-1", "smoke", 3, ago_s=200), await desk.happens("cam-1", "smoke", 2)]
    alerts.append(await desk.happens("pole-1", "power_loss"))
    await desk.follow()
    return alerts


async def test_an_incident_tells_its_evidence_and_the_reasoning(desk: Desk) -> None:
    smoke, camera, pole = await fused(desk)
    [listed] = (await desk.get("/incidents", active="true"))["items"]
    assert (listed["lead"], listed["level"], listed["alerts"], listed["sources"]) == (str(smoke), "red", 3, 3)
    assert listed["reason"] == "raised to red: 3 sources within 120 m and 4 min"
    shown = await desk.get(f"/incidents/{listed['id']}", lang="zh")
    assert shown["reason"] == "升为红色：120 米、4 分钟内 3 个来源"
    told = [(each["id"], each["event_kind"], round(each["after_s"]), each["metres"]) for each in shown["members"]]
    assert told[:1] == [(str(smoke), "smoke", 0, 0.0)]
    assert {id_ for id_, *_ in told} == {str(smoke), str(camera), str(pole)}
    assert 90 < shown["members"][1]["metres"] < 100
    assert (await desk.get(f"/alerts/{pole}"))["incident"] == listed["id"]
    changes = (await desk.get(f"/alerts/{smoke}", lang="zh"))["changes"]
    assert changes[-1]["note"] == "升为红色：200 米、5 分钟内有其他来源印证"


async def test_who_sees_one_of_its_alerts_learns_nothing_of_the_others(desk: Desk) -> None:
    await desk.run("update device set region = '330110001000' where code = 'cam-1'")
    smoke, camera, _ = await fused(desk)
    app = desk.client._transport.app  # type: ignore[attr-defined]
    app.state.door = door = CallerDoor()
    door.limited(Role.VIEWER, "330110")
    whole = await desk.client.get("/incidents")
    [seen] = whole.raise_for_status().json()["items"]
    assert (seen["alerts"], seen["sources"], seen["lead"], seen["level"]) == (1, 1, str(camera), "yellow")
    assert (seen["reason"], seen["raised_to"], seen["title"]) == ("one source", None, "cam-1 smoke")
    shown = await desk.client.get(f"/incidents/{seen['id']}")
    assert [each["id"] for each in shown.json()["members"]] == [str(camera)]
    mine = await desk.client.get(f"/alerts/{camera}")
    for answer in (whole, shown, mine):
        assert not any(each in answer.text for each in (str(smoke), "smoke-1", "pole-1"))
    door.limited(Role.VIEWER, "3302")
    assert (await desk.client.get("/incidents")).json()["items"] == []
    assert (await desk.client.get(f"/incidents/{seen['id']}")).status_code == 404


async def test_a_person_takes_an_alert_out_with_a_reason(desk: Desk) -> None:
    smoke, camera, pole = await fused(desk)
    path = f"/alerts/{camera}/separation"
    answer = await desk.client.post(path, json={"note": "a barbecue"})
    assert (answer.status_code, answer.json()["incident"]) == (200, None)
    step = answer.json()["changes"][-1]
    [listed] = (await desk.get("/incidents"))["items"]
    assert (step["kind"], step["note"], step["details"]["incident"]) == ("separated", "a barbecue", listed["id"])
    assert listed["alerts"] == 2
    assert (await desk.client.post(path, json={"note": "again"})).status_code == 409
    assert (await desk.client.post(path, json={})).status_code == 422
    [(action, subject)] = await desk.run("select action, subject from audit where action like 'alert%'")
    assert (action, subject) == ("alert.separate", str(camera))
    await desk.follow()
    assert await desk.incidents() == [{smoke, pole}]


async def test_rules_are_data_and_are_tried_on_the_past(desk: Desk) -> None:
    for device in ("smoke-1", "cam-1", "far-1"):
        await desk.happens(device, "smoke")
    tried = (await desk.client.post("/fusion-rules:try", json=FIRE, params={"days": 7})).raise_for_status().json()
    figures = {name: tried[name] for name in ("looked_at", "incidents", "fused", "alone", "raised", "complete")}
    assert figures == {"looked_at": 3, "incidents": 1, "fused": 2, "alone": 1, "raised": 1, "complete": True}
    assert (tried["examples"][0]["count"], tried["examples"][0]["raised_to"]) == (2, "red")
    wide = FIRE | {"radius_m": 20_000}
    assert (await desk.client.post("/fusion-rules:try", json=wide)).json()["fused"] == 3
    assert await desk.incidents() == [], "nothing is stored"
    assert (await desk.client.put("/fusion-rules/a-fire", json=wide)).status_code == 201
    assert (await desk.client.put("/fusion-rules/a-fire", json=wide)).status_code == 200
    await desk.follow()
    assert [len(each) for each in await desk.incidents()] == [3], "by the first rule by code"
    assert (await desk.client.delete("/fusion-rules/a-fire")).status_code == 200
    assert (await desk.client.delete("/fusion-rules/a-fire")).status_code == 404


WRONG: list[dict[str, Any]] = [
    {"kinds": []}, {"kinds": ["nonsense"]}, {"anchors": ["gas_leak"]}, {"lower_to": "blue"}, {"consequences": ["fire"]},
    {"kinds": ["offline"], "lower_to": "blue", "raise_to": "red"}, {"sources": 1}, {"within_s": 100_000},
]  # fmt: skip


async def test_what_makes_no_sense_or_would_hide_danger_is_refused(desk: Desk) -> None:
    for wrong in WRONG:
        body = {**FIRE, "raise_to": None, **wrong}
        assert (await desk.client.put("/fusion-rules/wrong", json=body)).status_code == 422, wrong


async def test_the_database_refuses_rules_and_levels_that_hide_danger(desk: Desk) -> None:
    for kind in DANGER:
        with pytest.raises(CheckViolation, match="fusion_never_lowers_danger"):
            await desk.run("update fusion_rule set kinds = kinds || %(k)s::text where code = 'object-alone'", k=kind)
        with pytest.raises(CheckViolation, match="fusion_only_consequences_wait"):
            await desk.run("update fusion_rule set consequences = array[%(k)s] where code = 'gas-evidence'", k=kind)
    for kind in ("fire", "smoke"):
        alert = await desk.happens("lamp-1", kind)
        held = "insert into alert_fused (alert_id, own_level, own_peak, ceiling) values (%(id)s, 2, 2, 1)"
        with pytest.raises(CheckViolation, match="never lowers it"):
            await desk.run(held, id=alert)
