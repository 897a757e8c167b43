-- Findings whose event is perhaps not stored yet.
select h.device_id, d.code, h.finding, h.finding_at, h.cause, s.seen_at
from device_health h
join device d on d.id = h.device_id
left join device_seen s on s.device_id = h.device_id
where not h.told and d.state = 'active'
order by h.finding_at, h.device_id
limit %(limit)s
