-- name: regions
-- Names of divisions by their first digits.
select distinct on (r.code) k as key, r.name
from unnest(%(keys)s::text[]) k
join region r on r.code = rpad(k, 12, '0')
order by r.code, r.valid_from <= current_date and r.valid_to > current_date desc, r.valid_from desc

-- name: organisations
select code as key, name from organisation where code = any (%(keys)s)

-- name: areas
select code as key, name from area where code = any (%(keys)s)

-- name: categories
-- Of the newest table, by kind and code.
select c.category_kind || ':' || c.code as key, c.name
from case_category c
where c.version = (select max(version) from case_table where kind = 'categories')
  and c.category_kind || ':' || c.code = any (%(keys)s)

-- name: rules
select code as key, name from rule where code = any (%(keys)s)

-- name: models
select code as key, name from profile where code = any (%(keys)s)

-- name: causes
-- Why alerts are false: a table of a few dozen.
select code as key, name_en as en, name_zh as zh from alert_cause

-- name: known
-- Whether what a report is to be limited to is there. A hub without divisions knows none and takes any.
select %(region)s::text is null or not exists (select from region)
           or exists (select from region where code ^@ %(region)s) as region,
       %(area)s::text is null or exists (select from area where code = %(area)s) as area,
       %(organisation)s::text is null or exists (select from organisation where code = %(organisation)s) as organisation

-- name: gaps
-- What is not known of the cases of a period: those filed without a deadline, and the years that have a calendar.
select (select count(*) from case_file c
        where c.filed_at >= %(from)s and c.filed_at < %(to)s and c.due_at is null and c.suspended_at is null
          and c.stage <> 'merged'
          and (%(region)s::text is null or c.region ^@ %(region)s)
          and (%(area)s::text is null or '/@' || %(area)s = any (c.area_keys))
          and (%(organisation)s::text is null or c.organisation = %(organisation)s)) as without_deadline,
       array(select distinct extract(year from date)::int from calendar_day order by 1) as calendars
