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
                     trust, content, sources, listed_by)
select w.id, w.identifier, w.status, w.type, w.sent, w.kind, w.level, w.ends_at, w.refers_to,
       w.divisions, w.divisions || array(
           select distinct left(d.region, 6)
           from unnest(w.rings::polygon[]) as ring
           join device d on d.lon between ((box(ring))[1])[0] and ((box(ring))[0])[0]
                        and d.lat between ((box(ring))[1])[1] and ((box(ring))[0])[1]
                        and ring @> point(d.lon, d.lat)
           where d.region is not null),
       w.rings::polygon[], w.trust, w.content, array[%(source)s::text], array[%(source)s::text]
from jsonb_to_recordset(%(warnings)s) as w (
    id uuid, identifier text, status text, type text, sent timestamptz, kind text, level smallint, ends_at timestamptz,
    refers_to text[], divisions text[], rings text[], trust smallint, content jsonb)
on conflict (id) do update
set status = excluded.status, type = excluded.type, sent = excluded.sent, kind = excluded.kind, level = excluded.level,
    ends_at = excluded.ends_at, refers_to = excluded.refers_to, divisions = excluded.divisions,
    regions = excluded.regions, rings = excluded.rings, trust = excluded.trust, content = excluded.content,
    sources = array(select distinct s from unnest(warning.sources || excluded.sources) as s order by s),
    listed_by = array(select distinct s from unnest(warning.listed_by || excluded.listed_by) as s order by s),
    changed_at = clock_timestamp()

-- name: said
-- Of each source the newest ones, and all cancels.
select m.warning_id, m.id, m.source, m.format, m.content
from warning w
cross join lateral (
    select newest.id
    from unnest(w.sources) as said (source)
    cross join lateral (
        select m.id from warning_message m
        where m.warning_id = w.id and m.source = said.source
        order by m.id desc
        limit %(most)s
    ) newest
    union
    select m.id from warning_message m where m.warning_id = w.id and m.content ->> 'type' = 'cancel'
) counts
join warning_message m on m.id = counts.id
where w.id = any (%(ids)s)

-- name: say
insert into warning_message (warning_id, source, format, digest, received_at, received_by, content)
select m.id, %(source)s, %(format)s, m.digest, %(received)s, %(by)s, m.content
from unnest(%(ids)s::uuid[], %(digests)s::bytea[], %(contents)s::jsonb[]) as m (id, digest, content)

-- name: settle
-- What messages that refer to these warnings have made of them. An exercise ends nothing real, and an update nothing
-- that was sent after it: two that refer to each other leave one. Whose word counts less ends nothing: the warning is
-- in force, and contradicted.
with touched as (
    select id, identifier, status, type, sent, trust from warning where identifier = any (%(identifiers)s)
), word as (
    select t.id, o.id as ended_by, o.type, o.sent, o.identifier, o.sources, o.trust > t.trust as weaker
    from warning o
    cross join unnest(o.refers_to) as referred (identifier)
    join touched t on t.identifier = referred.identifier and t.status = o.status
    where o.refers_to && %(identifiers)s::text[]
      and (o.type = 'cancel' and o.sent >= t.sent
           or o.type = 'update' and (o.sent, o.identifier) > (t.sent, t.identifier))
), ended as (
    select distinct on (id) id, ended_by, case type when 'cancel' then 'cancelled' else 'updated' end as ended_as
    from word
    where not weaker
    order by id, type <> 'cancel', sent, identifier
), denied as (
    select id, array_agg(source order by source) as by
    from (select id, unnest(sources) as source from word where weaker
          union
          select t.id, m.source
          from touched t join warning_message m on m.warning_id = t.id and m.content ->> 'type' = 'cancel') each_one
    group by id
), settled as (
    select t.id, e.ended_as, e.ended_by,
           case when e.ended_as is null and t.type <> 'cancel' then coalesce(d.by, '{}') else '{}' end as contradicted_by
    from touched t
    left join ended e on e.id = t.id
    left join denied d on d.id = t.id
)
update warning w
set ended_as = s.ended_as, ended_by = s.ended_by, contradicted_by = s.contradicted_by, changed_at = clock_timestamp()
from settled s
where w.id = s.id
  and (w.ended_as, w.ended_by, w.contradicted_by) is distinct from (s.ended_as, s.ended_by, s.contradicted_by)

-- name: unlisted
update warning w
set listed_by = array_remove(w.listed_by, %(source)s::text), changed_at = clock_timestamp()
where w.listed_by @> array[%(source)s::text] and not w.id = any (%(ids)s::uuid[])
returning w.id, cardinality(w.listed_by) = 0 as ended
