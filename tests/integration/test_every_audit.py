"""Whatever changes something, and whatever takes data out, leaves an entry of the audit: checked of each route."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pyotp
from pydantic import SecretStr

from hub.access_settings import Access
from hub.settings import Database, Secrets
from hub.store.pool import open_pool
from tests.support.served_api import AIR, PREFIX, RULE, api_context, client_of, raise_alert
from tests.support.warning_samples import national

NOTHING_CHANGES = {
    "POST /frames:check": "it tells what a message would be, and stores nothing",
    "POST /routing:try": "it tells who would get an alert, and sends nothing",
    "POST /rules:try": "it tells what a rule would have raised, and stores nothing",
    "POST /rules:check": "it tells what an expression is, and stores nothing",
    "POST /fusion-rules:try": "it tells what a rule would have fused, and stores nothing",
    "POST /chains:try": "it tells who would be told of an alert, and when, and sends nothing",
    "DELETE /devices/{code}": "a device is never deleted: 405",
    "POST /session/active": "the person is there: nothing but the time of the session's lock",
    "POST /session/second-factor": "the secret that is shown counts once a code of it is given",
    "POST /receipts/{consumer}": "what a gateway says of a delivery stands with the delivery",
    "POST /outside-systems/{system}/cases": "what a system tells of a case stands with it, as steps of outside:CODE",
    "POST /outside-systems/{system}/attachments": "what it brings stands with its case, as a step of outside:CODE",
    "POST /broker/auth": "a broker asks whether somebody may connect",
    "POST /broker/acl": "a broker asks what somebody may publish",
}
OF_DEVICES = {"telemetry", "events", "event", "senml", "telemetry:batch", "events:batch", "event:batch"}
"""What devices send is a record of its own."""
ELSEWHERE = {
    "POST /edges/{edge}:give-up": "tests/integration/test_diode_inbox.py, with an edge",
    "POST /outside-conflicts/{conflict_id}:resolve": "tests/integration/test_outside_cases.py, with a conflict",
    "POST /alerts/{alert_id}/separation": "tests/integration/test_incidents.py, with an incident",
    "POST /push-subscriptions/{code}:accept": "tests/acceptance/test_pushes.py, with a device that was pushed",
    "POST /presence": "tests/integration/test_desks.py, with a person",
    "POST /rotas/{code}/handovers": "tests/integration/test_handovers.py, with two people",
    "POST /handovers/{handover_id}:take": "as above",
    "POST /silences/{silence_id}/approval": "tests/integration/test_silences.py, with a second person",
    "POST /devices/{code}/control/approval": "tests/integration/test_device_control.py, with two people",
    "POST /devices/{code}/commands": "tests/integration/test_commands.py, with a broker",
    "POST /dead-letters:replay": "tests/acceptance/test_dead_letter_replay.py, with a pipeline",
    "POST /dead-letters/{letter_id}/replay": "as above",
}
DEVICE, KEY, FANG, NEW = "/devices/air-0", "/provisioning-keys/air-2026", "/accounts/wang.fang", "rain on the 3rd pole"
SHARE = {"owner": "parks", "consumer": "roads", "purpose": "drill", "kinds": ["devices"]}
ROTA = {
    "name": "Desk",
    "organisation": "parks",
    "shifts": [{"name": "day", "begin": "08:00", "end": "20:00"}],
    "from_date": "2026-11-30",
    "turns": ["li.wei"],
}
WINDOW = {"from_at": "2026-01-01T00:00:00Z", "to_at": "2026-01-02T00:00:00Z"}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
TONIGHT = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
CATEGORIES = "kind,code,parent,name\nevent,01,,市容环境\n"
DEADLINES = "stage,limit,time\nhandling,2d,working\n"
SUPERVISED = {"to": "supervised", "level": "red", "until": TOMORROW, "note": "at once"}
FIRE = {"platform": "ctwing", "name": "Fire", "profile": "air"}
OPS = {"name": "Operations", "states": {"1": "closed"}}
EXERCISE = {
    "name": "Autumn",
    "consumers": [],
    "ends_at": TONIGHT,
    "alerts": [{"title": "Fire", "level": "red", "region": "330000000000"}],
}
ADDRESS = "/devices/{code}/addresses/{scheme}/{address}"
PICTURED = """
with e as (insert into event (id, device_id, ts, received_at, kind)
           select gen_random_uuid(), id, now(), now(), 'smoke' from device limit 1 returning id, device_id),
c as (insert into event_clip (event_id, device_id, received_at, width, height, seconds, before_s, whole, content)
      select id, device_id, now(), 1, 1, 1, 1, true, 'x' from e)
insert into event_picture (event_id, device_id, received_at, width, height, whole, content)
select id, device_id, now(), 1, 1, true, 'x' from e returning event_id::text"""
READ_ATTACHMENT = "GET /alerts/{alert_id}/attachments/{attachment_id}"
READ_OF_CASE = "GET /cases/{case_id}/attachments/{attachment_id}"
INDICATORS = {"name": "Ours", "indicators": [{"code": "due", "zh": "应结案", "en": "due", "numerator": "due"}]}
CAUSE = {"result": "real", "name_en": "fallen tree", "name_zh": "树木倒伏"}
CALLED = {"kind": "isapi", "url": "http://127.0.0.1:1"}
STEPS: list[tuple[str, str, Any, str]] = [
    ("PUT /profiles/{code}", "/profiles/air", AIR, "profile.put"),
    ("PUT /codes/{protocol}", "/codes/hj212", {"metrics": {"w99999": {"metric": "odour"}}}, "codes.put"),
    ("POST /profiles:install", "/profiles:install", {"codes": ["{library}"]}, "profile.install"),
    ("PUT /organisations/{code}", "/organisations/parks", {"name": "Parks"}, "organisation.put"),
    ("POST /regions:outlines", "/regions:outlines", {"features": []}, "regions.outlines"),
    ("POST /regions:import", "/regions:import", "code,name\n330000000000,浙江省\n", "regions.import"),
    ("POST /devices:import", "/devices:import", "code,name,profile\nair-0,Air,air\n", "devices.import"),
    ("PUT /devices/{code}", "/devices/air-1", {"name": "Air 1", "profile": "air"}, "device.put"),
    ("POST /devices/{code}/steps", f"{DEVICE}/steps", {"to": "suspended"}, "device.step"),
    ("POST /devices/{code}/steps", f"{DEVICE}/steps", {"to": "active"}, "device.step"),
    ("POST /devices/{code}/maintenance", f"{DEVICE}/maintenance", WINDOW, "maintenance.put"),
    ("PUT /devices/{code}/maintenance/{window}", f"{DEVICE}/maintenance/{{id}}", WINDOW, "maintenance.put"),
    ("DELETE /devices/{code}/maintenance/{window}", f"{DEVICE}/maintenance/{{id}}", None, "maintenance.delete"),
    (f"PUT {ADDRESS}", f"{DEVICE}/addresses/hj212/010000A8900016F000169DC0", None, "device.address.put"),
    (f"DELETE {ADDRESS}", f"{DEVICE}/addresses/hj212/010000A8900016F000169DC0", None, "device.address.delete"),
    ("PUT /devices/{code}/control", f"{DEVICE}/control", {"reason": "audit", "until": TONIGHT}, "device.control.ask"),
    ("DELETE /devices/{code}/control", f"{DEVICE}/control", None, "device.control.off"),
    ("PUT /devices/{code}/passwords/{protocol}", f"{DEVICE}/passwords/hj212", {"password": "x"}, "device.password.put"),
    ("DELETE /devices/{code}/passwords/{protocol}", f"{DEVICE}/passwords/hj212", None, "device.password.delete"),
    ("POST /devices/{code}/credentials", f"{DEVICE}/credentials", {"kind": "token"}, "credential.issue"),
    ("POST /devices/{code}/credentials:rotate", f"{DEVICE}/credentials:rotate", {}, "credential.rotate"),
    ("DELETE /devices/{code}/credentials/{id}", f"{DEVICE}/credentials/{{id}}", None, "credential.revoke"),
    ("POST /devices/{code}/credentials", f"{DEVICE}/credentials", {"kind": "token"}, "credential.issue"),
    ("DELETE /devices/{code}/credentials", f"{DEVICE}/credentials", None, "credential.revoke"),
    ("PUT /rules/{code}", "/rules/pm25-high", RULE, "rule.put"),
    ("POST /profiles:install", "/profiles:install", {"codes": ["rain-gauge"]}, "profile.install"),
    ("POST /rule-sets/{profile}:enable", "/rule-sets/rain-gauge:enable", None, "rule.put"),
    ("PUT /rules/{code}", "/rules/pm25-high", {**RULE, "name": "High"}, "rule.put"),
    ("POST /rules/{code}/versions/{version}:restore", "/rules/pm25-high/versions/1:restore", None, "rule.restore"),
    ("POST /alerts/{alert_id}/steps", "/alerts/{alert}/steps", {"to": "acknowledged"}, "alert.step"),
    ("POST /alerts", "/alerts", {"title": "A call", "level": "red", "region": "330000000000"}, "alert.raise"),
    ("POST /alerts/{alert_id}/comments", "/alerts/{alert}/comments", {"note": "soon"}, "alert.comment"),
    ("PUT /alerts/{alert_id}/assignee", "/alerts/{alert}/assignee", {"name": "li.wei"}, "alert.assign"),
    ("PUT /alerts/{alert_id}/shelf", "/alerts/{alert}/shelf", {"minutes": 5, "reason": "works"}, "alert.shelve"),
    ("DELETE /alerts/{alert_id}/shelf", "/alerts/{alert}/shelf", None, "alert.unshelve"),
    ("POST /alerts/{alert_id}/attachments", "/alerts/{alert}/attachments", b"heard at 3", "alert.attach"),
    (READ_ATTACHMENT, "/alerts/{id}/attachments/{attachment}", None, "attachment.read"),
    ("GET /events/{event_id}/picture", "/events/{event}/picture", None, "picture.read"),
    ("GET /events/{event_id}/clip", "/events/{event}/clip", None, "clip.read"),
    ("POST /alerts/{alert_id}/merge", "/alerts/{alert}/merge", {"into": "{id}"}, "alert.merge"),
    ("POST /alerts/{alert_id}/check", "/alerts/{alert}/check", {"by": "call", "result": "real"}, "alert.check"),
    ("POST /alerts/{alert_id}/transfer", "/alerts/{alert}/transfer", {"to": "119"}, "alert.transfer"),
    ("POST /alerts/{alert_id}/arrive", "/alerts/{alert}/arrive", {"who": "crew 3"}, "alert.arrive"),
    ("POST /alerts/{alert_id}/feedback", "/alerts/{alert}/feedback", {"note": "put out"}, "alert.feedback"),
    ("POST /alerts/{alert_id}/check", "/alerts/{alert}/check", {"by": "call", "result": "real"}, "alert.check"),
    ("POST /alerts/{alert_id}/close-out", "/alerts/{id}/close-out", {"note": "put out"}, "alert.close_out"),
    ("PUT /alert-causes/{code}", "/alert-causes/tree", CAUSE, "alert_cause.put"),
    ("POST /silences", "/silences", {"region": "33", "to_at": TOMORROW, "reason": "works"}, "silence.make"),
    ("DELETE /silences/{silence_id}", "/silences/{id}", None, "silence.end"),
    ("POST /maintenances", "/maintenances", {"region": "33", "to_at": TOMORROW, "reason": "works"}, "maintenance.put"),
    ("DELETE /maintenances/{window}", "/maintenances/{id}", None, "maintenance.end"),
    ("POST /warnings", "/warnings", national(), "warnings.bring"),
    ("POST /drills", "/drills", EXERCISE, "drill.start"),
    ("POST /drills/{drill_id}:end", "/drills/{id}:end", None, "drill.end"),
    (
        "POST /device-tests",
        "/device-tests",
        {"devices": ["air-0"], "reason": "monthly", "until": TONIGHT},
        "device_test.start",
    ),
    ("POST /device-tests/{test_id}:end", "/device-tests/{id}:end", None, "device_test.end"),
    ("PUT /inhibitions/{code}", "/inhibitions/a", {"parent_kinds": ["fault"], "kinds": ["fault"]}, "inhibition.put"),
    ("DELETE /inhibitions/{code}", "/inhibitions/a", None, "inhibition.delete"),
    (
        "PUT /fusion-rules/{code}",
        "/fusion-rules/a",
        {"name_en": "A", "name_zh": "A", "kinds": ["fire"]},
        "fusion_rule.put",
    ),
    ("DELETE /fusion-rules/{code}", "/fusion-rules/a", None, "fusion_rule.delete"),
    ("PUT /indicators/sets/{code}", "/indicators/sets/a", INDICATORS, "indicator_set.put"),
    ("DELETE /indicators/sets/{code}", "/indicators/sets/a", None, "indicator_set.delete"),
    ("DELETE /rules/{code}", "/rules/pm25-high", None, "rule.disable"),
    ("PUT /consumers/{code}", "/consumers/desk", {"url": "https://8.8.8.8/a"}, "consumer.put"),
    ("POST /consumers/{code}:test", "/consumers/desk:test", None, "consumer.test"),
    (
        "POST /consumers/{code}/case-deliveries:again",
        "/consumers/desk/case-deliveries:again",
        {},
        "consumer.tell_again",
    ),
    ("PUT /chains/{code}", "/chains/night", {"steps": [{"wait_s": 60, "consumers": ["desk"]}]}, "chain.put"),
    ("DELETE /chains/{code}", "/chains/night", None, "chain.delete"),
    ("DELETE /consumers/{code}", "/consumers/desk", None, "consumer.delete"),
    ("PUT /provisioning-keys/{code}", KEY, {"profile": "air"}, "provisioning_key.put"),
    ("POST /devices:provision", "/devices:provision", {"code": "air-9", "key": "{key}"}, "device.provision"),
    ("POST /provisioning-keys/{code}:rotate", f"{KEY}:rotate", None, "provisioning_key.rotate"),
    ("DELETE /provisioning-keys/{code}", KEY, None, "provisioning_key.delete"),
    ("PUT /calendars/{year}", "/calendars/2026", "date,workday,name\n2026-10-01,false,国庆节\n", "calendar.put"),
    ("POST /case-tables/categories", "/case-tables/categories?name=a", CATEGORIES, "case_table.import"),
    ("POST /case-tables/deadlines", "/case-tables/deadlines?name=a", DEADLINES, "case_table.import"),
    ("PUT /case-rules/{code}", "/case-rules/fire", {"event_kind": "fire"}, "case_rule.put"),
    ("DELETE /case-rules/{code}", "/case-rules/fire", None, "case_rule.delete"),
    ("POST /cases", "/cases", {"title": "Rubbish", "region": "330000000000"}, "case.report"),
    ("POST /cases/{case_id}/steps", "/cases/{id}/steps", {"to": "accepted"}, "case.step"),
    ("POST /cases/{case_id}/decisions", "/cases/{id}/decisions", SUPERVISED, "case.step"),
    ("POST /cases/{case_id}/attachments", "/cases/{id}/attachments", b"seen at 7:40", "case.attach"),
    (READ_OF_CASE, "/cases/{id}/attachments/{attachment}", None, "case_attachment.read"),
    ("POST /camera-connections:check", "/camera-connections:check", CALLED, "camera.check"),
    ("POST /camera-connections:discover", "/camera-connections:discover", None, "camera.discover"),
    ("PUT /devices/{code}/cameras/{kind}", "/devices/air-1/cameras/isapi", {}, "camera.put"),
    ("DELETE /devices/{code}/cameras/{kind}", "/devices/air-1/cameras/isapi", None, "camera.delete"),
    ("PUT /push-subscriptions/{code}", "/push-subscriptions/fire", FIRE, "push_subscription.put"),
    ("DELETE /push-subscriptions/{code}", "/push-subscriptions/fire", None, "push_subscription.delete"),
    ("PUT /outside-systems/{code}", "/outside-systems/ops", OPS, "outside_system.put"),
    ("DELETE /outside-systems/{code}", "/outside-systems/ops", None, "outside_system.delete"),
    ("PUT /forwards/{code}", "/forwards/roads", {"name": "Roads", "kind": "mqtt"}, "forward.put"),
    ("DELETE /forwards/{code}", "/forwards/roads", None, "forward.delete"),
    ("PUT /rotas/{code}", "/rotas/desk", ROTA, "rota.put"),
    ("DELETE /rotas/{code}", "/rotas/desk", None, "rota.delete"),
    ("PUT /areas/{code}", "/areas/river", {"name": "River", "divisions": ["33"]}, "area.put"),
    ("POST /grants", "/grants", {"principal": "li.wei", "role": "viewer", "area": "river"}, "grant.make"),
    ("DELETE /grants/{grant_id}", "/grants/{id}", None, "grant.take_back"),
    ("DELETE /areas/{code}", "/areas/river", None, "area.delete"),
    ("PUT /organisations/{code}", "/organisations/roads", {"name": "Roads"}, "organisation.put"),
    ("POST /shares", "/shares", SHARE, "share.ask"),
    ("POST /shares/{share_id}/decision", "/shares/{id}/decision", {"to": "granted"}, "share.granted"),
    ("DELETE /shares/{share_id}", "/shares/{id}", None, "share.withdrawn"),
    ("POST /accounts", "/accounts", {"name": "wang.fang", "role": "viewer"}, "account.add"),
    ("PATCH /accounts/{name}", f"{FANG}", {"display_name": "王芳"}, "account.change"),
    ("PUT /accounts/{name}/contact", f"{FANG}/contact", {"phone": "13812345678"}, "contact.set"),
    ("POST /accounts/{name}/contact:reveal", f"{FANG}/contact:reveal", {"reason": "a drill"}, "contact.reveal"),
    ("POST /accounts/{name}/lock", f"{FANG}/lock", None, "account.lock"),
    ("POST /accounts/{name}/unlock", f"{FANG}/unlock", None, "account.unlock"),
    ("POST /accounts/{name}/reset", f"{FANG}/reset", None, "account.reset"),
    ("GET /accounts/{name}/export", f"{FANG}/export", None, "account.export"),
    ("POST /keys", "/keys", {"name": "pump-house"}, "key.add"),
    ("POST /machines/{name}/lock", "/machines/pump-house/lock", {}, "account.lock"),
    ("POST /machines/{name}/unlock", "/machines/pump-house/unlock", {}, "account.unlock"),
    ("DELETE /keys/{key_id}", "/keys/{id}", None, "key.revoke"),
    ("GET /catalogue:export", "/catalogue:export", None, "catalogue.export"),
    ("GET /devices:export", "/devices:export", None, "devices.export"),
    ("GET /audit/export.csv", "/audit/export.csv", None, "audit.export"),
    ("DELETE /accounts/{name}/sessions", f"{FANG}/sessions", None, "session.end_all"),
    ("POST /session", "/session", {"name": "wang.fang", "password": "{one_time_password}"}, "login"),
    ("PUT /session/password", "/session/password", {"old": "{one_time_password}", "new": NEW}, "account.password"),
    ("PUT /session/contact", "/session/contact", {"phone": None}, "contact.set"),
    ("POST /session/lock", "/session/lock", {}, "session.lock"),
    ("POST /session/unlock", "/session/unlock", {"password": NEW}, "session.unlock"),
    ("PUT /session/second-factor", "/session/second-factor", {"code": "{code}"}, "account.second_factor"),
    (
        "POST /session/second-factor/remove",
        "/session/second-factor/remove",
        {"password": NEW, "code": "{recovery}"},
        "account.second_factor_off",
    ),
    ("DELETE /sessions/{session_id}", "/sessions/{session}", None, "session.end"),
    ("POST /session", "/session", {"name": "wang.fang", "password": NEW}, "login"),
    ("DELETE /session", "/session", None, "logout"),
    ("POST /accounts/{name}/erase", f"{FANG}/erase", {}, "account.erase"),
]
"""In an order in which each of them succeeds: the operation, the request, and the action that the audit names."""

GIVEN = ("id", "key", "one_time_password")
"""Members of answers that later requests use."""


def audited(paths: dict[str, Any]) -> set[str]:
    """The operations of an API that must leave an entry."""
    found = set()
    for path, methods in paths.items():
        if path.startswith(PREFIX):
            below = path.removeprefix(PREFIX)
            read = ("export", "{attachment_id}")
            found |= {
                f"{method.upper()} {below}"
                for method in methods
                if method != "get" or any(each in path for each in read) or path.endswith(("/picture", "/clip"))
            }
    sent = {each for each in found if each.rpartition("/")[2] in OF_DEVICES and each.startswith("POST")}
    return found - sent - NOTHING_CHANGES.keys() - ELSEWHERE.keys()


async def test_each_change_and_each_export_leaves_an_entry(database: str) -> None:
    given = {"access": Access(local=True), "secrets": Secrets(key=SecretStr("a" * 43 + "="))}
    async with (
        api_context(database) as made,
        client_of(replace(made, settings=made.settings.model_copy(update=given))) as client,
        open_pool(Database(url=database)) as pool,
    ):
        document = (await client.get("/openapi.json")).json()
        assert {operation for operation, *_ in STEPS} == audited(document["paths"]), "add the new route to STEPS"
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute("""with p as (insert into principal (id, kind, name)
                                       values (gen_random_uuid(), 'person', 'li.wei') returning id)
                            insert into access_grant (principal_id, role, granted_by)
                            select id, 'operator', 'test' from p""")
        known = {"library": (await client.get("/profile-library")).json()["items"][0]["code"]}
        for operation, url, body, action in STEPS:
            if "{alert}" in url:
                known["alert"] = str(await raise_alert(pool))
            elif "{event}" in url:
                with psycopg.connect(database, autocommit=True) as conn:
                    [known["event"]] = conn.execute(PICTURED).fetchone() or ("",)
            elif "{session}" in url:
                known["session"] = (await client.get("/session")).json()["session"]["id"]
            elif operation == "PUT /session/second-factor":
                begun = await client.post("/session/second-factor", json={"password": NEW})
                known["code"] = pyotp.TOTP(begun.json()["secret"]).now()
            with psycopg.connect(database) as conn:
                before = conn.execute("select coalesce(max(id), 0) from audit").fetchone()
            answer = await _ask(client, operation.partition(" ")[0], _filled(url, known), body, known)
            assert answer.is_success, (operation, answer.text)
            if answer.headers.get("content-type") == "application/json":
                given = answer.json()
                known |= {name: str(given[name]) for name in GIVEN if given.get(name) is not None}
                known |= {"attachment": given["attachments"][0]["id"]} if given.get("attachments") else {}
                known |= {"recovery": given["recovery_codes"][0]} if "recovery_codes" in given else {}
            with psycopg.connect(database) as conn:
                told = conn.execute("select action, actor, address from audit where id > %s", before).fetchall()
            assert action in {each[0] for each in told}, (operation, told)
            assert all(actor and address == "127.0.0.1" for _, actor, address in told), (operation, told)


async def _ask(client: httpx.AsyncClient, method: str, url: str, body: Any, known: dict[str, str]) -> httpx.Response:
    if isinstance(body, bytes):
        return await client.request(method, url, content=body, headers={"content-type": "text/plain"})
    if isinstance(body, str):
        return await client.request(method, url, content=body.encode(), headers={"content-type": "text/csv"})
    if isinstance(body, dict):
        body = {name: _value(value, known) for name, value in body.items()}
    return await client.request(method, url, json=body) if body is not None else await client.request(method, url)


def _value(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_value(each, known) for each in value]
    return _filled(value, known) if isinstance(value, str) else value


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], text)
