-- name: device_folded
-- A device whose code differs by case only.
select code from device where lower(code) = lower(%(code)s) and code <> %(code)s order by code limit 1

-- name: device_put
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

-- name: device_refs
-- What a device refers to, null where it does not exist; and whether its parent hangs below it.
with recursive up (id, parent_id, depth) as (
    select id, parent_id, 1 from device where code = %(parent)s
    union all
    select d.id, d.parent_id, up.depth + 1 from up join device d on d.id = up.parent_id where up.depth < 64
)
select (select id from profile where code = %(profile)s) as profile_id,
       (select id from device where code = %(parent)s) as parent_id,
       exists (select from up join device d using (id) where d.code = %(code)s) as cycle

-- name: device_trouble
-- The newest messages of a device that were refused, for the integrator who asks why.
select id, received_at, transport, address, device, reason, detail, detail_words, at, payload_size,
       replays, replayed_at
from dead_letter
where device = %(code)s
order by received_at desc, id
limit 5

-- name: devices
-- The devices of a page that was found in the catalogue, in its order.
select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.tags, d.state, d.created_at
from unnest(%(ids)s::int[]) with ordinality as wanted (id, place)
join device d using (id)
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
order by wanted.place
