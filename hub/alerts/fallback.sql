-- name: known
select alert_id, why from alert_fallback where alert_id = any (%(ids)b::uuid[])

-- name: watch
-- Due only where it is not decided at once. What became red again is watched anew, from its newest onset; what is still
-- to be decided stays due when it was.
insert into alert_fallback as f (alert_id, seq, due_at, why)
select alert_id, seq, case when why is null then clock_timestamp() + make_interval(secs => %(wait_s)s) end, why
from unnest(%(ids)b::uuid[], %(seqs)b::int[], %(whys)b::text[]) as w (alert_id, seq, why)
on conflict (alert_id) do update
set seq = case when f.due_at is null then excluded.seq else f.seq end,
    due_at = case when excluded.why is null then coalesce(f.due_at, excluded.due_at) end,
    why = excluded.why
where f.why is null
