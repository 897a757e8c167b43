-- name: known
select alert_id, why from alert_fallback where alert_id = any (%(ids)b::uuid[])

-- name: watch
-- Due only where it is not decided at once.
insert into alert_fallback (alert_id, seq, due_at, why)
select alert_id, seq, case when why is null then clock_timestamp() + make_interval(secs => %(wait_s)s) end, why
from unnest(%(ids)b::uuid[], %(seqs)b::int[], %(whys)b::text[]) as w (alert_id, seq, why)
on conflict do nothing
