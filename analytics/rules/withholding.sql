-- name: forget
delete from rule_withheld w
using unnest(%(rules)b::int[], %(devices)b::int[], %(series)b::int[], %(parts)b::text[])
    as n (rule_id, device_id, series_id, part)
where w.rule_id = n.rule_id and w.device_id = n.device_id and coalesce(w.series_id, 0) = coalesce(n.series_id, 0)
  and w.part = n.part

-- name: keep
-- Times in microseconds.
insert into rule_withheld (rule_id, device_id, series_id, part, level, since, value, event_id, event_at, received_at)
select n.rule_id, n.device_id, n.series_id, n.part, n.level, timestamptz 'epoch' + n.since * interval '1 microsecond', n.value,
       n.event_id, timestamptz 'epoch' + n.event_at * interval '1 microsecond',
       timestamptz 'epoch' + n.received * interval '1 microsecond'
from unnest(%(rules)b::int[], %(devices)b::int[], %(series)b::int[], %(parts)b::text[], %(levels)b::int[], %(since)b::bigint[],
            %(values)b::float8[], %(events)b::uuid[], %(event_at)b::bigint[], %(received)b::bigint[])
    as n (rule_id, device_id, series_id, part, level, since, value, event_id, event_at, received)
order by n.rule_id, n.device_id, n.series_id, n.part
on conflict (rule_id, device_id, coalesce(series_id, 0), part) do update
set level = excluded.level, since = excluded.since, value = excluded.value, event_id = excluded.event_id,
    event_at = excluded.event_at, received_at = excluded.received_at

-- name: withheld
-- Of rules in force; times in microseconds.
select w.rule_id, w.device_id, d.code, r.event_kind, w.series_id, w.part, e.attributes ->> 'text', w.level,
       (extract(epoch from w.since) * 1000000)::bigint, w.value, w.event_id,
       (extract(epoch from w.event_at) * 1000000)::bigint, (extract(epoch from w.received_at) * 1000000)::bigint
from rule_withheld w
join device d on d.id = w.device_id
join rule r on r.id = w.rule_id
left join event e on e.id = w.event_id and w.part <> ''
where r.enabled and d.state <> 'retired'
