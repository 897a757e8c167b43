-- Returns a row only when something was written; what is the same already keeps its revision.
insert into device (code, name, profile_id, parent_id, organisation, region, lon, lat, zone, tags, state)
values (%(code)s, %(name)s, %(profile_id)s, %(parent_id)s, %(organisation)s, %(region)s, %(lon)s, %(lat)s,
        %(zone)s, %(tags)s, %(state)s)
on conflict (code) do update
set name = excluded.name, profile_id = excluded.profile_id, parent_id = excluded.parent_id,
    organisation = excluded.organisation, region = excluded.region, lon = excluded.lon, lat = excluded.lat,
    zone = excluded.zone, tags = excluded.tags, state = excluded.state
where (device.name, device.profile_id, device.parent_id, device.organisation, device.region, device.lon,
       device.lat, device.zone, device.tags, device.state)
      is distinct from (excluded.name, excluded.profile_id, excluded.parent_id, excluded.organisation,
                        excluded.region, excluded.lon, excluded.lat, excluded.zone, excluded.tags, excluded.state)
returning xmax = 0 as created
