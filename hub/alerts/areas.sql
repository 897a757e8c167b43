-- name: lock
-- As hub/alerts/apply.sql: nothing else changes an alert until the commit.
select pg_advisory_xact_lock(hashtext('ganzhi.alert'))

-- name: place
update public.alert a
set area_keys = public.area_keys(a.organisation, a.region, a.lon, a.lat)
where a.device_id is null and a.id in (
    select a.id from public.alert a where a.device_id is null and a.scope && %(keys)s
    union
    select a.id from public.alert a
    join unnest(%(west)s::float8[], %(east)s::float8[], %(south)s::float8[], %(north)s::float8[]) as b (w, e, s, n)
        on a.lon between b.w and b.e and a.lat between b.s and b.n
    where a.device_id is null
)
and a.area_keys is distinct from public.area_keys(a.organisation, a.region, a.lon, a.lat)
