-- name: near
-- Series that neighbours may have: of a metric at active devices of the profile, where that has the metric, else of any;
-- with their devices, where these are, and their zones.
select s.id, d.id, coalesce(d.lon, 'NaN'), coalesce(d.lat, 'NaN'), d.zone
from series s
join device d on d.id = s.device_id
where s.metric = %(metric)s and d.state = 'active'
  and (d.profile_id = %(profile)s
       or not exists (select from profile p where p.id = %(profile)s and p.metrics ? %(metric)s))
order by s.id

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
-- those of their gateways, where these are active; its code, zone, id and place.
select (select array_agg(o.id order by m.place)
        from unnest(%(metrics)s::text[]) with ordinality m (metric, place)
        left join series o on o.device_id = d.id and o.metric = m.metric)
       || (select coalesce(array_agg(o.id order by m.place), '{}')
           from unnest(%(gateway)s::text[]) with ordinality m (metric, place)
           left join device g on g.id = d.parent_id and g.state = 'active'
           left join series o on o.device_id = g.id and o.metric = m.metric), d.code, d.zone, d.id,
       coalesce(d.lon, 'NaN'), coalesce(d.lat, 'NaN')
from series s
join device d on d.id = s.device_id
where d.profile_id = %(profile)s and s.metric = (%(metrics)s::text[])[1]
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
order by s.id
