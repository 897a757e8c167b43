-- name: known
-- Places in the given arrays of what this source has said before.
select given.number
from unnest(%(ids)s::uuid[], %(digests)s::bytea[]) with ordinality as given (id, digest, number)
join warning_message m on m.warning_id = given.id and m.source = %(source)s and m.digest = given.digest

-- name: listed
-- Those that a list has are said, and last on; one that has been in lists before comes back.
update warning w
set listed_by = case when %(source)s = any (w.listed_by) then w.listed_by else w.listed_by || %(source)s::text end,
    ends_at = case when w.content ->> 'expires' is null then greatest(w.ends_at, %(until)s) else w.ends_at end,
    changed_at = case when %(source)s = any (w.listed_by) then w.changed_at else clock_timestamp() end
where w.id = any (%(ids)s::uuid[])
  and (not %(source)s = any (w.listed_by) or w.content ->> 'expires' is null and w.ends_at < %(half)s)

-- name: lock
select pg_advisory_xact_lock(hashtext('ganzhi.warnings'))

-- name: put
-- Whom it concerns is where it is stated for, and the counties of the devices within its outlines.
insert into warning (id, identifier, status, type, sent, kind, level, ends_at, refers_to, divisions, regions, rings,
                     content, sources, listed_by)
select %(id)s, %(identifier)s, %(status)s, %(type)s, %(sent)s, %(kind)s, %(level)s, %(ends_at)s, %(refers_to)s,
       %(divisions)s::text[], %(divisions)s::text[] || array(
           select distinct left(d.region, 6)
           from unnest(%(rings)s::text[]::polygon[]) as ring
           join device d on d.lon between ((box(ring))[1])[0] and ((box(ring))[0])[0]
                        and d.lat between ((box(ring))[1])[1] and ((box(ring))[0])[1]
                        and ring @> point(d.lon, d.lat)
           where d.region is not null),
       %(rings)s::text[]::polygon[], %(content)s, array[%(source)s::text], array[%(source)s::text]
on conflict (id) do update
set status = excluded.status, type = excluded.type, sent = excluded.sent, kind = excluded.kind, level = excluded.level,
    ends_at = excluded.ends_at, refers_to = excluded.refers_to, divisions = excluded.divisions,
    regions = excluded.regions, rings = excluded.rings, content = excluded.content,
    sources = array(select distinct s from unnest(warning.sources || excluded.sources) as s order by s),
    listed_by = array(select distinct s from unnest(warning.listed_by || excluded.listed_by) as s order by s),
    changed_at = clock_timestamp()

-- name: said
select id, source, format, content from warning_message where warning_id = %(id)s order by id

-- name: say
insert into warning_message (warning_id, source, format, digest, received_at, received_by, content)
values (%(id)s, %(source)s, %(format)s, %(digest)s, %(received)s, %(by)s, %(content)s)

-- name: settle
-- What messages that refer to a warning have made of it: of this one, and of those that it refers to itself. An
-- exercise ends nothing real, and an update nothing that was sent after it: two that refer to each other leave one.
update warning w
set ended_as = ended.ended_as, ended_by = ended.id, changed_at = clock_timestamp()
from warning each_one
left join lateral (
    select case o.type when 'cancel' then 'cancelled' else 'updated' end as ended_as, o.id
    from warning o
    where o.refers_to @> array[each_one.identifier] and o.status = each_one.status
      and (o.type = 'cancel' and o.sent >= each_one.sent
           or o.type = 'update' and (o.sent, o.identifier) > (each_one.sent, each_one.identifier))
    order by o.type <> 'cancel', o.sent, o.identifier
    limit 1
) ended on true
where w.id = each_one.id
  and (each_one.id = %(id)s or each_one.identifier = any (%(refers_to)s::text[]))
  and (w.ended_as, w.ended_by) is distinct from (ended.ended_as, ended.id)

-- name: unlisted
update warning w
set listed_by = array_remove(w.listed_by, %(source)s::text), changed_at = clock_timestamp()
where w.listed_by @> array[%(source)s::text] and not w.id = any (%(ids)s::uuid[])
returning w.id, cardinality(w.listed_by) = 0 as ended
