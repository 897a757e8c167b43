-- name: guards
-- What is not guarded now: by what devices say of themselves, planned work, a test, and silence; the longest first.
select d.code as device, d.name as device_name, d.region, o.part, o.kind, o.since, o.until, o.told
from (
    select g.device_id, g.part, g.kind, g.since, null::timestamptz as until, g.told
    from guard_off g where g.over_at is null
    union all
    select m.device_id, '', 'planned_work', m.from_at, m.to_at, false
    from maintained m where m.from_at <= clock_timestamp() and clock_timestamp() < m.to_at
    union all
    select m.device_id, '', 'drill', t.begins_at, t.ends_at, false
    from drill_device m join drill t on t.id = m.drill_id
    where not m.over and t.begins_at <= clock_timestamp() and clock_timestamp() < t.ends_at
    union all
    select h.device_id, '', 'offline', h.since, null, false from device_health h where h.online = false
) o
join device d on d.id = o.device_id and d.state = 'active'
where (%(kind)s::text is null or o.kind = %(kind)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(after_since)s::timestamptz is null
       or (o.since, d.code, o.kind, o.part) > (%(after_since)s, %(after_device)s, %(after_kind)s, %(after_part)s))
order by o.since, d.code, o.kind, o.part
limit %(limit)s
