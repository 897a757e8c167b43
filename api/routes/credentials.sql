-- name: credentials
select c.id, c.kind, c.username, c.provisioning_key, c.created_at, c.rotated_at
from credential c join device d on d.id = c.device_id
where d.code = %(code)s and c.revoked_at is null
order by c.id
