-- name: forget
delete from reordering where series_id = any (%(series)s::int[])

-- name: marks
-- All, packed: series ascending, microseconds, seconds. And since when readings of some series are not judged.
select coalesce(string_agg(int4send(series_id), '' order by series_id), ''),
       coalesce(string_agg(int8send((extract(epoch from until) * 1000000)::bigint), '' order by series_id), ''),
       coalesce(string_agg(int4send(lateness_s), '' order by series_id), ''),
       (select min(judged + ahead) from reordering_waiting)
from reordering

-- name: note
insert into reordering (series_id, until, lateness_s)
select series_id, until, lateness_s
from unnest(%(series)s::int[], %(until)s::timestamptz[], %(lateness)s::int[]) as n (series_id, until, lateness_s)
order by series_id
on conflict (series_id) do update set until = excluded.until, lateness_s = excluded.lateness_s

-- name: waiting
-- Readings after what is judged of their series, packed: series, when they count, own time, value, quality. As far as the
-- clock of the newest one was ahead, so far all are taken to have been (hub/watermark.py).
select coalesce(string_agg(int4send(n.series_id), ''), ''),
       coalesce(string_agg(int8send((extract(epoch from r.ts - n.ahead) * 1000000)::bigint), ''), ''),
       coalesce(string_agg(int8send((extract(epoch from r.ts) * 1000000)::bigint), ''), ''),
       coalesce(string_agg(float8send(r.value), ''), ''), coalesce(string_agg(int2send(r.quality), ''), '')
from reordering_waiting n
cross join lateral (
    select ts, value, quality from reading
    where series_id = n.series_id and ts > n.judged + n.ahead and ts > %(since)s::timestamptz and ts <= n.newest
      and quality & %(late)s = 0
) r
where n.series_id = any (%(series)b::int[])

-- name: waiting_series
-- Series of which readings may wait, packed.
select coalesce(string_agg(int4send(series_id), '' order by series_id), '') from reordering_waiting
