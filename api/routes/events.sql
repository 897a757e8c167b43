-- name: events
select e.id, d.code as device, d.name as device_name, d.region, e.ts, e.received_at, e.kind, e.state,
       (array['blue', 'yellow', 'orange', 'red'])[e.level] as level, e.part, e.attributes
from event e
join device d on d.id = e.device_id
where (%(device)s::text is null or d.code = %(device)s)
  and (%(kind)s::text is null or e.kind = %(kind)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(from)s::timestamptz is null or e.ts >= %(from)s)
  and (%(to)s::timestamptz is null or e.ts < %(to)s)
  and (%(after_ts)s::timestamptz is null or e.ts < %(after_ts)s or (e.ts = %(after_ts)s and e.id > %(after_id)s))
order by e.ts desc, e.id
limit %(limit)s
