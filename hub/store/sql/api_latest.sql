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
