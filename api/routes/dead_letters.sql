-- name: counts
-- How many messages were refused since a time, by reason and transport: kept as letters, and only counted.
select reason, transport, sum(stored)::bigint as stored, sum(dropped)::bigint as dropped,
       min(minute) as first_minute, max(minute) as last_minute
from dead_letter_count
where minute >= %(since)s
group by reason, transport
order by sum(stored) + sum(dropped) desc, reason, transport

-- name: letter
select id, received_at, transport, address, device, reason, detail, detail_words, at, payload, payload_size,
       replays, replayed_at
from dead_letter
where id = %(id)s

-- name: letters
select id, received_at, transport, address, device, reason, detail, detail_words, at, payload_size,
       replays, replayed_at, substring(payload for %(payload_bytes)s) as beginning
from dead_letter
where (%(reason)s::text is null or reason = %(reason)s)
  and (%(device)s::text is null or device = %(device)s)
  and (%(after_received_at)s::timestamptz is null or received_at < %(after_received_at)s
       or (received_at = %(after_received_at)s and id > %(after_id)s))
order by received_at desc, id
limit %(limit)s
