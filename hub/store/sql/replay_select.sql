-- The next letters of a selection, oldest first, with their times in microseconds.
select id, received_at, (extract(epoch from received_at) * 1000000)::bigint as received, transport, address,
       payload, payload_size, replays
from dead_letter
where (%(id)s::uuid is null or id = %(id)s)
  and (%(reason)s::text is null or reason = %(reason)s)
  and (%(device)s::text is null or device = %(device)s)
  and (%(since)s::timestamptz is null or received_at >= %(since)s)
  and received_at <= %(until)s
  and (%(after_received_at)s::timestamptz is null or received_at > %(after_received_at)s
       or (received_at = %(after_received_at)s and id < %(after_id)s))
order by received_at, id desc
limit %(limit)s
