-- Only rows in which something differs are written, so the others keep their revision.
update device d
set name = i.name, profile_id = i.profile_id, parent_id = coalesce(there.id, here.id),
    organisation = i.organisation, region = i.region, lon = i.lon, lat = i.lat, zone = i.zone, state = i.state,
    tags = i.tags
from device_import i
left join device there on there.code = i.parent
left join device_import here on here.code = i.parent and here.fresh
where d.id = i.id and i.differs
