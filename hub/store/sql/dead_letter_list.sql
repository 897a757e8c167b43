select received_at, reason, device, address, detail, substring(payload for 400) as payload, payload_size
from dead_letter
where (%(reason)s::text is null or reason = %(reason)s) and (%(device)s::text is null or device = %(device)s)
order by received_at desc, id
limit %(limit)s
