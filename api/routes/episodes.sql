-- name: episodes
-- Newest first.
select e.id, d.code as device, d.name as device_name, d.region, e.kind, e.code, e.part,
       (array['blue', 'yellow', 'orange', 'red'])[e.level] as level, e.began_at, e.last_at, e.heard_at, e.count, e.ended_at,
       e.why
from episode e
join device d on d.id = e.device_id
where (%(device)s::text is null or d.code = %(device)s)
  and (%(kind)s::text is null or e.kind = %(kind)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(open)s::bool is null or (e.ended_at is null) = %(open)s)
  and (%(from)s::timestamptz is null or e.began_at >= %(from)s)
  and (%(to)s::timestamptz is null or e.began_at < %(to)s)
  and (%(after_began_at)s::timestamptz is null or (e.began_at, e.id) < (%(after_began_at)s, %(after_id)s::uuid))
order by e.began_at desc, e.id desc
limit %(limit)s
