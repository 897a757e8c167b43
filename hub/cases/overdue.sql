-- name: due
-- But where a warning of an earlier visit, or before an extension, still lasts: it is ended first, by the next look.
select k.case_id, k.visit, k.stage, c.number, c.level, coalesce(c.responsible, c.organisation), c.region
from case_clock k
join case_file c on c.id = k.case_id
where k.left_at is null and k.overdue_at is null and k.due_at <= %(now)s
  and not exists (select from case_clock o join alert a on a.id = o.alert_id
                  where o.case_id = k.case_id and o.stage = k.stage and a.cleared_at is null)
order by k.due_at
limit %(batch)s

-- name: over
select a.id
from alert a
join case_clock k on k.alert_id = a.id
where a.event_kind = 'case_overdue' and a.cleared_at is null and (k.left_at is not null or k.overdue_at is null)
limit %(batch)s

-- name: unknown
select case_id, visit, stage, entered_at, running_from, counted_s, limit_s, extended_s, working, due_at, stopped_s,
       stopped_at, left_at, working_s, deadlines_version, overdue_at, alert_id, stops
from case_clock
where left_at is null and due_at is null and limit_s is not null and running_from is not null
  and (case_id, visit) > (%(case)s::uuid, %(visit)s)
order by case_id, visit
limit %(batch)s
