"""What a desk does with alerts beside their steps, over the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from hub.access.caller import principal
from hub.access.roles import Role
from hub.alerts.publisher import clear_retired
from hub.alerts.shelf import unshelve_due
from hub.store.pool import connect
from tests.support.served_api import api_context, change_alert, client_of, raise_alert, register
from tests.support.two_counties import INSIDE, OUTSIDE, two_counties

CALL: dict[str, Any] = {"title": "Smoke at the market", "level": "orange", "region": "330106001002"}


async def person(database: str, name: str, region: str | None = None, role: str = "operator") -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(
            """with p as (insert into principal (id, kind, name) values (gen_random_uuid(), 'person', %(name)s)
                          returning id)
               insert into access_grant (id, principal_id, role, region, granted_by)
               select gen_random_uuid(), id, %(role)s, %(region)s, 'test' from p""",
            {"name": name, "region": region, "role": role},
        )


def last(found: httpx.Response) -> tuple[str, str | None]:
    change = found.raise_for_status().json()["changes"][-1]
    return change["kind"], change["note"]


async def test_a_report_of_a_place_is_an_alert_that_consumers_get_and_a_desk_ends(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/organisations/parks", json={"name": "Parks"})).raise_for_status()
        wanted = {"url": "https://8.8.8.8/x", "region": "3301", "organisation": "parks", "category": "fire"}
        (await client.put("/consumers/desk", json=wanted)).raise_for_status()
        body = {**CALL, "organisation": "parks", "category": "fire", "event_kind": "smoke", "lon": 120.1, "lat": 30.2}
        made = await client.post("/alerts", json=body)
        assert made.status_code == 201
        found = made.json()
        assert (found["origin"], found["state"], found["rule"], found["device"]) == ("manual", "open", None, None)
        assert {name: found[name] for name in body} == body
        assert [each["consumer"] for each in found["deliveries"]] == ["desk"]
        path = f"/alerts/{found['id']}"
        await client.post(f"{path}/steps", json={"to": "acknowledged"})
        closed = (await client.post(f"{path}/steps", json={"to": "closed"})).json()
        assert (closed["condition"], closed["cleared_at"] is not None) == ("cleared", True)
        again = (await client.post(f"{path}/steps", json={"to": "reopened", "note": "it smokes again"})).json()
        assert (again["state"], again["condition"]) == ("open", "active")
        assert [each["seq"] for each in again["deliveries"]] == [1, 2, 3, 4]


async def test_a_kind_of_the_hubs_own_is_nobodys_report(shared_client: httpx.AsyncClient) -> None:
    made = await shared_client.post("/alerts", json={**CALL, "event_kind": "path_round"})
    assert made.status_code == 422
    assert "the hub's own" in made.text


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"region": None}, "name a device, or the region"),
    ({"device": "air-0"}, "leave these out, or the device"),
    ({"device": "air-9", "region": None}, "there is no device 'air-9'"),
    ({"organisation": "nobody"}, "there is no organisation 'nobody'"),
    ({"lon": 120.0}, "lon and lat together"),
    ({"level": "pink"}, "level"),
    ({"title": "a\nb"}, "control characters"),
    ({"at": "2020-01-01T00:00:00Z"}, "within the last 7 days"),
    ({"note": "x" * 3000}, "note"),
    ({"more": 1}, "more"),
]
"""What is different of a report, and why it cannot be."""


async def test_a_report_that_cannot_be_says_why(shared_client: httpx.AsyncClient) -> None:
    for change, why in IMPOSSIBLE:
        report = {k: v for k, v in (CALL | change).items() if v is not None}
        refused = await shared_client.post("/alerts", json=report)
        assert refused.status_code in (404, 422), change
        assert why in refused.text, change


@pytest.fixture
async def shared_client(database: str) -> Any:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        yield client


async def test_nobody_reports_what_lies_outside(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.OPERATOR, INSIDE)
        inside = await city.ask("POST /alerts", "inside", {**CALL, "region": INSIDE + "000000"})
        assert inside.status_code == 201
        alert = inside.json()["id"]
        outside = await city.ask("POST /alerts", "inside", {**CALL, "region": OUTSIDE + "000000"})
        assert outside.status_code == 403, outside.text
        listed = await city.ask("GET /alerts?limit=100", "inside")
        assert alert in {each["id"] for each in listed.json()["items"]}
        city.door.limited(Role.OPERATOR, OUTSIDE)
        listed = await city.ask("GET /alerts?limit=100", "inside")
        assert alert not in {each["id"] for each in listed.json()["items"]}
        missing = await city.ask(f"GET /alerts/{alert}", "inside")
        assert missing.status_code == 404


async def test_what_is_written_beside_the_steps_is_in_the_history_and_told_to_nobody(database: str) -> None:
    await person(database, "li.wei")
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        (await client.put("/consumers/desk", json={"url": "https://8.8.8.8/x"})).raise_for_status()
        alert = await raise_alert(context.hub_pool)
        path = f"/alerts/{alert}"
        assert last(await client.post(f"{path}/comments", json={"note": "two\nlines"})) == ("commented", "two\nlines")
        assigned = await client.put(f"{path}/assignee", json={"name": "LI.wei", "note": "nearest"})
        assert last(assigned) == ("assigned", "nearest")
        assert assigned.json()["assignee"] == "li.wei"
        assert [each["id"] for each in (await client.get("/alerts?assignee=li.wei")).json()["items"]] == [str(alert)]
        assert (await client.put(f"{path}/assignee", json={"name": "nobody"})).status_code == 422
        assert (await client.put(f"{path}/assignee", json={"name": None})).json()["assignee"] is None
        found = (await client.get(path)).json()
        assert [each["seq"] for each in found["deliveries"]] == [1], "nobody is paged for a remark"
        assert (found["state"], found["seq"]) == ("open", 4)


async def test_two_desks_at_once_one_wins_and_the_other_is_told_what_happened(database: str) -> None:
    await person(database, "li.wei")
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        path = f"/alerts/{alert}"
        seen = (await client.get(path)).headers["etag"]
        assert seen == '"1"'

        async def take(name: str, to: str) -> httpx.Response:
            return await client.post(f"{path}/steps", json={"to": to, "actor": name}, headers={"if-match": seen})

        answers = await asyncio.gather(take("desk 1", "acknowledged"), take("desk 2", "acknowledged"))
        assert sorted(each.status_code for each in answers) == [200, 412]
        [won] = [each for each in answers if each.is_success]
        [lost] = [each for each in answers if not each.is_success]
        change = won.json()["changes"][-1]
        assert f"{change['kind']} by {change['actor']} at " in lost.json()["detail"]
        assert won.headers["etag"] == '"2"'
        for header, status in (('"2"', 200), ("*", 200), ('W/"3"', 412), ('"x"', 422), ("2", 422), ('"1" "2"', 422)):
            answer = await client.put(f"{path}/assignee", headers={"if-match": header}, json={"name": None})
            assert answer.status_code == status, (header, answer.text)


async def test_the_shelf_is_limited_and_gives_back_by_itself_once(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        red = await raise_alert(context.hub_pool, level=4)
        blue = await raise_alert(context.hub_pool, level=1)
        shelf = f"/alerts/{blue}/shelf"
        assert (
            "60 minutes at most" in (await client.put(f"/alerts/{red}/shelf", json={"minutes": 61, "reason": "x"})).text
        )
        assert (await client.put(shelf, json={"minutes": 481, "reason": "x"})).status_code == 422
        assert (await client.put(shelf, json={"minutes": 5, "reason": "  "})).status_code == 422
        assert last(await client.put(shelf, json={"minutes": 480, "reason": "welding"})) == ("shelved", "welding")

        async def listed(shelved: bool) -> list[str]:
            found = await client.get("/alerts", params={"shelved": shelved})
            return [each["id"] for each in found.json()["items"]]

        assert (await listed(True), await listed(False)) == ([str(blue)], [str(red)])
        async with await connect(database) as conn, await connect(database) as other:
            await unshelve_due(conn)
            assert await listed(True) == [str(blue)], "its time is not over"
            await conn.execute("update alert set shelved_until = now() - interval '1 second' where id = %s", (blue,))
            await asyncio.gather(unshelve_due(conn), unshelve_due(other))
            assert await listed(True) == []
        kinds = [each["kind"] for each in (await client.get(f"/alerts/{blue}")).json()["changes"]]
        assert kinds == ["raised", "shelved", "unshelved"]
        await client.put(shelf, json={"minutes": 5, "reason": "welding"})
        assert last(await client.delete(shelf)) == ("unshelved", None)


async def test_a_false_alarm_has_a_cause_and_a_merge_its_other_alert(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert, other = await raise_alert(context.hub_pool), await raise_alert(context.hub_pool)
        steps = f"/alerts/{alert}/steps"
        assert (await client.post(steps, json={"to": "acknowledged", "cause": "cooking"})).status_code == 422
        assert (await client.post(steps, json={"to": "false_alarm", "cause": "because"})).status_code == 422
        false = await client.post(steps, json={"to": "false_alarm", "cause": "cooking"})
        assert (false.json()["cause"], false.json()["steps"]) == ("cooking", ["reopened"])
        into_it = await client.post(f"/alerts/{other}/merge", json={"into": str(alert)})
        assert (into_it.status_code, "has not ended" in into_it.text) == (409, True)
        await client.post(steps, json={"to": "reopened"})
        assert (await client.post(f"/alerts/{other}/merge", json={"into": str(other)})).status_code == 409
        merged = (await client.post(f"/alerts/{other}/merge", json={"into": str(alert), "note": "same fire"})).json()
        assert (merged["state"], merged["merged_into"], merged["steps"]) == ("merged", str(alert), [])


async def test_the_rules_hear_of_what_is_reopened_while_its_condition_lasts(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        for to in ("false_alarm", "reopened"):
            (await client.post(f"/alerts/{alert}/steps", json={"to": to})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            told = await conn.execute(
                "select c.kind from alert_ending e join alert_change c on c.id = e.change_id order by c.cursor"
            )
            assert await told.fetchall() == [("false_alarm",), ("reopened",)]
        await change_alert(context.hub_pool, alert, "updated")


async def test_attachments_are_kept_without_what_a_camera_wrote_and_reading_one_is_noted(database: str) -> None:
    jpeg = b"\xff\xd8\xff\xe1\x00\x0aEXIF GPS" + b"\xff\xda\x00\x05\1\1\0pixels\xff\xd9"
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        path = f"/alerts/{alert}/attachments"
        kind = {"content-type": "image/jpeg"}
        made = await client.post(path, params={"name": '现场".jpg'}, content=jpeg, headers=kind)
        assert last(made) == ("attached", '现场".jpg')
        [kept] = made.json()["attachments"]
        got = await client.get(f"{path}/{kept['id']}")
        assert (got.headers["content-type"], len(got.content)) == ("image/jpeg", kept["size"])
        assert b"GPS" not in got.content
        assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%8E%B0")
        svg = {"content-type": "image/svg+xml"}
        assert (await client.post(path, content=b"<svg/>", headers=svg)).status_code == 415
        assert (await client.post(path, content=b"GIF89a", headers=kind)).status_code == 422
        assert (await client.post(path, content=b"x" * 5_000_001, headers=kind)).status_code == 413
        text = {"content-type": "text/plain; charset=utf-8"}
        for n in range(19):
            (await client.post(path, content=b"note %d" % n, headers=text)).raise_for_status()
        assert (await client.post(path, content=b"one more", headers=text)).status_code == 409
        assert (await client.get(f"{path}/{uuid4()}")).status_code == 404
        async with context.hub_pool.connection() as conn:
            read = await (await conn.execute("select subject from audit where action = 'attachment.read'")).fetchall()
        assert read == [(str(alert),)]


async def test_the_history_names_the_account(database: str) -> None:
    await person(database, "li.wei")
    async with two_counties(database) as city:
        async with city.pool.connection() as conn:
            [(id_,)] = await (await conn.execute("select id from principal where name = 'li.wei'")).fetchall()
        city.door.limited(Role.OPERATOR, INSIDE)
        grants = city.door.now.grants
        assert grants is not None
        city.door.now = principal(id_, "person", "li.wei", grants)
        (await city.ask("POST /alerts/{alert_id}/steps", "inside", {"to": "acknowledged"})).raise_for_status()
        found = (await city.ask("GET /alerts/{alert_id}", "inside")).json()
        assert found["changes"][-1]["actor"] == "li.wei"
        now = datetime.now(UTC)
        assert now - timedelta(minutes=1) < datetime.fromisoformat(found["changes"][-1]["at"]) <= now


async def test_it_is_given_to_somebody_who_may_see_it(database: str) -> None:
    for name, region, role in (("in", INSIDE, "operator"), ("out", OUTSIDE, "operator"), ("guard", None, "auditor")):
        await person(database, name, region, role)
    async with two_counties(database) as city:
        city.door.limited(Role.OPERATOR, INSIDE)
        ask = "PUT /alerts/{alert_id}/assignee"
        told = {name: (await city.ask(ask, "inside", {"name": name})) for name in ("in", "out", "guard", "nobody")}
        found = {name: each.status_code for name, each in told.items()}
        assert found == {"in": 200, "out": 422, "guard": 422, "nobody": 422}
        assert told["out"].text.replace("'out'", "'nobody'") == told["nobody"].text, "who there is is told to nobody"


async def test_a_report_that_is_sent_again_is_one_alert(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        body = {**CALL, "id": str(uuid4())}
        answers = await asyncio.gather(*(client.post("/alerts", json=body) for _ in range(4)))
        assert {each.status_code for each in answers} == {201}
        assert [each["id"] for each in (await client.get("/alerts")).json()["items"]] == [body["id"]]


async def test_what_is_reported_of_a_retired_device_stays(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        (await client.post("/devices/air-0/steps", json={"to": "retired"})).raise_for_status()
        reported = await client.post("/alerts", json={"title": "Fire seen", "level": "red", "device": "air-0"})
        async with await connect(database) as conn:
            assert await clear_retired(conn) == 0
        assert (await client.get(f"/alerts/{reported.json()['id']}")).json()["condition"] == "active"


async def test_attaching_and_the_pipeline_do_not_wait_for_each_other(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        text = {"content-type": "text/plain"}

        async def pipeline() -> None:
            for _ in range(30):
                await change_alert(context.hub_pool, alert, "updated")

        async def desk() -> list[int]:
            path = f"/alerts/{alert}/attachments"
            return [(await client.post(path, content=b"x", headers=text)).status_code for _ in range(6)]

        _, *found = await asyncio.gather(pipeline(), desk(), desk(), desk())
        assert {status for each in found for status in each} == {201}


async def test_it_is_not_reopened_beside_another_that_is_active_nor_merged_into_a_lesser_one(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        first = await raise_alert(context.hub_pool)
        (await client.post(f"/alerts/{first}/steps", json={"to": "false_alarm"})).raise_for_status()
        second = await raise_alert(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            await conn.execute("update alert set target = 'one'")
        refused = await client.post(f"/alerts/{first}/steps", json={"to": "reopened"})
        assert (refused.status_code, str(second) in refused.text) == (409, True)
        mild = (await client.post("/alerts", json={**CALL, "level": "blue"})).json()["id"]
        assert (await client.post(f"/alerts/{second}/merge", json={"into": mild})).status_code == 409


async def test_a_report_names_a_division_that_there_is_where_divisions_are_known(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        sheet, csv = "code,name\n330000000000,浙江省\n", {"content-type": "text/csv"}
        (await client.post("/regions:import", content=sheet, headers=csv)).raise_for_status()
        typo = await client.post("/alerts", json={**CALL, "region": "999999999999"})
        assert (typo.status_code, "no division 999999999999" in typo.text) == (422, True)
        assert (await client.post("/alerts", json={**CALL, "region": "330000000000"})).status_code == 201
