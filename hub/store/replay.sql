-- name: count
-- How many letters of a selection can be replayed, and how many cannot, for they were cut or not kept.
select count(*) filter (where whole) as whole, count(*) filter (where not whole) as cut
from (
    select payload_size > 0 and length(payload) = payload_size as whole
    from dead_letter
    where (%(id)s::uuid is null or id = %(id)s)
      and (%(reason)s::text is null or reason = %(reason)s)
      and (%(device)s::text is null or device = %(device)s)
      and (%(devices)s::text[] is null or device = any (%(devices)s))
      and (%(under)s::text is null or address ^@ %(under)s)
      and (%(transport)s::text is null or transport = %(transport)s)
      and (%(since)s::timestamptz is null or received_at >= %(since)s)
      and received_at <= %(until)s
) as letter

-- name: select
-- The next letters of a selection, oldest first, with their times in microseconds.
select id, received_at, (extract(epoch from received_at) * 1000000)::bigint as received, transport, address,
       payload, payload_size, replays
from dead_letter
where (%(id)s::uuid is null or id = %(id)s)
  and (%(reason)s::text is null or reason = %(reason)s)
  and (%(device)s::text is null or device = %(device)s)
  and (%(devices)s::text[] is null or device = any (%(devices)s))
  and (%(under)s::text is null or address ^@ %(under)s)
  and (%(transport)s::text is null or transport = %(transport)s)
  and (%(since)s::timestamptz is null or received_at >= %(since)s)
  and received_at <= %(until)s
  and (%(after_received_at)s::timestamptz is null or received_at > %(after_received_at)s
       or (received_at = %(after_received_at)s and id < %(after_id)s))
order by received_at, id desc
limit %(limit)s

-- name: verdicts
-- What is left of letters that were tried again; what was accepted is not there any more.
select id, replays, device, reason, detail, detail_words, at from dead_letter where id = any(%(ids)s::uuid[])
