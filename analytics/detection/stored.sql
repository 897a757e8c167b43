-- name: days
select date, workday from calendar_day

-- name: readings
-- Of each series the newest readings that count since a time of its own, at most so many, packed: series, time, value. As
-- far as the clock of the newest one was ahead, so far all are taken to have been (hub/watermark.py). Those that wait to be
-- judged do not count yet (analytics/reordering).
select string_agg(int4send(r.series_id) || int8send(r.at) || float8send(r.value), '')
from (
    select n.series_id, (extract(epoch from found.ts) * 1000000)::bigint - n.ahead as at, found.value
    from unnest(%(series)b::int[], %(since)b::timestamptz[]) as given (series_id, since)
    cross join lateral (
        select given.series_id, coalesce((extract(epoch from l.ts - coalesce(l.watermark, l.ts)) * 1000000)::bigint, 0) as ahead,
               (select w.judged + w.ahead from reordering_waiting w where w.series_id = given.series_id) as judged
        from latest l where l.series_id = given.series_id
    ) n
    cross join lateral (
        select ts, value from reading
        where series_id = n.series_id and ts > given.since + make_interval(secs => n.ahead / 1e6)
          and ts > %(oldest)s::timestamptz and quality & %(skip)s = 0 and (n.judged is null or ts <= n.judged)
        order by ts desc
        limit %(most)s
    ) found
) r

-- name: save
-- States, one after the other in one value, of series in ascending order; not those that are no newer than the stored one
-- of their version: another process has learned more.
insert into detector_state as stored (series_id, state)
select n.series_id, substr(%(states)b::bytea, 1 + %(length)s * (n.place::int - 1), %(length)s)
from unnest(%(series)b::int[]) with ordinality as n (series_id, place)
order by n.series_id
on conflict (series_id) do update set state = excluded.state
where substr(stored.state, 1, 8) <> substr(excluded.state, 1, 8) or substr(stored.state, 9, 8) < substr(excluded.state, 9, 8)

-- name: newest
-- When the newest reading of all counts, in microseconds.
select (extract(epoch from max(coalesce(watermark, ts))) * 1000000)::bigint from latest

-- name: series
-- Series whose newest reading counts since a time.
select coalesce(string_agg(int4send(series_id), '' order by series_id), '')
from latest where coalesce(watermark, ts) > %(since)s::timestamptz

-- name: states
-- Of some series, packed: their ids; their states; how many others another version has saved.
select coalesce(string_agg(int4send(series_id), '' order by series_id) filter (where ours), ''),
       coalesce(string_agg(state, '' order by series_id) filter (where ours), ''), count(*) filter (where not ours)
from (
    select series_id, state, length(state) = %(length)s and substr(state, 1, 8) = %(version)b as ours
    from detector_state where series_id = any(%(series)s::int[])
) s

-- name: shown
-- Of series, packed: id, and the part of its state that tells how far it goes; of those that were heard since a time.
select coalesce(string_agg(int4send(series_id) || substr(state, 9, 8) || substr(state, %(begin)s, %(size)s), '' order by series_id), '')
from detector_state
where length(state) = %(length)s and substr(state, 1, 8) = %(version)b and substr(state, 9, 8) > %(since)b
