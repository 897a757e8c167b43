-- name: device
select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.sim_expires, d.tags, d.state, d.created_at,
       (select coalesce(jsonb_agg(jsonb_build_object('scheme', a.scheme, 'address', a.address) order by a.scheme, a.address), '[]')
        from device_address a where a.device_id = d.id) as addresses
from device d
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
where d.code = %(code)s

-- name: device_codes
-- Codes that begin like a wrong one, to suggest.
select code from device where code ^@ left(%(code)s, 2) order by code limit 1000

-- name: organisations_add
insert into organisation (code, name)
select distinct code, code from unnest(%(codes)s::text[]) as o (code) where code is not null
on conflict do nothing

-- name: profile_codes
select code from profile order by code limit 1000

-- name: registry_lock
-- Writers of profiles and devices take turns: they are rare, and checks made in a transaction stay true in it.
select pg_advisory_xact_lock(hashtext('ganzhi.registry'))
