"""Every route with every role, inside, outside and without a grant: what lies outside does not exist."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from api.changes import ChangeFeed
from api.streams.sse import alert_frames
from hub.access.caller import principal
from hub.access.permissions import Permission
from hub.access.roles import HUB_WIDE, PERMISSIONS, Role
from hub.access.scope import Scope
from tests.support.described import description
from tests.support.served_api import PREFIX
from tests.support.two_counties import HIDDEN, INSIDE, OUTSIDE, City, two_counties

MARKS = re.compile(rb"hidden|Secret|330106|eco-b|198\.51|c0ffee")
"""What is to be found in nothing that a caller gets who may not see the device."""

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
TONIGHT = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
THINGS: dict[str, Any] = {
    "GET /devices/{code}": None,
    "PUT /devices/{code}": {"name": "New", "profile": "air", "region": INSIDE + "000000"},
    "DELETE /devices/{code}": None,
    "GET /devices/{code}/steps": None,
    "GET /devices/{code}/camera-states": None,
    "GET /devices/{code}/gaps": None,
    "POST /devices/{code}/steps": {"to": "suspended"},
    "GET /devices/{code}/maintenance": None,
    "POST /devices/{code}/maintenance": {"from_at": "2026-01-01T00:00:00Z", "to_at": "2026-01-02T00:00:00Z"},
    "PUT /devices/{code}/maintenance/{window}": {"from_at": "2026-01-01T00:00:00Z", "to_at": "2026-01-02T00:00:00Z"},
    "DELETE /maintenances/{window}": None,
    "DELETE /devices/{code}/maintenance/{window}": None,
    "GET /devices/{code}/addresses": None,
    "PUT /devices/{code}/cameras/{kind}": {},
    "GET /devices/{code}/cameras/{kind}": None,
    "DELETE /devices/{code}/cameras/{kind}": None,
    "PUT /devices/{code}/addresses/{scheme}/{address}": None,
    "DELETE /devices/{code}/addresses/{scheme}/{address}": None,
    "GET /devices/{code}/passwords": None,
    "PUT /devices/{code}/passwords/{protocol}": {"password": "123456"},
    "DELETE /devices/{code}/passwords/{protocol}": None,
    "GET /devices/{code}/control": None,
    "PUT /devices/{code}/control": {"reason": "audit", "until": TONIGHT},
    "POST /devices/{code}/control/approval": {"asked_at": TONIGHT},
    "DELETE /devices/{code}/control": None,
    "GET /devices/{code}/credentials": None,
    "POST /devices/{code}/credentials": {"kind": "password"},
    "POST /devices/{code}/credentials:rotate": {},
    "DELETE /devices/{code}/credentials/{id}": None,
    "DELETE /devices/{code}/credentials": None,
    "GET /devices/{code}/health": None,
    "GET /devices/{code}/diagnosis": None,
    "GET /series/{device}/{metric}/expectation": None,
    "GET /devices/{code}/tail": None,
    "GET /devices/{code}/commands": None,
    "POST /devices/{code}/commands": {"name": "reset"},
    "GET /alerts/{alert_id}": None,
    "GET /alerts/{alert_id}/changes": None,
    "GET /alerts/{alert_id}/pictures": None,
    "GET /events/{event_id}/picture": None,
    "GET /events/{event_id}/clip": None,
    "GET /incidents/{incident_id}": None,
    "POST /alerts/{alert_id}/separation": {"note": "another fire"},
    "GET /alerts/{alert_id}/cap": None,
    "GET /alerts/{alert_id}/timeline": None,
    "GET /alerts/{alert_id}/timeline.pdf": None,
    "POST /alerts/{alert_id}/steps": {"to": "acknowledged"},
    "POST /alerts/{alert_id}/comments": {"note": "a remark"},
    "POST /alerts/{alert_id}/check": {"by": "call", "result": "real"},
    "POST /alerts/{alert_id}/transfer": {"to": "119"},
    "POST /alerts/{alert_id}/arrive": {},
    "POST /alerts/{alert_id}/feedback": {"note": "put out"},
    "POST /alerts/{alert_id}/close-out": {"note": "put out"},
    "PUT /alerts/{alert_id}/assignee": {"name": None},
    "PUT /alerts/{alert_id}/shelf": {"minutes": 5, "reason": "works"},
    "DELETE /alerts/{alert_id}/shelf": None,
    "POST /alerts/{alert_id}/merge": {"into": "6b1d1f6e-8d5c-4c77-9a37-7a0f3c2f6a01"},
    "POST /alerts/{alert_id}/attachments": "text",
    "GET /alerts/{alert_id}/attachments/{attachment_id}": None,
    "POST /silences/{silence_id}/approval": None,
    "DELETE /silences/{silence_id}": None,
    "GET /warnings/{warning_id}": None,
    "GET /warnings/{warning_id}/devices": None,
    "GET /rotas/{code}": None,
    "PUT /rotas/{code}": {
        "name": "New",
        "organisation": "eco-a",
        "region": INSIDE,
        "shifts": [{"name": "day", "begin": "00:00", "end": "24:00"}],
        "from_date": "2026-01-01",
        "turns": ["open"],
    },
    "GET /rotas/{code}/duty": None,
    "POST /rotas/{code}/handovers": {"note": "all quiet"},
    "GET /handovers/{handover_id}": None,
    "POST /handovers/{handover_id}:take": {"note": "seen"},
    "GET /handovers/{handover_id}/log.csv": None,
    "GET /handovers/{handover_id}/log.pdf": None,
    "DELETE /rotas/{code}": None,
    "GET /drills/{drill_id}": None,
    "GET /drills/{drill_id}/result": None,
    "POST /drills/{drill_id}:end": None,
    "GET /device-tests/{test_id}": None,
    "GET /device-tests/{test_id}/result": None,
    "POST /device-tests/{test_id}:end": None,
    "POST /outside-conflicts/{conflict_id}:resolve": {"take": "ours", "note": "they were told"},
    "GET /cases/{case_id}": None,
    "GET /cases/{case_id}/timeline": None,
    "POST /cases/{case_id}/attachments": "text",
    "GET /cases/{case_id}/attachments/{attachment_id}": None,
    "POST /cases/{case_id}/steps": {"to": "commented", "note": "a remark"},
    "POST /cases/{case_id}/decisions": {"to": "supervised", "level": "red", "until": TOMORROW, "note": "at once"},
    "GET /dead-letters/{letter_id}": None,
    "GET /commands/{command_id}": None,
    "POST /devices/{device}/telemetry": {"values": {"pm25": 1}},
    "POST /devices/{device}/events": {"kind": "fire", "state": "active"},
    "POST /devices/{device}/event": {"kind": "fire", "state": "active"},
    "POST /devices/{device}/senml": [{"n": "pm25", "v": 1}],
}
"""Routes of one thing, with a body that is right."""
LISTS: dict[str, Any] = {
    "GET /catalogue": None,
    "GET /codes:unmapped": None,
    "GET /guards": None,
    "GET /sims": None,
    "GET /camera-connections": None,
    "GET /camera-patrol": None,
    "GET /camera-registrations": None,
    "GET /catalogue/counts": None,
    "GET /catalogue:export": None,
    "GET /devices": None,
    "GET /devices:export": None,
    "GET /alerts": None,
    "GET /alerts/feed.atom": None,
    "GET /silences": None,
    "GET /maintenances": None,
    "POST /maintenances": {"region": INSIDE, "to_at": TOMORROW, "reason": "works"},
    "GET /incidents": None,
    "POST /fusion-rules:try": {"name_en": "Smoke", "name_zh": "烟", "kinds": ["smoke"], "metrics": ["pm25"]},
    "GET /indicators/alerts": None,
    "GET /indicators/cameras?by=platform": None,
    "GET /indicators/cases": None,
    "GET /indicators/cases/list?count=reported": None,
    "GET /indicators/cases/stages": None,
    "GET /duty": None,
    "GET /rotas": None,
    "GET /handovers": None,
    "GET /drills": None,
    "POST /drills": {
        "name": "autumn",
        "consumers": [],
        "ends_at": TONIGHT,
        "alerts": [{"title": "fire", "level": "red", "region": INSIDE + "000000"}],
    },
    "GET /device-tests": None,
    "POST /device-tests": {"devices": ["seen-1"], "reason": "monthly", "until": TONIGHT},
    "GET /device-tests/overdue": None,
    "GET /device-tests/overdue/counts": None,
    "GET /presence": None,
    "POST /silences": {"region": INSIDE, "to_at": TOMORROW, "reason": "works"},
    "POST /alerts": {"title": "A call", "level": "blue", "region": INSIDE + "000000"},
    "GET /outside-conflicts": None,
    "GET /cases": None,
    "POST /cases": {"title": "A call", "region": INSIDE + "000000"},
    "GET /warnings": None,
    "GET /events": None,
    "GET /episodes": None,
    "GET /readings?device=seen-1&metric=pm25": None,
    "GET /latest": None,
    "GET /health-summary": None,
    "GET /dead-letters": None,
    "GET /dead-letters/counts": None,
    "GET /status": None,
    "POST /frames:check": {"payload": '{"values":{"pm25":1}}', "device": "seen-1"},
    "POST /rules:try": {
        "name": "High",
        "profile": "air",
        "metric": "pm25",
        "direction": "above",
        "thresholds": {"red": 1},
    },
    "POST /devices:import": "code,name,profile,region\nseen-2,New,air,330110000000\n",
    "POST /telemetry:batch": [{"device": "seen-1", "values": {"pm25": 1}}],
    "POST /events:batch": [{"device": "seen-1", "kind": "fire", "state": "active"}],
    "POST /event:batch": [{"device": "seen-1", "kind": "fire", "state": "active"}],
}
"""Routes of many things: all that is in the answer is inside."""
REFERENCE = {
    *("GET /organisations", "GET /organisations/{code}", "GET /regions", "GET /regions/{code}"),
    *("GET /profiles", "GET /profiles/{code}", "GET /profiles/{code}/versions"),
    *("GET /profiles/{code}/versions/{version}", "GET /profile-library", "GET /rules", "GET /rules/{code}"),
    "GET /rule-sets",
    "POST /rules:check",
    *("POST /camera-connections:check", "POST /camera-connections:discover"),
    *("GET /rules:report", "GET /rules/{code}/versions", "GET /rules/{code}/versions/{version}"),
    "GET /inhibitions",
    "GET /fusion-rules",
    *("GET /shares", "GET /shares/{share_id}", "GET /shares/{share_id}/uses", "POST /shares"),
    *("DELETE /shares/{share_id}", "POST /shares/{share_id}/decision"),
    *("GET /codes", "GET /codes/{protocol}", "GET /codes/{protocol}/versions"),
    *("GET /areas", "GET /areas/{code}", "GET /quality-flags", "GET /devices:template"),
    "GET /path",
    "GET /indicators/sets",
    "GET /alert-causes",
    *("GET /calendars", "GET /calendars/{year}"),
    *(
        "GET /case-tables",
        "GET /case-tables/categories",
        "GET /case-tables/deadlines",
        "GET /case-tables/{kind}:example",
    ),
    *("GET /calendars", "GET /calendars/{year}", "POST /presence"),
}
"""The same for all who have the permission; counts in them are of what is inside."""
STREAMS = {"GET /alerts/stream", "GET /live"}
PRINTED = {"GET /indicators/report.pdf"}
"""A document whose marks are not among its bytes: tests/integration/test_monthly_report.py reads its pages."""
COUNTED = {"GET /organisations", "GET /profiles", "GET /areas"}


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with two_counties(database) as made:
        yield made


def operations(app: FastAPI) -> Iterator[tuple[str, frozenset[Permission]]]:
    for path, methods in description(app).document["paths"].items():
        if not path.startswith(PREFIX):
            continue
        for method, told in methods.items():
            needed = {role for each in told.get("security", ()) for roles in each.values() for role in roles}
            yield f"{method.upper()} {path.removeprefix(PREFIX)}", frozenset(map(Permission, needed))


async def test_each_route_has_a_rule(city: City) -> None:
    """A route that is neither hub-wide nor named above is one of which nobody has thought who may see what."""
    lists = {operation.partition("?")[0] for operation in LISTS}
    ruled = {*THINGS, *lists, *REFERENCE, *STREAMS, *PRINTED}
    found = {operation: needed for operation, needed in operations(city.app) if needed}
    own = {Permission.SELF_KEEP}  # one's own session and account: nobody names another's
    assert {each for each, needed in found.items() if not needed & (HUB_WIDE | own)} == ruled


def may(role: Role, needed: frozenset[Permission]) -> bool:
    return needed <= PERMISSIONS[role] - HUB_WIDE


async def test_what_lies_outside_does_not_exist(city: City) -> None:
    for role in Role:  # nothing is changed
        await _check_outside(city, role)


async def _check_outside(city: City, role: Role) -> None:
    city.door.limited(role, INSIDE)
    needed = dict(operations(city.app))
    for operation, body in THINGS.items():
        outside = await city.ask(operation, "outside", body)
        if not may(role, needed[operation]):
            assert outside.status_code == 403, (role, operation, outside.text)
            continue
        if operation in ("PUT /devices/{code}", "PUT /rotas/{code}"):  # codes are one space for all
            assert outside.status_code == 409, (role, outside.text)
            continue
        missing = await city.ask(operation, "missing", body)
        assert (outside.status_code, missing.status_code) == (404, 404), (role, operation, outside.text, missing.text)
        told = outside.text
        for name in re.findall(r"\{(\w+)\}", operation):
            told = told.replace(city.ids["outside"][name], city.ids["missing"][name])
        assert told == missing.text, (role, operation)


@pytest.mark.parametrize("role", Role)
async def test_what_lies_inside_is_there_and_alone(city: City, role: Role) -> None:
    city.door.limited(role, INSIDE)
    needed = dict(operations(city.app))
    for operation, body in {
        **dict.fromkeys(each for each in REFERENCE if each.startswith("GET ") and "{" not in each),
        **LISTS,
    }.items():
        answer = await city.ask(operation, "inside", body)
        if not may(role, needed[operation.partition("?")[0]]):
            assert answer.status_code == 403, (operation, answer.text)
            continue
        assert answer.status_code < 300, (operation, answer.text)
        if operation in LISTS:
            assert not MARKS.search(answer.content), (operation, answer.text)
        if operation in COUNTED:
            counts = {each["code"]: each["devices"] for each in answer.json()["items"]}
            assert [counts.get("eco-b", 0), counts.get("eco-a", 1), counts.get("air", 1)] == [0, 1, 1]
    for operation, body in sorted(THINGS.items(), key=lambda each: each[0].startswith("DELETE")):
        if may(role, needed[operation]) and operation != "GET /devices/{code}/tail":
            answer = await city.ask(operation, "inside", body)
            assert answer.status_code not in (401, 403, 404, 500, 503), (operation, answer.text)
            assert not MARKS.search(answer.content), (operation, answer.text)


async def test_who_was_granted_nothing_gets_nothing(city: City) -> None:
    city.door.now = principal(uuid4(), "person", "nobody", ())
    for operation, needed in operations(city.app):
        if needed:
            answer = await city.ask(re.sub(r"\{\w+\}", "x", operation), "inside")
            assert answer.status_code == 403, (operation, answer.text)


async def test_what_concerns_the_whole_hub_needs_a_grant_without_limits(city: City) -> None:
    for role in Role:
        await _check_whole_hub(city, role)


async def _check_whole_hub(city: City, role: Role) -> None:
    for operation, needed in operations(city.app):
        if needed & HUB_WIDE:
            city.door.limited(role, INSIDE)
            answer = await city.ask(re.sub(r"\{\w+\}", "x", operation), "inside")
            assert answer.status_code == 403, (role, operation, answer.text)
            if needed <= PERMISSIONS[role]:
                city.door.limited(role, None)
                answer = await city.ask(re.sub(r"\{\w+\}", "x", operation), "inside")
                assert answer.status_code != 403, (role, operation, answer.text)


async def test_a_filter_finds_nothing_outside(city: City) -> None:
    """Names of what lies outside, given as a filter, are answered as names of what there is not."""
    for role in Role:
        await _check_filters(city, role)


async def _check_filters(city: City, role: Role) -> None:
    city.door.limited(role, INSIDE)
    needed = dict(operations(city.app))
    document = description(city.app).document["paths"]
    for operation in (each.partition("?")[0] for each in LISTS if each.startswith("GET")):
        if not may(role, needed[operation]):
            continue
        known = {
            each["name"] for each in document[PREFIX + operation.removeprefix("GET ")]["get"].get("parameters", ())
        }
        for name in known & {"device", "q", "region", "parent"}:
            pairs = {"region": (OUTSIDE, "999999")}.get(name, (HIDDEN, "missing-7"))
            hidden, missing = [await city.ask(f"{operation}?{name}={each}&metric=pm25", "inside") for each in pairs]
            told, nothing = [
                re.sub(r'"counted_at":"[^"]*"', "", each.text).replace(pairs[0], pairs[1]) for each in (hidden, missing)
            ]
            assert (hidden.status_code, told) == (missing.status_code, nothing), (role, operation, name)


async def test_a_stream_tells_what_is_inside(city: City) -> None:
    feed = ChangeFeed(city.pool)
    running = asyncio.create_task(feed.run())
    told = {}
    for region in (INSIDE, OUTSIDE):
        frames = alert_frames(feed, 0, Scope(frozenset({f"/{region}"})), feed.subscribe())
        told[region] = b"".join([await anext(frames) for _ in range(2)])
    running.cancel()
    assert not MARKS.search(told[INSIDE].replace(OUTSIDE.encode(), b""))
    assert city.ids["inside"]["alert_id"].encode() in told[INSIDE]
    assert city.ids["outside"]["alert_id"].encode() in told[OUTSIDE]
    assert city.ids["inside"]["alert_id"].encode() not in told[OUTSIDE]


async def test_nothing_is_put_or_moved_outside_and_no_code_of_there_is_taken_over(city: City) -> None:
    city.door.limited(Role.INTEGRATOR, INSIDE)
    body = {"name": "New", "profile": "air", "region": OUTSIDE + "000000"}
    for code in ("new-1", "seen-1"):
        assert (await city.client.put(f"{PREFIX}/devices/{code}", json=body)).status_code == 403
    inside = {**body, "region": INSIDE + "000000"}
    assert (await city.client.put(f"{PREFIX}/devices/{HIDDEN}", json=inside)).status_code == 409
    sheet = f"code,name,profile,region\n{HIDDEN},New,air,{INSIDE}000000\nnew-1,New,air,{OUTSIDE}000000\nseen-1,x,air,\n"
    answer = await city.ask("POST /devices:import", "inside", sheet)
    assert answer.status_code == 422
    found = {(each["line"], each["column"]) for each in answer.json()["errors"]}
    assert found == {(2, "code"), (3, "region"), (4, "region")}, answer.text
    async with city.pool.connection() as conn:
        rows = await (await conn.execute("select code, name, region from device order by code")).fetchall()
    assert rows == [(HIDDEN, "Secret station", OUTSIDE + "000000"), ("seen-1", "Open station", INSIDE + "000000")]
