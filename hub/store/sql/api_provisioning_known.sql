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
