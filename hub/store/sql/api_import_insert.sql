insert into device (id, code, name, profile_id, parent_id, organisation, region, lon, lat, zone, state, tags)
overriding system value
select i.id, i.code, i.name, i.profile_id, coalesce(there.id, here.id), i.organisation, i.region, i.lon, i.lat,
       i.zone, i.state, i.tags
from device_import i
left join device there on there.code = i.parent
left join device_import here on here.code = i.parent
where i.fresh
order by i.id
