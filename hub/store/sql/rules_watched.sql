-- Devices with their series: all of a device that changed, and series that are new on one that did not.
select d.id, d.code, d.name, d.profile_id, s.id, s.metric
from device d
left join series s on s.device_id = d.id
where d.revision >= %(since)s::text::xid8
union all
select d.id, d.code, d.name, d.profile_id, s.id, s.metric
from series s
join device d on d.id = s.device_id
where s.revision >= %(since)s::text::xid8 and d.revision < %(since)s::text::xid8
