-- name: active
-- The active alerts: those whose condition has not ended. Times in microseconds.
select rule_id, device_id, series_id, id, level, (extract(epoch from changed_at) * 1000000)::bigint
from alert
where cleared_at is null

-- name: cleared
-- When threshold alerts last cleared: readings at or before that are known to the rule.
select rule_id, series_id, (extract(epoch from max(cleared_at)) * 1000000)::bigint
from alert
where cleared_at is not null and series_id is not null
group by rule_id, series_id

-- name: enabled
-- The enabled rules, and what people call their metric.
select r.id, r.code, r.profile_id, r.metric, coalesce(p.metrics -> r.metric ->> 'name', r.metric) as label,
       r.direction, r.thresholds, r.hysteresis, r.hold_s, r.event_kind, r.event_level
from rule r
left join profile p on p.id = r.profile_id
where r.enabled
order by r.id

-- name: events
-- The newest recent events of each kind at each device that a rule watches; several may share their time.
select r.id, newest.device_id, (extract(epoch from newest.ts) * 1000000)::bigint, newest.id
from rule r
join (
    select e.device_id, e.kind, e.ts, e.id, rank() over (partition by e.device_id, e.kind order by e.ts desc) as place
    from event e
    where e.ts > clock_timestamp() - make_interval(secs => %(window_s)s)
) newest on newest.kind = r.event_kind and newest.place = 1
where r.enabled

-- name: latest
-- The newest known reading of each series; older ones are late.
select series_id, (extract(epoch from ts) * 1000000)::bigint from latest

-- name: recent
-- The end of each series that a rule with a hold time watches, as long as that hold: what may be pending is in there.
select (extract(epoch from r.ts) * 1000000)::bigint, r.series_id, r.value, r.quality
from (
    select s.id, max(rule.hold_s) as hold_s
    from rule
    join device d on d.profile_id = rule.profile_id
    join series s on s.device_id = d.id and s.metric = rule.metric
    where rule.enabled and rule.hold_s > 0
    group by s.id
) held
join latest l on l.series_id = held.id
join reading r on r.series_id = held.id and r.ts >= l.ts - make_interval(secs => held.hold_s)
order by r.series_id, r.ts

-- name: series
-- Series that are new since then, as columns in one row; metrics by their place among the names.
with named as materialized (
    select metric, row_number() over () - 1 as place
    from (select distinct metric from series where %(since)s::text = '0' or revision >= %(since)s::text::xid8) m
)
select string_agg(int4send(id), ''), string_agg(int4send(device_id), ''), string_agg(int4send(place::int), ''),
       (select string_agg(metric, E'\n' order by place) from named)
from series join named using (metric)
where %(since)s::text = '0' or revision >= %(since)s::text::xid8

-- name: watched
-- Devices that changed since a snapshot's xmin ('0': all), as columns in one row.
select string_agg(int4send(id), ''), string_agg(int4send(profile_id), ''),
       string_agg(code || E'\t' || translate(name, E'\n\t', '  '), E'\n')
from device
where %(since)s::text = '0' or revision >= %(since)s::text::xid8
