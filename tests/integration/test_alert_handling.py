"""What a desk does with an alarm (处警): each step one action, with its time, its person and its note."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from tests.support.served_api import api_context, client_of

REPORT = {"title": "Smoke", "level": "orange", "region": "330106001002"}


async def reported(client: httpx.AsyncClient, level: str = "orange") -> str:
    made = await client.post("/alerts", json={**REPORT, "level": level})
    return f"/alerts/{made.raise_for_status().json()['id']}"


async def step(client: httpx.AsyncClient, path: str, name: str, **given: Any) -> dict[str, Any]:
    answer = await client.post(f"{path}/{name}", json=given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def kinds(alert: dict[str, Any]) -> list[str]:
    return [each["kind"] for each in alert["changes"]]


async def test_a_real_alarm_goes_from_the_check_to_its_close_out(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        path = await reported(client)
        too_early = await client.post(f"{path}/close-out", json={"note": "done"})
        assert (too_early.status_code, "not been checked" in too_early.text) == (409, True)
        arrived_at = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
        found = await step(
            client, path, "check", by="call", result="real", cause="open_fire", note="caller sees flames"
        )
        assert (found["handling"], found["check_result"], found["cause"]) == ("acknowledged", "real", None)
        found = await step(client, path, "transfer", to="119", who="officer Li", number="F-1107")
        assert found["handling"] == "dispatched"
        await step(client, path, "transfer", to="120", number="M-7")
        await step(client, path, "arrive", who="crew 3", at=arrived_at)
        await step(client, path, "feedback", note="put out, nobody hurt", who="crew 3")
        found = await step(client, path, "close-out", note="the crew has left")
        assert (found["handling"], found["condition"]) == ("closed", "cleared")
        moved = ["raised", "checked", "acknowledged", "transferred", "dispatched", "transferred", "arrived"]
        assert kinds(found) == [*moved, "reported_back", "closed"]
        details = {each["seq"]: each["details"] for each in found["changes"]}
        assert details[2]["cause_name"]["zh"] == "明火"
        assert details[4] == {"to": "119", "who": "officer Li", "number": "F-1107", "at": None}
        assert datetime.fromisoformat(details[7]["at"]) == datetime.fromisoformat(arrived_at)
        refused = await client.post(f"{path}/arrive", json={})
        assert refused.status_code == 409, "it has ended"
        assert kinds(await step(client, path, "feedback", note="the report of the brigade"))[-1] == "reported_back"
        items = (await client.get(f"{path}/timeline?lang=zh")).json()["items"]
        assert [each["kind"] for each in items if each["what"] == "change"] == [*kinds(found), "reported_back"]
        assert (await client.get(f"{path}/timeline.pdf?lang=zh")).status_code in (200, 503)


async def test_a_false_alarm_and_a_test_end_with_their_causes_and_are_counted_apart(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        false, tested, unsaid = [await reported(client) for _ in range(3)]
        for cause in ("electrical", "because"):
            refused = await client.post(f"{false}/check", json={"by": "call", "result": "false_alarm", "cause": cause})
            assert (refused.status_code, "GET /alert-causes" in refused.text) == (422, True)
        found = await step(client, false, "check", by="camera", result="false_alarm", cause="cooking")
        assert (found["handling"], found["cause"], found["check_result"]) == ("false_alarm", "cooking", "false_alarm")
        assert (await step(client, unsaid, "check", by="call", result="false_alarm"))["cause"] == "unspecified"
        found = await step(client, tested, "check", by="on_site", result="test")
        assert (found["handling"], found["cause"], found["check_result"]) == ("false_alarm", "test", "test")
        with psycopg.connect(database) as conn:
            counted = conn.execute(
                """select c.result, count(*) from alert a join alert_cause c on c.code = a.cause
                   where a.handling = 'false_alarm' group by 1 order by 1"""
            ).fetchall()
        assert counted == [("false_alarm", 2), ("test", 1)]
        reopened = await client.post(f"{false}/steps", json={"to": "reopened"})
        assert (reopened.json()["check_result"], reopened.json()["cause"]) == (None, None)


async def test_causes_are_data(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        path = await reported(client)
        pollen = {"result": "false_alarm", "name_en": "pollen", "name_zh": "花粉"}
        checked = {"by": "call", "result": "false_alarm", "cause": "pollen"}
        assert (await client.post(f"{path}/check", json=checked)).status_code == 422
        (await client.put("/alert-causes/pollen", json={**pollen, "in_use": False})).raise_for_status()
        assert (await client.post(f"{path}/check", json=checked)).status_code == 422, "it is not in use"
        (await client.put("/alert-causes/pollen", json=pollen)).raise_for_status()
        assert (await client.put("/alert-causes/pollen", json={**pollen, "result": "real"})).status_code == 409
        assert (await client.put("/alert-causes/Pollen", json=pollen)).status_code == 422
        assert (await step(client, path, "check", **checked))["cause"] == "pollen"
        table = {each["code"]: each for each in (await client.get("/alert-causes")).json()["items"]}
        assert (table["pollen"]["name_zh"], table["test"]["result"]) == ("花粉", "test")


async def test_a_step_sent_again_is_one_step_and_of_two_desks_one_wins(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        path, name = await reported(client), str(uuid4())
        for _ in range(3):
            found = await step(client, path, "transfer", to="119", id=name)
        assert kinds(found) == ["raised", "transferred", "acknowledged", "dispatched"]
        (await client.post(f"{path}/steps", json={"to": "handled"})).raise_for_status()
        assert (await step(client, path, "transfer", to="119", id=name))["handling"] == "handled", "it changes nothing"
        other = await reported(client)
        (await client.post(f"{other}/steps", json={"to": "acknowledged"})).raise_for_status()
        await step(client, other, "transfer", to="119", id=name)
        for to in ("false_alarm", "reopened"):
            (await client.post(f"{other}/steps", json={"to": to})).raise_for_status()
        assert (await step(client, other, "transfer", to="119", id=name))["handling"] == "open", "nor what was reopened"
        seen = {"if-match": f'"{found["seq"] + 1}"'}
        both = await asyncio.gather(
            *(client.post(f"{path}/check", json={"by": "call", "result": "real"}, headers=seen) for _ in range(5))
        )
        assert sorted(answer.status_code for answer in both) == [200, *[412] * 4]
        shown = (await client.get(path)).json()
        assert kinds(shown).count("checked") == 1


async def test_what_cannot_be_is_refused_with_what_to_do(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        path = await reported(client)
        for name, given in {
            "check": {"by": "letter", "result": "real"},
            "transfer": {"to": "911"},
            "arrive": {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
            "feedback": {"note": "x" * 1_000_000},
            "close-out": {"note": " "},
        }.items():
            answer = await client.post(f"{path}/{name}", json=given)
            assert answer.status_code == 422, (name, answer.text[:200])
        assert (await client.post(f"/alerts/{uuid4()}/check", json={"by": "call", "result": "real"})).status_code == 404
        assert kinds((await client.get(path)).json()) == ["raised"]
