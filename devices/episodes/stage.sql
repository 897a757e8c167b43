-- name: known
-- The newest of each place, with times in microseconds: from one place to the next in the index, however many there are.
with recursive place as (
    (select device_id, kind, part, code from episode order by device_id, kind, part, code limit 1)
    union all
    select n.device_id, n.kind, n.part, n.code
    from place p
    cross join lateral (
        select device_id, kind, part, code from episode
        where (device_id, kind, part, code) > (p.device_id, p.kind, p.part, p.code)
        order by device_id, kind, part, code limit 1
    ) n
)
select e.device_id, e.kind, e.part, e.code, e.id,
       (extract(epoch from e.began_at) * 1000000)::bigint, (extract(epoch from e.last_at) * 1000000)::bigint,
       (extract(epoch from e.told_at) * 1000000)::bigint, (extract(epoch from e.heard_at) * 1000000)::bigint, e.late,
       e.count, e.level, (extract(epoch from e.ended_at) * 1000000)::bigint, e.why
from place p
cross join lateral (
    select * from episode n
    where n.device_id = p.device_id and n.kind = p.kind and n.part = p.part and n.code = p.code
    order by n.began_at desc, n.heard_at desc limit 1
) e

-- name: covered
-- Which of these, from 0, are said of an episode that is stored; what came after the hub took one for over is not.
select (w.place - 1)::int
from unnest(%(devices)s::int[], %(kinds)s::text[], %(parts)s::text[], %(codes)s::text[], %(ts)s::bigint[],
            %(received)s::bigint[])
    with ordinality as w (device_id, kind, part, code, ts, received, place)
cross join lateral (
    select e.last_at, e.heard_at, e.ended_at, e.why from episode e
    where e.device_id = w.device_id and e.kind = w.kind and e.part = w.part and e.code = w.code
      and e.began_at <= timestamptz 'epoch' + w.ts * interval '1 microsecond'
    order by e.began_at desc, e.heard_at desc limit 1
) e
where e.ended_at is null
   or (greatest(e.last_at, e.ended_at) >= timestamptz 'epoch' + w.ts * interval '1 microsecond'
       and (e.why <> 'silent' or e.heard_at + greatest(e.ended_at - e.last_at, interval '0')
                                 >= timestamptz 'epoch' + w.received * interval '1 microsecond'))

-- name: keep
-- Times in microseconds; one row for each episode that the batch says something of.
insert into episode as e (id, device_id, kind, part, code, level, began_at, last_at, told_at, heard_at, late, count, ended_at, why)
select n.id, n.device_id, n.kind, n.part, n.code, n.level, timestamptz 'epoch' + n.began * interval '1 microsecond',
       timestamptz 'epoch' + n.last * interval '1 microsecond', timestamptz 'epoch' + n.told * interval '1 microsecond',
       timestamptz 'epoch' + n.heard * interval '1 microsecond', n.late, n.count, timestamptz 'epoch' + n.ended * interval '1 microsecond', n.why
from unnest(%(ids)b::uuid[], %(devices)b::int[], %(kinds)b::text[], %(parts)b::text[], %(codes)b::text[], %(levels)b::int2[],
            %(began)b::bigint[], %(last)b::bigint[], %(told)b::bigint[], %(heard)b::bigint[], %(late)b::bool[],
            %(count)b::bigint[], %(ended)b::bigint[], %(why)b::text[])
    as n (id, device_id, kind, part, code, level, began, last, told, heard, late, count, ended, why)
on conflict (id) do update
set level = excluded.level, last_at = excluded.last_at, told_at = excluded.told_at, heard_at = excluded.heard_at,
    late = excluded.late, count = excluded.count, ended_at = excluded.ended_at, why = excluded.why
