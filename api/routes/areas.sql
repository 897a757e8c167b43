-- name: area_delete
delete from area where code = %(code)s returning code

-- name: area_wanted
select 'consumer' as what, code from consumer
where filters @> jsonb_build_array(jsonb_build_object('area', %(code)s::text))
   or cases -> 'filters' @> jsonb_build_array(jsonb_build_object('area', %(code)s::text))
union all
select 'chain', code from chain where filter ->> 'area' = %(code)s::text
limit 1

-- name: area_lock
-- Areas change one at a time, and beside no other change of devices and cases: each is placed with all of them.
select pg_advisory_xact_lock(hashtext('ganzhi.registry')), pg_advisory_xact_lock(hashtext('ganzhi.case'))

-- name: area_reach
-- What an area, or that it is gone, may concern: keys of scopes that are or were in it or in what it is a cell of, those
-- of its divisions and of its cells', and the boxes around its outline and theirs.
with reached as (
    select a.* from area a
    where a.code = %(code)s or a.code = any (array(select unnest(o.cells) from area o where o.code = %(code)s))
)
select array(select '/@' || %(code)s union select '/@' || a.code from area a where %(code)s = any (a.cells)
             union select '/' || division from reached, unnest(divisions) as division) as keys,
       coalesce(array_agg(((box(ring))[1])[0]) filter (where ring is not null), '{}') as west,
       coalesce(array_agg(((box(ring))[0])[0]) filter (where ring is not null), '{}') as east,
       coalesce(array_agg(((box(ring))[1])[1]) filter (where ring is not null), '{}') as south,
       coalesce(array_agg(((box(ring))[0])[1]) filter (where ring is not null), '{}') as north
from reached

-- name: cases_to_place
select c.id from case_file c where c.scope && %(keys)s
union
select c.id from case_file c
join unnest(%(west)s::float8[], %(east)s::float8[], %(south)s::float8[], %(north)s::float8[]) as b (w, e, s, n)
    on c.lon between b.w and b.e and c.lat between b.s and b.n

-- name: place_cases
-- What triggers count of a statement they hold in memory, so it is of a piece.
update case_file c
set area_keys = area_keys(c.organisation, c.region, c.lon, c.lat)
where c.id = any (%(ids)s::uuid[]) and c.area_keys is distinct from area_keys(c.organisation, c.region, c.lon, c.lat)

-- name: place_devices
update device d
set area_keys = area_keys(d.organisation, d.region, d.lon, d.lat)
where d.id in (
    select d.id from device d where d.scope && %(keys)s
    union
    select d.id from device d
    join unnest(%(west)s::float8[], %(east)s::float8[], %(south)s::float8[], %(north)s::float8[]) as b (w, e, s, n)
        on d.lon between b.w and b.e and d.lat between b.s and b.n
)
and d.area_keys is distinct from area_keys(d.organisation, d.region, d.lon, d.lat)

-- name: area_put
insert into area (code, name, kind, divisions, cells, outline, ring, valid_from, valid_to)
values (%(code)s, %(name)s, %(kind)s, %(divisions)s, %(cells)s, %(outline)s, %(ring)s::polygon, %(valid_from)s,
        %(valid_to)s)
on conflict (code) do update
set name = excluded.name, kind = excluded.kind, divisions = excluded.divisions, cells = excluded.cells,
    outline = excluded.outline, ring = excluded.ring, valid_from = excluded.valid_from, valid_to = excluded.valid_to
returning xmax = 0 as created

-- name: areas
select a.code, a.name, a.kind, a.divisions, a.cells, a.outline, a.valid_from, a.valid_to,
       (select count(*) from device d where d.scope && array['/@' || a.code] and d.state <> 'retired') as devices
from area a
where (%(code)s::text is null or a.code = %(code)s)
  and (%(after_code)s::text is null or a.code > %(after_code)s)
order by a.code
limit %(limit)s

-- name: cells_unknown
select c.code from unnest(%(cells)s::text[]) as c (code)
where c.code = %(code)s or not exists (select from area a where a.code = c.code and a.kind = 'grid')
order by c.code limit 1
