-- name: events
-- Of a kind, from devices of a profile or of any, as they came.
select e.id, e.device_id, d.code, e.ts, e.received_at, e.state, e.level, e.part, d.zone
from event e
join device d on d.id = e.device_id
where e.kind = %(kind)s
  and e.ts >= %(since)s and e.ts < %(until)s
  and (%(profile)s::int is null or d.profile_id = %(profile)s)
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
order by e.received_at, e.ts
limit %(most)s

-- name: readings
-- Packed: series, time, value, quality.
select string_agg(int4send(series_id) || timestamptz_send(ts) || float8send(value) || int2send(quality), '')
from (
    select series_id, ts, value, quality from reading
    where series_id = any(%(series)s) and ts >= %(since)s and ts < %(until)s
    order by series_id, ts
    limit %(most)s
) r

-- name: series
-- Of devices with the first of these metrics: the series of each metric, in their order, null where there is none; then
-- those of their gateways.
select (select array_agg(o.id order by m.place)
        from unnest(%(metrics)s::text[]) with ordinality m (metric, place)
        left join series o on o.device_id = d.id and o.metric = m.metric)
       || (select coalesce(array_agg(o.id order by m.place), '{}')
           from unnest(%(gateway)s::text[]) with ordinality m (metric, place)
           left join series o on o.device_id = d.parent_id and o.metric = m.metric), d.code, d.zone
from series s
join device d on d.id = s.device_id
where d.profile_id = %(profile)s and s.metric = (%(metrics)s::text[])[1]
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
order by s.id

-- name: works
-- Maintenance windows of a period, by device, in microseconds.
select d.code, (extract(epoch from m.from_at) * 1000000)::bigint, (extract(epoch from m.to_at) * 1000000)::bigint
from maintained m
join device d on d.id = m.device_id
where m.from_at < %(until)s and m.to_at > %(since)s
  and (%(profile)s::int is null or d.profile_id = %(profile)s)
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
