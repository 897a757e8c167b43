-- name: silenced
-- Of each open alert the newest event by which its device was muted since, unless that was remarked.
select a.id, e.id
from alert a
join lateral (
    select m.id from event m
    where m.kind = %(kind)s and m.device_id = a.device_id and m.ts >= a.opened_at and m.state is distinct from 'inactive'
    order by m.ts desc limit 1
) e on true
where a.cleared_at is null and a.handling not in ('closed', 'false_alarm') and a.drill_id is null
  and not exists (select from alert_change c where c.alert_id = a.id and c.kind = 'commented' and c.actor = 'hub'
                  and c.at >= (select ts from event where id = e.id))
order by a.opened_at
limit %(limit)s
