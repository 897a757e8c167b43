"""Whatever the inventory says is limited by a setting is gone when it is past it, on each store."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from app.check.retention import check_retention, limits
from app.serve.retention import forget
from devices.commands.timeouts import forget_commands
from devices.health.completeness import count_completeness
from hub.access.inventory import TABLES
from hub.alert_settings import Alerts, Cases, Events, Warnings
from hub.diode_settings import Diode
from hub.forward_settings import Forwards
from hub.limit_settings import Outgoing, Outside
from hub.settings import Commands, Database, DeadLetters, Health, Rules, Settings
from hub.store.expiry import expire_dead_letters
from hub.store.pool import Pool, open_pool
from ingest.diode.watch import watch as watch_diode

SETTINGS = Settings(
    database=Database(retention_days=200),
    events=Events(keep_days=200),
    alerts=Alerts(keep_days=200),
    warnings=Warnings(keep_days=200),
    forwards=Forwards(keep_days=200, pending_days=200),
    cases=Cases(keep_days=200),
    health=Health(keep_days=200),
    commands=Commands(keep_days=200),
    dead_letters=DeadLetters(keep_days=200),
    diode=Diode(keep_days=200),
    outgoing=Outgoing(outside=(Outside(host="slack.com", reason="a drill with a partner city"),)),
)
PLANTED = """
insert into profile (code, name) values ('gauge', 'Gauge');
insert into device (code, name, profile_id) select 'gauge-1', 'Gauge 1', id from profile;
insert into series (device_id, metric) select id, 'level' from device;
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 3);
insert into consumer (code, url, secret) values ('desk', 'http://127.0.0.1:1/', 's');
create temporary table old as select n, now() - make_interval(days => n) as at from unnest(array[3, 400]) n;
insert into reading (ts, value, series_id, quality) select at, 1, s.id, 0 from old, series s;
insert into reading_replaced select s.id, at, 1, at from old, series s;
insert into event (id, device_id, ts, received_at, kind)
    select gen_random_uuid(), d.id, at, at, 'smoke' from old, device d;
insert into event_replaced select id, 'x', ts from event;
insert into alert (id, rule_id, target, device_id, title, level, peak_level, handling, opened_at, cleared_at,
                   changed_at, updated_at, seq)
    select gen_random_uuid(), r.id, n::text, d.id, 't', 1, 1, 'closed', at, at, at, at, 1
    from old, device d, rule r;
insert into alert_change (id, alert_id, seq, kind, at, picture)
    select gen_random_uuid(), id, 1, 'raised', changed_at, '{}' from alert;
insert into alert_attachment (id, alert_id, change_id, name, media_type, content, added_at)
    select gen_random_uuid(), alert_id, id, 'note', 'text/plain', 'x', at from alert_change;
insert into outbox (change_id, alert_id, seq, consumer_id, state, created_at)
    select h.id, alert_id, h.seq, c.id, 'delivered', h.at from alert_change h, consumer c;
insert into alert_told select id, '{1}' from alert;
insert into alert_fused select id, 1, 1, 4 from alert;
insert into incident (id, rule, lead, link, within_s, radius_m, reach_m, first_at, consequences, made_at)
    select id, 'r', id, 'near', 1, 1, 0, changed_at, '{}', changed_at from alert;
insert into incident_member select id, id, changed_at from alert;
insert into alert_fallback (alert_id, seq, due_at) select id, 1, changed_at from alert;
insert into chain (code, filter, steps, repeats, verify_within_s)
    values ('c', '{}', '[{"wait_s": 1, "consumers": ["c"]}]', 0, '{1,1,1,1}');
insert into escalation (alert_id, chain, round, level, step, state, due_at, told)
    select id, 'c', 1, 1, 0, 'waiting', changed_at, '{}' from alert;
insert into dead_letter (id, received_at, transport, address, reason, detail, payload, payload_size)
    select gen_random_uuid(), at, 'mqtt', 't', 'not_json', 'd', 'x', 1 from old;
insert into dead_letter_count (minute, reason, transport, stored, dropped)
    select date_trunc('minute', at), 'not_json', 'mqtt', 1, 0 from old;
insert into command (id, device_id, name, params, state, actor, created_at, expires_at, settled_at)
    select gen_random_uuid(), d.id, 'on', '{}', 'failed', 'x', at, at, at from old, device d;
insert into device_online (device_id, at, online, cause) select d.id, at, true, 'heard' from old, device d;
insert into completeness (device_id, day, expected, received, counted_at)
    select d.id, at::date, 1, 1, at from old, device d;
insert into silence (id, region, max_level, reason, from_at, to_at, made_by)
    select gen_random_uuid(), '33', 3, 'works', at - interval '1 hour', at, 'desk' from old;
insert into drill (id, kind, name, consumers, begins_at, ends_at, over_at, made_by)
    select gen_random_uuid(), 'proof_test', 'monthly', '{}', at - interval '1 hour', at, at, 'desk' from old;
insert into proof_test (alert_id, drill_id, device_id, at, accepted_at)
    select gen_random_uuid(), t.id, d.id, t.over_at, t.over_at from drill t, device d;
insert into maintenance (device_id, from_at, to_at) select d.id, at - interval '1 hour', at from old, device d;
insert into warning (id, identifier, status, type, sent, kind, ends_at, refers_to, divisions, regions, rings, content,
                     sources, listed_by, changed_at, trust)
    select gen_random_uuid(), n::text, 'actual', 'alert', at, 'other', at, '{}', '{}', '{}', '{}', '{}', '{}', '{}', at,
           5
    from old;
insert into warning_message (warning_id, source, format, digest, received_at, received_by, content)
    select id, 'cap', 'cap', 'x', changed_at, 'test', '{}' from warning;
insert into warning_delivery (warning_id, consumer_id, seq, kind, at, picture, state)
    select w.id, c.id, 1, 'issued', w.changed_at, '{}', 'delivered' from warning w, consumer c;
insert into principal (kind, name) values ('person', 'wang');
insert into desk_hour (hour, principal_id, minutes) select at, p.id, 1 from old, principal p;
insert into handover (id, rota, rota_name, organisation, zone, begins_at, change_at, outgoing, incoming,
                      substitutes, made_at, made_by)
    select gen_random_uuid(), 'city', 'City', 'desk', 'UTC', at, at, '{}', '{}', '[]', at, p.id from old, principal p;
insert into handover_item (handover_id, n, kind, facts)
    select id, 1, 'offline', jsonb_build_object('since', made_at) from handover;
insert into case_file (id, number, title, source, reported_at, reported_by, stage, stage_at, stage_by, ended_at, seq,
                       visits, updated_at)
    select gen_random_uuid(), n::text, 't', 'entered', at, 'desk', 'rejected', at, 'desk', at, 1, 1, at from old;
insert into case_step (id, case_id, seq, at, kind, stage_to, actor, detail)
    select gen_random_uuid(), id, 1, reported_at, 'reported', 'reported', 'desk', '{}' from case_file;
insert into case_clock (case_id, visit, stage, entered_at, working)
    select id, 1, 'reported', reported_at, false from case_file;
insert into outside_system (code, name, secret, states, categories, enabled)
    values ('o', 'O', 'whsec_eA==', '{}', '{}', true);
insert into outside_case (system, outside_id, case_id, told_at) select 'o', id::text, id, reported_at from case_file;
insert into outside_conflict (id, system, case_id, state, target, stage, state_at, reason)
    select gen_random_uuid(), 'o', id, '9', 'closed', 'reported', reported_at, 'r' from case_file;
insert into case_delivery (case_id, consumer_id, seq, kind, at, picture, state)
    select f.id, c.id, 1, 'reported', f.reported_at, '{}', 'delivered' from case_file f, consumer c;
insert into case_attachment (id, case_id, seq, name, media_type, content, digest, added_at)
    select gen_random_uuid(), id, 1, 'note', 'text/plain', 'x', 'x', reported_at from case_file;
insert into forward_target (code, name, kind, at_once, scope_key, ceiling, enabled)
    values ('f', 'F', 'mqtt', 1, '/', 'L4', true);
insert into forward_report (target_id, device_id, ts, command, part, measured, made_at, acknowledged_at)
    select t.id, d.id, at, '2011', 'x', '{}', at, at from old, device d, forward_target t;
insert into push_gap (device_id, from_at, to_at, subscription)
    select d.id, at - interval '1 h', at, 'fire' from old, device d;
insert into guard_off (device_id, part, kind, since, over_at) select d.id, n::text, 'test', at, at from old, device d;
insert into episode (id, device_id, kind, began_at, last_at, told_at, heard_at, ended_at, why)
    select gen_random_uuid(), d.id, 'intrusion', at, at, at, at, at, 'told' from old, device d;
insert into event_picture (event_id, device_id, received_at, width, height, whole)
    select e.id, e.device_id, e.ts, 1, 1, false from event e;
insert into event_clip (event_id, device_id, received_at, width, height, seconds, before_s, whole)
    select e.id, e.device_id, e.ts, 1, 1, 1, 1, false from event e;
insert into camera_place (device_id, source, learned_at, place)
    select d.id, (array['video', 'picture'])[row_number() over (order by at)], at, 'p' from old, device d;
insert into sip_registration (id, transport, host, port, expires_at, at)
    select lpad(n::text, 20, '0'), 'udp', 'h', 1, at, at from old;
insert into camera_state (device_id, from_at, to_at, state)
    select d.id, at - interval '1 h', at, 'sound' from old, device d;
insert into camera_total (day, device_id) select at::date, d.id from old, device d;
insert into camera_gap (from_at, to_at) select at - interval '1 h', at from old;
insert into unmapped_code (device_id, protocol, what, code, count, first_at, last_at, example)
    select d.id, 'hj212', 'metric', n::text, 1, at, at, '' from old, device d;
insert into diode_chain (edge, chain, complete) values ('e', 'c', 1000);
insert into diode_file (edge, chain, number, digest, previous, messages, written_at, taken_at, moved_us, stored_at)
    select 'e', 'c', n, 'x', 'x', 1, at, at, 0, at from old;
insert into diode_aside (at, file, reason) select at, 'f', 'no_file' from old;
insert into diode_beside (digest, edge, chain, number, moved_us, taken_at)
select sha256(at::text::bytea), 'e', 'c', 1, 0, at from old;
insert into device_unused (device_id, name, first_at, last_at) select d.id, n::text, at, at from old, device d;
"""
OLDEST = {
    "alert": "updated_at", "alert_attachment": "added_at",
    "alert_told": "(select changed_at from alert a where a.id = alert_id)",
    "alert_fused": "(select changed_at from alert a where a.id = alert_id)", "incident": "made_at",
    "incident_member": "joined_at",
    "alert_change": "at", "alert_fallback": "due_at", "case_clock": "entered_at",
    "case_attachment": "added_at", "case_delivery": "at", "case_fact": "ended::timestamptz", "case_file": "ended_at",
    "case_step": "at", "command": "created_at", "completeness": "day::timestamptz",
    "desk_hour": "hour", "drill": "over_at", "proof_test": "accepted_at",
    "dead_letter": "received_at", "dead_letter_count": "minute", "device_online": "at", "device_unused": "last_at",
    "unmapped_code": "last_at",
    "guard_off": "over_at", "episode": "ended_at", "sip_registration": "expires_at",
    "camera_state": "to_at", "camera_total": "day", "camera_gap": "to_at",
    "escalation": "due_at",
    "handover": "made_at", "handover_item": "(facts ->> 'since')::timestamptz",
    "forward_report": "made_at", "event_picture": "received_at", "event_clip": "received_at",
    "camera_place": "learned_at",
    "event": "ts", "event_replaced": "replaced_at", "maintenance": "to_at", "outbox": "created_at", "reading": "ts",
    "push_gap": "to_at", "diode_file": "taken_at", "diode_aside": "at", "diode_beside": "taken_at",
    "outside_case": "told_at", "outside_conflict": "state_at",
    "reading_replaced": "ts", "silence": "to_at",
    "warning": "changed_at", "warning_delivery": "at", "warning_message": "received_at",
}  # fmt: skip

OF_THE_AUDIT = {"audit", "audit_seal"}
"""What goes from the old end of the chain, and leaves an entry: tests/integration/test_audit_chain.py."""


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


async def _plant(conn: AsyncConnection) -> None:
    """Rows of 3 and of 400 days ago."""
    [(partitioned,)] = await (await conn.execute("select to_regproc('ensure_partition') is not null")).fetchall()
    if partitioned:
        await conn.execute("select ensure_partition(current_date - n) from unnest(array[3, 400]) n")
    await conn.execute(PLANTED.encode())


async def _old_and_new(conn: AsyncConnection, table: str, at: str) -> tuple[int, int]:
    text = f"select count(*) filter (where {at} < now() - interval '201 days'), count(*) from {table}"
    [(old, rows)] = await (await conn.execute(text.encode())).fetchall()
    return old, rows - old


async def test_what_is_past_its_days_is_gone_and_the_rest_is_there(pool: Pool) -> None:
    limited = {name for name, table in TABLES.items() if limits(table.kept) and not table.why.startswith("view")}
    assert limited - OF_THE_AUDIT == set(OLDEST), "plant an old row in each table that a setting limits"
    async with pool.connection() as conn:
        await _plant(conn)
        assert {name: await _old_and_new(conn, name, at) for name, at in OLDEST.items()} == dict.fromkeys(
            OLDEST, (1, 1)
        )
    assert await forget(pool, SETTINGS, batch=1) == 22, (
        "an alert, a case, a handover, an event, a time of maintenance, a member, an hour at a desk, a silence, "
        "a warning, a drill, a proof, an incident, a report that was forwarded, an episode, a gap of a subscription, "
        "a registration, a place, a state, a total and a gap of cameras"
    )
    await expire_dead_letters(pool, SETTINGS.dead_letters)
    await forget_commands(pool, SETTINGS.commands.keep_days)
    async with pool.connection() as conn:
        await count_completeness(conn, SETTINGS.health.keep_days)
        await watch_diode(SETTINGS.diode)(conn)
        left = {name: await _old_and_new(conn, name, at) for name, at in OLDEST.items()}
    assert left == dict.fromkeys(OLDEST, (0, 1))


@pytest.mark.parametrize(
    "why",
    [
        "update alert set cleared_at = null",
        "update alert set handling = 'dispatched'",
        "update outbox set state = 'pending'",
        "insert into alert_ending select id from alert_change",
        """update alert set series_id = s.id from series s;
           insert into latest (series_id, ts, value, quality) select id, now() - interval '500 days', 1, 0
           from series""",
    ],
)
async def test_an_alert_that_something_waits_for_stays(pool: Pool, why: str) -> None:
    async with pool.connection() as conn:
        await _plant(conn)
        await conn.execute(why.encode())
    await forget(pool, SETTINGS)
    async with pool.connection() as conn:
        assert await _old_and_new(conn, "alert", "updated_at") == (1, 1)


async def test_the_newest_event_of_a_kind_at_a_device_stays(pool: Pool) -> None:
    async with pool.connection() as conn:
        await _plant(conn)
        await conn.execute("delete from event where ts > now() - interval '100 days'")
    await forget(pool, SETTINGS)
    async with pool.connection() as conn:
        assert await _old_and_new(conn, "event", "ts") == (1, 0)


async def test_the_newest_event_at_a_part_stays_while_something_may_need_it(pool: Pool) -> None:
    """A camera that numbers what it sees makes each event the newest of its part."""
    async with pool.connection() as conn:
        await _plant(conn)
        await conn.execute("delete from event where ts > now() - interval '100 days'")
        await conn.execute("update event set part = 'track-1'")
        await conn.execute("update alert set target = 'gauge-1/smoke/track-1', cleared_at = null")
    await forget(pool, SETTINGS)
    async with pool.connection() as conn:
        assert await _old_and_new(conn, "event", "ts") == (1, 0), "its alert lasts"
        await conn.execute("update alert set cleared_at = now()")
    await forget(pool, SETTINGS.model_copy(update={"rules": Rules(stale_after_s=None)}))
    async with pool.connection() as conn:
        assert await _old_and_new(conn, "event", "ts") == (1, 0), "whatever is older counts"
    await forget(pool, SETTINGS)
    async with pool.connection() as conn:
        assert await _old_and_new(conn, "event", "ts") == (0, 0)


def test_the_check_tells_each_limit() -> None:
    told = [finding.what for finding in check_retention(SETTINGS)]
    alerts = (
        "alert, alert_attachment, alert_change, alert_fallback, alert_fused, alert_told, desk_hour, drill, escalation, "
        "handover, handover_item, incident, incident_member, outbox, proof_test, silence"
    )
    assert f"retention: 200 days (alerts.keep_days): {alerts}" in told
    assert any(line.startswith("retention: 200 days (dead_letters.keep_days) and 1,000,000 rows (") for line in told)
    assert "outgoing: slack.com, outside the country, may be called: a drill with a partner city" in told
    unset = [finding.what for finding in check_retention(Settings())]
    assert "retention: for ever (events.keep_days is not set): episode, event" in unset
