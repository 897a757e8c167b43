update maintenance m set from_at = %(from_at)s, to_at = %(to_at)s, note = %(note)s
from device d
where d.id = m.device_id and d.code = %(code)s and m.id = %(id)s
returning m.id
