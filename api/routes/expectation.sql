-- name: series
select s.id, s.metric, d.zone, p.metrics -> s.metric ->> 'unit' as unit
from device d
join profile p on p.id = d.profile_id
left join series s on s.device_id = d.id
where d.code = %(device)s
order by s.metric
