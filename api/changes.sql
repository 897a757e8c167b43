-- name: after
-- Cursors rise in the order of commit: they are drawn under the lock of hub/alerts/apply.py, which ends with it.
select c.cursor, c.alert_id, c.seq, c.kind, c.at, c.picture, coalesce(d.scope, a.scope) as scope
from alert_change c
join alert a on a.id = c.alert_id
left join device d on d.id = a.device_id
where c.cursor > %(after)s and a.drill_id is distinct from %(rounds)s
order by c.cursor
limit %(limit)s

-- name: newest
select coalesce(max(cursor), 0) from alert_change
