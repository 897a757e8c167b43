-- name: region
-- Each code as it was on a day; without a day as it is today, or else as it was last.
select distinct on (code) code, name, level, valid_from, least(valid_to, '9999-12-31') as valid_to, successors
from region
where code = any (%(codes)s)
  and (%(at)s::date is null or (valid_from <= %(at)s and valid_to > %(at)s))
order by code, valid_from <= current_date and valid_to > current_date desc, valid_from desc

-- name: region_copy
copy region_import (line, code, name, level, valid_from, valid_to, successors) from stdin

-- name: region_devices
select count(*) as devices from device where region ^@ %(prefix)s and state <> 'retired'

-- name: region_gaps
-- Divisions of a file whose next higher one is nowhere; the first of them.
select i.line, i.code, i.name, above.code as above
from region_import i
cross join lateral (select rpad(left(i.code, case region_digits(i.code) when 12 then 9 when 9 then 6 when 6 then 4
                                             else 2 end), 12, '0') as code) above
where region_digits(i.code) > 2 and not exists (select from region r where r.code = above.code)
order by i.line
limit 100

-- name: region_merge
-- Gives a row for each division that was written.
insert into region (code, name, level, valid_from, valid_to, successors)
select code, name, level, valid_from, valid_to, successors from region_import
on conflict (code, valid_from) do update
set name = excluded.name, level = excluded.level, valid_to = excluded.valid_to, successors = excluded.successors
where (region.name, region.level, region.valid_to, region.successors)
      is distinct from (excluded.name, excluded.level, excluded.valid_to, excluded.successors)
returning xmax = 0 as created

-- name: region_staging
create temp table region_import (
    line int, code text, name text, level text, valid_from date, valid_to date, successors text[]
) on commit drop

-- name: regions
select distinct on (code) code, name, level, valid_from, least(valid_to, '9999-12-31') as valid_to, successors
from region
where valid_from <= %(at)s::date and valid_to > %(at)s::date
  and (%(prefix)s::text is null or code between rpad(%(prefix)s, 12, '0') and rpad(%(prefix)s, 12, '9'))
  and (%(level)s::text is null or level = %(level)s)
  and (%(q)s::text is null or strpos(name, %(q)s) > 0)
  and (%(after_code)s::text is null or code > %(after_code)s)
order by code, valid_from desc
limit %(limit)s
