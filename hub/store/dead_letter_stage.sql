-- name: dead_letter_insert
-- The letters of a batch and the tally of those that are not kept; a letter that is there already is not counted again.
with stored as (
    insert into dead_letter (id, received_at, transport, address, device, reason, detail,
                             detail_words, at, payload, payload_size)
    select * from unnest(
        %(id)s::uuid[], %(received_at)s::timestamptz[], %(transport)s::text[], %(address)s::text[],
        %(device)s::text[], %(reason)s::text[], %(detail)s::text[], %(detail_words)s::jsonb[],
        %(at)s::jsonb[], %(payload)s::bytea[], %(payload_size)s::int[])
    on conflict do nothing
    returning reason, transport
), tally as (
    select reason, transport, 1 as stored, 0 as dropped from stored
    union all
    select reason, transport, 0, n
    from unnest(%(dropped_reason)s::text[], %(dropped_transport)s::text[], %(dropped)s::bigint[])
        as d (reason, transport, n)
)
insert into dead_letter_count as c (minute, reason, transport, stored, dropped)
select %(minute)s::timestamptz, reason, transport, sum(stored), sum(dropped)
from tally
group by reason, transport
order by reason, transport
on conflict (minute, reason, transport) do update
set stored = c.stored + excluded.stored, dropped = c.dropped + excluded.dropped
