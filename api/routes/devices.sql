-- name: device_folded
-- A device whose code differs by case only.
select code from device where lower(code) = lower(%(code)s) and code <> %(code)s order by code limit 1

-- name: device_insert
insert into device (code, name, profile_id, parent_id, organisation, region, lon, lat, zone, sim_expires, tags, state)
values (%(code)s, %(name)s, %(profile_id)s, %(parent_id)s, %(organisation)s, %(region)s, %(lon)s, %(lat)s,
        %(zone)s, %(sim_expires)s, %(tags)s, %(state)s)
returning code

-- name: device_refs
-- What a device refers to, null where it does not exist; and whether its parent hangs below it.
with recursive up (id, parent_id, depth) as (
    select id, parent_id, 1 from device where code = %(parent)s
    union all
    select d.id, d.parent_id, up.depth + 1 from up join device d on d.id = up.parent_id where up.depth < 64
)
select (select id from profile where code = %(profile)s) as profile_id,
       (select id from device where code = %(parent)s) as parent_id,
       exists (select from up join device d using (id) where d.code = %(code)s) as cycle,
       exists (select from organisation where code = %(organisation)s::text) as known_organisation,
       (select d.parent_id from device d
        where d.code = %(code)s and not exists (select from device p where p.id = d.parent_id)) as hidden_parent

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
       d.zone, d.sim_expires, d.tags, d.state, d.created_at,
       (select coalesce(jsonb_agg(jsonb_build_object('scheme', a.scheme, 'address', a.address) order by a.scheme, a.address), '[]')
        from device_address a where a.device_id = d.id) as addresses
from unnest(%(ids)s::int[]) with ordinality as wanted (id, place)
join device d using (id)
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
order by wanted.place

-- name: device_update
-- Returns a row only when something was written; what is the same already keeps its revision.
update device
set name = %(name)s, profile_id = %(profile_id)s, parent_id = %(parent_id)s, organisation = %(organisation)s,
    region = %(region)s, lon = %(lon)s, lat = %(lat)s, zone = %(zone)s, tags = %(tags)s, state = %(state)s,
    sim_expires = %(sim_expires)s
where code = %(code)s
  and (name, profile_id, parent_id, organisation, region, lon, lat, zone, tags, state, sim_expires)
      is distinct from (%(name)s, %(profile_id)s::int, %(parent_id)s::int, %(organisation)s, %(region)s, %(lon)s::float8,
                        %(lat)s::float8, %(zone)s, %(tags)s::jsonb, %(state)s, %(sim_expires)s::date)
returning code
