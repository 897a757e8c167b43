select c.id, c.device_id, c.username, c.kind
from credential c
where c.revoked_at is null
  and (c.device_id = %(device)s or c.username = %(name)s or starts_with(c.username, %(name)s || '~'))
