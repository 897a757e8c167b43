-- name: load
select array_agg(series_id), array_agg((extract(epoch from ts) * 1000000)::int8), array_agg(value), array_agg(quality)
from latest

-- name: merge
insert into latest (series_id, ts, value, quality)
select series_id, ts, value, quality from reading_staging
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts
