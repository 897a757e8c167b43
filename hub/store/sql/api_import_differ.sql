-- Marks the rows of registered devices in which something differs; the others keep their revision.
update device_import i
set differs = true
from device d
left join device above on above.id = d.parent_id
where d.id = i.id
  and (d.name, d.profile_id, above.code, d.organisation, d.region, d.lon, d.lat, d.zone, d.state, d.tags)
      is distinct from (i.name, i.profile_id, i.parent, i.organisation, i.region, i.lon, i.lat, i.zone, i.state, i.tags)
