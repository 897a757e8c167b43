-- name: catch_up
-- The newest readings since a time of some series, where the table has one that is older, and older than another time.
-- Rows are locked in the order of their series, as by `merge`.
insert into latest (series_id, ts, value, quality)
select n.series_id, r.ts, r.value, r.quality
from unnest(%(series)b::int[]) as n (series_id)
left join latest l on l.series_id = n.series_id
cross join lateral (
    select ts, value, quality from reading
    where series_id = n.series_id and ts > coalesce(l.ts, '-infinity') and ts > %(since)s::timestamptz
    order by ts desc
    limit 1
) r
where coalesce(l.ts, '-infinity') < %(known_before)s::timestamptz
order by n.series_id
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts

-- name: forget
delete from latest_note where writer = %(writer)s and number <= %(number)s

-- name: forget_all
delete from latest_note n
using unnest(%(writers)s::uuid[], %(numbers)s::bigint[]) as g (writer, number)
where n.writer = g.writer and n.number = g.number

-- name: load
select array_agg(series_id), array_agg((extract(epoch from ts) * 1000000)::int8), array_agg(value), array_agg(quality)
from latest

-- name: merge
insert into latest (series_id, ts, value, quality)
select series_id, ts, value, quality from reading_staging
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts

-- name: note
insert into latest_note (writer, number, series) values (%(writer)s, %(number)s, %(series)b)

-- name: noted
select writer, number, series from latest_note
