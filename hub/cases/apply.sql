-- name: lock
-- Held until the commit, which is to follow at once: cursors are drawn under it, so they rise in the order of commit.
select pg_advisory_xact_lock(hashtext('ganzhi.case'))

-- name: known
-- Which of these steps were taken before.
select id, case_id, kind from public.case_step where id = any (%(ids)s::uuid[])

-- name: cases
-- The cases of these ids that the connection sees; and all that went on in one that may end now, for they are told.
with recursive gone_on (id) as (
    select c.id from public.case_file c
    where c.merged_into = any (%(ending)s::uuid[]) and exists (select from case_file s where s.id = c.merged_into)
    union
    select c.id from public.case_file c join gone_on g on c.merged_into = g.id
)
select c.id, c.title, c.source, c.reported_at, c.reported_by, c.region, c.organisation, c.number, c.stage, c.seq,
       c.category_kind, c.category, c.category_version, c.component, c.level, c.lon, c.lat, c.alert_id, c.responsible,
       c.assisting, c.accepted_at, c.filed_at, c.dispatched_at, c.handled_at, c.ended_at, c.closed_at, c.closed_how,
       c.due_at, c.stage_at, c.stage_by, c.stage_due_at, c.returned, c.reworked, c.extended, c.suspended,
       c.suspended_at, c.review_at, c.supervision, c.supervision_due_at, c.supervised, c.asked, c.asked_by, c.asked_at,
       c.asked_hours, c.asked_until, c.merged_into, c.reporters, c.updated_at, c.visits
from public.case_file c
where c.id in (
    select s.id from case_file s where s.id = any (%(ids)s::uuid[])
    union all
    select id from gone_on
)
order by c.id
for update of c

-- name: clocks
select case_id, visit, stage, entered_at, running_from, counted_s, limit_s, extended_s, working, due_at, stopped_s,
       stopped_at, left_at, working_s, deadlines_version, overdue_at, alert_id, stops
from public.case_clock
where case_id = any (%(ids)s::uuid[]) and left_at is null
order by case_id, visit

-- name: of_alerts
-- The case that there is of an alert: for a rule any one, for people one that has not ended.
select distinct on (alert_id) alert_id, id from public.case_file
where alert_id = any (%(alert_ids)s::uuid[])
  and (stage not in ('closed', 'rejected', 'merged') or alert_id = any (%(of_rules)s::uuid[]))
order by alert_id, ended_at nulls first

-- name: insert
insert into case_file (
    id, number, title, source, reported_at, reported_by, region, organisation, stage, seq, category_kind, category,
    category_version, component, level, lon, lat, alert_id, responsible, assisting, accepted_at, filed_at,
    dispatched_at, handled_at, ended_at, closed_at, closed_how, due_at, stage_at, stage_by, stage_due_at, returned,
    reworked, extended, suspended, suspended_at, review_at, supervision, supervision_due_at, supervised, asked,
    asked_by, asked_at, asked_hours, asked_until, merged_into, reporters, updated_at, visits, area_keys)
select n.id, coalesce(n.number, case_number(n.reported_at)), n.title, n.source, n.reported_at, n.reported_by, n.region,
       n.organisation, n.stage, n.seq, n.category_kind, n.category, n.category_version, n.component, n.level, n.lon,
       n.lat, n.alert_id, n.responsible, n.assisting, n.accepted_at, n.filed_at, n.dispatched_at, n.handled_at,
       n.ended_at, n.closed_at, n.closed_how, n.due_at, n.stage_at, n.stage_by, n.stage_due_at, n.returned, n.reworked,
       n.extended, n.suspended, n.suspended_at, n.review_at, n.supervision, n.supervision_due_at, n.supervised, n.asked,
       n.asked_by, n.asked_at, n.asked_hours, n.asked_until, n.merged_into, n.reporters, n.updated_at, n.visits,
       area_keys(n.organisation, n.region, n.lon, n.lat)
from jsonb_populate_recordset(null::case_file, %(rows)s::jsonb) n

-- name: update
-- What the connection does not see was read for what it sees.
update public.case_file c
set stage = n.stage, seq = n.seq, category_kind = n.category_kind, category = n.category,
    category_version = n.category_version, component = n.component, level = n.level, responsible = n.responsible,
    assisting = n.assisting, accepted_at = n.accepted_at, filed_at = n.filed_at, dispatched_at = n.dispatched_at,
    handled_at = n.handled_at, ended_at = n.ended_at, closed_at = n.closed_at, closed_how = n.closed_how,
    due_at = n.due_at, stage_at = n.stage_at, stage_by = n.stage_by, stage_due_at = n.stage_due_at,
    returned = n.returned, reworked = n.reworked, extended = n.extended, suspended = n.suspended,
    suspended_at = n.suspended_at, review_at = n.review_at, supervision = n.supervision,
    supervision_due_at = n.supervision_due_at, supervised = n.supervised, asked = n.asked, asked_by = n.asked_by,
    asked_at = n.asked_at, asked_hours = n.asked_hours, asked_until = n.asked_until, merged_into = n.merged_into,
    reporters = n.reporters, updated_at = n.updated_at, visits = n.visits
from jsonb_populate_recordset(null::case_file, %(rows)s::jsonb) n
where c.id = n.id

-- name: record
-- Identities are drawn after the sort: cursors rise in the order of the steps.
insert into public.case_step (id, case_id, seq, at, kind, stage_from, stage_to, actor, principal, organisation, note, detail)
select n.id, n.case_id, n.seq, n.at, n.kind, n.stage_from, n.stage_to, n.actor, n.principal, n.organisation, n.note,
       n.detail
from rows from (jsonb_to_recordset(%(rows)s::jsonb) as (
    id uuid, case_id uuid, seq int, at timestamptz, kind text, stage_from text, stage_to text, actor text,
    principal uuid, organisation text, note text, detail jsonb)) with ordinality
    as n (id, case_id, seq, at, kind, stage_from, stage_to, actor, principal, organisation, note, detail, place)
order by n.place

-- name: clock
insert into public.case_clock (
    case_id, visit, stage, entered_at, running_from, counted_s, limit_s, extended_s, working, due_at, stopped_s,
    stopped_at, left_at, working_s, deadlines_version, overdue_at, alert_id, stops, county)
select n.case_id, n.visit, n.stage, n.entered_at, n.running_from, n.counted_s, n.limit_s, n.extended_s, n.working,
       n.due_at, n.stopped_s, n.stopped_at, n.left_at, n.working_s, n.deadlines_version, n.overdue_at, n.alert_id,
       n.stops, left(c.region, 6)
from jsonb_populate_recordset(null::case_clock, %(rows)s::jsonb) n
left join public.case_file c on c.id = n.case_id
on conflict (case_id, visit) do update
set running_from = excluded.running_from, counted_s = excluded.counted_s, limit_s = excluded.limit_s,
    extended_s = excluded.extended_s, working = excluded.working, due_at = excluded.due_at,
    stopped_s = excluded.stopped_s, stopped_at = excluded.stopped_at, left_at = excluded.left_at,
    working_s = excluded.working_s, deadlines_version = excluded.deadlines_version, overdue_at = excluded.overdue_at,
    alert_id = excluded.alert_id, stops = excluded.stops

-- name: notify
select pg_notify('ganzhi_case', '')
