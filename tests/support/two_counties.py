"""A device in each of two counties, with something of everything that hangs on it, behind the API."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from api.app import create_app
from hub.access.scoped_pool import unreached
from hub.models import Delivery, Outcome
from hub.settings import Http
from hub.store.pool import Pool
from hub.warnings.formats import decode
from hub.warnings.store import on, take
from ingest.http.source import HttpSource, router
from tests.support.doors import CallerDoor
from tests.support.origins import ORIGINS
from tests.support.served_api import PREFIX, api_context, raise_alert, register
from tests.support.warning_samples import national

INSIDE, OUTSIDE = "330110", "330106"
HIDDEN = "hidden-7"


class Sink:
    """Takes everything."""

    full = False

    async def submit(self, delivery: Delivery) -> None:
        await delivery.settle(Outcome({}))


@dataclass
class City:
    """A device in each of two counties, with something of everything that hangs on it."""

    app: FastAPI
    client: httpx.AsyncClient
    door: CallerDoor
    pool: Pool
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def path(self, template: str, where: str) -> str:
        return PREFIX + re.sub(r"\{(\w+)\}", lambda found: self.ids[where][found[1]], template)

    async def ask(self, operation: str, where: str, body: Any = None) -> httpx.Response:
        method, _, template = operation.partition(" ")
        given: dict[str, Any] = {}
        if isinstance(body, str):
            given = {"content": body, "headers": {"content-type": "text/csv"}}
        elif body is not None:
            kind = "application/senml+json" if template.endswith("/senml") else "application/json"
            given = {"content": json.dumps(body), "headers": {"content-type": kind}}
        return await self.client.request(method, self.path(template, where), **given)


_MADE = """
with s as (
    insert into series (device_id, metric) select id, 'pm25' from device where code = %(code)s
    on conflict (device_id, metric) do update set metric = excluded.metric returning id, device_id
), r as (
    insert into reading (series_id, ts, value, quality) select id, now(), %(value)s, 0 from s
), l as (
    insert into latest (series_id, ts, value, quality) select id, now(), %(value)s, 0 from s
), e as (
    insert into event (id, device_id, ts, received_at, kind, state, attributes)
    select gen_random_uuid(), device_id, now(), now(), 'fire', 'active', jsonb_build_object('at', %(name)s::text) from s
    returning id, device_id
), pic as (
    insert into event_picture (event_id, device_id, received_at, width, height, whole, content)
    select id, device_id, now(), 1, 1, false, convert_to(%(name)s, 'UTF8') from e
), clip as (
    insert into event_clip (event_id, device_id, received_at, width, height, seconds, before_s, whole, content)
    select id, device_id, now(), 1, 1, 10, 5, false, convert_to(%(name)s, 'UTF8') from e
), ep as (
    insert into episode (id, device_id, kind, part, began_at, last_at, told_at, heard_at)
    select gen_random_uuid(), device_id, 'fire', %(code)s, now(), now(), now(), now() from s
), cs as (
    insert into camera_state (device_id, from_at, state) select device_id, now() - interval '1 hour', 'sound' from s
), ct as (
    insert into camera_total (day, device_id) select (now() at time zone 'Asia/Shanghai')::date, device_id from s
), cw as (
    insert into camera_watch (at) values (now()) on conflict do nothing
), pv as (
    insert into patrol_visit (device_id, visited_at, result) select device_id, now(), 'fine' from s
), cp as (
    insert into camera_place (device_id, source, learned_at, place) select device_id, 'video', now(), 'p' from s
), pr as (
    insert into patrol_round (began_at) values (now()) on conflict do nothing
), h as (
    insert into device_seen (device_id, seen_at) select device_id, now() from s
), m as (
    insert into maintenance (device_id, from_at, to_at, note)
    select device_id, now(), now() + interval '1 day', %(name)s from s returning id
), c as (
    insert into command (id, device_id, name, params, actor, expires_at)
    select gen_random_uuid(), device_id, 'reset', '{}', %(name)s, now() + interval '1 hour' from s returning id
), k as (
    insert into credential (device_id, kind, username, secret_hash)
    select device_id, 'password', %(code)s || '~1', '\\x00' from s returning id
), d as (
    insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
    values (gen_random_uuid(), now(), 'mqtt', 'ganzhi/v1/' || %(code)s || '/telemetry', %(code)s, 'not_json',
            %(name)s, convert_to(%(name)s, 'UTF8'), 8)
    returning id
)
select (select id from e)::text as event_id,
       (select id from m)::text as window, (select id from c)::text as command_id, (select id from k)::text as id,
       (select id from d)::text as letter_id
"""

_ATTACHED = """
with s as (
    insert into silence (id, device_id, region, organisation, max_level, reason, from_at, to_at, made_by)
    select gen_random_uuid(), d.id, d.region, d.organisation, 3, %(name)s, now(), now() + interval '1 day', %(name)s
    from alert a join device d on d.id = a.device_id where a.id = %(alert)s
    returning id
), w as (
    insert into principal (kind, name) values ('person', %(name)s) returning id
), wg as (
    insert into access_grant (id, principal_id, role, region, granted_by)
    select gen_random_uuid(), w.id, 'viewer', d.region, 'test'
    from w, alert a join device d on d.id = a.device_id where a.id = %(alert)s
), o as (
    insert into rota (code, name, organisation, region, zone, shifts, unit, from_date)
    select d.code, %(name)s, d.organisation, d.region, 'Asia/Shanghai',
           '[{"name": "day", "begin": 0, "end": 1440, "days": ["every"]}]', 'day', '2026-01-01'
    from alert a join device d on d.id = a.device_id where a.id = %(alert)s
    returning code
), t as (
    insert into rota_member select o.code, 0, w.id from o, w
), ho as (
    insert into handover (id, rota, rota_name, organisation, region, zone, begins_at, change_at, outgoing, incoming,
                          substitutes, made_by, note)
    select gen_random_uuid(), d.code, %(name)s, d.organisation, d.region, 'Asia/Shanghai', now(), now(), '{}', '{}',
           '[]', gen_random_uuid(), %(name)s
    from alert a join device d on d.id = a.device_id where a.id = %(alert)s
    returning id
), hi as (
    insert into handover_item (handover_id, n, kind, alert_id, facts)
    select ho.id, 1, 'alert', %(alert)s, jsonb_build_object('title', %(name)s::text) from ho
), n as (
    insert into incident (id, rule, lead, link, within_s, radius_m, reach_m, first_at, consequences)
    values (gen_random_uuid(), 'fire-evidence', %(alert)s, 'near', 300, 200, 0, now(), '{}') returning id
), nm as (
    insert into incident_member (alert_id, incident_id) select %(alert)s, n.id from n
), f as (
    insert into alert_attachment (id, alert_id, change_id, name, media_type, content)
    values (gen_random_uuid(), %(alert)s, gen_random_uuid(), %(name)s, 'text/plain', convert_to(%(name)s, 'UTF8'))
    returning id
), x as (
    insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
    values (gen_random_uuid(), 'exercise', %(name)s, '{}', now(), now() + interval '1 hour', %(name)s) returning id
), xl as (
    insert into drill_alert (drill_id, number, alert_id, due_at, device_id, level, title)
    select x.id, 1, gen_random_uuid(), now(), a.device_id, 4, %(name)s from x, alert a where a.id = %(alert)s
), y as (
    insert into drill (id, kind, name, consumers, begins_at, ends_at, over_at, made_by)
    values (gen_random_uuid(), 'proof_test', %(name)s, '{}', now() - interval '1 hour', now(), now(), %(name)s)
    returning id
), yd as (
    insert into drill_device (drill_id, device_id, over)
    select y.id, a.device_id, true from y, alert a where a.id = %(alert)s
), z as (
    insert into case_file (id, number, title, source, region, organisation, reported_at, reported_by, stage, stage_at,
                           stage_by, seq, visits, updated_at)
    select gen_random_uuid(), d.code || '-1', %(name)s, 'entered', d.region, d.organisation, now(), %(name)s,
           'handling', now(), %(name)s, 1, 1, now()
    from alert a join device d on d.id = a.device_id where a.id = %(alert)s
    returning id
), zs as (
    insert into case_step (id, case_id, seq, at, kind, stage_to, actor, note, detail)
    select gen_random_uuid(), z.id, 1, now(), 'reported', 'reported', %(name)s, %(name)s, '{}' from z
), za as (
    insert into case_attachment (id, case_id, seq, name, media_type, content, digest)
    select (select id from f), z.id, 1, %(name)s, 'text/plain', convert_to(%(name)s, 'UTF8'), 'x' from z
), zc as (
    insert into case_clock (case_id, visit, stage, entered_at, running_from, counted_s, working)
    select z.id, 1, 'handling', now(), now(), 0, false from z
)
select (select id from z)::text, (select id from f)::text, (select id from s)::text, (select id from x)::text,
       (select id from y)::text, (select id from ho)::text, (select id from n)::text
"""


_CONTRADICTED = """
with s as (
    insert into outside_system (code, name, secret, states, categories, enabled)
    values ('ops', 'Operations', 'whsec_eA==', '{"9": "closed"}', '{}', true) on conflict do nothing
)
insert into outside_conflict (id, system, case_id, state, target, stage, state_at, note, reason)
values (gen_random_uuid(), 'ops', %(case)s, '9', 'closed', 'handling', now(), %(name)s, 'both')
returning id::text
"""


async def _warned(pool: Pool, region: str, name: str) -> str:
    document = national(f"{region}41600000_20260709074400", geocode=region + "000000", headline=name, office="office")
    report = decode(document.encode(), "12379", datetime.now(UTC))
    async with pool.connection() as conn:
        [id_] = (await take(on(conn), report, "12379", "12379", "test", datetime.now(UTC))).stored
        await conn.execute("update warning set ends_at = now() + interval '1 day'")
    return str(id_)


async def _hang_on(pool: Pool, code: str, name: str, value: float, region: str) -> dict[str, str]:
    async with pool.connection() as conn:
        await conn.execute("select ensure_partition(date_trunc('month', now())::date)")
        cursor = await conn.execute(_MADE.encode(), {"code": code, "name": name, "value": value})
        row = await cursor.fetchone()
        assert row is not None
        assert cursor.description is not None
        ids = {column.name: each for column, each in zip(cursor.description, row, strict=True)}
    alert = await raise_alert(pool, code, value=value)
    async with pool.connection() as conn:
        attached = await (await conn.execute(_ATTACHED, {"alert": alert, "name": name})).fetchall()
        named = ("case_id", "attachment_id", "silence_id", "drill_id", "test_id", "handover_id", "incident_id")
        made = dict(zip(named, attached[0], strict=True))
        [(made["conflict_id"],)] = await (
            await conn.execute(_CONTRADICTED, {"case": made["case_id"], "name": name})
        ).fetchall()
    made["alert_id"] = str(alert)
    made["warning_id"] = await _warned(pool, region, name)
    told = {"scheme": "hj212", "address": f"mn-{code}", "protocol": "hj212"}
    return {**ids, **made, **told, "code": code, "device": code, "metric": "pm25"}


@asynccontextmanager
async def two_counties(url: str) -> AsyncIterator[City]:
    """The API over a migrated database."""
    async with api_context(url) as context:
        source = HttpSource(Http(), Sink(), ORIGINS.of_request, list, partial(unreached, context.hub_pool))
        app = create_app(context, [router])
        app.state.http_source = source
        app.state.door = door = CallerDoor()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            made = City(app, client, door, context.hub_pool)
            await _build(made)
            yield made


async def _build(city: City) -> None:
    client = httpx.AsyncClient(transport=city.client._transport, base_url="http://127.0.0.1" + PREFIX)
    await register(client, 0)
    for code, name, region, organisation in (
        ("seen-1", "Open station", INSIDE, "eco-a"),
        (HIDDEN, "Secret station", OUTSIDE, "eco-b"),
    ):
        body = {"name": name, "profile": "air", "region": region + "000000", "organisation": organisation}
        (await client.put(f"/devices/{code}", json=body)).raise_for_status()
        (await client.put(f"/devices/{code}/cameras/isapi", json={})).raise_for_status()
    city.ids["inside"] = await _hang_on(city.pool, "seen-1", "open", 260, INSIDE)
    city.ids["outside"] = await _hang_on(city.pool, HIDDEN, "Secret", 198.51, OUTSIDE)
    nothing = {name: str(UUID(int=7)) if len(each) == 36 else "7777" for name, each in city.ids["inside"].items()}
    named = {"code": "missing-7", "device": "missing-7", "metric": "pm25", "scheme": "hj212", "protocol": "hj212"}
    city.ids["missing"] = {**nothing, **named}
    for ids in city.ids.values():
        ids["kind"] = "isapi"
