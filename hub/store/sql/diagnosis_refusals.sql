-- The newest dead letters of a code, with the beginning of what came.
select id, received_at, transport, address, reason, detail, substring(payload from 1 for 16384) as payload, payload_size
from dead_letter
where device = %(code)s
order by received_at desc
limit 20
