-- name: import_addresses_add
-- What each row adds, once `import_ids` has given new devices their ids.
insert into device_address (scheme, address, device_id)
select split_part(told, '=', 1), substr(told, strpos(told, '=') + 1), i.id
from device_import i, jsonb_array_elements_text(i.addresses) as w (told)
where (i.fresh or i.differs) and not i.addresses_before ? told

-- name: import_addresses_find
-- Of addresses that a row adds: another device has it, and no row takes it from there; an earlier row adds it, too; it is
-- a slave's on the line of a DTU that is neither registered nor in the sheet.
insert into device_mistake (line, code, "column", kind, about, detail)
with added as materialized (
    select i.line, i.code, told, split_part(told, '=', 1) as scheme, substr(told, strpos(told, '=') + 1) as address
    from device_import i, jsonb_array_elements_text(i.addresses) as w (told)
    where not i.addresses_before ? told
), owned as materialized (
    select line, code, told, address_owner(scheme, address) as owner from added
), first as (
    select told, min(line) as line from added group by told having count(*) > 1
)
select o.line, o.code, 'addresses' as "column", 'owned' as kind, o.told as about, o.owner as detail
from owned o
where o.owner is not null and not exists (
    select from device_import other where other.code = o.owner and not other.addresses ? o.told)
union all
select a.line, a.code, 'addresses', 'repeated', a.told, f.line::text
from added a
join first f on f.told = a.told and f.line <> a.line
union all
select a.line, a.code, 'addresses', 'no line', a.told, line.dtu
from added a
cross join lateral (select left(a.address, -strpos(reverse(a.address), '/')) as dtu) line
where a.scheme = 'modbus'
  and not exists (select from device d where d.code = line.dtu)
  and not exists (select from device_import other where other.code = line.dtu)

-- name: import_addresses_remove
-- Before others are added: a sheet may move an address from one device to another.
delete from device_address a
using device_import i
where i.differs and a.device_id = i.id and i.addresses is not null and not i.addresses ? (a.scheme || '=' || a.address)

-- name: import_addresses_stranded
-- Rows that cannot have an address because another row is skipped, that would have given it away or registered the DTU.
with added as (
    select i.line, told, split_part(told, '=', 1) as scheme, substr(told, strpos(told, '=') + 1) as address
    from device_import i, jsonb_array_elements_text(i.addresses) as w (told)
    where not i.bad and not i.addresses_before ? told
), stranded as (
    select distinct on (a.line) a.line, a.told, above.line as above_line
    from added a
    join device_import above on above.bad and above.code in (
        address_owner(a.scheme, a.address),
        case when a.scheme = 'modbus' then left(a.address, -strpos(reverse(a.address), '/')) end)
    where above.code = address_owner(a.scheme, a.address) or not exists (select from device d where d.code = above.code)
    order by a.line, a.told
)
update device_import i
set bad = true
from stranded s
where i.line = s.line
returning i.line, i.code, s.told, s.above_line

-- name: import_analyze
analyze device_import

-- name: import_bad
update device_import i
set bad = true
where not i.bad and i.line in (select m.line from device_mistake m where m.kind not in ('unchecked', 'case', 'twin'))

-- name: import_compare
select line, code, fresh, changes from device_change order by line

-- name: import_copy
copy device_import (line, code, name, profile, parent, organisation, region, lon, lat, zone, sim_expires, addresses, state, tags, bad) from stdin

-- name: import_count
select count(*) filter (where fresh) as created, count(*) filter (where differs) as updated from device_import

-- name: import_differ
-- Marks the rows of registered devices in which something differs; the others keep their revision.
update device_import i
set differs = true
from device d
left join device above on above.id = d.parent_id
where d.id = i.id
  and (d.name, d.profile_id, above.code, d.organisation, d.region, d.lon, d.lat, d.zone, d.sim_expires, d.state, d.tags,
       i.addresses_before)
      is distinct from (i.name, i.profile_id, i.parent, i.organisation, i.region, i.lon, i.lat, i.zone, i.sim_expires, i.state, i.tags,
                        i.addresses)

-- name: import_drop_bad
delete from device_import where bad

-- name: import_errors
select count(*) from device_mistake where kind not in ('unchecked', 'case', 'twin')

-- name: import_find
-- What only the registry can tell of a sheet; `about` is the value, `detail` what is needed to say what is right.
-- A division that cannot be checked is told once, on the first line that has it.
insert into device_mistake (line, code, "column", kind, about, detail)
with named as (
    select region, min(line) as first_line
    from device_import
    where region is not null and region is distinct from region_before
    group by region
), twins as (
    select lower(code) as folded, min(line) as first_line from device_import group by lower(code) having count(*) > 1
), verdict as (
    select region, first_line, region_verdict(region) as verdict from named where exists (select from region)
)
select i.line, i.code, 'profile' as "column", 'unknown' as kind, i.profile as about, null as detail
from device_import i
where i.profile is not null and i.profile_id is null
union all
select i.line, i.code, 'parent', 'unknown', i.parent, null
from device_import i
where i.parent is not null
  and not exists (select from device d where d.code = i.parent)
  and not exists (select from device_import other where other.code = i.parent)
union all
select i.line, i.code, 'region', v.verdict, i.region,
       (select string_agg(distinct s.code, ' ') from region r, unnest(r.successors) s (code) where r.code = i.region)
from device_import i
join verdict v using (region)
where v.verdict <> 'current' and i.region is distinct from i.region_before
  and (v.verdict <> 'unchecked' or i.line = v.first_line)
union all
select i.line, i.code, 'code', 'case', i.code, min(d.code)
from device_import i
join device d on lower(d.code) = lower(i.code)
where i.fresh
group by i.line, i.code
union all
select i.line, i.code, 'code', 'twin', i.code, twin.code
from device_import i
join twins t on t.folded = lower(i.code) and t.first_line <> i.line
join device_import twin on twin.line = t.first_line
union all
select i.line, i.code, 'code', 'example', i.code, null
from device_import i
join device d on d.id = i.id
left join device above on above.id = d.parent_id
where i.code = %(example)s
  and (d.name, d.profile_id, above.code, d.organisation, d.region, d.lon, d.lat, d.zone, d.sim_expires, d.state, d.tags,
       i.addresses_before)
      is distinct from (i.name, i.profile_id, i.parent, i.organisation, i.region, i.lon, i.lat, i.zone, i.sim_expires, i.state, i.tags,
                        i.addresses)
union all
select i.line, i.code, 'organisation', 'unknown', i.organisation, null
from device_import i
where current_setting('ganzhi.scope', true) <> '' and i.organisation is not null
  and not exists (select from organisation o where o.code = i.organisation)
union all
select i.line, i.code, 'code', 'taken', i.code, null
from device_import i
where current_setting('ganzhi.scope', true) <> '' and i.fresh and code_taken(i.code)
union all
select i.line, i.code, 'region', 'outside', coalesce(i.region, '-'), i.organisation
from device_import i
where current_setting('ganzhi.scope', true) <> '' and not in_scope(i.organisation, i.region, i.lon, i.lat)
union all
select i.line, i.code, 'state', 'illegal', i.state, i.state_before
from device_import i
where i.state_before is not null and not i.state_before || '>' || i.state = any (%(steps)s)

-- name: import_find_cycles
-- Devices of a sheet that would be their own ancestor, with what the sheet says going over what is registered.
insert into device_mistake (line, code, "column", kind, about)
with recursive up (code, above, depth) as (
    select code, parent, 1 from device_import where code is not null and parent is not null
    union all
    select up.code, case when i.line is not null then i.parent else above.code end, up.depth + 1
    from up
    left join device_import i on i.code = up.above
    left join device d on i.line is null and d.code = up.above
    left join device above on above.id = d.parent_id
    where up.above <> up.code and up.depth < 64
)
select distinct i.line, i.code, 'parent', 'circle', i.parent
from up join device_import i using (code)
where up.above = up.code

-- name: import_ids
-- New devices get their ids before they are written, so that a child finds its parent's in one pass.
update device_import set id = device_next_id() where fresh

-- name: import_insert
insert into device (id, code, name, profile_id, parent_id, organisation, region, lon, lat, zone, sim_expires, state, tags)
overriding system value
select i.id, i.code, i.name, i.profile_id, coalesce(there.id, here.id), i.organisation, i.region, i.lon, i.lat,
       i.zone, i.sim_expires, i.state, i.tags
from device_import i
left join device there on there.code = i.parent
left join device_import here on here.code = i.parent
where i.fresh
order by i.id

-- name: import_mistakes
select line, code, "column", kind, about, detail from device_mistake order by line, "column"

-- name: import_organisations
-- The first organisations of a sheet that are not there yet.
select i.organisation as code, min(i.line) as line
from device_import i
where i.organisation is not null and not exists (select from organisation o where o.code = i.organisation)
group by i.organisation
order by line
limit 1000

-- name: import_organisations_add
with added as (
    insert into organisation (code, name)
    select distinct i.organisation, i.organisation from device_import i where i.organisation is not null
    on conflict do nothing
    returning code
)
select audit_write_all(%(actor)s, %(address)s, 'organisation.put', array_agg(code order by code),
                       array_agg(jsonb_build_object('name', code, 'note', 'from a sheet') order by code))
from added

-- name: import_orphans
-- Rows whose parent is in a row that is skipped, and nowhere else; one round of them.
update device_import i
set bad = true
from device_import above
where not i.bad and above.code = i.parent and above.bad
  and not exists (select from device d where d.code = i.parent)
returning i.line, i.code, i.parent, above.line as above_line

-- name: import_plans
-- Checks of foreign keys keep their plan for as long as a connection lives. One made for a few devices reads all of them
-- for each new series: more than 10 min for 60,000 devices, where one made for a sheet's takes 20 s.
discard plans

-- name: import_resolve
-- What each row means beside what is registered: a column that the sheet does not have stays as it is, and so does
-- a state that is left empty. A new device has what a device has of which nothing is told.
update device_import i
set id = d.id, fresh = d.id is null, profile_id = p.id, region_before = d.region, state_before = d.state,
    parent = case when 'parent' = any (%(columns)s) then i.parent else above.code end,
    organisation = case when 'organisation' = any (%(columns)s) then i.organisation else d.organisation end,
    region = case when 'region' = any (%(columns)s) then i.region else d.region end,
    lon = case when 'lon' = any (%(columns)s) then i.lon else d.lon end,
    lat = case when 'lat' = any (%(columns)s) then i.lat else d.lat end,
    zone = coalesce(case when 'zone' = any (%(columns)s) then i.zone else d.zone end, 'Asia/Shanghai'),
    sim_expires = case when 'sim_expires' = any (%(columns)s) then i.sim_expires else d.sim_expires end,
    addresses = coalesce(i.addresses, has.addresses), addresses_before = has.addresses,
    state = coalesce(i.state, d.state, 'active'),
    tags = coalesce(case when 'tags' = any (%(columns)s) then i.tags else d.tags end, '{}')
from device_import self
left join device d on d.code = self.code
left join device above on above.id = d.parent_id
left join profile p on p.code = self.profile
left join lateral (
    select coalesce(jsonb_agg(a.scheme || '=' || a.address order by (a.scheme || '=' || a.address) collate "C"), '[]') as addresses
    from device_address a
    where a.device_id = d.id
) has on 'addresses' = any (%(columns)s)
where self.line = i.line

-- name: import_staging
-- The rows of a sheet while it is compared with the registry; gone with the transaction.
create temp table device_import (
    line int not null, code text, name text, profile text, parent text, organisation text, region text,
    lon float8, lat float8, zone text, sim_expires date, addresses jsonb, state text, tags jsonb, bad boolean not null,
    id int, fresh boolean, profile_id int, region_before text, state_before text, addresses_before jsonb,
    differs boolean not null default false
) on commit drop

-- name: import_staging_changes
-- The rows that are new, with what they are then, or change something, with each such column as it was and as it will be;
-- gone with the rows themselves.
create temp view device_change as
select i.line, i.code, i.fresh,
       case when i.fresh then to_jsonb(becomes) end as made,
       case when i.differs then jsonb_strip_nulls(jsonb_build_object(
           'name', case when d.name is distinct from i.name then jsonb_build_array(d.name, i.name) end,
           'profile', case when p.code is distinct from i.profile then jsonb_build_array(p.code, i.profile) end,
           'parent', case when above.code is distinct from i.parent then jsonb_build_array(above.code, i.parent) end,
           'organisation', case when d.organisation is distinct from i.organisation then jsonb_build_array(d.organisation, i.organisation) end,
           'region', case when d.region is distinct from i.region then jsonb_build_array(d.region, i.region) end,
           'lon', case when d.lon is distinct from i.lon then jsonb_build_array(d.lon, i.lon) end,
           'lat', case when d.lat is distinct from i.lat then jsonb_build_array(d.lat, i.lat) end,
           'zone', case when d.zone is distinct from i.zone then jsonb_build_array(d.zone, i.zone) end,
           'sim_expires', case when d.sim_expires is distinct from i.sim_expires then jsonb_build_array(d.sim_expires, i.sim_expires) end,
           'addresses', case when i.addresses_before is distinct from i.addresses then jsonb_build_array(i.addresses_before, i.addresses) end,
           'state', case when d.state is distinct from i.state then jsonb_build_array(d.state, i.state) end,
           'tags', case when d.tags is distinct from i.tags then jsonb_build_array(d.tags, i.tags) end
       )) end as changes
from device_import i
cross join lateral (select i.name, i.profile, i.parent, i.organisation, i.region, i.lon, i.lat, i.zone, i.sim_expires,
                           nullif(i.addresses, '[]') as addresses, i.state, i.tags) becomes
left join device d on d.id = i.id and i.differs
left join device above on above.id = d.parent_id
left join profile p on p.id = d.profile_id
where i.fresh or i.differs

-- name: import_staging_mistakes
-- What only the registry could tell of them.
create temp table device_mistake (line int not null, code text, "column" text, kind text, about text, detail text)
on commit drop

-- name: import_steps
-- The life of each device stays readable, whichever way it was changed.
select audit_write_all(%(actor)s, %(address)s, 'device.step', array_agg(i.code order by i.line), array_agg(
    jsonb_build_object('from', i.state_before, 'to', i.state, 'note', 'from a sheet') order by i.line))
from device_import i
where i.state_before <> i.state

-- name: import_told
-- What became of each device, as a PUT of it tells; before it is stored, for it needs what was.
select audit_write_all(%(actor)s, %(address)s, 'device.put', array_agg(code order by line),
                       array_agg(coalesce(jsonb_strip_nulls(made), jsonb_build_object('changes', changes))
                                 || '{"note": "from a sheet"}' order by line))
from device_change
group by line / 5000
order by line / 5000

-- name: import_update
-- Only rows in which something differs are written, so the others keep their revision.
update device d
set name = i.name, profile_id = i.profile_id, parent_id = coalesce(there.id, here.id, case when not exists (select from device p where p.id = d.parent_id)
                                                         then d.parent_id end),
    organisation = i.organisation, region = i.region, lon = i.lon, lat = i.lat, zone = i.zone, sim_expires = i.sim_expires,
    state = i.state, tags = i.tags
from device_import i
left join device there on there.code = i.parent
left join device_import here on here.code = i.parent and here.fresh
where d.id = i.id and i.differs

-- name: organisation_codes
select code from organisation order by code limit 10000
