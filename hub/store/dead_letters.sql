-- name: counts
-- How many messages were refused since a time, by reason and transport: kept as letters, and only counted.
select reason, transport, sum(stored)::bigint as stored, sum(dropped)::bigint as dropped,
       min(minute) as first_minute, max(minute) as last_minute
from dead_letter_count
where minute >= %(since)s
group by reason, transport
order by sum(stored) + sum(dropped) desc, reason, transport

-- name: list
select id, received_at, transport, reason, device, address, detail, detail_words, at,
       substring(payload for %(bytes)s) as payload, payload_size, replays
from dead_letter
where (%(id)s::uuid is null or id = %(id)s)
  and (%(reason)s::text is null or reason = %(reason)s)
  and (%(device)s::text is null or device = %(device)s)
order by received_at desc, id
limit %(limit)s
