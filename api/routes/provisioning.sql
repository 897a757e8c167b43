-- name: device
with used as (
    update provisioning_key set used = used + 1 where code = %(by)s returning organisation, profile_id, state
)
insert into device (code, name, profile_id, parent_id, organisation, state)
select %(code)s, coalesce(%(name)s, %(code)s), used.profile_id,
       (select p.id from device p
        where p.code = %(parent)s and (used.organisation is null or p.organisation = used.organisation)), used.organisation, used.state
from used
on conflict (code) do nothing
returning id, parent_id

-- name: key_delete
delete from provisioning_key where code = %(code)s returning code

-- name: key_open
-- Locked: its limit is counted by one registration at a time.
select code, key_hash, enabled, expires_at, device_limit, used from provisioning_key where code = %(code)s for update

-- name: key_put
insert into provisioning_key (code, organisation, profile_id, key_hash, state, device_limit, expires_at, enabled)
select %(code)s, %(organisation)s, p.id, %(key_hash)s, %(state)s, %(limit)s, %(expires_at)s, %(enabled)s
from profile p where p.code = %(profile)s
on conflict (code) do update
set organisation = excluded.organisation, profile_id = excluded.profile_id, state = excluded.state,
    device_limit = excluded.device_limit, expires_at = excluded.expires_at, enabled = excluded.enabled
returning xmax = 0 as created

-- name: key_rotate
update provisioning_key set key_hash = %(key_hash)s, rotated_at = clock_timestamp()
where code = %(code)s returning code

-- name: keys
select k.code, p.code as profile, k.organisation, k.state, k.device_limit as limit, k.used, k.expires_at, k.enabled,
       k.created_at, k.rotated_at
from provisioning_key k join profile p on p.id = k.profile_id
where (%(code)s::text is null or k.code = %(code)s)
  and (%(after_code)s::text is null or k.code > %(after_code)s)
order by k.code
limit %(limit)s

-- name: known
-- Whether a device registered itself with this key, and whether anything was ever heard from it.
select exists (
           select from credential c
           where c.device_id = d.id and c.provisioning_key = %(key)s and c.revoked_at is null
       ) and not exists (
           select from credential c
           where c.device_id = d.id and c.provisioning_key is distinct from %(key)s and c.revoked_at is null
       ) as by_this_key,
       exists (select from device_seen s where s.device_id = d.id)
       or exists (select from series s join latest l on l.series_id = s.id where s.device_id = d.id)
       or exists (select from event e where e.device_id = d.id) as heard
from device d where d.code = %(code)s

-- name: profile
select id from profile where code = %(profile)s
