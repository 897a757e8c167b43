-- name: after
-- One by one (offset 0): joined by hash, a page of changes read all devices.
-- Cursors rise in the order of commit: they are drawn under the lock of hub/alerts/apply.py, which ends with it.
select c.cursor, c.alert_id, c.seq, c.kind, c.at, c.picture, coalesce(c.recipients, '{}') as recipients, coalesce(d.scope, a.scope) as scope
from alert_change c
cross join lateral (select a.* from alert a where a.id = c.alert_id offset 0) a
left join lateral (select d.scope from device d where d.id = a.device_id offset 0) d on true
where c.cursor > %(after)s and a.drill_id is distinct from %(rounds)s
order by c.cursor
limit %(limit)s

-- name: newest
select coalesce(max(cursor), 0) from alert_change
