-- name: expire
with gone as (
    select id from handover where made_at < now() - make_interval(days => %(days)s) limit %(batch)s
)
delete from handover where id in (select id from gone)

-- name: make
insert into handover (id, rota, rota_name, organisation, region, zone, shift, begins_at, change_at, outgoing, incoming, leader,
                      substitutes, made_by, note)
select %(id)s, r.code, r.name, r.organisation, r.region, r.zone, %(shift)s, %(begins_at)s, %(change_at)s, %(outgoing)s,
       %(incoming)s, %(leader)s, %(substitutes)s, %(made_by)s, %(note)s
from rota r
where r.code = %(rota)s
  and not exists (select from handover h
                  where h.rota = r.code and h.change_at = %(change_at)s and h.taken_at is not null)

-- name: snapshot
-- One statement sees one state of the database: changes of alerts become visible in the order of their cursors, so the
-- snapshot has what every change up to its cursor has led to, and nothing of a later one.
with h as (
    select id, region from handover where id = %(id)s
), newest as (
    select max(cursor) as cursor from alert_change
), unguarded as (
    select d.id, d.code, d.name, d.region from device d, h
    where d.state = 'active' and (h.region is null or d.region ^@ h.region)
), items as (
    select 1 as place, 5 - a.level as rank, a.raised_at as since, 'alert' as kind, a.id as alert_id, null::uuid as case_id,
           null::int as device_id, null::uuid as silence_id,
           jsonb_build_object(
               'title', a.title, 'level', (array['blue', 'yellow', 'orange', 'red'])[a.level], 'state', a.state,
               'seq', a.seq, 'raised_at', a.raised_at, 'unacknowledged', a.handling = 'open',
               'shelved_until', case when a.shelved_until > clock_timestamp() then a.shelved_until end,
               'silenced', exists (select from outbox o where o.alert_id = a.id and o.state = 'silenced'),
               'inhibited', exists (select from outbox o where o.alert_id = a.id and o.state = 'inhibited'),
               'overdue', coalesce(e.state = 'exhausted' or e.due_at < clock_timestamp(), false)) as facts
    from h, alert a
    left join escalation e on e.alert_id = a.id
    where a.handling not in ('closed', 'false_alarm', 'merged') and a.drill_id is null
      and (h.region is null or a.region is null or a.region ^@ h.region)
    union all
    select 2, 0, least(c.stage_due_at, c.due_at), 'case', null, c.id, null, null,
           jsonb_build_object('number', c.number, 'title', c.title, 'stage', c.stage,
                              'due_at', least(c.stage_due_at, c.due_at))
    from h, case_file c
    where least(c.stage_due_at, c.due_at) < statement_timestamp() and c.ended_at is null
      and (h.region is null or c.region ^@ h.region)
    union all
    select 3, 0, k.degraded_at, 'channel', null, null, null, null,
           jsonb_build_object('code', k.code, 'since', k.degraded_at)
    from consumer k
    where k.enabled and k.degraded_at <= clock_timestamp()
    union all
    (select 4, 0, o.since, 'offline', null, null, u.id, null,
            jsonb_build_object('device', u.code, 'name', u.name, 'region', u.region, 'since', o.since)
     from unguarded u join device_health o on o.device_id = u.id
     where o.online = false
     order by o.since limit %(most)s)
    union all
    (select 5, 0, m.from_at, 'maintenance', null, null, u.id, null,
            jsonb_build_object('device', u.code, 'name', u.name, 'region', u.region, 'since', m.from_at, 'until', m.to_at,
                               'note', m.note)
     from unguarded u join maintained m on m.device_id = u.id
     where m.from_at <= clock_timestamp() and clock_timestamp() < m.to_at
     order by m.from_at limit %(most)s)
    union all
    (select 6, 0, t.begins_at, 'test', null, null, u.id, null,
            jsonb_build_object('device', u.code, 'name', u.name, 'region', u.region, 'since', t.begins_at,
                               'until', t.ends_at)
     from unguarded u join drill_device m on m.device_id = u.id and not m.over join drill t on t.id = m.drill_id
     where t.begins_at <= clock_timestamp() and clock_timestamp() < t.ends_at
     order by t.begins_at limit %(most)s)
    union all
    (select 7, 0, g.since, 'guard', null, null, u.id, null,
            jsonb_build_object('device', u.code, 'name', u.name, 'region', u.region, 'since', g.since, 'guard', g.kind,
                               'part', g.part, 'told', g.told)
     from unguarded u join guard_off g on g.device_id = u.id
     where g.over_at is null
     order by g.since limit %(most)s)
    union all
    select 8, 0, s.from_at, 'silence', null, null, null, s.id,
           jsonb_build_object('region', s.region, 'organisation', s.organisation, 'category', s.category,
                              'event_kind', s.event_kind, 'device', d.code, 'reason', s.reason, 'since', s.from_at,
                              'until', s.to_at,
                              'max_level', (array['blue', 'yellow', 'orange', 'red'])[s.max_level])
    from h, silence s left join device d on d.id = s.device_id
    where s.from_at <= clock_timestamp() and clock_timestamp() < s.to_at
      and (s.max_level < 4 or s.approved_at is not null)
      and (h.region is null or coalesce(s.region, d.region, h.region) ^@ h.region
           or s.device_id is null and h.region ^@ s.region)
), kept as (
    insert into handover_item (handover_id, n, kind, alert_id, case_id, device_id, silence_id, facts)
    select h.id, row_number() over (order by i.place, i.rank, i.since), i.kind, i.alert_id, i.case_id, i.device_id,
           i.silence_id, i.facts
    from h, items i
)
update handover set cursor = newest.cursor, made_at = statement_timestamp() from newest where handover.id = %(id)s

-- name: take
update handover
set taken_at = clock_timestamp(), taken_by = %(person)s, taken_note = %(note)s
where id = %(id)s and taken_at is null and withdrawn_at is null
returning id

-- name: withdraw
-- What was in it stands in the one that replaces it, also what whoever makes that one does not see.
with withdrawn as (
    update handover set withdrawn_at = clock_timestamp()
    where rota = %(rota)s and change_at = %(change_at)s and taken_at is null and withdrawn_at is null
    returning id
)
delete from public.handover_item where handover_id in (select id from withdrawn)
