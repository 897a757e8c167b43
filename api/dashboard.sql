-- name: latest
select s.id as series_id, d.code as device, d.name as device_name, s.metric, p.metrics -> s.metric ->> 'name' as metric_name,
       p.metrics -> s.metric ->> 'unit' as unit,
       l.ts, l.value, l.quality
from latest l
join series s on s.id = l.series_id
join device d on d.id = s.device_id
join profile p on p.id = d.profile_id
where (%(device)s::text is null or d.code = %(device)s)
  and (%(profile)s::text is null or p.code = %(profile)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(after_series_id)s::int is null or s.id > %(after_series_id)s)
order by s.id
limit %(limit)s

-- name: readings_count
select count(*) as n from reading

-- name: readings_estimate
-- What the planner believes, for a store too large to count.
select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint as n
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'reading'::regclass

-- name: status
-- Dead letters are counted up to 100,000: an attack must not make the page slow.
select (select count(*) from device where state <> 'retired') as devices,
       (select count(*) from series) as series,
       (select count(*) from (select from dead_letter limit 100000) as d) as dead_letters,
       (select count(*) from outbox where state = 'pending') as deliveries_pending,
       count(*) filter (where level = 4) as red,
       count(*) filter (where level = 3) as orange,
       count(*) filter (where level = 2) as yellow,
       count(*) filter (where level = 1) as blue
from alert
where cleared_at is null and handling not in ('closed', 'false_alarm', 'merged') and drill_id is null

-- name: status_floods
-- Devices that flood, or are kept out for it (devices/floods.py). "tells": whether the hub tells the broker who may.
select d.code as device, f.since, f.last_at, f.refused,
       case when %(tells)s and f.disabled_at is not null and f.disabled_until > now() then f.disabled_until end
           as disabled_until
from device_flood f join device d on d.id = f.device_id
where f.last_at > now() - interval '1 minute' or (f.disabled_at is not null and f.disabled_until > now())
order by f.last_at desc
limit 20

-- name: status_troubles
-- What the hub alarms about itself: of the organisations that one may see, or all of it.
select split_part(target, ':', 1) as kind, split_part(target, ':', 2) as place
from alert
where origin = 'hub' and cleared_at is null and drill_id is null and event_kind in ('channel_degraded', 'path_broken')
order by target

-- name: status_latest
-- Of the 400 series that changed last, a few of each profile, in an order that stays.
with recent as (
    select series_id, ts, value, quality from latest order by ts desc limit 400
), ranked as (
    select d.code as device, d.name as device_name, s.metric, p.metrics -> s.metric ->> 'name' as metric_name,
           p.metrics -> s.metric ->> 'unit' as unit,
           r.ts, r.value, r.quality, p.id as profile_id, s.id as series_id,
           row_number() over (partition by p.id order by s.id) as place
    from recent r
    join series s on s.id = r.series_id
    join device d on d.id = s.device_id
    join profile p on p.id = d.profile_id
)
select device, device_name, metric, metric_name, unit, ts, value, quality
from ranked
order by place, profile_id
limit 36
