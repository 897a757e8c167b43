-- name: replay_settle
-- In the commit of a replay: what was accepted is a letter no more; what was refused again stays, with its new reason.
-- A payload that the privacy gate now finds to be about persons goes.
with gone as (
    delete from dead_letter where id = any(%(accepted)s::uuid[])
)
update dead_letter d
set reason = r.reason, detail = r.detail, detail_words = r.detail_words, at = r.at, device = r.device, replays = d.replays + 1,
    replayed_at = clock_timestamp(),
    payload = case when r.keep then d.payload else '' end,
    payload_size = case when r.keep then d.payload_size else 0 end
from unnest(%(id)s::uuid[], %(reason)s::text[], %(detail)s::text[], %(detail_words)s::jsonb[],
            %(at)s::jsonb[], %(device)s::text[], %(keep)s::bool[])
    as r (id, reason, detail, detail_words, at, device, keep)
where d.id = r.id
