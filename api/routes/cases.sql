-- name: cases
-- Never prepared: with a plan for all filters at once none of the indexes would be used.
select c.id, c.number, c.seq, c.title, c.source, c.category_kind, c.category, k.name as category_name,
       c.category_version, c.component, (array['blue', 'yellow', 'orange', 'red'])[c.level] as level, c.region,
       c.organisation, c.lon, c.lat, c.alert_id as alert, c.reported_at, c.reported_by,
       c.reporters, c.stage, c.stage_at, c.stage_by, c.stage_due_at,
       c.ended_at is null and coalesce(least(c.stage_due_at, c.due_at) < now(), false) as overdue, c.responsible,
       c.assisting, c.accepted_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at, c.closed_how, c.ended_at,
       c.due_at, c.returned, c.reworked, c.extended, c.suspended, c.suspended_at, c.review_at, c.supervised,
       (array['blue', 'yellow', 'orange', 'red'])[c.supervision] as supervision, c.supervision_due_at, c.asked,
       c.asked_by, c.asked_at, c.asked_hours, c.asked_until, c.merged_into, c.updated_at,
       (select o.name from organisation o where o.code = c.responsible) as responsible_name,
       (select r.name from region r where r.code = rpad(c.region, 12, '0')
        order by r.valid_from <= current_date and r.valid_to > current_date desc, r.valid_from desc limit 1) as region_name
from case_file c
left join case_category k
       on k.version = c.category_version and k.category_kind = c.category_kind and k.code = c.category
where (%(id)s::uuid is null or c.id = %(id)s)
  and (%(number)s::text is null or c.number = %(number)s)
  and (%(stages)s::text[] is null or c.stage = any (%(stages)s))
  and (not %(open)s or c.ended_at is null)
  and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
  and (%(category)s::text is null or c.category like %(category)s || '%%')
  and (%(level)s::int is null or c.level = %(level)s)
  and (%(region)s::text is null or length(%(region)s) = 6 or c.region like %(region)s || '%%')
  and (%(region)s::text is null or length(%(region)s) < 6 or left(c.region, 6) = left(%(region)s, 6))
  and (%(organisation)s::text is null or c.organisation = %(organisation)s)
  and (%(responsible)s::text is null or c.responsible = %(responsible)s)
  and (%(source)s::text is null or c.source = %(source)s)
  and (%(alert)s::uuid is null or c.alert_id = %(alert)s)
  and (%(merged_into)s::uuid is null or c.merged_into = %(merged_into)s)
  and (not %(overdue)s or c.ended_at is null and least(c.stage_due_at, c.due_at) < now())
  and (not %(suspended)s or c.suspended_at is not null)
  and (not %(supervised)s or c.supervision is not null)
  and (%(asked)s::text is null or c.asked = %(asked)s)
  and (%(reported_from)s::timestamptz is null or c.reported_at >= %(reported_from)s)
  and (%(reported_to)s::timestamptz is null or c.reported_at < %(reported_to)s)
  and (%(after_reported_at)s::timestamptz is null
       or (c.reported_at, c.id) < (%(after_reported_at)s, %(after_id)s::uuid))
order by c.reported_at desc, c.id desc
limit %(limit)s

-- name: steps
select s.cursor, s.id, s.seq, s.at, s.kind, s.stage_from, s.stage_to, s.actor, s.organisation,
       s.note, s.detail
from case_step s
where s.case_id = %(id)s and (%(after_seq)s::int is null or s.seq < %(after_seq)s)
order by s.seq desc
limit %(limit)s

-- name: clocks
select k.stage, k.entered_at, k.left_at, k.due_at, k.limit_s, k.extended_s, k.working, k.working_s, k.stopped_s,
       k.overdue_at,
       case when k.left_at is not null then 'over' when k.running_from is null then 'stopped'
            when k.due_at is not null then 'due' when k.limit_s is not null then 'no_calendar' else 'none' end as deadline
from case_clock k
where k.case_id = %(id)s
order by k.visit

-- name: attachments
-- Its own, and then those of the cases that went on in it.
with recursive here (id, number, depth) as (
    select c.id, null, 0 from case_file c where c.id = %(id)s
    union all
    select c.id, c.number, h.depth + 1 from case_file c join here h on c.merged_into = h.id where h.depth < 100
)
select a.id, a.seq, a.name, a.media_type, length(a.content) as size, a.of_alert, a.added_at, h.number as of_case
from here h
join case_attachment a on a.case_id = h.id
order by h.depth, h.number, a.seq, a.added_at, a.id

-- name: outcome
-- Of the case in which it goes on, at the end of all merges, wherever that is: all who reported it learn it.
with recursive on_in (stage, closed_how, ended_at, merged_into, depth) as (
    select c.stage, c.closed_how, c.ended_at, c.merged_into, 0 from case_file c where c.id = %(into)s
    union all
    select c.stage, c.closed_how, c.ended_at, c.merged_into, o.depth + 1
    from case_file c join on_in o on c.id = o.merged_into where o.depth < 100
)
select stage, closed_how, ended_at from on_in where stage <> 'merged'

-- name: people
select 'principal:' || id as actor, coalesce(nullif(display_name, ''), name) as name
from principal where id = any (%(ids)s::uuid[])

-- name: alert
select a.id, a.title, a.level, coalesce(d.region, a.region) as region,
       coalesce(d.organisation, a.organisation) as organisation, coalesce(d.lon, a.lon) as lon,
       coalesce(d.lat, a.lat) as lat, a.drill_id
from alert a left join device d on d.id = a.device_id
where a.id = %(id)s

-- name: unknown_region
-- A row where divisions are known and this is none of them.
select where exists (select from region) and not exists (select from region where code = %(code)s)

-- name: organisations
select code from organisation where code = any (%(codes)s::text[])

-- name: category
select k.version, k.code, k.name from case_category k
where k.version = (select max(version) from case_table where kind = 'categories')
  and k.category_kind = %(kind)s and k.code = %(code)s
