-- name: devices_export
-- Devices in the order of their codes, a page at a time.
select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.sim_expires::text, d.tags, d.state,
       array(select (a.scheme || '=' || a.address) collate "C" from device_address a
             where a.device_id = d.id and a.address is not null order by 1) as addresses
from device d
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
where (%(profile)s::text is null or d.profile_id = (select id from profile where code = %(profile)s))
  and (%(organisation)s::text is null or d.organisation = %(organisation)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(parent)s::text is null or d.parent_id = (select id from device where code = %(parent)s))
  and (%(state)s::text is null or d.state = %(state)s)
  and (%(q)s::text is null or strpos(lower(d.code), lower(%(q)s)) > 0 or strpos(lower(d.name), lower(%(q)s)) > 0)
  and (%(after_code)s::text is null or d.code > %(after_code)s)
order by d.code
limit %(limit)s
