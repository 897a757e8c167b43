-- name: findings
-- In the order in which they were raised; of metrics those that follow.sql takes.
select a.id, coalesce(d.code, a.id::text), coalesce(r.event_kind, a.event_kind, s.metric, ''),
       coalesce(r.event_kind, a.event_kind) is null and s.metric is not null,
       (extract(epoch from least(a.opened_at, a.raised_at)) * 1000000)::bigint, coalesce(a.lon, d.lon, 'NaN'), coalesce(a.lat, d.lat, 'NaN'),
       coalesce(d.parent_id, a.device_id), a.peak_level, true, null::uuid, 0,
       r.expression, p.category
from alert a
left join rule r on r.id = a.rule_id
left join profile p on p.id = r.profile_id
left join device d on d.id = a.device_id
left join series s on s.id = a.series_id
where a.raised_at >= %(since)s and a.raised_at < %(until)s and a.drill_id is null and a.origin <> 'hub'
  and (s.metric is null or r.signal = 'value' and r.direction = 'above')
  and a.handling <> 'false_alarm'
  and (coalesce(r.event_kind, a.event_kind) = any (%(kinds)s::text[]) or s.metric = any (%(metrics)s::text[]))
order by a.raised_at, a.id
limit %(limit)s

-- name: sizes
select parent_id, count(*) from device where parent_id = any (%(hubs)s::int[]) and state = 'active' group by parent_id
