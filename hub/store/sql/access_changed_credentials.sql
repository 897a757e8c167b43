-- Revoked ones first: a user name that was freed and given again is the new one's.
select id, revoked_at is not null, device_id, kind, username, secret_hash
from credential where revision >= %(since)s::xid8
order by revoked_at is null, id
