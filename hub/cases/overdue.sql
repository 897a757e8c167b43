-- name: due
select k.case_id, k.visit, k.stage, k.due_at, c.number, c.level, coalesce(c.responsible, c.organisation), c.region
from case_clock k
join case_file c on c.id = k.case_id
where k.left_at is null and k.overdue_at is null and k.due_at <= %(now)s
order by k.due_at
limit %(batch)s

-- name: over
select a.id
from alert a
join case_clock k on k.alert_id = a.id
where a.event_kind = 'case_overdue' and a.cleared_at is null and (k.left_at is not null or k.overdue_at is null)
limit %(batch)s

-- name: unknown
select case_id, running_from, greatest(limit_s + extended_s - counted_s, 0)
from case_clock
where left_at is null and due_at is null and limit_s is not null and running_from is not null and counted_s is not null
order by running_from
limit %(batch)s
