-- What only the registry can tell of a sheet; `about` is the value, `detail` what is needed to say what is right.
-- A division that cannot be checked is told once, on the first line that has it.
with named as (
    select region, min(line) as first_line
    from device_import
    where region is not null and region is distinct from region_before
    group by region
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
select i.line, i.code, 'state', 'illegal', i.state, i.state_before
from device_import i
where i.state_before is not null and not i.state_before || '>' || i.state = any (%(steps)s)
order by 1, 3
