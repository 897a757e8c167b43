select id, code, state, parent_id from device where parent_id is not null
union
select d.id, d.code, d.state, d.parent_id
from credential c join device d on d.id = c.device_id where c.revoked_at is null
