-- name: judged
-- Of series with readings that wait the newest that does not, by the times at which they count: as far as the clock of the
-- newest one was ahead, so far all are taken to have been (hub/watermark.py).
select w.series_id, (extract(epoch from r.ts - w.ahead) * 1000000)::bigint, r.value, r.quality
from unnest(%(series)b::int[], %(first)b::timestamptz[]) as given (series_id, first)
join reordering_waiting w using (series_id)
cross join lateral (
    select ts, value, quality from reading
    where series_id = w.series_id and ts < given.first + w.ahead and quality & %(late)s = 0
    order by ts desc
    limit 1
) r
