select id, received_at, transport, reason, device, address, detail, substring(payload for %(bytes)s) as payload,
       payload_size, replays
from dead_letter
where (%(id)s::uuid is null or id = %(id)s)
  and (%(reason)s::text is null or reason = %(reason)s)
  and (%(device)s::text is null or device = %(device)s)
order by received_at desc, id
limit %(limit)s
