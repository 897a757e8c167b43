-- What was refused of a code since a time, oldest first.
select received_at, transport, address, reason, detail, substring(payload from 1 for 4096) as payload, payload_size
from dead_letter
where device = %(code)s and received_at > %(since)s
order by received_at
limit 200
