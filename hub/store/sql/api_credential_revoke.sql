update credential c set revoked_at = clock_timestamp()
from device d
where d.id = c.device_id and d.code = %(code)s and c.revoked_at is null
  and (%(id)s::bigint is null or c.id = %(id)s)
returning c.id, c.kind, c.username
