-- name: catch_up
-- The newest readings since a time of some series, where the table has one that is older, and older than another time.
-- Rows are locked in the order of their series, as by `merge`. What was after its arrival has a note of its own.
insert into latest (series_id, ts, value, quality)
select n.series_id, r.ts, r.value, r.quality
from unnest(%(series)b::int[]) as n (series_id)
left join latest l on l.series_id = n.series_id
cross join lateral (
    select ts, value, quality from reading
    where series_id = n.series_id and ts > coalesce(l.top, l.ts, '-infinity') and ts > %(since)s::timestamptz
    order by ts desc
    limit 1
) r
where coalesce(l.top, l.ts, '-infinity') < %(known_before)s::timestamptz
order by n.series_id
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality, watermark = null, top = null
where excluded.ts > coalesce(latest.watermark, latest.ts)

-- name: catch_up_odd
-- One newest reading whose time is not the newest of its series.
insert into latest (series_id, ts, value, quality, watermark, top)
select series_id, ts, value, quality, nullif(%(watermark)s::timestamptz, ts), nullif(%(top)s::timestamptz, ts)
from reading
where series_id = %(series)s and ts = %(ts)s::timestamptz
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality, watermark = excluded.watermark,
    top = excluded.top
where %(watermark)s::timestamptz > coalesce(latest.watermark, latest.ts)

-- name: forget
delete from latest_note where writer = %(writer)s and number <= %(number)s

-- name: forget_all
delete from latest_note n
using unnest(%(writers)s::uuid[], %(numbers)s::bigint[]) as g (writer, number)
where n.writer = g.writer and n.number = g.number

-- name: load
select array_agg(series_id), array_agg((extract(epoch from ts) * 1000000)::int8),
       array_agg((extract(epoch from least(coalesce(watermark, ts), now())) * 1000000)::int8),
       array_agg((extract(epoch from coalesce(top, ts)) * 1000000)::int8), array_agg(value), array_agg(quality)
from latest

-- name: merge
-- Those whose time is after their arrival, or not the greatest of their series, have more to be kept.
insert into latest (series_id, ts, value, quality, watermark, top)
select s.series_id, s.ts, s.value, s.quality, nullif(o.watermark, s.ts), nullif(o.top, s.ts)
from reading_staging s
left join unnest(%(odd)s::int[], %(watermark)s::timestamptz[], %(top)s::timestamptz[]) as o (series_id, watermark, top)
    using (series_id)
order by s.series_id
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality, watermark = excluded.watermark,
    top = excluded.top
where coalesce(excluded.watermark, excluded.ts) > coalesce(latest.watermark, latest.ts)

-- name: note
insert into latest_note (writer, number, series, odd) values (%(writer)s, %(number)s, %(series)b, %(odd)b)

-- name: noted
select writer, number, series, odd from latest_note order by writer, number

-- name: replace
-- As `merge`, of readings that replace one with the same time.
insert into latest (series_id, ts, value, quality, watermark, top)
select series_id, ts, value, quality, nullif(watermark, ts), nullif(top, ts)
from unnest(
    %(series)s::int[], %(ts)s::timestamptz[], %(value)s::float8[], %(quality)s::int2[], %(watermark)s::timestamptz[],
    %(top)s::timestamptz[]) as g (series_id, ts, value, quality, watermark, top)
order by series_id
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality, watermark = excluded.watermark,
    top = excluded.top
where coalesce(excluded.watermark, excluded.ts) >= coalesce(latest.watermark, latest.ts)
