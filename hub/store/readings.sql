-- name: merge
-- Stores what is staged and not there yet; tells the keys of what is new, 12 bytes each.
with new as (
    insert into reading (ts, value, series_id, quality)
    select ts, value, series_id, quality from reading_staging
    on conflict do nothing
    returning series_id, ts
)
select string_agg(int4send(series_id) || timestamptz_send(ts), '') from new

-- name: conflicting
-- The places, from 1, of readings that are stored with another value, and that value. One look-up each: of a join of many,
-- the planner may read and decompress whole chunks.
select array_agg(g.place), array_agg(stored.value)
from unnest(%(series)s::int[], %(ts)s::bigint[], %(value)s::float8[]) with ordinality as g (series_id, ts, value, place)
cross join lateral (
    select r.value from reading r
    where r.series_id = g.series_id
      and r.ts = timestamptz '1970-01-01 00:00:00+00' + g.ts * interval '1 microsecond'
    limit 1
) stored
where stored.value is distinct from g.value

-- name: remember
insert into reading_replaced (series_id, ts, value)
select g.series_id, timestamptz '1970-01-01 00:00:00+00' + g.ts * interval '1 microsecond', g.value
from unnest(%(series)s::int[], %(ts)s::bigint[], %(value)s::float8[]) as g (series_id, ts, value)
order by 1, 2, 3
on conflict do nothing

-- name: replace
update reading set value = %(value)s, quality = %(quality)s
where series_id = %(series)s and ts = %(ts)s::timestamptz

-- name: replaced_before
-- The places, from 1, of readings whose value was replaced by another one since it was stored.
select g.place
from unnest(%(series)s::int[], %(ts)s::bigint[], %(value)s::float8[]) with ordinality as g (series_id, ts, value, place)
join reading_replaced r on r.series_id = g.series_id and r.value = g.value
    and r.ts = timestamptz '1970-01-01 00:00:00+00' + g.ts * interval '1 microsecond'
