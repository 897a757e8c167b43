-- name: area_delete
delete from area where code = %(code)s returning code

-- name: area_wanted
select 'consumer' as what, code from consumer
where filters @> jsonb_build_array(jsonb_build_object('area', %(code)s::text))
union all
select 'chain', code from chain where filter ->> 'area' = %(code)s::text
limit 1

-- name: area_lock
-- Areas change one at a time, and beside no other change of devices and cases: each is placed with all of them.
select pg_advisory_xact_lock(hashtext('ganzhi.registry')), pg_advisory_xact_lock(hashtext('ganzhi.case'))

-- name: area_place
-- Places the devices anew that were in an area or are now, or in an area of which it is a cell.
update device d
set area_keys = area_keys(d.organisation, d.region, d.lon, d.lat)
where d.id in (
    select d.id from device d where d.scope && array(
        select '/@' || c.code from (
            select %(code)s as code union select a.code from area a where %(code)s = any (a.cells)
        ) c
        union
        select '/' || division from area a, unnest(a.divisions) as division
        where a.code = %(code)s or a.code = any (array(select unnest(o.cells) from area o where o.code = %(code)s))
    )
    union
    select d.id from device d
    join area a on a.code = %(code)s or a.code = any (array(select unnest(o.cells) from area o where o.code = %(code)s))
    where a.ring is not null
      and d.lon between ((box(a.ring))[1])[0] and ((box(a.ring))[0])[0]
      and d.lat between ((box(a.ring))[1])[1] and ((box(a.ring))[0])[1]
)
and d.area_keys is distinct from area_keys(d.organisation, d.region, d.lon, d.lat)

-- name: area_place_cases
-- As `area_place`, the cases: who sees one, and what it counts for, follows the areas as they are drawn.
update case_file c
set area_keys = area_keys(c.organisation, c.region, c.lon, c.lat)
where c.id in (
    select c.id from case_file c where c.scope && array(
        select '/@' || held.code from (
            select %(code)s as code union select a.code from area a where %(code)s = any (a.cells)
        ) held
        union
        select '/' || division from area a, unnest(a.divisions) as division
        where a.code = %(code)s or a.code = any (array(select unnest(o.cells) from area o where o.code = %(code)s))
    )
    union
    select c.id from case_file c
    join area a on a.code = %(code)s or a.code = any (array(select unnest(o.cells) from area o where o.code = %(code)s))
    where a.ring is not null
      and c.lon between ((box(a.ring))[1])[0] and ((box(a.ring))[0])[0]
      and c.lat between ((box(a.ring))[1])[1] and ((box(a.ring))[0])[1]
)
and c.area_keys is distinct from area_keys(c.organisation, c.region, c.lon, c.lat)

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
