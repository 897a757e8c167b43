insert into provisioning_key (code, organisation, profile_id, key_hash, state, device_limit, expires_at, enabled)
select %(code)s, %(organisation)s, p.id, %(key_hash)s, %(state)s, %(limit)s, %(expires_at)s, %(enabled)s
from profile p where p.code = %(profile)s
on conflict (code) do update
set organisation = excluded.organisation, profile_id = excluded.profile_id, state = excluded.state,
    device_limit = excluded.device_limit, expires_at = excluded.expires_at, enabled = excluded.enabled
returning xmax = 0 as created
