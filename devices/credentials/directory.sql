-- name: all_credentials
select id, false, device_id, kind, username, secret_hash from credential where revoked_at is null

-- name: all_devices
select id, code, state, parent_id from device where parent_id is not null
union
select d.id, d.code, d.state, d.parent_id
from credential c join device d on d.id = c.device_id where c.revoked_at is null

-- name: changed_credentials
-- Revoked ones first: a user name that was freed and given again is the new one's.
select id, revoked_at is not null, device_id, kind, username, secret_hash
from credential where revision >= %(since)s::xid8
order by revoked_at is null, id

-- name: changed_devices
-- A parent is here too when only its first child or its first credential is new.
with changed as (
    select id, parent_id from device where revision >= %(since)s::xid8
)
select id, code, state, parent_id from device
where id in (
    select id from changed
    union select parent_id from changed
    union select device_id from credential where revision >= %(since)s::xid8
)
