-- name: events
-- Of some events those that are stored, and whether with this content. One without a time of its own is known by its
-- content and the time about which it came.
select g.place, e.same
from unnest(%(id)s::uuid[], %(device)s::int[], %(kind)s::text[], %(state)s::text[], %(level)s::int[], %(untimed)s::bool[],
            %(received)s::timestamptz[])
    with ordinality as g (id, device_id, kind, state, level, untimed, received, place)
cross join lateral (
    select (f.kind, f.state, coalesce(f.level, 0)) is not distinct from (g.kind, g.state, g.level) as same
    from event f
    where f.id = g.id
       or g.untimed and f.device_id = g.device_id and f.ts >= g.received - make_interval(secs => %(near_s)s)
          and (f.kind, f.state, coalesce(f.level, 0)) is not distinct from (g.kind, g.state, g.level)
    order by f.id = g.id desc
    limit 1
) e

-- name: readings
-- Of some readings those that are stored, and whether with this value. One without a time of its own is known by its value
-- and the time about which it came.
select g.place, r.value is not distinct from g.value as same, r.value
from unnest(%(series)s::int[], %(ts)s::timestamptz[], %(value)s::float8[], %(untimed)s::bool[])
    with ordinality as g (series_id, ts, value, untimed, place)
cross join lateral (
    (select value from reading where not g.untimed and series_id = g.series_id and ts = g.ts limit 1)
    union all
    (select value from reading
     where g.untimed and series_id = g.series_id and ts >= g.ts - make_interval(secs => %(near_s)s)
       and quality & 4 <> 0 and value is not distinct from g.value
     limit 1)
) r
