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
